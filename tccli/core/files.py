"""
Files that are written completely or not at all.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from tccli.errors import LocalFileError, UsageError
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


MAX_NAME_BYTES = 255
LOCK_TIMEOUT_SECONDS = 10
LOCK_POLL_SECONDS = 0.02
_UMASK_LOCK = threading.Lock()


def check_target(path: str) -> None:
    """
    Check that *path* can be written, without a change to it.

    Raises:
        UsageError: Its directory does not exist, or it is itself a directory.
        LocalFileError: There is no permission to write its directory, or the device that it is.
    """
    if not path:
        raise UsageError("cannot write a file without a name", hint="give -o FILE, or -o - for stdout")
    directory = os.path.dirname(path) or "."
    # Many file systems count bytes, and allow 255.
    if len(os.fsencode(os.path.basename(path))) > MAX_NAME_BYTES:
        raise UsageError(f"cannot write {path}: its name is too long", hint="give a shorter one")
    if os.path.isdir(path):
        raise UsageError(f"cannot write {path}: it is a directory", hint="name a file in it")
    if os.path.islink(os.path.realpath(path)):
        raise UsageError(f"cannot write {path}: its links lead in a circle")
    if not os.path.isdir(directory):
        raise UsageError(f"cannot write {path}: there is no directory {directory}", hint="create it first")
    if not os.access(path if is_special(path) else directory, os.W_OK):
        raise LocalFileError(f"cannot write {path}: permission denied")


def check_stdout() -> None:
    """
    Check that there is a stdout to write to.

    Raises:
        LocalFileError: It is closed.
    """
    if sys.stdout is None:
        raise LocalFileError("cannot write to stdout: it is closed", hint="give -o FILE")


def concerns_all_files(error: BaseException) -> bool:
    """
    Return whether an error, or its cause, is one that each other file of the file system would have: it is full, or
    cannot be written.
    """
    cause = error if isinstance(error, OSError) else error.__cause__
    return isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@contextmanager
def atomic_write(path: str, *, private: bool | Callable[[], bool] = False) -> Iterator[IO[bytes]]:
    """
    Open a temporary file next to *path*, which replaces *path* when the block ends without an error.

    The new file has the mode of the one it replaces; a link is followed, and remains. A pipe or a device is written
    directly.

    Args:
        private: Only the owner may read the file, also if it replaces one that others may read. A function is called
            when the block ends; until then, only the owner may.

    Raises:
        LocalFileError: The file cannot be written.
    """
    if not is_special(path):
        # /dev/stdout may be a link to something that has no path, so only others are resolved.
        path = os.path.realpath(path)
    check_target(path)
    try:
        if is_special(path):
            with open(path, "wb") as device:
                yield device
            return
        temporary = choose_name(os.path.dirname(path), f".{os.path.basename(path)[:50]}.")
        try:
            with open(temporary, "xb", opener=open_for_owner) as file:
                yield file
                file.flush()
                is_private = private if isinstance(private, bool) else private()
                os.fchmod(file.fileno(), target_mode(path, private=is_private))
                os.fsync(file.fileno())
            replace_file(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise LocalFileError(f"cannot write {path}: {explain(error)}") from None


def choose_name(directory: str, prefix: str, suffix: str = "") -> str:
    """
    Return a path that no file has, for one that the caller creates and removes.

    To know it before the file exists is what mkstemp does not offer: an interruption in between would leave the file.
    """
    return os.path.join(directory, f"{prefix}{os.urandom(6).hex()}{suffix}")


def open_for_owner(path: str, flags: int) -> int:
    """
    Open a file, which only its owner may read if it is created: an opener for `open`.
    """
    return os.open(path, flags, 0o600)


def make_private_directory(path: str) -> None:
    """
    Create a directory for its owner only, and those above it in the same way. One that exists is not changed.

    Raises:
        LocalFileError: It cannot be created.
    """
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent != path:
        make_private_directory(parent or ".")
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        # Another process may have created it meanwhile.
        if not os.path.isdir(path):
            raise LocalFileError(f"cannot create the directory {path}: it is a file") from None
    except OSError as error:
        raise LocalFileError(f"cannot create the directory {path}: {explain(error)}") from None


@contextmanager
def lock_directory(path: str) -> Iterator[None]:
    """
    Exclude other processes that lock the same directory.

    The directory itself is locked: its files are replaced, and a file for the lock would stay.

    Raises:
        LocalFileError: It cannot be opened, or another process has had the lock for 10 seconds.
    """
    try:
        import fcntl
    except ImportError:
        # Windows has no such locks.
        yield
        return
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise LocalFileError(f"cannot lock {path}: {explain(error)}") from None
    try:
        deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    message = f"cannot lock {path}: another process has had it for {LOCK_TIMEOUT_SECONDS} s"
                    raise LocalFileError(message) from None
                time.sleep(LOCK_POLL_SECONDS)
            except OSError as error:
                raise LocalFileError(f"cannot lock {path}: {explain(error)}") from None
        yield
    finally:
        os.close(handle)


def replace_file(source: str, target: str) -> None:
    """
    Rename *source*, whose bytes are on the disk, to *target*, and sync the directory.
    """
    os.replace(source, target)
    sync_directory(os.path.dirname(target) or ".")


def sync_directory(path: str) -> None:
    """
    Wait until the names of the files in a directory are on the disk, where its file system supports that.
    """
    with suppress(OSError):
        directory = os.open(path, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def is_special(path: str) -> bool:
    """
    Return whether *path* is a pipe, a device or the like, which is written and not replaced.
    """
    return os.path.exists(path) and not os.path.isfile(path)


def target_mode(path: str, *, private: bool = False) -> int:
    """
    Return the mode for a new file at *path*: that of the file it replaces, else what the umask allows.

    Args:
        private: Only the owner may read or write it.
    """
    with suppress(OSError):
        return stat.S_IMODE(os.stat(path).st_mode) & (0o600 if private else 0o7777)
    if private:
        return 0o600
    # The umask can only be read by a change of it, which other threads must not see.
    with _UMASK_LOCK:
        mask = os.umask(0o077)
        os.umask(mask)
    return 0o666 & ~mask
