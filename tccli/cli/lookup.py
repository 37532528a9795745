"""
Find services and methods by the words of a command line, in any spelling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli import names
from tccli.errors import UsageError

if TYPE_CHECKING:
    from tccli.references import Method, ReferenceSet


def find_service(library: ReferenceSet, word: str) -> str:
    """
    Return the name of a service.

    Raises:
        UsageError: There is no such service; the hint suggests similar names.
    """
    services = library.service_names()
    found = names.find(word, services)
    if found is None:
        hint = names.suggestion(word, services) or "tc --help lists the services"
        raise UsageError(f"no service {word!r}", hint=hint)
    return found


def find_method(library: ReferenceSet, service: str, method: str) -> Method:
    """
    Return a method.

    Raises:
        UsageError: There is no such service or method; the hint suggests similar names.
    """
    service = find_service(library, service)
    methods = library.service(service).method_names
    found = names.find(method, methods)
    if found is None:
        hint = names.suggestion(method, methods) or f"tc {service} --help lists them"
        raise UsageError(f"{service}: no method {method!r}", hint=hint)
    return library.method(service, found)
