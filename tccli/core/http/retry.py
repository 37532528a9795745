"""
When to try again, and after how long.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tccli.errors import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.http.messages import Request, Response, Transport

LONGEST_RETRY_AFTER = 60.0
"""Seconds: a service that asks for more is asked again after this."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """
    When to try again, and after how long.

    Attributes:
        retries: How many more attempts there may be after the first.
        delay_factor: Seconds.
        randomization_factor: 0.25 means a quarter more or less.
        max_delay: Seconds.
        unsafe: Also repeat calls whose effect would be doubled.
    """

    retries: int = 5
    delay_factor: float = 0.1
    randomization_factor: float = 0.25
    max_delay: float = 30.0
    unsafe: bool = False

    def delay(self, retry: int, draw: float) -> float:
        """
        Return the seconds before retry number *retry* (1, 2, …); *draw* is random in [-1, 1].
        """
        exact = 2.0 ** min(retry, 64) * self.delay_factor
        return max(0.0, min(exact * (1 + self.randomization_factor * draw), self.max_delay))

    def pause(self, retry: int, trouble: str, asked: float, report: Callable[[str], None]) -> float:
        """
        Tell of a retry, and return the seconds before it.

        Args:
            retry: Its number, from 1.
            trouble: What it is for.
            asked: Seconds that the server asked for, at least.
            report: Takes a line for people.
        """
        seconds = max(self.delay(retry, random.uniform(-1, 1)), asked)  # noqa: S311 - spreads load, guards nothing
        report(f"{trouble}; retry {retry} of {self.retries} in {seconds:.1f} s")
        return seconds


def send_with_retries(
    transport: Transport,
    make_request: Callable[[], Request],
    policy: RetryPolicy,
    *,
    idempotent: bool,
    report: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Response:
    """
    Send until there is an answer that is not a passing failure, or the retries are used up.

    Args:
        make_request: Called for every attempt, so that each has a signature of its own.
        idempotent: Whether it may be sent again after its bytes went out.
        report: Takes a line for people before each wait.

    Returns:
        The last answer, whatever its status.

    Raises:
        NoAnswerError: The last attempt had none.
        BrokenAnswerError: What came is no HTTP answer, or cannot be decoded.
    """
    attempt = 0
    while True:
        attempt += 1
        last = attempt > policy.retries
        asked = 0.0
        try:
            response = transport.send(make_request())
            if response.status < 500 and response.status != 429:
                return response
            if last or not (idempotent or policy.unsafe):
                return response
            trouble = f"status {response.status}"
            asked = retry_after(response.headers.get("retry-after", ""))
        except NoAnswerError as error:
            if error.sent and not (idempotent or policy.unsafe):
                error.hint = "it is not repeated, since the call may have taken effect; --retry-unsafe repeats it"
                raise
            if last or error.final:
                if attempt > 1:
                    error.message += f" (tried {attempt} times)"
                raise
            trouble = error.message
        sleep(policy.pause(attempt, trouble, asked, report))


def retry_after(value: str) -> float:
    """
    Return the seconds that a Retry-After header asks for, in either of its forms, up to a cap.
    """
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        seconds = float(value)
    else:
        from email.utils import parsedate_to_datetime

        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError, TypeError):
            return 0.0
    return max(0.0, min(seconds, LONGEST_RETRY_AFTER))
