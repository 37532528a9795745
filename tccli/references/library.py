"""
Sets of service references, and the set that comes with the program.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from tccli.errors import UsageError
from tccli.references.model import DATA_DIRECTORY, ServiceReference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tccli.references.model import Method

SUFFIX = ".jsonl"


class ReferenceSet:
    """
    The references of several services. Immutable.

    Attributes:
        services: References by the name of their service.
    """

    def __init__(self, references: Iterable[ServiceReference] = ()) -> None:
        self.services: Mapping[str, ServiceReference] = {reference.name: reference for reference in references}

    def service_names(self) -> list[str]:
        """
        Return the services' names, sorted.
        """
        return sorted(self.services)

    def service(self, name: str) -> ServiceReference:
        """
        Return the reference of a service by its exact name.

        Raises:
            UsageError: There is no such service.
        """
        try:
            return self.services[name]
        except KeyError:
            raise UsageError(f"no service {name!r}") from None

    def method(self, service: str, name: str) -> Method:
        """
        Return a method by its exact names; no other method is parsed.

        Raises:
            UsageError: There is no such service or method.
        """
        return self.service(service).method(name)

    def method_ids(self) -> list[str]:
        """
        Return ``service.method`` of all methods; no method is parsed.
        """
        return [f"{name}.{method}" for name in self.service_names() for method in self.services[name].method_names]

    def override(self, references: Iterable[ServiceReference]) -> ReferenceSet:
        """
        Return a set in which *references* replace those of the same services.
        """
        return ReferenceSet([*self.services.values(), *references])

    def override_contents(self, contents: Mapping[str, bytes | memoryview], origin: str) -> ReferenceSet:
        """
        Return a set in which references in memory replace those of the same services.

        Args:
            contents: Records by service.
            origin: Where they come from, for messages.
        """
        return self.override(ServiceReference(name, content, origin=origin) for name, content in contents.items())


@cache
def built_in() -> ReferenceSet:
    """
    Return the references that come with the program.
    """
    return ReferenceSet(
        ServiceReference(name.removesuffix(SUFFIX), os.path.join(DATA_DIRECTORY, name), is_built_in=True)
        for name in os.listdir(DATA_DIRECTORY)
        if name.endswith(SUFFIX)
    )


def service_names() -> list[str]:
    """
    Return the names of the built-in services, sorted.
    """
    return built_in().service_names()


def service(name: str) -> ServiceReference:
    """
    Return the built-in reference of a service.
    """
    return built_in().service(name)


def method(service_name: str, method_name: str) -> Method:
    """
    Return a method of a built-in service.
    """
    return built_in().method(service_name, method_name)
