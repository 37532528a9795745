"""
The first calls of a batch: when none of them succeeds, the others are not made.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tccli.cli.batch.runner import BatchResult

MIN_FIRST_CALLS = 5


class FirstCalls:
    """
    Allows only so many calls to begin until one of them shows that the deployment is there. Threads share it.

    Args:
        count: How many, or 0 if all calls may begin.

    Attributes:
        is_passed: Whether all calls may begin.
        is_hopeless: Whether no further call may begin.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._begun = 0
        self._failed = 0
        self._changed = threading.Condition()
        self.is_passed = not count
        self.is_hopeless = False

    def begin(self) -> bool:
        """
        Wait until it is known whether a call may begin, and return that.
        """
        if self.is_passed:
            return True
        with self._changed:
            self._changed.wait_for(lambda: self.is_passed or self.is_hopeless or self._begun < self._count)
            self._begun += 1
            return not self.is_hopeless

    def end(self, result: BatchResult) -> None:
        """
        Take the result of a call that began.
        """
        if self.is_passed:
            return
        with self._changed:
            if result.is_bad_input:
                # Nothing was sent.
                self._begun -= 1
            elif result.is_unreachable:
                self._failed += 1
                self.is_hopeless = self._failed == self._count
            else:
                self.is_passed = True
            self._changed.notify_all()
