"""
Files that appear whole or not at all.
"""

from __future__ import annotations

import os
import stat
import tempfile
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from tccli.errors import LocalFileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


_UMASK = threading.Lock()


def check_target(path: str) -> None:
    """
    Check that a file can come to be at *path*, without touching it.

    Raises:
        UsageError: Its folder is not there, or it is a folder itself.
        LocalFileError: Its folder, or the device that it is, cannot be written to.
    """
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder", hint="name a file in it")
    if not os.path.isdir(folder):
        raise UsageError(f"there is no folder {folder}", hint="make it first, or write elsewhere")
    if not os.access(path if is_special(path) else folder, os.W_OK):
        raise LocalFileError(f"no permission to write {path}")


@contextmanager
def atomic_write(path: str, *, private: bool = False) -> Iterator[IO[bytes]]:
    """
    Open a file to write beside *path*, and let it take that place when all went well.

    An existing file stays as it is until then, and hands on its mode; a link stays a link. Pipes and devices are
    written directly.

    Args:
        private: Only the owner may read a new file.

    Raises:
        LocalFileError: The file cannot be written.
    """
    if not is_special(path):
        # What /dev/stdout is a link to may have no path at all.
        path = os.path.realpath(path)
    check_target(path)
    try:
        if is_special(path):
            with open(path, "wb") as device:
                yield device
            return
        mode = new_mode(path, private=private)
        handle, beside = tempfile.mkstemp(dir=os.path.dirname(path), prefix=f".{os.path.basename(path)[:50]}.")
        try:
            with open(handle, "wb") as file:
                os.fchmod(file.fileno(), mode)
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        raise LocalFileError(f"cannot write {path}: {error.strerror or error}") from None


def is_special(path: str) -> bool:
    """
    Tell whether *path* is a pipe, a device or the like, which is written to and not replaced.
    """
    return os.path.exists(path) and not os.path.isfile(path)


def new_mode(path: str, *, private: bool = False) -> int:
    """
    Return the mode for a file that comes to be at *path*: that of the one which is there, else what the umask allows.
    """
    if os.path.exists(path):
        return stat.S_IMODE(os.stat(path).st_mode)
    # It can only be read by changing it: one thread at a time, or another reads that.
    with _UMASK:
        mask = os.umask(0o077)
        os.umask(mask)
    return 0o600 if private else 0o666 & ~mask
