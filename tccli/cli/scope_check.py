"""
Calls that a command line describes, but that are not made: ``tc scopes`` says what they need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import names
from tccli.errors import BrokenAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.cli.context import Context
    from tccli.core.client import Client
    from tccli.references import Method, ReferenceSet

OF_THE_TASK = ("schedulerId", "taskGroupId", "projectId", "taskQueueId", "provisionerId", "workerType")


class PlannedCall(NamedTuple):
    """
    What is known of a call.

    Attributes:
        args: Path arguments by name; the last ones may be missing.
        query: Query options by name.
        payload: Or None where there is none, or it is not known.
    """

    method: Method
    args: Mapping[str, str]
    query: Mapping[str, str]
    payload: Mapping[str, Any] | None

    def parameters(self) -> dict[str, Any]:
        """
        Return what is known of the parameters of the method's scope template.
        """
        from tccli.core.scopes import required

        return required.scope_parameters(self.method, self.args, self.query, self.payload, self._schema())

    def looked_up(self, client: Client, library: ReferenceSet) -> dict[str, Any]:
        """
        Return what the deployment knows of those parameters: of the task, group, client or role that the call is about.
        """
        known = self.parameters()
        if known.get("scopesAdded"):
            kind = "client" if "clientId" in self.args else "role"
            there = client.call_json(library.method("auth", kind), [self.args[f"{kind}Id"]])
            before = scopes_in(there)
            return {"scopesAdded": [scope for scope in known["scopesAdded"] if scope not in before]}
        of_the_payload = self._schema().get("properties", {})
        from tccli.core.scopes import required

        missing = [name for name in required.missing_parameters(self.method, known) if name not in of_the_payload]
        there = {}
        if "schedulerId" in missing and "taskGroupId" in self.args:
            there = client.call_json(library.method("queue", "getTaskGroup"), [self.args["taskGroupId"]])
        elif "taskId" in self.args and not set(missing).isdisjoint(OF_THE_TASK):
            there = client.call_json(library.method("queue", "task"), [self.args["taskId"]])
        if not isinstance(there, dict):
            raise BrokenAnswerError("what the deployment says of the task is not of the published shape")
        return {name: there[name] for name in missing if name in there}

    def _schema(self) -> Mapping[str, Any]:
        """
        Return the payload's schema, as far as it is one object.
        """
        found = self.method.reference.schemas.get(self.method.input or "")
        return found if isinstance(found, dict) else {}


def planned_call(
    context: Context, service: str, method: str, words: Sequence[str], data: str | None, data_format: str | None
) -> PlannedCall:
    """
    Return the call that *words* (arguments and query options, mixed) and a payload make of a method.

    Raises:
        UsageError: There is no such method, it does not take such words, or the payload cannot be read.
    """
    from tccli.cli.lookup import method_of

    found = method_of(context, service, method)
    args: list[str] = []
    query: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            args.append(word)
            continue
        spelled, equals, value = word[2:].partition("=")
        name = names.find(spelled, found.query)
        if name is None:
            hint = names.suggestion(spelled, found.query) or f"tc {found.service} {found.name} --help lists them"
            raise UsageError(f"{found.id}: no query option '--{spelled}'", hint=hint)
        if not equals and not rest:
            raise UsageError(f"{found.id}: --{spelled} has no value")
        query[name] = value if equals else rest.pop(0)
    if len(args) > len(found.args):
        wanted = ", ".join(found.args) or "none"
        raise UsageError(f"{found.id} takes {len(found.args)} arguments ({wanted}), not {len(args)}")
    return PlannedCall(found, dict(zip(found.args, args, strict=False)), query, _payload(found, data, data_format))


def scopes_in(answer: Any) -> list[str]:
    """
    Return the scopes in an answer of the auth service.

    Raises:
        BrokenAnswerError: There are none.
    """
    found = answer.get("scopes") if isinstance(answer, dict) else None
    if not isinstance(found, list) or not all(isinstance(scope, str) for scope in found):
        raise BrokenAnswerError("the deployment answered without a list of scopes")
    return found


def _payload(method: Method, data: str | None, data_format: str | None) -> Mapping[str, Any] | None:
    """
    Return the payload that ``--data`` gives. Stdin is read only when named, since the payload may be left out.
    """
    if data is None:
        return None
    from tccli.cli.inputs import parse, read_document

    if not method.takes_payload:
        raise UsageError(f"{method.id} takes no payload")
    if data.startswith("@"):
        document = read_document(data[1:], method.id, data_format=data_format).document
    else:
        document = parse(data.encode("utf-8", "surrogateescape"), "--data", data_format=data_format).document
    if not isinstance(document, dict):
        raise UsageError(f"{method.id}: the payload is not an object")
    return document
