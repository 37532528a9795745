"""
Makes one call of many. What it takes and returns is plain data.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import names
from tccli.cli.call import describe_request, read_result
from tccli.cli.lookup import find_method
from tccli.core import payload as payloads
from tccli.core.batch.calls import choose_result_id, label_line
from tccli.core.tasks.labels import GroupListings
from tccli.errors import BrokenAnswerError, CutOffAnswerError, NoAnswerError, ServiceError, TcError, UsageError
from tccli.references.effects import CHANGES, find_effect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.cli.context import Context
    from tccli.core.batch.calls import BadLine, BatchCall
    from tccli.core.calls import PreparedCall
    from tccli.core.client import Client
    from tccli.references import Method

NOT_DONE_STATUSES = frozenset({429, 501})
"""Statuses of failures after which it is known that nothing was done."""


class BatchResult(NamedTuple):
    """
    What became of a call. It is plain data.

    Attributes:
        status: Of HTTP, or None without a response.
        content: The document of the response; with ``--dry-run``, the fields of the request.
        error: As ``--error-format json`` has it, or None.
        is_uncertain: Whether a call that is not idempotent failed, and it is not known whether it took effect.
        is_unreachable: Whether it failed in a way in which all calls are likely to fail: no response, no valid
            credentials, not a response of a Taskcluster, or a service that fails after all retries.
    """

    number: int
    id: Any
    status: int | None = None
    content: Any = None
    error: dict[str, Any] | None = None
    is_uncertain: bool = False
    is_unreachable: bool = False

    @property
    def result_id(self) -> Any:
        """
        The id that is written for the call.
        """
        return choose_result_id(self.number, self.id)

    @property
    def label(self) -> str:
        """
        How messages name the call.
        """
        return label_line(self.number, self.id)

    @property
    def is_bad_input(self) -> bool:
        """
        Whether it failed before anything was sent, because its line is wrong.
        """
        return self.error is not None and self.error["exitCode"] == UsageError.exit_code

    def as_document(self) -> dict[str, Any]:
        """
        Return what is written for the call.
        """
        document = {"id": self.result_id, "status": self.status}
        if self.error is None:
            return {**document, "response": self.content}
        return {**document, "error": {**self.error, "uncertain": True} if self.is_uncertain else self.error}


class CallRunner:
    """
    Makes calls with one client; threads may share it.

    Args:
        checks_schema: Whether payloads must match the schemas.
        is_traced: Whether requests are printed, so that their secrets must be masked meanwhile.
    """

    def __init__(self, context: Context, client: Client, *, checks_schema: bool, is_traced: bool) -> None:
        self._context = context
        self._client = client
        self._checks_schema = checks_schema
        self._is_traced = is_traced
        self._methods: dict[tuple[str, str], Method] = {}
        # A call has waited for its turn when it is run; what it looks up before has not.
        self._lookup_client = replace(client, has_turn=False)
        self._listings = GroupListings()

    def find_method(self, call: BatchCall) -> Method:
        """
        Return the method of a call.

        Raises:
            UsageError: There is none of that name.
        """
        words = call.service, call.method
        found = self._methods.get(words)
        if found is None:
            found = self._methods[words] = find_method(self._context.library(), *words)
        return found

    def may_repeat(self, call: BatchCall) -> bool:
        """
        Return whether the service may receive a call twice; also for one that cannot be made.
        """
        try:
            return self.find_method(call).may_repeat(call.payload)
        except UsageError:
            return True

    def only_reads(self, call: BatchCall) -> bool:
        """
        Return whether a call changes nothing, so that only its result matters.
        """
        try:
            return find_effect(self.find_method(call)) != CHANGES
        except UsageError:
            return True

    @property
    def may_change(self) -> bool:
        """
        Whether a call that was read changes something.
        """
        return any(find_effect(method) == CHANGES for method in self._methods.copy().values())

    def run(self, call: BatchCall) -> BatchResult:
        """
        Make a call.
        """
        if not self._is_traced:
            return self._run(call)
        with self._context.redactor.mask_during(_list_inputs(call)):
            return self._run(call)

    def _run(self, call: BatchCall) -> BatchResult:
        try:
            prepared = self._prepare(call)
        except TcError as error:
            # Names may have been looked up; the call itself was not sent.
            return self._fail(call, error)
        try:
            response = self._client.send(prepared)
            result = read_result(self._client, prepared, response)
            return BatchResult(call.number, call.id, response.status, next(iter(result.documents), None))
        except TcError as error:
            is_uncertain = not self._client.policy.unsafe and not self.may_repeat(call) and _may_have_effect(error)
            return self._fail(call, error, is_uncertain=is_uncertain)

    def lose(self, call: BatchCall, reason: str, *, is_uncertain: bool) -> BatchResult:
        """
        Return the result of a call whose worker process has ended, for a reason, while it made the call.
        """
        message = f"{self.find_method(call).id}: no result: the worker process that made the call has ended ({reason})"
        return self._fail(call, NoAnswerError(message, sent=True), is_uncertain=is_uncertain)

    def describe(self, call: BatchCall) -> BatchResult:
        """
        Return the request of a call, without its secrets; nothing is sent for it.
        """
        try:
            prepared = self._prepare(call)
            redactor = self._context.redactor.extend(_list_inputs(call))
            return BatchResult(call.number, call.id, content=describe_request(self._client, prepared, redactor))
        except TcError as error:
            return self._fail(call, error)

    def fail(self, line: BadLine) -> BatchResult:
        """
        Return the result of a line that is not a call.
        """
        error = self._context.redactor.redact_document(line.error.as_document())
        return BatchResult(line.number, line.id, None, None, error)

    def _fail(self, call: BatchCall, error: TcError, *, is_uncertain: bool = False) -> BatchResult:
        # Servers repeat what they receive.
        redactor = self._context.redactor.extend(_list_inputs(call))
        document = redactor.redact_document(error.as_document())
        return BatchResult(
            call.number, call.id, document.get("status"), None, document, is_uncertain, _is_unreachable(error)
        )

    def _prepare(self, call: BatchCall) -> PreparedCall:
        method = self.find_method(call)
        query = {names.find(name, method.query) or name: value for name, value in call.query.items()}
        prepared = self._client.prepare(method, self._resolve_names(method, call.args), query)
        if call.payload is not None:
            payload = payloads.encode(call.payload)
            return prepared.with_payload(payload, checks_schema=self._checks_schema)
        if method.takes_payload:
            raise UsageError(f"{method.id} needs a payload")
        return prepared

    def _resolve_names(self, method: Method, args: Sequence[str]) -> Sequence[str]:
        if any(word != word.strip() for word in args):
            from tccli.cli.addresses import trim_ids

            args = trim_ids(method, args)
        if any(word[:4].lower() == "http" for word in args):
            from tccli.cli.addresses import replace_addresses

            args = replace_addresses(self._context, method, args)
        if any(":" in word for word in args):
            from tccli.cli.tasks.arguments import replace_names

            args = replace_names(self._context, method, args, self._lookup_client, self._listings)
        return args


def _list_inputs(call: BatchCall) -> dict[str, Any]:
    """
    Return the parts of a call that may have secrets, by their names.
    """
    return {"args": list(call.args), "query": dict(call.query), "payload": call.payload}


def _may_have_effect(error: TcError) -> bool:
    """
    Return whether a call that ended with *error* may have done what it asked for.
    """
    if isinstance(error, ServiceError):
        return error.status >= 500 and error.status not in NOT_DONE_STATUSES
    if isinstance(error, NoAnswerError):
        return error.sent or isinstance(error, CutOffAnswerError)
    return isinstance(error, BrokenAnswerError)


def _is_unreachable(error: TcError) -> bool:
    """
    Return whether all other calls are likely to fail as well.
    """
    if isinstance(error, ServiceError):
        # 501 is about the method, and 429 about the rate, which all calls of the batch adapt to.
        if error.status == 401 or (error.status >= 500 and error.status not in NOT_DONE_STATUSES):
            return True
        return not error.code and error.body is None and error.status not in NOT_DONE_STATUSES
    return isinstance(error, NoAnswerError | BrokenAnswerError)
