"""
Retries: which failures are tried again, and how long to wait before.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.errors import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.http.messages import Request, Response, Transport


class RetryPolicy(NamedTuple):
    """
    How often to retry, and after how long; the defaults are those of Taskcluster's other clients.

    Attributes:
        retries: The number of attempts after the first.
        delay_factor: Seconds.
        randomization_factor: 0.25 means a quarter more or less.
        max_delay: Seconds.
        unsafe: Whether to repeat calls whose effect would be doubled, too.
    """

    retries: int = 5
    delay_factor: float = 0.1
    randomization_factor: float = 0.25
    max_delay: float = 30.0
    unsafe: bool = False

    def compute_delay(self, retry: int, draw: float) -> float:
        """
        Return the seconds before retry number *retry*.

        Args:
            retry: From 1.
            draw: A random number from -1 to 1.
        """
        exact = 2.0 ** min(retry, 64) * self.delay_factor
        return max(0.0, min(exact * (1 + self.randomization_factor * draw), self.max_delay))

    def announce_delay(self, retry: int, reason: str, min_seconds: float, report: Callable[[str], None]) -> float:
        """
        Report a retry, and return the seconds to wait before it.

        Args:
            retry: From 1.
            reason: What failed.
            min_seconds: What the server asked for; at most ``max_delay`` counts.
            report: Takes one line.
        """
        import random

        computed = self.compute_delay(retry, random.uniform(-1, 1))  # noqa: S311 - not a secret
        seconds = max(computed, min(min_seconds, self.max_delay))
        when = f"in {seconds:.1f} s" if seconds >= 1 else f"in {seconds * 1000:.0f} ms" if seconds >= 0.001 else "now"
        report(f"{reason}; retry {retry} of {self.retries} {when}")
        return seconds


class BackOff:
    """
    The wait that several threads share: when a service asks one of them to slow down, none of them sends meanwhile.

    Args:
        processes: The number of processes that share it as well, which are forked from this one.

    Attributes:
        process: The number of this process, from 0. Each one only writes an end of its own.
        take_turn: Waits, by the function that it is given, until the rate of the requests allows another one.
    """

    take_turn: Callable[[Callable[[float], Any]], None] | None = None

    def __init__(self, processes: int = 1) -> None:
        self.process = 0
        self._ends: list[float] | memoryview[float] = [0.0]
        if processes > 1:
            import mmap

            # All processes have the same monotonic clock.
            self._ends = memoryview(mmap.mmap(-1, 8 * processes)).cast("d")

    def extend(self, seconds: float) -> None:
        """
        Wait at least that long from now on.
        """
        self._ends[self.process] = max(self._ends[self.process], time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        """
        Seconds, at least 0.
        """
        return max(0.0, max(self._ends) - time.monotonic())

    def wait(self, sleep: Callable[[float], Any], *, needs_turn: bool) -> None:
        """
        Wait until a request may be sent.

        Args:
            needs_turn: Whether it has not waited for its turn, if there is a rate.
        """
        if needs_turn and self.take_turn is not None:
            self.take_turn(sleep)
        while seconds := self.remaining:
            sleep(seconds)


def send_with_retries(
    transport: Transport,
    make_request: Callable[[], Request],
    policy: RetryPolicy,
    *,
    idempotent: bool,
    report: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    back_off: BackOff | None = None,
) -> Response:
    """
    Send until there is a response that no retry changes, or the retries are used up. 429 and 5xx but 501 are retried.

    Args:
        make_request: Makes the request of each attempt, since each needs its own signature.
        idempotent: Whether a request that may have been received can be sent again.
        report: Takes one line before each wait.
        back_off: Shared with other threads. It is extended by the wait after a 429 or a 503. Retries take their turn.

    Returns:
        The last response, whatever its status.

    Raises:
        NoAnswerError: The last attempt had no response, or one failed in a way that a retry cannot change.
        BrokenAnswerError: The response is not HTTP, is too large, or cannot be decompressed.
    """
    repeatable = idempotent or policy.unsafe
    attempt = 0
    while True:
        attempt += 1
        min_seconds = 0.0
        is_overloaded = False
        if back_off is not None:
            back_off.wait(sleep, needs_turn=attempt > 1)
        try:
            request = make_request()
            response = transport.send(request if attempt == 1 else request._replace(retry=attempt - 1))
            # After 429, nothing was done; after 501, nothing will be.
            is_retryable = response.status == 429 or (response.status >= 500 and response.status != 501 and repeatable)
            if not is_retryable or attempt > policy.retries:
                return response
            reason = f"status {response.status}"
            is_overloaded = response.status in {429, 503}
            min_seconds = parse_retry_after(response.headers.get("retry-after", ""))
        except NoAnswerError as error:
            if error.sent and not repeatable:
                error.hint = "not retried, because the call may have taken effect; --retry-unsafe retries it"
                raise
            if error.stale:
                # There are only so many idle connections; a new one is never stale.
                attempt -= 1
                continue
            if error.final or attempt > policy.retries:
                if attempt > 1:
                    error.message += f" (tried {attempt} times)"
                raise
            reason = error.message
        seconds = policy.announce_delay(attempt, reason, min_seconds, report)
        if back_off is not None and is_overloaded:
            back_off.extend(seconds)
        sleep(seconds)


def parse_retry_after(value: str) -> float:
    """
    Return the seconds of a Retry-After header, at least 0.

    Args:
        value: Seconds or a date; anything else counts as 0.
    """
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        seconds = float(value)
    else:
        from email.utils import parsedate_to_datetime

        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError, TypeError):
            return 0.0
    return max(0.0, seconds)
