"""
Calls with what a journal has about each: to be made, done before, or uncertain.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple

from tccli.cli.batch.assumed_ends import AssumedEnds, suggest_check
from tccli.cli.batch.runner import BatchResult, CallRunner
from tccli.core.batch.calls import BadLine
from tccli.core.journal.digests import JournalCall
from tccli.core.journal.file import Journal
from tccli.core.journal.lines import State
from tccli.core.printable import list_some
from tccli.errors import NegativeAnswerError, UsageError
from tccli.strict_json import dump_exactly

if TYPE_CHECKING:
    from tccli.core.batch.calls import BatchCall
    from tccli.core.journal.table import Entry


class Item(NamedTuple):
    """
    A call, or the result that it has already.

    Attributes:
        key: Names the call in the journal.
        digest: Of the call.
        parts: Digests of its parts, for the journal.
        is_recorded: Whether it is recorded before it is sent, since it is not idempotent.
    """

    call: BatchCall | None = None
    result: BatchResult | None = None
    key: str = ""
    digest: int = 0
    parts: str = ""
    is_recorded: bool = False


class ItemMaker:
    """
    Makes items of calls.

    Args:
        path: Of the journal, for messages.
        resends: Whether calls are sent again that are uncertain.
        ends: What the user knows about calls that are uncertain.
    """

    def __init__(
        self, runner: CallRunner, journal: Journal | None, path: str | None, *, resends: bool, ends: AssumedEnds
    ) -> None:
        self._runner = runner
        self._journal = journal
        self._path = path
        self._resends = resends
        self._ends = ends
        self._is_first = True

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
        whole, parts = self._journal.digest(self._identify(call))
        item = item._replace(key=key, digest=whole, parts=parts)
        entry = self._journal.claim(key, item.digest)
        if entry is None and self._is_first:
            self._refuse_other_names(call)
        self._is_first = False
        if entry is not None:
            resumed = self._resume(call, item, entry)
            if resumed is None or resumed.call is None:
                return resumed
        if self._ends.is_done(call):
            self._journal.record(key, whole, State.DONE, parts)
            return None
        return item

    def _refuse_other_names(self, call: BatchCall) -> None:
        """
        Refuse the first call of a run that is named in another way than those of earlier runs: it may be done.

        Raises:
            UsageError: The journal has lines and the call has an id, or the other way round.
        """
        assert self._journal is not None
        names_by_id = self._journal.names_by_id
        if names_by_id is not None and names_by_id != (call.id is not None):
            has, kind = ("has an id", "lines") if call.id is not None else ("has no id", "ids")
            raise UsageError(
                f"{call.label} {has}, but the journal {self._path} names calls by their {kind}",
                hint="give the same input and options again, or name a new journal",
            )

    def _resume(self, call: BatchCall, item: Item, entry: Entry) -> Item | None:
        if entry.is_of_this_run:
            error = UsageError(f"{call.label}: another line has the same id", hint="with --journal, each id is unique")
            return Item(result=self._runner.fail(BadLine(call.number, call.id, error)))
        if self._ends.is_failed(call) and entry.state is not State.DONE:
            entry = entry._replace(state=State.FAILED)
        if entry.digest != item.digest and entry.state is not State.FAILED:
            raise self._explain_difference(call, item.key)
        if entry.state is State.DONE:
            # Named rightly: the same command may be run twice.
            self._ends.is_done(call)
            return None
        if entry.state is State.FAILED or self._resends or self._ends.is_done(call):
            return item
        method = self._runner.find_method(call)
        message = f"{method.id}: uncertain: an earlier run has sent the call, and its end is not known"
        hint = suggest_check(call.result_id)
        uncertain = NegativeAnswerError(message, hint=hint).as_document()
        return Item(result=BatchResult(call.number, call.id, error=uncertain, is_uncertain=True))

    def _identify(self, call: BatchCall) -> JournalCall:
        names = call.service, call.method
        with suppress(UsageError):
            method = self._runner.find_method(call)
            names = method.service, method.name
        return JournalCall(*names, list(call.args), dict(call.query), call.payload)

    def _explain_difference(self, call: BatchCall, key: str) -> UsageError:
        """
        Return the error of a call in whose place the journal has another one.
        """
        assert self._journal is not None
        parts, other_key = self._journal.compare(key, self._identify(call))
        message = f"{call.label} is another call than in the journal {self._path}"
        hint = "give the same input and options again, or name a new journal"
        if other_key is not None:
            message += f", which has it as {other_key}"
        elif parts:
            message += f": {list_some(parts)} {'differs' if len(parts) == 1 else 'differ'}"
        is_moved = other_key is not None or any(part.startswith(("args", "the method")) for part in parts)
        if call.id is None and is_moved:
            hint = (
                "give the lines in the same order again, or name a new journal: there, ids allow any order "
                "(--id-from COLUMN, or id in lines of JSON)"
            )
        elif any(_is_time(call, part) for part in parts):
            hint = (
                "a time that the shell makes is another one in each run: make it once, T=$(tc from-now …), and give "
                "the same one in each run, or name a new journal"
            )
        return UsageError(message, hint=f"{hint}; nothing was sent for this line and those after")


def _is_time(call: BatchCall, part: str) -> bool:
    """
    Return whether a part of a call has a timestamp.
    """
    group, _, name = part.partition(".")
    values = {"query": call.query, "payload": call.payload}.get(group)
    value = values.get(name) if isinstance(values, dict) and name else values
    return re.search(r"\b\d{4}-\d\d-\d\dT\d\d:", dump_exactly(value)) is not None


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
