"""
Calls with what a journal has about each: to be made, done before, or uncertain.
"""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.cli.batch.runner import BatchResult, CallRunner
from tccli.core.batch.calls import BadLine
from tccli.core.journal import Entry, Journal, State, digest
from tccli.errors import NegativeAnswerError, UsageError
from tccli.strict_json import dump_exactly

if TYPE_CHECKING:
    from tccli.core.batch.calls import BatchCall

UNCERTAIN_HINT = "it may have taken effect: check that, and send it again with --retry-unsafe if it has not"


class Item(NamedTuple):
    """
    A call, or the result that it has already.

    Attributes:
        key: Names the call in the journal.
        digest: Of the call.
        is_recorded: Whether it is recorded before it is sent, since it is not idempotent.
    """

    call: BatchCall | None = None
    result: BatchResult | None = None
    key: str = ""
    digest: int = 0
    is_recorded: bool = False


class ItemMaker:
    """
    Makes items of calls.

    Args:
        path: Of the journal, for messages.
        resends: Whether calls are sent again that are uncertain.
    """

    def __init__(self, runner: CallRunner, journal: Journal | None, path: str | None, *, resends: bool) -> None:
        self._runner = runner
        self._journal = journal
        self._path = path
        self._resends = resends

    def make(self, call: BatchCall | BadLine) -> Item | None:
        """
        Return the item of a call, or None if an earlier run has done it.

        Raises:
            UsageError: The journal has another call in its place.
        """
        if isinstance(call, BadLine):
            return Item(result=self._runner.fail(call))
        item = Item(call, is_recorded=not self._runner.may_repeat(call))
        if self._journal is None:
            return item
        key = f"line {call.number}" if call.id is None else f"id {dump_exactly(call.id)}"
        item = item._replace(key=key, digest=digest(self._identify(call)))
        entry = self._journal.claim(key, item.digest)
        return item if entry is None else self._resume(call, item, entry)

    def _resume(self, call: BatchCall, item: Item, entry: Entry) -> Item | None:
        if entry.is_of_this_run:
            error = UsageError(f"{call.label}: another line has the same id", hint="with --journal, each id is unique")
            return Item(result=self._runner.fail(BadLine(call.number, call.id, error)))
        if entry.digest != item.digest and entry.state is not State.FAILED:
            raise UsageError(
                f"{call.label} is another call than in the journal {self._path}",
                hint="give the same input again, or name a new journal; nothing was sent for this line and those after",
            )
        if entry.state is State.DONE:
            return None
        if entry.state is State.FAILED or self._resends:
            return item
        method = self._runner.find_method(call)
        message = f"{method.id}: uncertain: an earlier run has sent the call, and its end is not known"
        uncertain = NegativeAnswerError(message, hint=UNCERTAIN_HINT).as_document()
        return Item(result=BatchResult(call.number, call.id, error=uncertain, is_uncertain=True))

    def _identify(self, call: BatchCall) -> list[Any]:
        """
        Return what makes a call this one, however its line is written.
        """
        names = [call.service, call.method]
        with suppress(UsageError):
            method = self._runner.find_method(call)
            names = [method.service, method.name]
        return [*names, list(call.args), dict(call.query), call.payload]


def open_journal(path: str | None, root_url: str, *, read_only: bool) -> AbstractContextManager[Journal | None]:
    """
    Open the journal, if there is one.

    Raises:
        UsageError: It is also the file of the results, or not a journal of this deployment.
        LocalFileError: It cannot be used.
    """
    if path is None:
        return nullcontext()
    with suppress(OSError, ValueError, AttributeError):
        if os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno())):
            raise UsageError(f"{path} cannot have the journal and the results", hint="name another file")
    return Journal(path, root_url, read_only=read_only)
