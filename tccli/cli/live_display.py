"""
Lines at the end of the terminal that are drawn again and again; what else is printed meanwhile stands above them.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from tccli.cli.context import Context

CUTTING_TERMINALS = ("XTERM_VERSION", "STY")
"""Variables of xterm and screen, which cut lines off when they become narrower. Other terminals wrap them."""


class LiveDisplay:
    """
    The last lines of a terminal. Messages of the context on the same terminal are printed above them, from any thread.

    It is a context manager, at whose end the lines stay.

    Attributes:
        is_transient: Whether the lines are cleared at the end.
    """

    def __init__(self, context: Context, console: Console, *, is_transient: bool = False) -> None:
        from rich.live import Live

        self._context = context
        self._console = console
        self.is_transient = is_transient
        # Nothing but this module draws, so that the height of what is drawn is known.
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._lock = threading.RLock()
        # The columns of each row that is drawn, and those of the terminal at that time.
        self._rows: list[int] = []
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.is_started:
            with suppress(ValueError):
                self._context.message_printers.remove(self.print_message)
            self._live.transient = self.is_transient
            self._live.stop()

    @property
    def is_started(self) -> bool:
        """
        Whether something was drawn.
        """
        return self._live.is_started

    def draw(self, lines: RenderableType) -> None:
        """
        Replace the lines.
        """
        with self._lock:
            if not self.is_started:
                self._live.start()
                if sys.stderr is not None and sys.stderr.isatty():
                    self._context.message_printers.append(self.print_message)
            self._clear_wrapped_rows()
            self._live.update(lines, refresh=True)
            self._measure(lines)

    def print(self, text: str, style: str = "") -> None:
        """
        Print lines above those that are drawn again.
        """
        from rich.text import Text

        encoding = self._console.encoding
        text = text.encode(encoding, "backslashreplace").decode(encoding)
        with self._lock:
            self._clear_wrapped_rows()
            self._console.print(Text(text, style), soft_wrap=True)

    def print_message(self, text: str) -> None:
        """
        Print a message of the context above the lines.
        """
        self.print(text)

    def _measure(self, lines: RenderableType) -> None:
        from rich.segment import Segment

        rendered = self._console.render_lines(lines, pad=False)
        self._rows = [Segment.get_line_length(line) for line in rendered]
        self._width = self._console.width

    def _clear_wrapped_rows(self) -> None:
        """
        Clear what the terminal has wrapped because it became narrower since the lines were drawn.
        """
        from rich.control import Control
        from rich.segment import ControlType

        width = self._console.width
        if not self._rows or width >= self._width or any(name in os.environ for name in CUTTING_TERMINALS):
            return
        more = sum((columns - 1) // width for columns in self._rows if columns)
        self._width = width
        up = ((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1))
        if more:
            self._console.control(Control(ControlType.CARRIAGE_RETURN, *(up * more)))
