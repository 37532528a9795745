"""
Lines that are drawn again and again on a terminal, and messages above them.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console, Group
from rich.text import Text

from tccli.cli.batch import progress as batch_progress
from tccli.cli.context import Context
from tccli.cli.live_display import LiveDisplay
from tccli.cli.transfers.progress import show_progress
from tccli.core.transfer.context import TransferProgress
from tests.terminals import Terminal, open_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_POLLS = 3000
LONG = "no worker pool proj-x/none exists, and no worker has ever taken from its queue: " + "x" * 90


def draw(display: LiveDisplay, *lines: str) -> None:
    """
    Draw lines that are cut off.
    """
    display.draw(Group(*(Text(line, no_wrap=True, overflow="ellipsis") for line in lines)))


@pytest.fixture(params=[60, 80, 120])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """
    A terminal, to be stderr.
    """
    for name in ("LINES", "XTERM_VERSION", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    # rich asks only the standard descriptors of the process for their size.
    monkeypatch.setenv("COLUMNS", str(request.param))
    with open_terminal(request.param) as terminal:
        yield terminal


def test_messages_are_whole_lines_above_the_display(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Whoever prints them, and of any length; the frame stands once below them, and at the end they are printed as ever.
    """
    # Not in the fixture, whose stderr pytest takes back.
    monkeypatch.setattr(sys, "stderr", terminal.file)
    context = Context(argv=[])
    with LiveDisplay(context, Console(file=terminal.file)) as display:
        draw(display, "group G", "1 pending")
        context.note("first")
        draw(display, "group G", "2 pending", "a third line")
        context.replace(color="never").print_message(f"{LONG}\n> GET /task/\x1b[2J")
        display.print("a failure", "red")
        assert terminal.read() == [
            "tc: first", LONG, "> GET /task/\\x1b[2J", "a failure", "group G", "2 pending", "a third line",
        ]  # fmt: skip
        draw(display, "group G", "done")
    context.note("last")

    assert terminal.read()[4:] == ["group G", "done", "tc: last"]


def test_a_message_while_the_display_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """
    In another thread, just after this one has looked for it.
    """

    class Ending(list[Any]):
        def __bool__(self) -> bool:
            is_filled = len(self) > 0
            self.clear()
            return is_filled

    context = Context(argv=[])
    context.message_printers = Ending([lambda text: sys.stderr.write(f"{text}\n")])
    context.note("one")
    context.message_printers.clear()
    context.note("two")
    assert "tc: one\ntc: two\n" == capsys.readouterr().err


def test_a_narrower_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What it wraps of the old frame is cleared, and nothing above it.
    """
    monkeypatch.setattr(sys, "stderr", terminal.file)
    context = Context(argv=[])
    console = Console(file=terminal.file)
    with LiveDisplay(context, console) as display:
        context.note("before")
        draw(display, "group " + "g" * 200, "short", "line " + "h" * 200)
        context.note(LONG)
        terminal.narrow(25)
        console.width = 25
        draw(display, "group " + "g" * 200, "short")
        assert terminal.read() == ["tc: before", f"tc: {LONG}", "group " + "g" * 18 + "…", "short"]
        terminal.narrow(20)
        console.width = 20
        context.note("after")

    assert terminal.read()[2:3] == ["tc: after"]
    assert len(terminal.read()) == 5


@pytest.mark.parametrize("kind", ["transfer", "batch"])
def test_progress_of_transfers_and_batches(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """
    Messages stand above it, and nothing of it remains.
    """
    monkeypatch.setattr(sys, "stderr", terminal.file)
    monkeypatch.setattr("tccli.cli.batch.progress.MIN_DELAY_SECONDS", 0)
    monkeypatch.setattr("tccli.cli.transfers.progress.MIN_DELAY_SECONDS", 0)
    context = Context(argv=[])
    shown = (
        show_progress(context, "live.log", TransferProgress())
        if kind == "transfer"
        else batch_progress.show_progress(context, batch_progress.Counts())
    )
    with shown:
        for _ in range(MAX_POLLS):
            if context.message_printers:
                break
            time.sleep(0.01)
        context.note(LONG)
        context.note("second")

    assert terminal.read() == [f"tc: {LONG}", "tc: second"]
