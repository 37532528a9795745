"""
A shell in a terminal, and somebody who types.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

PATIENCE = 60
"""Seconds after which nothing will come any more."""

READY = "> READY"
CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>])")
"""What a terminal does not show: colours and the like."""
TC = """\
#!/bin/sh
# What is typed is not run but written down, and so is what the completion asks for, before it gets its answer.
for word do
  if [ "$word" = --values ]; then
    printf '%s\\n' "$*" >>"$TYPED.asked"
    exec PYTHON -m tccli "$@"
  fi
done
printf '%s\\n' "$@" >"$TYPED.new" && mv "$TYPED.new" "$TYPED"
"""
START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1="),
    "zsh": (["zsh", "-f", "-i"], "PS1=; autoload -U compinit; compinit -u -D"),
    "fish": (["fish", "--no-config", "-i"], "function fish_prompt; end"),
}
"""How each is started, and made to show no prompt."""


@dataclass
class Terminal:
    """
    A shell that has loaded the completion script.

    Args:
        shell: bash, zsh or fish.
        loading: The command that loads the script.
        folder: An empty one, for itself.
        environment: Of the shell.
    """

    shell: str
    loading: str
    folder: Path
    environment: Mapping[str, str]
    screen: str = field(default="", init=False)

    def __enter__(self) -> Self:
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        for name in ("tc", "taskcluster-tc"):
            (bin_folder / name).write_text(TC.replace("PYTHON", sys.executable), "utf-8")
            (bin_folder / name).chmod(0o755)
        self._typed = self.folder / "typed"
        environment = {
            **self.environment,
            "PATH": f"{bin_folder}{os.pathsep}{self.environment.get('PATH', os.defpath)}",
            "TYPED": str(self._typed),
            # On a terminal that can do nothing, fish lists nothing.
            "TERM": "xterm" if self.shell == "fish" else "dumb",
            "LC_ALL": "C.UTF-8",
        }
        argv, setup = START[self.shell]
        self._process, self._fd = pty.fork()
        if self._process == 0:  # pragma: no cover - the shell takes this process over
            os.chdir(self.folder)
            os.execvpe(argv[0], argv, environment)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.type(f"{setup}; {self.loading}; printf '> %s\\n' READY\r")
        self.wait_for(lambda: READY in self.screen)
        self.screen = ""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.close(self._fd)
        os.waitpid(self._process, 0)

    def type(self, keys: str) -> None:
        """
        Press keys: a tab is the one that completes, a return runs the line.
        """
        os.write(self._fd, keys.encode())

    def run(self, keys: str) -> list[str]:
        """
        Type a line and press return.

        Returns:
            The arguments that the shell gave to ``tc``.
        """
        self.type(keys + "\r")
        self.wait_for(self._typed.exists)
        return self._typed.read_text("utf-8").splitlines()

    def asked(self) -> list[str]:
        """
        Return what ``tc`` was started for by the completion.
        """
        asked = self.folder / "typed.asked"
        return asked.read_text("utf-8").splitlines() if asked.exists() else []

    def shows(self, *texts: str) -> None:
        """
        Wait until all texts have been on the screen.
        """
        self.wait_for(lambda: all(text in self.screen for text in texts))

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """
        Read what the shell writes until *condition* holds.
        """
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"it does not come: {self.screen[-2000:]!r}"
            if select.select([self._fd], [], [], 0.02)[0]:
                try:
                    self.screen = CONTROL.sub("", self.screen + os.read(self._fd, 65536).decode("utf-8", "replace"))
                except OSError as error:
                    assert errno.EIO == error.errno
                    raise AssertionError(f"the shell has ended: {self.screen[-2000:]!r}") from None
