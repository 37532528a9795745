"""
What references hold: services, with their methods and exchanges.

Named tuples, since a frozen dataclass takes eight times as long to define.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a repeated call would do twice, or what fails the second time: facts of the services, not part of the published
# references.
NOT_IDEMPOTENT = frozenset(
    {
        "auth.resetAccessToken",
        "github.cancelBuilds",
        "github.createComment",
        "hooks.resetTriggerToken",
        "hooks.triggerHook",
        "hooks.triggerHookWithToken",
        "notify.email",
        "notify.matrix",
        "notify.pulse",
        "notify.slack",
        "queue.changeTaskPriority",
        "queue.claimWork",
        "worker-manager.registerWorker",
        "worker-manager.reportWorkerError",
        "worker-manager.reregisterWorker",
    }
)


# Arguments that may be empty, where that names the top of the tree: likewise no part of the references.
MAY_BE_EMPTY = frozenset({("index.listNamespaces", "namespace"), ("index.listTasks", "namespace")})


class Method(NamedTuple):
    """
    One API method.

    Attributes:
        service: As the API spells it: ``purge-cache``.
        name: As the API spells it: ``createTask``.
        verb: Upper case.
        route: Below ``/api/<service>/<version>``, with ``<argument>`` for every path argument.
        query: The query options' names.
        takes_payload: Whether a JSON payload goes with the request.
        input: The payload's schema (a name in :func:`schema`), or None where there is no payload or no schema is known.
        output: The answer's schema, or None.
        scopes: The scope expression, or None.
        category: Heading in the reference, or empty.
        stability: ``stable``, ``experimental`` or ``deprecated``.
        summary: One line for a person in a hurry.
        source: The file that it was read from, which holds its schemas, too.
    """

    service: str
    version: str
    name: str
    verb: str
    route: str
    query: tuple[str, ...]
    takes_payload: bool
    input: str | None
    output: str | None
    scopes: Any
    category: str
    stability: str
    summary: str
    source: str

    @property
    def id(self) -> str:
        """
        ``queue.createTask``.
        """
        return f"{self.service}.{self.name}"

    @property
    def args(self) -> tuple[str, ...]:
        """
        The path arguments, in the order of the route, which is their order everywhere.
        """
        return tuple(re.findall(r"<(\w+)>", self.route))

    def may_be_empty(self, argument: str) -> bool:
        """
        Say whether a path argument may be empty.
        """
        return (self.id, argument) in MAY_BE_EMPTY

    @property
    def is_paged(self) -> bool:
        """
        Whether the answer may be one page of several.
        """
        return "continuationToken" in self.query

    @property
    def is_idempotent(self) -> bool:
        """
        Whether sending it twice has the effect of sending it once.
        """
        return self.id not in NOT_IDEMPOTENT


class RoutingKey(NamedTuple):
    """
    One word, or several, of an exchange's routing key.
    """

    name: str
    constant: str | None
    multiple_words: bool


class Exchange(NamedTuple):
    """
    One exchange on which a service publishes.

    Attributes:
        name: As the API spells it: ``taskDefined``.
        exchange: The full name at the broker.
        keys: In the order of the routing key.
        schema: The message's schema, or None.
        source: The file that it was read from, which holds its schema, too.
    """

    service: str
    name: str
    exchange: str
    keys: tuple[RoutingKey, ...]
    schema: str | None
    summary: str
    source: str


class Service(NamedTuple):
    """
    One service: its methods and exchanges by name, in the reference's order.
    """

    name: str
    version: str
    release: str
    summary: str
    source: str
    methods: Mapping[str, Method]
    exchanges: Mapping[str, Exchange]
