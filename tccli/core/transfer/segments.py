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

from tccli.core.files import atomic_write, new_mode
from tccli.core.http.decompress import DecompressingReader
from tccli.core.transfer.digests import BLOCK_BYTES, FileHasher, StreamHasher, check_digests
from tccli.core.transfer.options import DownloadOptions, DownloadResult, verified
from tccli.core.transfer.reader import Reader
from tccli.core.transfer.remote import RemoteMetadata
from tccli.core.transfer.resume import JOURNAL_INTERVAL_BYTES, ResumableFile
from tccli.errors import BrokenAnswerError, LocalFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.core.transfer.remote import RangeResponse, RemoteFile

SEGMENT_BYTES = 16 << 20
"""Bytes that one request asks for when there are several connections."""
MAX_CONNECTIONS = 6
FAST_BYTES_PER_SECOND = 250e6
"""Bytes a second: a connection that is slower gets others beside it."""
MEASURE_INTERVAL_SECONDS = 0.1
SYNC_SECONDS = 0.1
LARGEST_CACHED = 512 << 20
"""Bytes: a larger file does not stay in memory while it is written, where it would push out what others need.

It is also quicker: on a virtual machine, memory that nobody has used for a while comes from the host page by page,
which takes two seconds for a gibibyte.
"""
MIN_KEPT_BYTES = 1 << 20
"""Bytes: a partial download of less is not left behind."""


class FileDownload:
    """
    One attempt to fill a partial file and to put it in the target's place.
    """

    def __init__(self, remote: RemoteFile, partial: ResumableFile, options: DownloadOptions) -> None:
        self._remote = remote
        self._partial = partial
        self._options = options
        self._expected = {**remote.location().hashes, **options.hashes}
        self._segments: deque[tuple[int, int | None]] = deque()
        self._failure: Exception | None = None
        self._facts: RemoteMetadata | None = None
        self._is_in_order = True
        self._threads: list[threading.Thread] = []
        self._hashes = FileHasher(partial.fd, ())

    def run(self, target: str) -> DownloadResult:
        """
        Fill the file with what is missing, check it, and put it in the place of *target*.

        Raises:
            ChangedError: The remote side is not what it was: all begins anew.
            OSError: This machine cannot write it.
            TcError: It cannot be fetched, or is not what was promised.
        """
        kept = self._load_metadata()
        first = Reader(self._remote, *self._first_request(kept))
        try:
            first.metadata = kept
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
            return self._finish(target, part.metadata)
        except BrokenAnswerError:
            # All of it is there, and it is wrong: another run would only find the same.
            self._partial.discard()
            raise

    def _load_metadata(self) -> RemoteMetadata | None:
        """
        Return what is known of the remote side from an earlier run whose bytes can be used.
        """
        recalled = self._partial.metadata
        if not recalled or recalled.get("identity") != self._remote.source.identity:
            return None
        if recalled.get("hashes") != dict(self._remote.location().hashes):
            return None
        metadata = RemoteMetadata(**recalled["facts"])
        # Without a validator or a hash, nothing says that it is still the same.
        return metadata if metadata.length is not None and (metadata.validator or recalled["hashes"]) else None

    def _first_request(self, kept: RemoteMetadata | None) -> tuple[int, int | None]:
        if kept is not None and kept.length is not None:
            gaps = self._partial.written.gaps(kept.length)
            start, end = gaps[0] if gaps else (max(kept.length - 1, 0), kept.length)
            return start, end if self._options.connections == 1 else min(end, start + SEGMENT_BYTES)
        return 0, None if self._options.connections == 1 else SEGMENT_BYTES

    def _prepare(self, first: Reader, part: RangeResponse, *, resumed: bool) -> None:
        """
        Plan what is to be fetched, and begin to hash.
        """
        metadata = self._facts = part.metadata
        if not resumed:
            identity, hashes = self._remote.source.identity, self._remote.location().hashes
            self._partial.reset(
                {"identity": dict(identity), "hashes": dict(hashes), "facts": asdict(metadata)},
                lasting=metadata.length is None or metadata.length > MIN_KEPT_BYTES,
            )
        written = self._partial.written
        # What passes by is the whole, without what is there already.
        self._is_in_order = not written.total() or not part.is_range
        if metadata.length is None or not part.is_range:
            # Everything comes in one answer, also what is there already.
            self._remote.context.progress.start(metadata.length)
            first.position = part.start
            self._segments.append((part.start, metadata.length))
        else:
            self._remote.context.progress.start(metadata.length, resumed=written.total())
            self._check_space(metadata.length - written.total())
            step = metadata.length + 1 if self._options.connections == 1 else SEGMENT_BYTES
            for low, high in written.gaps(metadata.length):
                self._segments.extend((start, min(start + step, high)) for start in range(low, high, step))
        if not self._options.decodes(metadata):
            self._hashes = FileHasher(self._partial.fd, self._expected, metadata.length)

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
            self._hashes.filled_to(self._partial.written.contiguous_end())
            return
        first.end = self._segments.popleft()[1]
        reader: Reader | None = first
        try:
            if self._is_in_order and self._options.connections in {None, 1}:
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
        most = self._options.connections or MAX_CONNECTIONS
        monitor = _ThroughputMonitor()
        position = noted = 0

        def fill(buffer: memoryview) -> int:
            nonlocal reader
            while not (count := reader.readinto(buffer)) and self._segments:
                reader = self._reader(*self._segments.popleft())
            return count

        try:
            with closing(self._hashes.hash_blocks(fill)) as blocks:
                for block in blocks:
                    self._write(block, position)
                    position += len(block)
                    if position - noted >= JOURNAL_INTERVAL_BYTES:
                        self._partial.record(noted, position)
                        noted = position
                    if self._segments and most > 1 and monitor.is_slow(len(block)):
                        return reader
            return None
        finally:
            if position > noted:
                self._partial.record(noted, position)
            if not self._segments:
                reader.close()

    def _fill_side_by_side(self, reader: Reader) -> None:
        """
        Fill what is left, over several connections; the hashes follow.
        """
        self._hashes.follow()
        self._hashes.filled_to(self._partial.written.contiguous_end())
        most = self._options.connections or MAX_CONNECTIONS
        for _ in range(min(most - 1, len(self._segments))):
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._work(reader)

    def _work(self, reader: Reader | None = None) -> None:
        """
        Fill segments until there are none, or somebody has failed.
        """
        buffer = memoryview(bytearray(BLOCK_BYTES))
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
                if reader.position - noted >= JOURNAL_INTERVAL_BYTES:
                    self._hashes.filled_to(self._partial.record(noted, reader.position))
                    noted = reader.position
        finally:
            if reader.position > noted:
                self._hashes.filled_to(self._partial.record(noted, reader.position))
            reader.close()

    def _reader(self, start: int, end: int | None) -> Reader:
        reader = Reader(self._remote, start, end)
        reader.metadata = self._facts
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
        if not self._partial.can_resume or length is None or length <= SEGMENT_BYTES:
            yield
            return
        over = threading.Event()

        def keep() -> None:
            while not over.wait(SYNC_SECONDS):
                # A disk that cannot take it says so to whoever writes next.
                with suppress(OSError):
                    self._partial.sync()
                    if self._facts is not None and (self._facts.length or 0) > LARGEST_CACHED:
                        self._partial.drop(self._hashes.read_to(self._partial.written.contiguous_end()))

        keeper = threading.Thread(target=keep, daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _finish(self, target: str, metadata: RemoteMetadata) -> DownloadResult:
        """
        Check everything, and put the file in the target's place.
        """
        name = self._remote.source.name
        size = os.fstat(self._partial.fd).st_size
        if metadata.length is not None and size != metadata.length:
            raise BrokenAnswerError(f"{name} has {size} bytes, but {metadata.length} were promised")
        if self._options.decodes(metadata):
            size = self._decode(target, is_empty=metadata.length == 0)
            self._partial.discard()
        else:
            if self._expected:
                # To the disk while the hashes catch up.
                self._partial.sync()
            check_digests(self._hashes.digests(), self._expected, name)
            self._partial.commit(target, new_mode(target))
        return DownloadResult(size, verified(metadata, self._expected))

    def _decode(self, target: str, *, is_empty: bool) -> int:
        name = self._remote.source.name
        hashes = StreamHasher(self._expected)
        with open(os.dup(self._partial.fd), "rb", buffering=0) as stored, atomic_write(target) as file:
            stored.seek(0)
            plain = DecompressingReader(stored.readinto, name, is_empty=is_empty)
            for block in hashes.hash_blocks(plain.readinto):
                file.write(block)
            check_digests(hashes.digests(), self._expected, name)
        return hashes.count


class _ThroughputMonitor:
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
        if passed < MEASURE_INTERVAL_SECONDS:
            return False
        rate = self._count / passed
        self._since += passed
        self._count = 0
        return rate < FAST_BYTES_PER_SECOND
