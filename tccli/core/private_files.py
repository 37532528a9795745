"""
Files that only their owner can read, and that exist for a while.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from itertools import permutations
from typing import TYPE_CHECKING

from tccli.core.files import MAX_NAME_BYTES
from tccli.errors import LocalFileError, UsageError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

SAFE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)

REMOVE_AT_END = 'read -r word && exit; for path do rm -f -- "$path" || rmdir -- "$path"; done'
"""The end of stdin without a line is that of the process that writes it."""


def check_new_file(path: str) -> None:
    """
    Check that *path* names a file that does not exist.

    Raises:
        UsageError: It exists, or it names a directory.
    """
    if not os.path.basename(path):
        raise UsageError(f"cannot write {path!r}: it is not a name of a file")
    if any(len(os.fsencode(name)) > MAX_NAME_BYTES for name in path.split(os.sep)):
        raise UsageError(f"cannot write {path}: a name in it is too long", hint="give a shorter one")
    if os.path.lexists(path):
        raise UsageError(f"cannot write {path}: it exists, and would be removed afterwards", hint="name a new file")


@contextmanager
def private_files(contents: Mapping[str, bytes], report: Callable[[str], None]) -> Iterator[None]:
    """
    Create files of mode 0600 for the time of the block, and directories of mode 0700 for them where there are none.

    What is at their paths afterwards is removed, also if it was replaced meanwhile, or if this process is killed.

    Args:
        contents: By path.
        report: Takes one line about a file that cannot be removed.

    Raises:
        LocalFileError: A file cannot be written, or exists.
    """
    created: list[str] = []
    directories: list[str] = []
    watchdog = _start_watchdog([os.path.abspath(path) for path in contents])
    try:
        for given, content in contents.items():
            path = os.path.abspath(given)
            try:
                _create_directories(os.path.dirname(path), directories)
                handle = os.open(path, SAFE_FLAGS, 0o600)
                created.append(path)
                with open(handle, "wb") as file:
                    # The umask may have taken even the owner's rights.
                    if hasattr(os, "fchmod"):
                        os.fchmod(handle, 0o600)
                    file.write(content)
            except OSError as error:
                raise LocalFileError(f"cannot write {given}: {error.strerror or error}") from None
        yield
    finally:
        for path in created:
            try:
                os.unlink(path)
            except FileNotFoundError:
                report(f"warning: {path}, which had a secret, was moved or removed by another program")
            except OSError as error:
                report(f"warning: cannot remove {path}, which has a secret: {error.strerror or error}")
        for directory in reversed(directories):
            with suppress(OSError):
                os.rmdir(directory)
        if watchdog is not None:
            watchdog.communicate(b"done\n")


def _start_watchdog(paths: Sequence[str]) -> subprocess.Popen[bytes] | None:
    """
    Start a process that removes files, and directories that do not exist yet, if this one ends without a word to it.
    """
    import subprocess

    directories = {directory for path in paths for directory in _list_missing(os.path.dirname(path))}
    words = ["/bin/sh", "-c", REMOVE_AT_END, "sh", *paths, *sorted(directories, key=len, reverse=True)]
    if not paths or os.name != "posix":
        return None
    try:
        # Ctrl-C, and what ends a whole group of processes, must not reach it.
        return subprocess.Popen(  # noqa: S603 - a constant script
            words,
            env={"PATH": os.defpath},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None


def _list_missing(path: str) -> list[str]:
    missing = []
    while not os.path.isdir(path) and path not in {"", os.path.dirname(path)}:
        missing.append(path)
        path = os.path.dirname(path)
    return missing


def _create_directories(path: str, created: list[str]) -> None:
    for directory in reversed(_list_missing(path)):
        os.mkdir(directory, 0o700)
        created.append(directory)
        # The umask may have taken even the owner's rights.
        os.chmod(directory, 0o700)


def find_clash(path: str, others: Iterable[str]) -> str | None:
    """
    Return which of *others* is the same file, or must be a directory of *path*, or the other way round.
    """
    real = _resolve(path)
    for other in others:
        if any(f"{one}{os.sep}".startswith(f"{two}{os.sep}") for one, two in permutations((real, _resolve(other)))):
            return other
    return None


def _resolve(path: str) -> str:
    path = os.path.abspath(path)
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def is_replaceable_by_others(path: str) -> bool:
    """
    Return whether other users can replace a file in the directory of *path*, or that directory if it is to be created.
    """
    directory = os.path.dirname(os.path.abspath(path))
    while not os.path.lexists(directory) and directory != os.path.dirname(directory):
        directory = os.path.dirname(directory)
    try:
        mode = os.stat(directory).st_mode
    except OSError:
        return False
    return os.name == "posix" and bool(mode & 0o022) and not mode & 0o1000
