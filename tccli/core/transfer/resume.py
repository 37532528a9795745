"""
A download that is not whole yet: its bytes beside the target, and a journal of what is there.

The journal is a line of facts about the remote side, then a line for every stretch of bytes that was written
(``w START COUNT``), and now and then ``s LINES``: the first so many lines are on the disk. After ``kill -9`` all of it
holds, since the system keeps what was written. After a power cut only what is known to be on the disk does: that is
told apart by the system's boot id, which stands in the first line.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from tccli.errors import LocalFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
JOURNAL_INTERVAL_BYTES = 256 << 10
"""Bytes: how much may be written before the journal says so."""
MAX_NAME_BYTES = 200
"""Bytes of a target's name that leave room for what is added to it; most systems allow 255."""


class ByteRanges:
    """
    Stretches of bytes, joined where they touch.
    """

    def __init__(self) -> None:
        self._stretches: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """
        Add the bytes from *start* to before *end*.
        """
        merged = []
        for low, high in self._stretches:
            if high < start or low > end:
                merged.append((low, high))
            else:
                start, end = min(start, low), max(end, high)
        self._stretches = sorted([*merged, (start, end)])

    def ranges(self) -> list[tuple[int, int]]:
        """
        Return them, each from its first byte to after its last.
        """
        return list(self._stretches)

    def gaps(self, length: int) -> list[tuple[int, int]]:
        """
        Return what is missing before *length*.
        """
        missing = []
        position = 0
        for low, high in [*self._stretches, (length, length)]:
            if position < min(low, length):
                missing.append((position, min(low, length)))
            position = max(position, high)
        return missing

    def total(self) -> int:
        """
        Return how many bytes there are.
        """
        return sum(high - low for low, high in self._stretches)

    def contiguous_end(self) -> int:
        """
        Return up to where there is no gap.
        """
        return self._stretches[0][1] if self._stretches and self._stretches[0][0] == 0 else 0


class ResumableFile:
    """
    The bytes and the journal beside *target*; only one process at a time has them, another gets a pair of its own.

    Attributes:
        fd: The file with the bytes.
        facts: About the remote side, as they were when the bytes were fetched; None where there are no usable bytes.
        have: Which bytes are there.
        path: Of the bytes.
        can_resume: Whether a next run will find them: not so for the pair of a process that came second.
    """

    def __init__(self, target: str) -> None:
        folder, name = os.path.split(os.path.abspath(target))
        if len(os.fsencode(name)) > MAX_NAME_BYTES:
            name = hashlib.sha256(os.fsencode(name)).hexdigest()
        self.path = expected = os.path.join(folder, f".{name}.tc-partial")
        self.fd = self._open_locked()
        self.can_resume = self.path == expected
        self._journal_path = self.path + ".log"
        self._lock = threading.Lock()
        self._lines = 0
        self.written = ByteRanges()
        self.metadata: Mapping[str, Any] | None = self._read_journal()
        self._journal: int | None = None
        if self.metadata is not None:
            # Written anew, since its end may be cut off.
            kept = self.written
            self._start_journal()
            for start, end in kept.ranges():
                self._append(f"w {start} {end - start}")

    def reset(self, metadata: Mapping[str, Any], *, lasting: bool = True) -> None:
        """
        Forget what is there, and begin anew.

        Args:
            lasting: Keep a journal, for the next run.
        """
        self.written = ByteRanges()
        self.metadata = dict(metadata)
        self.can_resume = self.can_resume and lasting
        os.ftruncate(self.fd, 0)
        if self.can_resume:
            self._start_journal()
        else:
            # One of an earlier run would be taken for that of these bytes.
            self._delete_journal()

    def record(self, start: int, end: int) -> int:
        """
        Write down that the bytes from *start* to before *end* are there; return up to where there is no gap.
        """
        with self._lock:
            self.written.add(start, end)
            self._append(f"w {start} {end - start}")
            return self.written.contiguous_end()

    def sync(self) -> None:
        """
        Bring what was written down so far to the disk, and write that down.
        """
        if self._journal is None:
            return
        with self._lock:
            lines = self._lines
        os.fsync(self.fd)
        with self._lock:
            self._append(f"s {lines}")
        os.fsync(self._journal)

    def drop(self, position: int) -> None:
        """
        Let the system forget the bytes before *position* that are on the disk: nobody reads them again here.
        """
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.fd, 0, position, os.POSIX_FADV_DONTNEED)

    def commit(self, target: str, mode: int) -> None:
        """
        Put the bytes in the target's place, whole; the journal goes.
        """
        os.fchmod(self.fd, mode)
        os.fsync(self.fd)
        os.replace(self.path, target)
        self._delete_journal()

    def discard(self) -> None:
        """
        Leave nothing behind.
        """
        with suppress(OSError):
            os.unlink(self.path)
        self._delete_journal()

    def keep_if_at_least(self, worth: int) -> None:
        """
        Leave what is there for the next run, if that will find it and it is at least *worth* bytes.
        """
        if not self.can_resume or self.written.total() < worth:
            self.discard()

    def discard_bytes(self) -> None:
        """
        Forget what is there, to begin anew in this run.
        """
        self.written = ByteRanges()
        self.metadata = None
        os.ftruncate(self.fd, 0)

    def close(self) -> None:
        """
        Let go, and leave all for the next run.
        """
        for fd in (self._journal, self.fd):
            if fd is not None:
                with suppress(OSError):
                    os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_journal(self) -> None:
        if self._journal is None:
            self._journal = os.open(self._journal_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.ftruncate(self._journal, 0)
        self._lines = 0
        self._append(json.dumps({"version": VERSION, "boot": boot_id(), "facts": self.metadata}))

    def _delete_journal(self) -> None:
        with suppress(OSError):
            os.unlink(self._journal_path)
        if self._journal is not None:
            os.close(self._journal)
            self._journal = None

    def _append(self, line: str) -> None:
        if self._journal is None:
            return
        os.write(self._journal, f"{line}\n".encode())
        self._lines += 1

    def _open_locked(self) -> int:
        """
        Open the file with the bytes for this process alone; where another has it, choose another name.
        """
        import fcntl
        import secrets

        while True:
            try:
                fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
            except OSError as error:
                raise LocalFileError(f"cannot write {self.path}: {error.strerror}") from None
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                self.path += f".{secrets.token_hex(4)}"
                continue
            # Whoever had it may have put it in the target's place meanwhile: then this is the finished file.
            with suppress(FileNotFoundError):
                if os.stat(self.path).st_ino == os.fstat(fd).st_ino:
                    return fd
            os.close(fd)

    def _read_journal(self) -> Mapping[str, Any] | None:
        """
        Read the journal, as far as it makes sense, into :attr:`have`; return its facts.
        """
        try:
            with open(self._journal_path, encoding="utf-8", errors="replace") as file:
                lines = file.read().split("\n")
            head = json.loads(lines[0])
            if head["version"] != VERSION:
                return None
            metadata = head["facts"]
            same_boot = boot_id() and head["boot"] == boot_id()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        ranges = []
        durable = 0
        # The last piece has no line end: it was cut off, or is empty.
        for number, line in enumerate(lines[1:-1], 1):
            words = line.split(" ")
            if not all(word.isascii() and word.isdigit() for word in words[1:]):
                break
            if words[0] == "w" and len(words) == 3:
                ranges.append((number, int(words[1]), int(words[2])))
            elif words[0] == "s" and len(words) == 2:
                durable = int(words[1])
            else:
                break
        size = os.fstat(self.fd).st_size
        for number, start, count in ranges:
            if (same_boot or number < durable) and start + count <= size:
                self.written.add(start, start + count)
        return metadata if isinstance(metadata, dict) else None


def boot_id() -> str:
    """
    Return what tells one start of the system from the next, or nothing where the system does not say.
    """
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
