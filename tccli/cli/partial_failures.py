"""
Errors of some of many items: the others are done nevertheless, and the first error is that of the command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tccli.errors import TcError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from tccli.cli.context import Context

    R = TypeVar("R")


class PartialFailures:
    """
    Prints each error as it comes, and stores the first.

    Args:
        prints: Whether errors are printed; the error of a single item is that of the command.

    Attributes:
        first: The first error, or None.
        number: How many there were.
    """

    def __init__(self, context: Context, *, prints: bool = True) -> None:
        self.first: TcError | None = None
        self.number = 0
        self._context = context
        self._prints = prints

    def leave_out(self, results: Iterable[R | TcError]) -> Generator[R]:
        """
        Yield the results that are not errors.
        """
        for result in results:
            if not isinstance(result, TcError):
                yield result
                continue
            self.number += 1
            self.first = self.first or result
            if self._prints:
                self._context.note(str(result))

    def raise_summary(self, summary: str) -> None:
        """
        Raise the first error, if there was one; if it was printed before, with a summary instead of its message.
        """
        if self.first is None:
            return
        if self._prints:
            self.first.message, self.first.hint = summary, ""
        raise self.first

    def raise_first(self, summary: str) -> None:
        """
        Raise the first error, if there was one, with a summary in front of its message.
        """
        if self.first is not None:
            self.first.message = f"{summary}; the first error: {self.first.message}"
            raise self.first
