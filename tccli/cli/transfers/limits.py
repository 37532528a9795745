"""
Options that all transfers share: retries of their own, limits of their time and rate, and the first request only.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.types import duration, timeout
from tccli.errors import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tccli.cli.context import Context
    from tccli.core.calls import PreparedCall
    from tccli.core.client import Client
    from tccli.core.transfer.context import TransferContext, TransferProgress
    from tccli.output import Result

CHECK_INTERVAL_SECONDS = 0.1
UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}
OWN_OPTIONS = ("retries", "timeout", "delay_factor", "randomization_factor", "max_delay")
"""What ``--transfer-retries`` and the like change for the bytes only."""


def transfer_options() -> list[click.Parameter]:
    """
    Return the options.
    """
    return [
        click.Option(["--dry-run"], is_flag=True, help="Print the first request; send nothing."),
        click.Option(
            ["--min-rate"],
            type=byte_rate,
            metavar="RATE",
            help="Give up when fewer bytes per second arrive during one --timeout: 500, 100k, 1M (default: never).",
        ),
        click.Option(
            ["--deadline"],
            type=timeout,
            metavar="DURATION",
            help="Give up when all of it takes longer (default: never).",
        ),
        click.Option(["--transfer-retries"], type=click.IntRange(min=0), metavar="N", help="--retries of the bytes."),
        click.Option(["--transfer-timeout"], type=timeout, metavar="DURATION", help="--timeout of the bytes."),
        click.Option(["--transfer-delay-factor"], type=duration, metavar="DURATION", help="--delay-factor of these."),
        click.Option(
            ["--transfer-randomization-factor"],
            type=click.FloatRange(0, 1),
            metavar="F",
            help="--randomization-factor of these.",
        ),
        click.Option(["--transfer-max-delay"], type=duration, metavar="DURATION", help="--max-delay of these."),
    ]


def byte_rate(value: str) -> float:
    """
    Return bytes per second.
    """
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([kmg]?)(?:i?b)?(?:/s)?", value.strip().lower())
    if found is None or not float(found[1]):
        raise click.BadParameter(f"{value!r} is not a rate; write bytes per second, such as 500, 100k or 1M")
    return float(found[1]) * UNITS[found[2]]


def transfer_context(context: Context, options: Mapping[str, Any]) -> TransferContext:
    """
    Return the context of a transfer, with its own retry options.
    """
    own = {name: options[f"transfer_{name}"] for name in OWN_OPTIONS if options[f"transfer_{name}"] is not None}
    return context.replace(**own).transfer_context()


def write_request(write: Callable[[Result], None] | None, client: Client, call: PreparedCall) -> None:
    """
    Print a request for ``--dry-run``.
    """
    from tccli.cli.call import dry_run

    assert write is not None
    write(dry_run(client, call))


class _Watcher:
    """
    Checks a transfer against its limits, again and again.

    Args:
        interval: Seconds over which the rate is measured.

    Attributes:
        reason: Why the transfer must stop, or "".
    """

    def __init__(self, options: Mapping[str, Any], interval: float, progress: TransferProgress) -> None:
        self.reason = ""
        self._deadline, self._min_rate = options["deadline"], options["min_rate"]
        self._interval = interval
        self._progress = progress
        self._started = self._since = time.monotonic()
        self._count = self._count_bytes()

    def measure(self) -> bool:
        """
        Return whether the transfer must stop.
        """
        now = time.monotonic()
        progress = self._progress
        if self._deadline is not None and now - self._started > self._deadline:
            self.reason = f"not complete within the {self._deadline:g} s of --deadline"
        elif self._min_rate is not None and now - self._since > self._interval:
            count = self._count_bytes()
            rate = (count - self._count) / (now - self._since)
            self._since, self._count = now, count
            # When all bytes are there, they are only verified or finished.
            is_moving = progress.total_bytes is None or progress.done_bytes < progress.total_bytes
            if is_moving and rate < self._min_rate:
                self.reason = f"only {rate:.0f} bytes/s over {self._interval:g} s, less than --min-rate"
        return bool(self.reason)

    def _count_bytes(self) -> int:
        # A connection is not slow while an existing file is compared.
        return self._progress.wire_bytes + self._progress.compared_bytes

    def check(self) -> None:
        """
        Raise the error of a transfer that was stopped.
        """
        if self.reason:
            raise NoAnswerError(f"the transfer was stopped: {self.reason}")


@contextmanager
def enforce_limits(
    context: Context, options: Mapping[str, Any], progress: TransferProgress, stop: Callable[[], None]
) -> Iterator[Callable[[], None]]:
    """
    Stop a transfer that is slower than ``--min-rate`` or takes longer than ``--deadline``.

    Args:
        stop: Makes what the block does fail with `NoAnswerError`.

    Returns:
        A function that raises the error of a transfer that was stopped.

    Raises:
        NoAnswerError: The transfer was stopped.
    """
    from tccli.cli.side_thread import run_beside

    interval = context.call_options().timeout if options["transfer_timeout"] is None else options["transfer_timeout"]
    watcher = _Watcher(options, interval, progress)

    def watch(wait: Callable[[float], bool]) -> None:
        while not wait(CHECK_INTERVAL_SECONDS):
            if watcher.measure():
                stop()
                return

    has_limits = options["min_rate"] is not None or options["deadline"] is not None
    with run_beside(watch, is_required=True) if has_limits else nullcontext():
        try:
            yield watcher.check
        except NoAnswerError:
            watcher.check()
            raise
