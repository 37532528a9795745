"""
The ends of calls that the user has found out: ``--assume-done`` and ``--assume-failed``.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from tccli.errors import UsageError
from tccli.reasons import explain
from tccli.strict_json import dump_exactly

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tccli.core.batch.calls import BatchCall

MAX_FILE_BYTES = 64 << 20


class AssumedEnds:
    """
    Which calls took effect and which did not, by the ids that their results have.

    Args:
        done: Ids, or ``@FILE`` with one in each line.
        failed: The same, of calls without an effect.

    Raises:
        UsageError: A file cannot be read, or an id is among both.
    """

    def __init__(self, done: Iterable[str] = (), failed: Iterable[str] = ()) -> None:
        self._done = _read_ids("--assume-done", done)
        self._failed = _read_ids("--assume-failed", failed)
        self._found: set[str] = set()
        both = sorted(self._done & self._failed)
        if both:
            raise UsageError(f"--assume-done and --assume-failed exclude each other: both have {both[0]}")

    def is_done(self, call: BatchCall) -> bool:
        """
        Return whether the call took effect.
        """
        return bool(self._done) and self._has(self._done, call)

    def is_failed(self, call: BatchCall) -> bool:
        """
        Return whether the call had no effect.
        """
        return bool(self._failed) and self._has(self._failed, call)

    def list_unused(self) -> list[tuple[str, Sequence[str]]]:
        """
        Return the ids of each option that no call had.
        """
        options = (("--assume-done", self._done), ("--assume-failed", self._failed))
        return [(option, sorted(ids - self._found)) for option, ids in options if ids - self._found]

    def _has(self, ids: set[str], call: BatchCall) -> bool:
        # As jq prints it, without and with -r.
        found = {str(call.result_id), dump_exactly(call.result_id)} & ids
        self._found |= found
        return bool(found)


def suggest_check(result_id: Any) -> str:
    """
    Return what to do about a call that is uncertain, by the id of its result, with a journal.
    """
    word = shlex.quote(str(result_id))
    return f"check whether it took effect: --assume-done {word} if so, --assume-failed {word} to send it again"


def _read_ids(option: str, words: Iterable[str]) -> set[str]:
    ids = set()
    for word in words:
        path = word.removeprefix("@")
        if path == word:
            ids.add(word)
        elif path == "-":
            raise UsageError(f"{option}: stdin has the lines", hint=f"write the ids to a file: {option} @FILE")
        else:
            try:
                with open(path, encoding="utf-8") as file:
                    ids.update(filter(None, map(str.strip, file.read(MAX_FILE_BYTES).splitlines())))
            except (OSError, ValueError) as error:
                raise UsageError(f"{option}: cannot read {path}: {explain(error)}") from None
    if "" in ids:
        raise UsageError(f"{option}: the id is empty", hint="give the id that the result has, or @FILE with one a line")
    return ids
