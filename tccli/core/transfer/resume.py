"""
Partial downloads: the bytes that are written so far, and a journal from which the next run resumes.

Both are next to the target, as ``.NAME.tc-partial`` and ``.NAME.tc-partial.log``. The journal's first line is a JSON
object about the remote file; after it, a line ``w START COUNT`` follows each range of bytes that was written. It stays
true after ``kill -9``, because the system writes out what a killed process has written. It may be wrong after a power
cut, so a journal from before the last boot is ignored. Older versions also wrote lines ``s COUNT``, which are skipped.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from tccli.core.files import sync_directory
from tccli.errors import LocalFileError
from tccli.reasons import explain
from tccli.strict_json import loads_leniently

if TYPE_CHECKING:
    from collections.abc import Mapping

JOURNAL_VERSION = 1
JOURNAL_INTERVAL_BYTES = 256 << 10
"""How much is written between two lines of the journal."""
MAX_JOURNAL_BYTES = 16 << 20
MAX_NAME_BYTES = 200
"""Longer names are replaced by a hash: most systems allow 255 bytes, with our prefix and suffix included."""
# Neither wait for the writer of a pipe, nor write where a link in a shared directory leads.
SAFE_OPEN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class ByteRanges:
    """
    A set of byte positions, as ranges that do not touch.
    """

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """
        Add the bytes from *start* up to, but without, *end*.
        """
        merged = []
        for low, high in self._ranges:
            if high < start or low > end:
                merged.append((low, high))
            else:
                start, end = min(start, low), max(end, high)
        self._ranges = sorted([*merged, (start, end)])

    def ranges(self) -> list[tuple[int, int]]:
        """
        Return pairs of the first position and the one after the last, in order.
        """
        return list(self._ranges)

    def gaps(self, length: int) -> list[tuple[int, int]]:
        """
        Return the ranges before *length* that are missing.
        """
        missing = []
        position = 0
        for low, high in [*self._ranges, (length, length)]:
            if position < min(low, length):
                missing.append((position, min(low, length)))
            position = max(position, high)
        return missing

    def total(self) -> int:
        """
        Return the number of bytes.
        """
        return sum(high - low for low, high in self._ranges)

    def contiguous_end(self) -> int:
        """
        Return the first position that is missing.
        """
        return self._ranges[0][1] if self._ranges and self._ranges[0][0] == 0 else 0


class ResumableFile:
    """
    The partial file of *target* and its journal, locked for this process; a second process gets a pair of its own.

    Args:
        target: Not a link.

    Attributes:
        fd: The partial file.
        path: Its path.
        header: The journal's JSON object about the remote file, or None when there is nothing to resume.
        written: The ranges that the partial file contains.
        can_resume: Whether the next run will find the partial file. False for a second process.
    """

    def __init__(self, target: str) -> None:
        self.path = default = partial_path(target)
        self.fd, status = self._open_locked()
        self._identity = status.st_dev, status.st_ino
        self._is_empty = not status.st_size
        self.can_resume = self.path == default
        self._journal_path = self.path + ".log"
        self._journal: int | None = None
        self._has_journal = True
        self._lock = threading.Lock()
        self.written = ByteRanges()
        self.header: Mapping[str, Any] | None = self._read_journal()
        if self.header is not None:
            # The old journal may end in the middle of a line, so nothing can be appended to it.
            self._start_journal()
            for start, end in self.written.ranges():
                self._append(f"w {start} {end - start}")

    def reset(self, header: Mapping[str, Any], *, journaled: bool = True) -> None:
        """
        Delete all bytes, and start again for the remote file that *header* describes.

        Args:
            journaled: Write a journal, for the next run.
        """
        self.discard_bytes()
        self._is_empty = False
        self.header = dict(header)
        self.can_resume = self.can_resume and journaled
        if self.can_resume:
            self._start_journal()
        else:
            # The journal of an earlier run must not be taken for that of these bytes.
            self._delete_journal()

    def record(self, start: int, end: int) -> int:
        """
        Record that the bytes from *start* up to *end* are written; return the first position that is missing.
        """
        with self._lock:
            self.written.add(start, end)
            self._append(f"w {start} {end - start}")
            return self.written.contiguous_end()

    def drop(self, position: int) -> None:
        """
        Start to write the bytes before *position* to the disk, and drop those from memory that are there already.
        """
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.fd, 0, position, os.POSIX_FADV_DONTNEED)

    def commit(self, target: str, mode: int, *, syncs_directory: bool = True) -> None:
        """
        Sync the bytes to the disk, rename the file to *target*, and delete the journal.

        Args:
            syncs_directory: Sync the new name, too.

        Raises:
            LocalFileError: Another file has the name of the partial one by now.
        """
        os.fchmod(self.fd, mode)
        os.fsync(self.fd)
        status = os.lstat(self.path)
        if (status.st_dev, status.st_ino) != self._identity:
            raise LocalFileError(f"cannot write {target}: another process has replaced {self.path}")
        os.replace(self.path, target)
        if syncs_directory:
            sync_directory(os.path.dirname(target))
        self._delete_journal()

    def discard(self) -> None:
        """
        Delete the file and the journal.
        """
        # In this order: who finds no partial file may begin another one, with a journal of its own.
        self._delete_journal()
        with suppress(OSError):
            os.unlink(self.path)

    def keep_if_at_least(self, size: int) -> bool:
        """
        Leave file and journal for the next run if it will find them, and they have *size* bytes; else delete them.

        Returns:
            Whether they were stored.
        """
        if self.can_resume and self.written.total() >= size:
            return True
        self.discard()
        return False

    def discard_bytes(self) -> None:
        """
        Delete all bytes, to start again in this run.
        """
        self.written = ByteRanges()
        self.header = None
        if not self._is_empty:
            os.ftruncate(self.fd, 0)

    def close(self) -> None:
        """
        Close and unlock the files, which remain for the next run.
        """
        for fd in (self._journal, self.fd):
            if fd is not None:
                with suppress(OSError):
                    os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_locked(self) -> tuple[int, os.stat_result]:
        """
        Open and lock the partial file, and return its status; create another one when that is locked, or may be written
        by others.
        """
        default = self.path
        while True:
            try:
                fd = os.open(self.path, os.O_RDWR | os.O_CREAT | SAFE_OPEN, 0o600)
            except OSError as error:
                # What is there may be a link, a directory, or another user's file.
                if not os.path.lexists(self.path):
                    raise LocalFileError(f"cannot write {self.path}: {explain(error)}") from error
                break
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                break
            status = os.fstat(fd)
            # The process that had the lock may have renamed the file meanwhile: then this is the finished download.
            with suppress(FileNotFoundError):
                if os.stat(self.path).st_ino == status.st_ino:
                    if is_private(status):
                        return fd, status
                    os.close(fd)
                    break
            os.close(fd)
        self.path = f"{default}.{secrets.token_hex(8)}"
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | SAFE_OPEN, 0o600)
            return fd, os.fstat(fd)
        except OSError as error:
            raise LocalFileError(f"cannot write {self.path}: {explain(error)}") from error

    def _start_journal(self) -> None:
        if self._journal is None:
            # Always a new file: the old one may be a link, or belong to another user.
            with suppress(OSError):
                os.unlink(self._journal_path)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | SAFE_OPEN
            try:
                self._journal = os.open(self._journal_path, flags, 0o600)
            except FileExistsError:
                # What another user has planted here cannot be deleted: there is no journal then.
                self.can_resume = False
                return
            self._has_journal = True
        os.ftruncate(self._journal, 0)
        self._append(json.dumps({"version": JOURNAL_VERSION, "boot": boot_id(), "facts": self.header}))

    def _append(self, line: str) -> None:
        if self._journal is not None:
            os.write(self._journal, f"{line}\n".encode())

    def _delete_journal(self) -> None:
        if self._has_journal:
            with suppress(OSError):
                # When the partial file has been moved away, another process may have begun both anew.
                if self._journal is None or os.path.samestat(os.fstat(self._journal), os.lstat(self._journal_path)):
                    os.unlink(self._journal_path)
            self._has_journal = False
        if self._journal is not None:
            os.close(self._journal)
            self._journal = None

    def _read_journal(self) -> Mapping[str, Any] | None:
        """
        Return the journal's header, and add the ranges that it lists to :attr:`written`; stop where it is damaged.
        """
        try:
            with open(os.open(self._journal_path, os.O_RDONLY | SAFE_OPEN), "rb") as file:
                if not is_private(os.fstat(file.fileno())):
                    return None
                first, *lines = file.read(MAX_JOURNAL_BYTES).decode("utf-8", "replace").split("\n")
            head = loads_leniently(first)
            if head["version"] != JOURNAL_VERSION or head["boot"] != boot_id() or not isinstance(head["facts"], dict):
                return None
        except FileNotFoundError:
            # Only who has the lock creates one.
            self._has_journal = False
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        size = os.fstat(self.fd).st_size
        # The last line has no line end: it is cut off, or empty.
        for line in lines[:-1]:
            match = re.fullmatch(r"(?:s [0-9]+|w ([0-9]{1,18}) ([0-9]{1,18}))", line, re.ASCII)
            if not match:
                break
            if match[1]:
                start, count = int(match[1]), int(match[2])
                if count and start + count <= size:
                    self.written.add(start, start + count)
        return dict(head["facts"])


def partial_path(target: str) -> str:
    """
    Return the path of the partial file of *target*, which is not a link.
    """
    directory, name = os.path.split(target)
    if len(os.fsencode(name)) > MAX_NAME_BYTES:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return os.path.join(directory, f".{name}.tc-partial")


def is_partial_name(name: str) -> bool:
    """
    Return whether partial files or their journals have such names: the download of another file may write or delete it.
    """
    # Some file systems do not distinguish the case.
    return bool(re.fullmatch(r"\..+\.tc-partial(\.[0-9a-f]{16})?(\.log)?", name, re.IGNORECASE | re.DOTALL))


def is_private(status: os.stat_result) -> bool:
    """
    Return whether a file is a regular one of this user, under one name, that no other user can write.
    """
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_uid == os.geteuid()
        and status.st_nlink <= 1
        and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def boot_id() -> str:
    """
    Return an id that changes with each boot, or "" where the system has none.
    """
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            return file.read().strip().decode("ascii")
    except OSError:
        return ""
