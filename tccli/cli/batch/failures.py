"""
The failures of a batch by their kinds: how many there are of each, and an example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.errors import BrokenAnswerError, NegativeAnswerError, NoAnswerError, UsageError

if TYPE_CHECKING:
    from tccli.cli.batch.runner import BatchResult

MAX_KINDS = 50
"""A service chooses the codes of its errors, so there may be any number of them."""
MAX_NAMED_KINDS = 3
"""In a message."""
KINDS_BY_EXIT_CODE = {
    NegativeAnswerError.exit_code: "uncertain since an earlier run",
    UsageError.exit_code: "not valid",
    NoAnswerError.exit_code: "without a response",
    BrokenAnswerError.exit_code: "with a malformed response",
}


class _Kind:
    """
    Failures of one kind.

    Attributes:
        example: The one of the first line.
        is_reported: Whether the message of one was printed when its call ended.
    """

    def __init__(self, example: BatchResult) -> None:
        self.count = 0
        self.example = example
        self.is_reported = False

    @property
    def error(self) -> dict[str, Any]:
        return self.example.error or {}

    @property
    def name(self) -> str:
        return _name(self.example)


class Failures:
    """
    Counts failures by kind.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}
        self._others = 0

    def add(self, result: BatchResult, *, is_reported: bool) -> None:
        """
        Count a call that has failed.
        """
        name = _name(result)
        kind = self._kinds.get(name)
        if kind is None:
            if len(self._kinds) == MAX_KINDS:
                self._others += 1
                return
            kind = self._kinds[name] = _Kind(result)
        kind.count += 1
        kind.is_reported = kind.is_reported or is_reported
        if result.number < kind.example.number:
            kind.example = result

    @property
    def hint(self) -> str:
        """
        What to do about the most frequent kind.
        """
        kinds = self._sort()
        return kinds[0].error.get("hint") or "" if kinds else ""

    def describe(self) -> str:
        """
        Return the kinds, most frequent first, then an example of the first kind, unless one was printed before.
        """
        kinds = self._sort()
        if not kinds:
            return ""
        first = kinds[0]
        example = first.error["message"]
        if not example.startswith("line "):
            example = f"{first.example.label}: {example}"
        if len(kinds) == 1:
            if first.is_reported:
                return f": {'all ' if first.count > 1 else ''}{first.name}"
            return f"; {'such as ' if first.count > 1 else ''}{example}"
        parts = [f"{kind.count} {kind.name} (first: {kind.example.label})" for kind in kinds[:MAX_NAMED_KINDS]]
        others = self._others + sum(kind.count for kind in kinds[MAX_NAMED_KINDS:])
        tally = ", ".join(parts) + (f" and {others} other{'' if others == 1 else 's'}" if others else "")
        return f": {tally}" if first.is_reported else f": {tally}; {example}"

    def as_document(self) -> list[dict[str, Any]]:
        """
        Return all kinds for JSON, most frequent first.
        """
        documents = [
            {
                "count": kind.count,
                **{name: kind.error[name] for name in ("exitCode", "status", "code") if name in kind.error},
                "firstLine": kind.example.number,
                "message": kind.error["message"],
            }
            for kind in self._sort()
        ]
        return [*documents, {"count": self._others}] if self._others else documents

    def _sort(self) -> list[_Kind]:
        return sorted(self._kinds.values(), key=lambda kind: (-kind.count, kind.example.number))


def _name(result: BatchResult) -> str:
    error = result.error or {}
    if result.status is not None:
        return f"with {result.status} {error.get('code', '')}".rstrip()
    return KINDS_BY_EXIT_CODE.get(error["exitCode"], "not sent")
