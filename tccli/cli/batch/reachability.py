"""
Whether the deployment can be reached: when calls in a row show that it cannot, the others of a batch are not made.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tccli.cli.batch.runner import BatchResult

MIN_FAILURES = 5


class Reachability:
    """
    Counts failures that all calls would have, and allows calls to begin until there were so many in a row.

    At the start, only so many calls may begin until one of them shows that the deployment is there. Threads share it.

    Args:
        max_failures: How many failures in a row end the batch, or 0 if all calls may begin.

    Attributes:
        is_proven: Whether a call has shown that the deployment is there, or all calls may begin.
        is_lost: Whether no further call may begin.
    """

    def __init__(self, max_failures: int) -> None:
        self.max_failures = max_failures
        self._begun = 0
        self._failed = 0
        self._changed = threading.Condition()
        self.is_proven = not max_failures
        self.is_lost = False

    def begin(self) -> bool:
        """
        Wait until it is known whether a call may begin, and return that.
        """
        if self.is_proven:
            return not self.is_lost
        with self._changed:
            self._changed.wait_for(lambda: self.is_proven or self.is_lost or self._begun < self.max_failures)
            self._begun += 1
            return not self.is_lost

    def end(self, result: BatchResult) -> None:
        """
        Take the result of a call that began.
        """
        if not self.max_failures:
            return
        with self._changed:
            if result.is_bad_input:
                # Nothing was sent.
                self._begun -= 1
            elif result.is_unreachable:
                self._failed += 1
                self.is_lost = self.is_lost or self._failed == self.max_failures
            else:
                self._failed = 0
                self.is_proven = True
            self._changed.notify_all()
