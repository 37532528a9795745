"""
Open a URL in the user's browser, without a shell.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tccli.core.account import CREDENTIAL_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LAUNCH_SECONDS = 2
"""A command that has not failed by then is taken for a browser that runs."""
GRAPHICAL = ("xdg-open", "gio open", "x-www-browser", "sensible-browser", "firefox", "chromium", "google-chrome")


def is_remote(environ: Mapping[str, str]) -> bool:
    """
    Return whether the user sits at another machine: a browser on this one would not be seen.
    """
    return any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))


def find_browsers(environ: Mapping[str, str], platform: str = sys.platform) -> list[list[str]]:
    """
    Return the commands that open a URL, to be tried in this order; %s in a word stands for the URL.

    ``BROWSER`` has commands separated by colons, as for other programs. If it is set, there are no others.
    """
    if environ.get("BROWSER", "").strip():
        return [words for text in environ["BROWSER"].split(os.pathsep) if (words := _split(text))]
    if platform == "darwin":
        return [["open"]]
    if platform == "win32":
        return [["rundll32", "url.dll,FileProtocolHandler"]]
    # On Windows' Linux, the browser is outside.
    names = ["wslview"] if environ.get("WSL_DISTRO_NAME") else []
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        names += GRAPHICAL
    return [name.split() for name in names if shutil.which(name.split()[0], path=environ.get("PATH"))]


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []


def open_url(url: str, commands: Sequence[Sequence[str]], environ: Mapping[str, str]) -> bool:
    """
    Start the first of the commands that does not fail; return whether there is one.

    It gets neither the credentials in *environ* nor our terminal, and does not end with us.
    """
    hidden = {*CREDENTIAL_VARIABLES}
    env = {name: value for name, value in environ.items() if name not in hidden}
    for words in commands:
        if any("%s" in word for word in words[1:]):
            argv = [words[0], *(word.replace("%s", url) for word in words[1:])]
        else:
            argv = [*words, url]
        with suppress(OSError, ValueError):
            if _start(argv, env):
                return True
    return False


def _start(argv: list[str], env: dict[str, str]) -> bool:
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603 - the command is the user's own
        argv, env=env, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )
    try:
        return process.wait(LAUNCH_SECONDS) == 0
    except subprocess.TimeoutExpired:
        # It runs on without us; a process that nobody waits for would be warned of.
        process.returncode = 0
        return True
