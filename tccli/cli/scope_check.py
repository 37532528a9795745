"""
Calls that are described on the command line but not made: ``tc scopes required`` and ``tc scopes check``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import names
from tccli.cli.lookup import find_method
from tccli.cli.options import split_options
from tccli.errors import BrokenAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.core.client import Client
    from tccli.references import Method, ReferenceSet

# The fields of payloads from which parameters of scopes are derived.
FIELDS = {
    "provisionerId": ("taskQueueId",),
    "workerType": ("taskQueueId",),
    "priorities": ("priority",),
    "repoPerms": ("permissions", "repositories"),
    "scopesAdded": ("scopes",),
}
TASK_PROPERTIES = ("schedulerId", "taskGroupId", "projectId", "taskQueueId", "provisionerId", "workerType")


class ScopeCheck(NamedTuple):
    """
    A call, as far as it is known.

    Attributes:
        args: Path arguments by name; the last ones may be missing.
        query: Query options by name.
        payload: None if the method takes none, or if it is not known.
    """

    method: Method
    args: Mapping[str, str]
    query: Mapping[str, str]
    payload: Mapping[str, Any] | None

    def parameters(self) -> dict[str, Any]:
        """
        Return the known parameters of the method's scope template.
        """
        from tccli.core.scopes.required import scope_parameters

        return scope_parameters(self.method, self.args, self.query, self.payload, self._payload_schema())

    def fetch_parameters(self, client: Client, library: ReferenceSet) -> dict[str, Any]:
        """
        Fetch parameters that only the deployment knows: properties of the task, group, client or role in the call.
        """
        known = self.parameters()
        if known.get("scopesAdded"):
            kind = "client" if "clientId" in self.args else "role"
            found = client.call_json(library.method("auth", kind), [self.args[f"{kind}Id"]])
            if kind == "client":
                before = parse_scopes(found)
                return {"scopesAdded": [scope for scope in known["scopesAdded"] if scope not in before]}
            from tccli.core.scopes.algebra import normalize, subtract

            before = normalize(parse_scopes(found, "expandedScopes"))
            return {"scopesAdded": subtract(known["scopesAdded"], before)}
        from tccli.core.scopes.required import missing_parameters

        in_payload = self._payload_schema().get("properties", {})
        missing = [name for name in missing_parameters(self.method, known) if name not in in_payload]
        found = {}
        if "schedulerId" in missing and "taskGroupId" in self.args:
            found = client.call_json(library.method("queue", "getTaskGroup"), [self.args["taskGroupId"]])
        elif "taskId" in self.args and not set(missing).isdisjoint(TASK_PROPERTIES):
            found = client.call_json(library.method("queue", "task"), [self.args["taskId"]])
        if not isinstance(found, dict):
            raise BrokenAnswerError(f"{self.method.id}: cannot read its task: the response is not a JSON object")
        return {name: found[name] for name in missing if name in found}

    def explain_missing(self, missing: Sequence[str]) -> tuple[str, str]:
        """
        Return why these parameters of the scopes are not known, and what to do.
        """
        schema = self._payload_schema().get("properties", {})
        if self.payload is None:
            hint = "give the payload with --data" if self.method.takes_payload else ""
            return f"the scopes depend on {', '.join(missing)}", hint
        fields: dict[str, None] = {}
        for name in missing:
            derived = [field for field in FIELDS.get(name, ()) if field in schema]
            # Half of an older pair of fields lacks the other half.
            is_half = any(other in self.payload for other, source in FIELDS.items() if source == FIELDS.get(name))
            fields |= dict.fromkeys([name] if is_half or not derived else derived)
        absent = [name for name in fields if name in schema and name not in self.payload]
        if absent:
            return f"the payload has no {' and no '.join(absent)}, and the scopes depend on it", ""
        return f"the scopes depend on {', '.join(fields)}", ""

    def _payload_schema(self) -> Mapping[str, Any]:
        # Not a dict: the schemas `true` and `false` are allowed, and do not describe properties.
        found = self.method.reference.schemas.get(self.method.input or "")
        return found if isinstance(found, dict) else {}


def parse_scope_check(
    library: ReferenceSet,
    service: str,
    method: str,
    words: Sequence[str],
    data: str | None,
    data_format: str | None,
) -> ScopeCheck:
    """
    Return the call that a command line describes.

    Args:
        words: Path arguments and query options, in any order.
        data: The value of ``--data``.
        data_format: The value of ``--data-format``.

    Raises:
        UsageError: The method does not exist or does not take these words, or the payload cannot be read.
    """
    found = find_method(library, service, method)
    args, options = split_options(words)
    query: dict[str, str] = {}
    for spelling, value in options:
        name = names.find(spelling, found.query)
        if name is None:
            hint = names.suggestion(spelling, found.query) or f"tc {found.service} {found.name} --help lists them"
            raise UsageError(f"{found.id}: no query option '--{spelling}'", hint=hint)
        query[name] = value
    if len(args) > len(found.args):
        raise UsageError(f"{found.id} takes {found.count_arguments()}, not {len(args)}")
    given = {name: "" for name in found.args if found.may_be_empty(name)} | dict(zip(found.args, args, strict=False))
    return ScopeCheck(found, given, query, _read_payload(found, data, data_format))


def parse_scopes(document: Any, field: str = "scopes") -> list[str]:
    """
    Return the scopes in a response of the auth service.

    Raises:
        BrokenAnswerError: It has no list of scopes.
    """
    found = document.get(field) if isinstance(document, dict) else None
    if not isinstance(found, list) or not all(isinstance(scope, str) for scope in found):
        raise BrokenAnswerError("the response of the auth service has no list of scopes")
    return found


def _read_payload(method: Method, data: str | None, data_format: str | None) -> Mapping[str, Any] | None:
    # Stdin is read only if --data names it: the payload may be left out.
    if data is None:
        return None
    from tccli.cli.inputs import read_data

    if not method.takes_payload:
        raise UsageError(f"{method.id} takes no payload")
    document = read_data(data, method.id, data_format).document
    if not isinstance(document, dict):
        raise UsageError(f"{method.id}: the payload is not a JSON object")
    return document
