"""
Read the log of a run in order, from any byte on: while it grows, and on after a drop.

A log only grows, so the bytes of two responses belong together although nothing in their headers shows it. To be safe,
the last bytes that were read are compared with the same ones of the next response.

While a task runs, its log is a reference to a server on the worker, which has neither ranges nor a length. When it has
ended, the log is a stored file, which may be compressed. Source: tools/livelog and the live log of generic-worker.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from tccli.core.http.decompress import SUPPORTED_ENCODINGS, DecompressingReader
from tccli.core.threads import start_thread
from tccli.core.transfer.digests import check_digests
from tccli.core.transfer.remote import RemoteChangedError, TransientError, UrlExpiredError
from tccli.errors import BrokenAnswerError, NoAnswerError, service_error_class

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tccli.core.transfer.remote import RangeResponse, RemoteFile, RemoteMetadata

BUFFER_BYTES = 64 * 1024
MAX_COMPARED_BYTES = 1024
MAX_QUEUED_BLOCKS = 4
IDLE_SECONDS = 1.0
"""Without bytes for that long, all that a live log has was read."""
MAX_STOP_SECONDS = 0.1
"""How long a thread needs to notice that it must end."""
MAX_SILENCE_SECONDS = 600.0
"""A live log without bytes for that long is requested again: its connection may be dead."""


class LogChangedError(BrokenAnswerError):
    """
    The log is not the one of which the first part was read.
    """


class NotTheLogError(BrokenAnswerError):
    """
    A response is complete, but shorter than what is known of the log, or a page in its place. Another request at once
    does not change that.
    """


class LogReader:
    """
    Reads a log.

    Args:
        start: The first byte, of the log as it is without compression.
        end: The byte after the last one, or None for all.

    Attributes:
        name: For messages.
        position: Of the next byte.
        end: As given.
        is_live: Whether the latest response was of a log that grows.
        ended_at: The address whose latest response was of a log that grows, and came to the end that the server has
            marked; else "". There is no more to come from there.
        content_type: As in the latest response; may be empty.
        may_be_silent: Whether no bytes for minutes are not an error.
        is_compressed: Whether the stored log is compressed, so that it has no ranges.
        ignores_ranges: Whether a response had the log from its first byte on, although a range was requested.
    """

    def __init__(
        self, remote: RemoteFile, start: int = 0, end: int | None = None, *, is_compressed: bool = False
    ) -> None:
        self.name = remote.source.name
        self.position = start
        self.is_live = False
        self.ended_at = ""
        self.content_type = ""
        self.may_be_silent = True
        self._remote = remote
        self.end = end
        self.ignores_ranges = False
        self._min_end = end or start
        self._last = b""
        self._has_pages = False
        self.is_compressed = is_compressed
        self._hashes: dict[str, Any] | None = None

    def blocks(self) -> Generator[bytes]:
        """
        Yield what comes until the response ends; an empty block each time when a live log is silent for a while.

        Raises:
            LogChangedError: The log is not the one that was read before.
            NotTheLogError: The response is not the log.
            BrokenAnswerError: Its compressed data is broken.
            TcError: All retries have failed, or a retry cannot help.
        """
        failures, has_new_url = 0, False
        while True:
            try:
                for block in self._read_response():
                    if block:
                        failures, has_new_url = 0, False
                    yield block
                break
            except RemoteChangedError as error:
                raise NotTheLogError(str(error)) from None
            except UrlExpiredError as error:
                if has_new_url:
                    raise service_error_class(error.status)(str(error), status=error.status) from None
                has_new_url = True
                self._remote.invalidate(error.location)
            except (NoAnswerError, TransientError) as error:
                failures += 1
                self._wait(error, failures)

    def _wait(self, error: NoAnswerError | TransientError, failures: int) -> None:
        remote, policy = self._remote, self._remote.context.policy
        final = error.to_final() if isinstance(error, TransientError) else error
        if isinstance(error, NoAnswerError):
            error.message = f"{remote.source.name}: {error.message}"
        is_hopeless = isinstance(error, NoAnswerError) and error.final
        if failures > policy.retries or is_hopeless or remote.cancellation.is_cancelled:
            raise final from None
        # The log may have moved: its server on the worker ends when it does.
        if self.is_live or isinstance(error, NoAnswerError):
            remote.forget_location()
        remote.wait_before_retry(failures, error)

    def _read_response(self) -> Iterator[bytes]:
        url = self._remote.locate().url
        response = self._open()
        try:
            metadata = response.metadata
            if metadata.encoding and metadata.encoding not in SUPPORTED_ENCODINGS:
                raise BrokenAnswerError(f"cannot decode {self.name}: its content encoding is {metadata.encoding!r}")
            self._check_is_log(metadata)
            self.content_type = metadata.content_type
            self.is_compressed = bool(metadata.encoding)
            self.is_live = metadata.length is None and not self.is_compressed
            self.ended_at = ""
            read: Callable[[memoryview], int] = partial(self._remote.readinto, response)
            if self.is_compressed:
                read = DecompressingReader(read, self.name, is_empty=metadata.length == 0).readinto
            if metadata.length is not None and not self.is_compressed and self.end is None:
                self._min_end = max(self._min_end, metadata.length)
            at = response.start
            for block in self._follow(response) if self.is_live else _read_blocks(read):
                at += len(block)
                if new := self._join(block, at):
                    yield new
                elif not block:
                    yield block
                if at == self.end:
                    return
            # A log only grows: it has at least what it had before.
            self._min_end = max(self._min_end, self.position)
            # Without chunks, the end of a response looks like a connection that is lost.
            is_chunked = "chunked" in response.stream.headers.get("transfer-encoding", "").lower()
            if at < self._min_end:
                message = f"{self.name}: {self._min_end - at} bytes are missing at the end"
                has_end = self.is_compressed or is_chunked or metadata.length == at
                raise NotTheLogError(message) if has_end else TransientError(message)
            self._check_hashes()
            if self.is_live and is_chunked:
                self.ended_at = url
        finally:
            self._remote.close(response)

    def _check_is_log(self, metadata: RemoteMetadata) -> None:
        """
        Raises:
            NotTheLogError: The headers show that this is not the log of which a part was read.
        """
        if not self._last:
            self._has_pages = _is_page(metadata.content_type)
        elif _is_page(metadata.content_type) and not self._has_pages:
            raise NotTheLogError(f"{self.name}: the response is a page (text/html), not the log")
        if metadata.length is not None and not metadata.encoding and metadata.length < self.position:
            missing = self.position - metadata.length
            raise NotTheLogError(f"{self.name}: {missing} bytes are missing at the end")

    def _open(self) -> RangeResponse:
        location = self._remote.locate()
        if self._hashes is None:
            # Those of the source are of the whole log.
            known = location.hashes if self.position == 0 and self.end is None else ()
            self._hashes = {algorithm: hashlib.new(algorithm) for algorithm in known}
        start, end = (0, None) if self.is_compressed else (self.position - len(self._last), self.end)
        response = self._remote.open(location, start, end)
        self.ignores_ranges = start > 0 and not response.is_range
        if response.metadata.encoding and response.is_range:
            # It was stored meanwhile. Bytes from the middle of compressed data are of no use.
            self._remote.close(response)
            response = self._remote.open(location, 0, None)
            if response.is_range:
                self._remote.close(response)
                raise BrokenAnswerError(f"{self.name}: the storage sent a range that was not asked for")
        return response

    def _join(self, block: bytes, at: int) -> bytes:
        """
        Return what of a block is new.

        Args:
            at: The position after the block.

        Raises:
            LogChangedError: Bytes that were read before are not the same.
        """
        begin = at - len(block)
        compared = self.position - len(self._last)
        low, high = max(begin, compared), min(at, self.position)
        if low < high and block[low - begin : high - begin] != self._last[low - compared : high - compared]:
            raise LogChangedError(f"{self.name} is not the log that it was before")
        new = block[max(self.position - begin, 0) :]
        if self.end is not None:
            new = new[: max(self.end - self.position, 0)]
        if new:
            self.position += len(new)
            self._last = (self._last + new[-MAX_COMPARED_BYTES:])[-MAX_COMPARED_BYTES:]
            for state in (self._hashes or {}).values():
                state.update(new)
            self._remote.context.progress.advance(len(new))
        return new

    def _check_hashes(self) -> None:
        if self._hashes:
            digests = {algorithm: state.hexdigest() for algorithm, state in self._hashes.items()}
            expected = self._remote.locate().hashes
            check_digests(digests, {name: expected[name] for name in digests if name in expected}, self.name)

    def _follow(self, response: RangeResponse) -> Iterator[bytes]:
        """
        Yield blocks that another thread reads, and an empty one each time when none comes for a while.
        """
        response.stream.follow(MAX_SILENCE_SECONDS if self.may_be_silent else 0.0)
        pump = BlockPump(_read_blocks(partial(self._remote.readinto, response)))
        try:
            yield from pump.take()
        finally:
            if not pump.stop():
                self._remote.stop_readers()
                pump.join()
                self._remote.restart()


class BlockPump:
    """
    Takes blocks in a separate thread, a few ahead of those that are used.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._source = blocks
        self._queue: queue.Queue[bytes | BaseException | None] = queue.Queue(MAX_QUEUED_BLOCKS)
        self._is_stopped = threading.Event()
        self._thread = start_thread(self._run)

    def take(self) -> Iterator[bytes]:
        """
        Yield the blocks, and an empty one each time when none comes for a while; raise the error that ends them.
        """
        while True:
            try:
                item = self._queue.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                item = b""
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def stop(self) -> bool:
        """
        Stop after the next block, and return whether the thread has ended.
        """
        self._is_stopped.set()
        return not self._thread.is_alive()

    def join(self) -> None:
        """
        Wait for the end of the thread.
        """
        self._thread.join()

    def _run(self) -> None:
        try:
            for block in self._source:
                if not self._put(block):
                    return
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that takes the blocks
            self._put(error)

    def _put(self, item: bytes | BaseException | None) -> bool:
        while not self._is_stopped.is_set():
            with suppress(queue.Full):
                self._queue.put(item, timeout=MAX_STOP_SECONDS)
                return True
        return False


def _is_page(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in {"text/html", "application/xhtml+xml"}


def _read_blocks(read: Callable[[memoryview], int]) -> Iterator[bytes]:
    buffer = memoryview(bytearray(BUFFER_BYTES))
    while count := read(buffer):
        yield bytes(buffer[:count])
