"""
One attempt to fill a file: over one connection while that is enough, then in parts side by side.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from tccli.core.files import new_mode, whole_file
from tccli.core.http.decoding import PlainReader
from tccli.core.transfer.digests import BLOCK, FileHashes, StreamHashes, compare
from tccli.core.transfer.reader import Reader
from tccli.core.transfer.remote import Facts
from tccli.core.transfer.request import Outcome, Wanted, verified
from tccli.core.transfer.resume import GRAIN, Partial
from tccli.errors import BrokenAnswerError, LocalFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.core.transfer.remote import Part, Remote

SEGMENT = 16 << 20
"""Bytes that one request asks for when there are several connections."""
MOST_CONNECTIONS = 6
FAST_CONNECTION = 250e6
"""Bytes a second: a connection that is slower gets others beside it."""
PACE_SECONDS = 0.1
SYNC_SECONDS = 0.1
LARGEST_CACHED = 512 << 20
"""Bytes: a larger file does not stay in memory while it is written, where it would push out what others need.

It is also quicker: on a virtual machine, memory that nobody has used for a while comes from the host page by page,
which takes two seconds for a gibibyte.
"""
WORTH_KEEPING = 1 << 20
"""Bytes: a partial download of less is not left behind."""


class FileDownload:
    """
    One attempt to fill a partial file and to put it in the target's place.
    """

    def __init__(self, remote: Remote, partial: Partial, wanted: Wanted) -> None:
        self._remote = remote
        self._partial = partial
        self._wanted = wanted
        self._expected = {**remote.location().hashes, **wanted.hashes}
        self._segments: deque[tuple[int, int | None]] = deque()
        self._failure: Exception | None = None
        self._facts: Facts | None = None
        self._is_in_order = True
        self._threads: list[threading.Thread] = []
        self._hashes = FileHashes(partial.fd, ())

    def run(self, target: str) -> Outcome:
        """
        Fill the file with what is missing, check it, and put it in the place of *target*.

        Raises:
            ChangedError: The remote side is not what it was: all begins anew.
            OSError: This machine cannot write it.
            TcError: It cannot be fetched, or is not what was promised.
        """
        kept = self._kept()
        first = Reader(self._remote, *self._first_request(kept))
        try:
            first.facts = kept
            part = first.open()
            self._prepare(first, part, resumed=kept is not None)
            with self._syncing():
                self._fetch(first)
        except BaseException:
            self._hashes.stop()
            raise
        finally:
            first.close()
        try:
            return self._finish(target, part.facts)
        except BrokenAnswerError:
            # All of it is there, and it is wrong: another run would only find the same.
            self._partial.discard()
            raise

    def _kept(self) -> Facts | None:
        """
        Return what is known of the remote side from an earlier run whose bytes can be used.
        """
        recalled = self._partial.facts
        if not recalled or recalled.get("identity") != self._remote.source.identity:
            return None
        if recalled.get("hashes") != dict(self._remote.location().hashes):
            return None
        facts = Facts(**recalled["facts"])
        # Without a validator or a hash, nothing says that it is still the same.
        return facts if facts.length is not None and (facts.validator or recalled["hashes"]) else None

    def _first_request(self, kept: Facts | None) -> tuple[int, int | None]:
        if kept is not None and kept.length is not None:
            gaps = self._partial.have.gaps(kept.length)
            start, end = gaps[0] if gaps else (max(kept.length - 1, 0), kept.length)
            return start, end if self._wanted.connections == 1 else min(end, start + SEGMENT)
        return 0, None if self._wanted.connections == 1 else SEGMENT

    def _prepare(self, first: Reader, part: Part, *, resumed: bool) -> None:
        """
        Plan what is to be fetched, and begin to hash.
        """
        facts = self._facts = part.facts
        if not resumed:
            identity, hashes = self._remote.source.identity, self._remote.location().hashes
            self._partial.begin(
                {"identity": dict(identity), "hashes": dict(hashes), "facts": asdict(facts)},
                lasting=facts.length is None or facts.length > WORTH_KEEPING,
            )
        have = self._partial.have
        # What passes by is the whole, without what is there already.
        self._is_in_order = not have.total() or not part.is_range
        if facts.length is None or not part.is_range:
            # Everything comes in one answer, also what is there already.
            self._remote.carrier.meter.begin(facts.length)
            first.position = part.start
            self._segments.append((part.start, facts.length))
        else:
            self._remote.carrier.meter.begin(facts.length, kept=have.total())
            self._check_space(facts.length - have.total())
            step = facts.length + 1 if self._wanted.connections == 1 else SEGMENT
            for low, high in have.gaps(facts.length):
                self._segments.extend((start, min(start + step, high)) for start in range(low, high, step))
        if not self._wanted.decodes(facts):
            self._hashes = FileHashes(self._partial.fd, self._expected, facts.length)

    def _check_space(self, needed: int) -> None:
        room = os.statvfs(os.path.dirname(self._partial.path))
        free = room.f_bavail * room.f_frsize
        if needed > free:
            raise LocalFileError(
                f"{self._remote.source.name} needs {needed:,} bytes more, and there is room for {free:,} in "
                f"{os.path.dirname(self._partial.path)}"
            )

    def _fetch(self, first: Reader) -> None:
        """
        Fill the segments: over one connection while that is enough, then over as many as may help.
        """
        if not self._segments:
            # An earlier run has fetched everything, and ended before it could say so.
            self._hashes.follow()
            self._hashes.filled_to(self._partial.have.front())
            return
        first.end = self._segments.popleft()[1]
        reader: Reader | None = first
        try:
            if self._is_in_order and self._wanted.connections in {None, 1}:
                reader = self._fill_in_order(first)
            if reader is not None:
                self._fill_side_by_side(reader)
        except BaseException:
            self._remote.stop()
            raise
        finally:
            for thread in self._threads:
                thread.join()
        if self._failure is not None:
            raise self._failure

    def _fill_in_order(self, reader: Reader) -> Reader | None:
        """
        Fill one segment after the other, hashing what passes by.

        Returns:
            The reader of the segment in which the connection showed to be slow, or None when all is filled.
        """
        most = self._wanted.connections or MOST_CONNECTIONS
        pace = _Pace()
        position = noted = 0

        def fill(buffer: memoryview) -> int:
            nonlocal reader
            while not (count := reader.readinto(buffer)) and self._segments:
                reader = self._reader(*self._segments.popleft())
            return count

        try:
            with closing(self._hashes.passing(fill)) as blocks:
                for block in blocks:
                    self._write(block, position)
                    position += len(block)
                    if position - noted >= GRAIN:
                        self._partial.wrote(noted, position)
                        noted = position
                    if self._segments and most > 1 and pace.is_slow(len(block)):
                        return reader
            return None
        finally:
            if position > noted:
                self._partial.wrote(noted, position)
            if not self._segments:
                reader.close()

    def _fill_side_by_side(self, reader: Reader) -> None:
        """
        Fill what is left, over several connections; the hashes follow.
        """
        self._hashes.follow()
        self._hashes.filled_to(self._partial.have.front())
        most = self._wanted.connections or MOST_CONNECTIONS
        for _ in range(min(most - 1, len(self._segments))):
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._work(reader)

    def _work(self, reader: Reader | None = None) -> None:
        """
        Fill segments until there are none, or somebody has failed.
        """
        buffer = memoryview(bytearray(BLOCK))
        try:
            while self._failure is None and not self._remote.stopped.is_set():
                self._fill(reader or self._reader(*self._segments.popleft()), buffer)
                reader = None
        except IndexError:
            return
        except Exception as error:  # noqa: BLE001 - carried to the thread that waits
            if self._failure is None:
                self._failure = error
            self._remote.stop()

    def _fill(self, reader: Reader, buffer: memoryview) -> None:
        noted = reader.position
        try:
            while count := reader.readinto(buffer):
                self._write(buffer[:count], reader.position - count)
                if reader.position - noted >= GRAIN:
                    self._hashes.filled_to(self._partial.wrote(noted, reader.position))
                    noted = reader.position
        finally:
            if reader.position > noted:
                self._hashes.filled_to(self._partial.wrote(noted, reader.position))
            reader.close()

    def _reader(self, start: int, end: int | None) -> Reader:
        reader = Reader(self._remote, start, end)
        reader.facts = self._facts
        return reader

    def _write(self, block: memoryview, position: int) -> None:
        while len(block):
            written = os.pwrite(self._partial.fd, block, position)
            block, position = block[written:], position + written

    @contextmanager
    def _syncing(self) -> Iterator[None]:
        """
        Bring the bytes to the disk now and then, so that a power cut does not take them all.
        """
        length = self._facts.length if self._facts else None
        if not self._partial.can_resume or length is None or length <= SEGMENT:
            yield
            return
        over = threading.Event()

        def keep() -> None:
            while not over.wait(SYNC_SECONDS):
                # A disk that cannot take it says so to whoever writes next.
                with suppress(OSError):
                    self._partial.sync()
                    if self._facts is not None and (self._facts.length or 0) > LARGEST_CACHED:
                        self._partial.drop(self._hashes.read_to(self._partial.have.front()))

        keeper = threading.Thread(target=keep, daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _finish(self, target: str, facts: Facts) -> Outcome:
        """
        Check everything, and put the file in the target's place.
        """
        name = self._remote.source.name
        size = os.fstat(self._partial.fd).st_size
        if facts.length is not None and size != facts.length:
            raise BrokenAnswerError(f"{name} has {size} bytes, but {facts.length} were promised")
        if self._wanted.decodes(facts):
            size = self._decode(target, is_empty=facts.length == 0)
            self._partial.discard()
        else:
            if self._expected:
                # To the disk while the hashes catch up.
                self._partial.sync()
            compare(self._hashes.digests(), self._expected, name)
            self._partial.become(target, new_mode(target))
        return Outcome(size, verified(facts, self._expected))

    def _decode(self, target: str, *, is_empty: bool) -> int:
        name = self._remote.source.name
        hashes = StreamHashes(self._expected)
        with open(os.dup(self._partial.fd), "rb", buffering=0) as stored, whole_file(target) as file:
            stored.seek(0)
            plain = PlainReader(stored.readinto, name, is_empty=is_empty)
            for block in hashes.passing(plain.readinto):
                file.write(block)
            compare(hashes.digests(), self._expected, name)
        return hashes.count


class _Pace:
    """
    Tells whether one connection is slow enough for others to help: on a fast link they are in each other's way.
    """

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._count = 0

    def is_slow(self, count: int) -> bool:
        """
        Take note of *count* bytes more.
        """
        self._count += count
        passed = time.monotonic() - self._since
        if passed < PACE_SECONDS:
            return False
        rate = self._count / passed
        self._since += passed
        self._count = 0
        return rate < FAST_CONNECTION
