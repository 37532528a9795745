"""
From the words SERVICE and METHOD of a command line, in any spelling, to the method of the references in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli import names
from tccli.errors import UsageError

if TYPE_CHECKING:
    from tccli.cli.context import Context
    from tccli.references import Method


def method_of(context: Context, service: str, method: str) -> Method:
    """
    Return the method that two words name.

    Raises:
        UsageError: There is no such service or method; the near misses are named.
    """
    library = context.library()
    services = library.service_names()
    found_service = names.find(service, services)
    if found_service is None:
        hint = names.suggestion(service, services) or "tc --help lists the services"
        raise UsageError(f"no service {service!r}", hint=hint)
    methods = library.service(found_service).method_names
    found_method = names.find(method, methods)
    if found_method is None:
        hint = names.suggestion(method, methods) or f"tc {found_service} --help lists them"
        raise UsageError(f"{found_service}: no method {method!r}", hint=hint)
    return library.method(found_service, found_method)
