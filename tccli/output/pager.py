"""
A pager for output that is longer than the terminal, as git and gh have it.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from tccli.errors import LocalFileError
from tccli.interrupts import interrupts

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

# Quit if it fits one screen, pass colours on, and leave the text on the screen; what we print is UTF-8.
ENVIRONMENT = {"LESS": "FRX", "LESSCHARSET": "utf-8", "LV": "-c"}


@contextmanager
def open_pager(out: IO[bytes], wanted: bool | None, environ: Mapping[str, str] = os.environ) -> Iterator[IO[bytes]]:  # noqa: FBT001 - an option's value
    """
    Yield a stream for the lines of a result. They go to *out*, a terminal, or to a pager if they do not fit its height.

    A person who leaves the pager early ends the context, as if all had been written.

    Args:
        wanted: False for no pager, True for one in any case.

    Raises:
        LocalFileError: The pager failed.
    """
    commands = [] if wanted is False else list_commands(environ)
    try:
        size = os.get_terminal_size(out.fileno())
    except OSError:
        commands = []
    if not commands:
        yield out
        return
    pager: Any = _Pager(out, commands, size, environ)
    try:
        if wanted:
            pager.start()
        yield pager
        pager.finish()
        pager.check()
    except _PagerClosedError:
        pager.finish()
        pager.check()
    except BaseException as error:
        pager.finish(wait=not isinstance(error, KeyboardInterrupt))
        raise


def list_commands(environ: Mapping[str, str]) -> list[list[str]]:
    """
    Return the pagers to try, each as the words of a command: ``TC_PAGER`` or ``PAGER``, else less, then more.

    There is none on a terminal that cannot move its cursor, or if the variable is empty, malformed or ``cat``.
    """
    if environ.get("TERM", "dumb") == "dumb":
        return []
    chosen = environ.get("TC_PAGER", environ.get("PAGER"))
    if chosen is None:
        return [["less"], ["more"]]
    import shlex

    try:
        words = shlex.split(chosen)
    except ValueError:
        return []
    return [words] if words and words != ["cat"] else []


class _PagerClosedError(Exception):
    """
    The pager does not read any more.
    """


class _Pager:
    """
    Writes to a terminal, or to a pager from the first line on that the terminal has no room for.
    """

    def __init__(
        self, out: IO[bytes], commands: Sequence[Sequence[str]], size: os.terminal_size, environ: Mapping[str, str]
    ) -> None:
        self._out = out
        self._commands = commands
        # A terminal that does not know its size reports 0.
        self._columns, self._lines = size.columns or 80, size.lines or 24
        self._environ = {**ENVIRONMENT, **environ}
        # Held back while all of it may fit the terminal; after that, there is a sink.
        self._held = bytearray()
        self._sink: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, data: bytes) -> int:
        """
        Write *data*, which is bytes of whole characters.
        """
        if self._sink is not None:
            self._pass_on(data)
        else:
            self._held += data
            # The terminal's last line is that of the prompt.
            if _count_rows(self._held, self._columns) >= self._lines:
                self.start()
        return len(data)

    def flush(self) -> None:
        """
        Show what was written now: what follows may take its time.
        """
        self.start()
        self._pass_on(b"", flush=True)

    def start(self) -> None:
        """
        Start the pager, unless it runs, with what was written so far. Where there is none, write to the terminal.
        """
        import subprocess

        if self._sink is not None:
            return
        self._out.flush()
        # If it is interrupted in between, a pager runs, and nothing ends it.
        with interrupts:
            for words in self._commands:
                with suppress(OSError):
                    # The words are the person's own.
                    self._process = subprocess.Popen(  # noqa: S603
                        words, stdin=subprocess.PIPE, stdout=self._out, env=self._environ
                    )
                    break
        self._sink = self._out if self._process is None else self._process.stdin
        self._pass_on(bytes(self._held))

    def finish(self, *, wait: bool = True) -> None:
        """
        Write what has been buffered, or wait until the pager ends.

        Args:
            wait: Otherwise, end the pager.
        """
        process = self._process
        if process is None:
            self._out.write(b"" if self._sink else self._held)
            self._out.flush()
            return
        from tccli.core.child_process import end_child

        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        try:
            if wait:
                process.wait()
        finally:
            end_child(process)

    def check(self) -> None:
        """
        Check that the pager has not failed.

        Raises:
            LocalFileError: It has, so that perhaps nothing was shown.
        """
        if self._process is not None and self._process.returncode:
            raise LocalFileError(
                f"cannot show the output: the pager {' '.join(map(str, self._process.args))!r} failed",  # type: ignore[arg-type]
                hint="use --no-pager",
            )

    def _pass_on(self, data: bytes, *, flush: bool = False) -> None:
        assert self._sink is not None
        try:
            self._sink.write(data)
            if flush:
                self._sink.flush()
        except BrokenPipeError:
            if self._process is None:
                raise
            raise _PagerClosedError from None


def _count_rows(data: bytes | bytearray, columns: int) -> int:
    lines = re.sub(r"\x1b\[[0-9;]*m", "", data.decode("utf-8", "replace")).split("\n")
    return sum(max(1, -(-len(line) // columns)) for line in lines[:-1]) + len(lines[-1]) // columns
