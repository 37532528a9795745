"""
The time of a wait: pauses between polls, and the end of its requests.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tccli.core.http.deadline import Cancellation
from tccli.core.threads import start_timer
from tccli.errors import NoAnswerError, TcError, WaitTimeoutError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from tccli.core.client import Client

MIN_PAUSE_SECONDS = 2.0
MAX_PAUSE_SECONDS = 30.0
PAUSE_FACTOR = 1.5
MIN_PAUSES_PER_WALK = 3
"""A pause is at least that many times as long as the requests before it took."""
MAX_LAST_POLL_SECONDS = 2.0
"""How much longer than the wait its last poll may take."""


class Pauses:
    """
    The pauses between polls: short after a change, then longer and longer; and the end of all of them.

    Args:
        seconds: How long to wait in all, or None for ever.
        sleep: Waits, and may be interrupted.
    """

    def __init__(self, seconds: float | None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self._sleep = sleep
        self._pause = MIN_PAUSE_SECONDS
        self._started = time.monotonic()

    def restart(self) -> None:
        """
        Make the next pause short: something has changed.
        """
        self._pause = MIN_PAUSE_SECONDS

    def begin(self) -> None:
        """
        Begin to measure how long the requests of a poll take.
        """
        self._started = time.monotonic()

    def shorten(self, seconds: float) -> None:
        """
        Make the next pause at most that long.
        """
        self._pause = min(self._pause, max(seconds, 0.0))

    @property
    def remaining(self) -> float | None:
        """
        Seconds until the end; None for ever.
        """
        return None if self._end is None else self._end - time.monotonic()

    def wait(self) -> bool:
        """
        Pause, and return whether there is time for another poll. The last one is at the end.
        """
        remaining = self.remaining
        if remaining is not None and remaining <= 0:
            return False
        taken = time.monotonic() - self._started
        pause = max(self._pause, MIN_PAUSES_PER_WALK * taken)
        self._pause = min(self._pause * PAUSE_FACTOR, MAX_PAUSE_SECONDS)
        self._sleep(pause if remaining is None else min(pause, remaining))
        return True


class TimeLimit:
    """
    The time of a whole command that waits: its requests, and the waits between their retries, end with it.

    Args:
        seconds: From now on.
        acts: Whether the command changes something before it waits.

    Attributes:
        cancellation: Of the requests.
        is_over: Whether the time has ended requests.
    """

    def __init__(self, seconds: float, *, acts: bool) -> None:
        self.cancellation = Cancellation()
        self.is_over = False
        self._acts = acts
        self._end = time.monotonic() + seconds
        self._timer = self._start_timer()

    @property
    def remaining(self) -> float:
        """
        Seconds; negative when the time is up.
        """
        return self._end - time.monotonic()

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """
        Stop the time during the block, in which a user answers a question.
        """
        begun = time.monotonic()
        self._timer.cancel()
        try:
            yield
        finally:
            self._end += time.monotonic() - begun
            self._timer = self._start_timer()

    def explain(self, error: TcError) -> TcError:
        """
        Return the error of a request that was ended as what it is; others as they are.
        """
        if not (self.is_over and isinstance(error, NoAnswerError)):
            return error
        hint = "what was sent may take effect" if self._acts else "-v prints the requests"
        return WaitTimeoutError("the time is up: there is no response yet", hint=hint)

    def _start_timer(self) -> threading.Timer:
        return start_timer(max(self.remaining, 0.0) + MAX_LAST_POLL_SECONDS, self._end_requests)

    def _end_requests(self) -> None:
        self.is_over = True
        self.cancellation.cancel()


def end_requests_with(pauses: Pauses, client: Client) -> Client:
    """
    Return a client whose requests, and the waits between their retries, end with the wait that *pauses* are of.
    """
    remaining = pauses.remaining
    if remaining is None:
        return client
    cancellation = Cancellation()
    start_timer(max(remaining, 0.0) + MAX_LAST_POLL_SECONDS, cancellation.cancel)
    return replace(client, cancellation=cancellation)


@contextmanager
def report_time_up(client: Client) -> Iterator[None]:
    """
    Raise the error of a request that was ended by `end_requests_with` as what it is.

    Raises:
        WaitTimeoutError: Instead of another error.
    """
    try:
        yield
    except TcError:
        if not _is_time_up(client):
            raise
        raise WaitTimeoutError("the time is up: there is no response yet", hint="-v prints the requests") from None


def _is_time_up(client: Client) -> bool:
    return client.cancellation is not None and client.cancellation.is_cancelled
