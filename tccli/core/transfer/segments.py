"""
Filling a partial file: over one connection while that is fast, else in segments over several.
"""

from __future__ import annotations

import errno
import os
import threading
from collections import deque
from contextlib import closing, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from tccli.core.files import atomic_write, target_mode
from tccli.core.threads import ThreadError, start_thread
from tccli.core.transfer.decoding import decode
from tccli.core.transfer.digests import BLOCK_BYTES, FileHasher, check_digests
from tccli.core.transfer.options import describe_result
from tccli.core.transfer.reader import Reader
from tccli.core.transfer.remote import STRONG_ETAG, RemoteMetadata
from tccli.core.transfer.resume import JOURNAL_INTERVAL_BYTES
from tccli.core.transfer.throughput import ThroughputMonitor
from tccli.errors import BrokenAnswerError, LocalFileError, NoAnswerError

if TYPE_CHECKING:
    from tccli.core.transfer.options import DownloadOptions, DownloadResult
    from tccli.core.transfer.remote import RangeResponse, RemoteFile
    from tccli.core.transfer.resume import ResumableFile

SEGMENT_BYTES = 16 << 20
"""How much one request asks for when there may be several connections."""
MAX_CONNECTIONS = 6
MIN_KEPT_BYTES = 1 << 20
MIN_FREE_BYTES = 1 << 20
"""A file system with less is full."""
"""Partial downloads with less are deleted."""
MIN_BUFFER_BYTES = 64 << 10
MAX_CACHED_BYTES = 512 << 20
"""A larger file is written out and dropped from the page cache during the download.

It would displace what other programs need. It is also faster: fresh memory is expensive, above all in virtual machines.
"""
DROP_INTERVAL_BYTES = 8 << 20


def first_range(options: DownloadOptions) -> tuple[int, int | None]:
    """
    Return the range of the first request, when nothing was downloaded yet.
    """
    return 0, None if options.connections == 1 else SEGMENT_BYTES


class FileDownload:
    """
    One attempt to complete a partial file and to move it to the target.
    """

    def __init__(self, remote: RemoteFile, partial: ResumableFile, options: DownloadOptions) -> None:
        self._remote = remote
        self._name = remote.source.name
        self._partial = partial
        self._options = options
        self._max_connections = options.connections or MAX_CONNECTIONS
        self._expected: dict[str, str] = {}
        self._segments: deque[tuple[int, int | None]] = deque()
        self._metadata: RemoteMetadata | None = None
        self._is_in_order = True
        self._dropped = 0
        self._failure: Exception | None = None
        self._write_lock = threading.Lock()
        self._hasher = FileHasher(partial.fd, ())

    def run(self, target: str, opened: Reader | None = None) -> DownloadResult:
        """
        Download what is missing, verify the file, and move it to *target*.

        Args:
            opened: Reads from the first byte on, for a partial file that is new.

        Raises:
            OSError: The file cannot be written.
            RemoteChangedError: The remote file has changed, so the download must start again.
            TcError: The download failed, or what was downloaded is not what was expected.
        """
        known = self._load_metadata()
        if opened is None or known is not None:
            first = Reader(self._remote, *self._first_range(known), known)
        else:
            first = opened
        try:
            response = first.open()
            if response.is_range and not self._remote.can_join(response.metadata):
                # Only one response is certainly of one file.
                first.close()
                self._remote.disable_ranges()
                self._partial.discard_bytes()
                first, known = Reader(self._remote, 0, None), None
                response = first.open()
            self._prepare(first, response, resumed=known is not None)
            self._fetch(first)
        except BaseException:
            self._hasher.stop()
            raise
        finally:
            first.close()
        try:
            return self._finish(target, response.metadata)
        except BrokenAnswerError:
            # The download is complete and wrong, so that to resume it would not help.
            self._partial.discard()
            raise
        finally:
            self._hasher.stop()

    def _load_metadata(self) -> RemoteMetadata | None:
        """
        Return the metadata from an earlier run whose bytes can be used.
        """
        header = self._partial.header
        hashes = dict(self._remote.locate().hashes)
        if not header or header.get("identity") != self._remote.source.identity or header.get("hashes") != hashes:
            return None
        try:
            metadata = RemoteMetadata(**header["facts"])
        except (KeyError, TypeError):
            return None
        # Without a validator and hashes, nothing shows that the remote file is still the same.
        has_validator = STRONG_ETAG.fullmatch(str(metadata.validator)) is not None
        is_usable = isinstance(metadata.length, int) and (has_validator or hashes or self._options.hashes)
        return metadata if is_usable else None

    def _first_range(self, known: RemoteMetadata | None) -> tuple[int, int | None]:
        if known is None or known.length is None:
            return first_range(self._options)
        gaps = self._partial.written.gaps(known.length)
        # When nothing is missing, one byte shows whether the remote file is still the same.
        start, end = gaps[0] if gaps else (max(known.length - 1, 0), known.length)
        return start, end if self._options.connections == 1 else min(end, start + SEGMENT_BYTES)

    def _prepare(self, first: Reader, response: RangeResponse, *, resumed: bool) -> None:
        """
        Plan the segments, and start the hashes.
        """
        metadata = self._metadata = response.metadata
        self._expected = self._options.expected_digests(metadata, self._remote.locate().hashes)
        progress = self._remote.context.progress
        if not resumed:
            identity, hashes = dict(self._remote.source.identity), dict(self._remote.locate().hashes)
            self._partial.reset(
                {"identity": identity, "hashes": hashes, "facts": asdict(metadata)},
                journaled=(metadata.length is None or metadata.length > MIN_KEPT_BYTES)
                and self._remote.can_join(metadata),
            )
        written = self._partial.written
        self._is_in_order = not written.total() or not response.is_range
        if metadata.length is None or not response.is_range:
            # One response has all bytes, those that are written already included.
            progress.start(metadata.length)
            first.position = response.start
            self._segments.append((response.start, metadata.length))
        else:
            progress.start(metadata.length, resumed=written.total())
            self._check_space(metadata.length - written.total())
            step = metadata.length + 1 if self._options.connections == 1 else SEGMENT_BYTES
            for low, high in written.gaps(metadata.length):
                self._segments.extend((start, min(start + step, high)) for start in range(low, high, step))
        if not self._options.must_decode(metadata):
            limit = self._remote.context.buffer_bytes
            self._hasher = FileHasher(self._partial.fd, self._expected, metadata.length, limit)

    def _check_space(self, needed: int) -> None:
        directory = os.path.dirname(self._partial.path)
        file_system = os.statvfs(directory)
        free = file_system.f_bavail * file_system.f_frsize
        if needed > free:
            # One file that is too large does not mean that others are.
            cause = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) if free < MIN_FREE_BYTES else None
            message = f"cannot store {self._name}: {needed:,} bytes needed, {free:,} free in {directory}"
            raise LocalFileError(message) from cause

    def _fetch(self, first: Reader) -> None:
        """
        Fill all segments.

        Raises:
            NoAnswerError: The download was stopped.
        """
        if self._segments:
            first.end = self._segments.popleft()[1]
            reader: Reader | None = first
            try:
                if self._is_in_order and self._options.connections in {None, 1}:
                    reader = self._fill_in_order(first)
                if reader is not None:
                    self._fill_in_parallel(reader)
            except BaseException:
                self._remote.stop_readers()
                raise
        else:
            # An earlier run downloaded all bytes, and was killed before it could move the file.
            self._hasher.start_following()
            self._hasher.advance_to(self._partial.written.contiguous_end())
        length = self._metadata.length if self._metadata else None
        # A thread that was stopped between two segments leaves a gap, which the file's size does not show.
        if length is not None and self._partial.written.gaps(length):
            raise NoAnswerError(f"{self._name}: the download was stopped")

    def _fill_in_order(self, reader: Reader) -> Reader | None:
        """
        Fill one segment after the other, and hash the bytes on their way.

        Returns:
            The open reader, when the connection is so slow that several are faster; else None, and all is filled.
        """
        monitor = ThroughputMonitor()
        position = recorded = 0

        def fill(buffer: memoryview) -> int:
            nonlocal reader
            while not (count := monitor.measure(reader.readinto, buffer)) and self._segments:
                reader = Reader(self._remote, *self._segments.popleft(), self._metadata)
            return count

        try:
            with closing(self._hasher.hash_blocks(fill)) as blocks:
                for block in blocks:
                    self._write(block, position)
                    position += len(block)
                    if position - recorded >= JOURNAL_INTERVAL_BYTES:
                        self._record(recorded, position)
                        recorded = position
                    if self._segments and self._max_connections > 1 and monitor.is_slow():
                        return reader
        except BaseException:
            reader.close()
            raise
        finally:
            if position > recorded:
                self._record(recorded, position)
        return None

    def _fill_in_parallel(self, reader: Reader) -> None:
        """
        Fill the remaining segments over several connections; the hashes are computed from the file.
        """
        threads = []
        try:
            self._hasher.start_following()
            self._hasher.advance_to(self._partial.written.contiguous_end())
            with suppress(ThreadError):
                for _ in range(min(self._max_connections - 1, len(self._segments))):
                    threads.append(start_thread(self._fill_segments))  # noqa: PERF401 - those that were started count
            self._fill_segments(reader)
        except BaseException:
            self._remote.stop_readers()
            raise
        finally:
            reader.close()
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure

    def _fill_segments(self, reader: Reader | None = None) -> None:
        """
        Fill segments until there are none, or the download has failed or was stopped.
        """
        size = max(MIN_BUFFER_BYTES, min(BLOCK_BYTES, self._remote.context.buffer_bytes // self._max_connections))
        buffer = memoryview(bytearray(size))
        try:
            while self._failure is None and not self._remote.cancellation.is_cancelled:
                self._fill(reader or Reader(self._remote, *self._segments.popleft(), self._metadata), buffer)
                reader = None
        except IndexError:
            return
        except Exception as error:  # noqa: BLE001 - _fill_in_parallel raises it
            self._failure = self._failure or error
            self._remote.stop_readers()

    def _fill(self, reader: Reader, buffer: memoryview) -> None:
        recorded = reader.position
        try:
            while count := reader.readinto(buffer):
                self._write(buffer[:count], reader.position - count)
                if reader.position - recorded >= JOURNAL_INTERVAL_BYTES:
                    self._record(recorded, reader.position)
                    recorded = reader.position
        finally:
            if reader.position > recorded:
                self._record(recorded, reader.position)
            reader.close()

    def _record(self, start: int, end: int) -> None:
        """
        Record written bytes in the journal, hash them, and drop those from the page cache that are.
        """
        contiguous_end = self._partial.record(start, end)
        self._hasher.advance_to(contiguous_end)
        length = self._metadata.length if self._metadata else None
        position = self._hasher.count_read(contiguous_end)
        if (length or 0) > MAX_CACHED_BYTES and position - self._dropped >= DROP_INTERVAL_BYTES:
            self._dropped = position
            self._partial.drop(position)

    def _write(self, block: memoryview, position: int) -> None:
        # Linux admits one writer per file. Threads that wait for it in the kernel spin; here they sleep.
        with self._write_lock:
            while len(block):
                written = os.pwrite(self._partial.fd, block, position)
                block, position = block[written:], position + written

    def _finish(self, target: str, metadata: RemoteMetadata) -> DownloadResult:
        size = os.fstat(self._partial.fd).st_size
        if metadata.length is not None and size != metadata.length:
            raise BrokenAnswerError(f"{self._name} has {size} bytes, but {metadata.length} were expected")
        if self._options.must_decode(metadata):
            size = self._decode(target, is_empty=metadata.length == 0)
            self._partial.discard()
        else:
            check_digests(self._hasher.digests(), self._expected, self._name)
            self._partial.commit(target, target_mode(target), syncs_directory=self._options.syncs_directory)
        return describe_result(size, metadata, self._expected)

    def _decode(self, target: str, *, is_empty: bool) -> int:
        """
        Write the decoded bytes to *target*; return their number.
        """
        with open(os.dup(self._partial.fd), "rb", buffering=0) as stored, atomic_write(target) as file:
            stored.seek(0)
            return decode(stored.readinto, file, self._remote, self._expected, is_empty=is_empty)
