"""
Digests of streams and files, computed during the transfer.

hashlib releases the interpreter lock while it works, so that a thread per algorithm hashes in parallel with the
network.
"""

from __future__ import annotations

import hashlib
import os
import queue
import re
import threading
from typing import TYPE_CHECKING, Any

from tccli.core.threads import ThreadError, start_thread
from tccli.core.transfer.context import DEFAULT_BUFFER_BYTES
from tccli.errors import BrokenAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

OBJECT_ALGORITHMS = ("sha256", "sha512")
"""The algorithms of the object service, which requires at least one of them for each object."""
BLOCK_BYTES = 1 << 20
MIN_THREADED_BLOCKS = 4
MAX_UNHASHED_BYTES = 32 << 20


def parse_checksum(text: str) -> tuple[str, str]:
    """
    Return algorithm and hexadecimal digest of ``sha256:HEX``.

    Raises:
        UsageError: *text* is not such a checksum.
    """
    algorithm, _, digest = text.strip().lower().partition(":")
    if algorithm in OBJECT_ALGORITHMS:
        digits = hashlib.new(algorithm).digest_size * 2
        if re.fullmatch(f"[0-9a-f]{{{digits}}}", digest):
            return algorithm, digest
    raise UsageError(f"{text!r} is not a checksum", hint="write sha256:HEX or sha512:HEX")


def check_digests(digests: Mapping[str, str], expected: Mapping[str, str], name: str) -> None:
    """
    Compare *digests* with the *expected* ones.

    Raises:
        BrokenAnswerError: One differs.
    """
    for algorithm, digest in expected.items():
        if digests[algorithm] != digest:
            raise BrokenAnswerError(f"{name} has {algorithm} {digests[algorithm]}, but {digest} was expected")


class _Block:
    """
    A buffer with the number of threads that still use it.
    """

    def __init__(self, size: int) -> None:
        self.buffer = memoryview(bytearray(size))
        self.count = 0
        self.users = 0


class StreamHasher:
    """
    Compute digests of a stream. Each block is read once and shared by the caller and one hashing thread per algorithm.

    A short stream, or one with few buffers, is hashed by the calling thread.

    Args:
        algorithms: May be empty.
        length: Of the stream in bytes, if known.
        max_bytes: Limit for the buffers together.

    Attributes:
        count: Bytes that were read.
    """

    def __init__(
        self, algorithms: Iterable[str], length: int | None = None, max_bytes: int = DEFAULT_BUFFER_BYTES
    ) -> None:
        self.count = 0
        self._states = {name: hashlib.new(name) for name in algorithms}
        self._block_bytes = min(BLOCK_BYTES, max_bytes, max(1, length or BLOCK_BYTES))
        is_threaded = (length is None or length > BLOCK_BYTES) and max_bytes >= MIN_THREADED_BLOCKS * BLOCK_BYTES
        self._unallocated = max_bytes // self._block_bytes if self._states and is_threaded else 1
        self._free: queue.SimpleQueue[_Block] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._queues: list[queue.SimpleQueue[_Block | None]] = []
        self._threads: list[threading.Thread] = []
        if is_threaded:
            self._start_threads()

    @property
    def has_algorithms(self) -> bool:
        """
        Whether there is a digest to compute.
        """
        return bool(self._states)

    def hash_blocks(self, fill: Callable[[memoryview], int]) -> Generator[memoryview, None, None]:
        """
        Read, hash and yield blocks until *fill* returns 0.

        Args:
            fill: Reads bytes into the beginning of a buffer, and returns their number.
        """
        while True:
            block = self._take_block()
            block.count = fill(block.buffer)
            if not block.count:
                self._free.put(block)
                return
            self.count += block.count
            block.users = len(self._queues) + 1
            if not self._queues:
                for state in self._states.values():
                    state.update(block.buffer[: block.count])
            for blocks in self._queues:
                blocks.put(block)
            try:
                yield block.buffer[: block.count]
            finally:
                self._release(block)

    def stop(self) -> None:
        """
        Make the threads end after the blocks that they have.
        """
        for blocks in self._queues:
            blocks.put(None)

    def digests(self) -> dict[str, str]:
        """
        Wait until all blocks are hashed, and return the hexadecimal digests.
        """
        self.stop()
        for thread in self._threads:
            thread.join()
        return {name: state.hexdigest() for name, state in self._states.items()}

    def _start_threads(self) -> None:
        for state in self._states.values():
            self._queues.append(queue.SimpleQueue())
            try:
                self._threads.append(start_thread(self._hash, state, self._queues[-1]))
            except ThreadError:
                # The thread that reads blocks hashes them.
                self.stop()
                self._queues.clear()
                return

    def _hash(self, state: Any, blocks: queue.SimpleQueue[_Block | None]) -> None:
        while (block := blocks.get()) is not None:
            state.update(block.buffer[: block.count])
            self._release(block)

    def _take_block(self) -> _Block:
        # Buffers are allocated only when all others are in use: hashes that keep up need two or three.
        if self._unallocated and self._free.empty():
            self._unallocated -= 1
            return _Block(self._block_bytes)
        return self._free.get()

    def _release(self, block: _Block) -> None:
        with self._lock:
            block.users -= 1
            is_free = block.users == 0
        if is_free:
            self._free.put(block)


class FileHasher:
    """
    Compute digests of a file while it is written: first in order, as blocks are read; then by reading the file itself,
    up to where it has no gap.

    Args:
        fd: Read by position, so that others may use it too.
        algorithms: May be empty.
        length: Of the file in bytes, if known.
        max_bytes: Limit for the buffers together.
    """

    def __init__(
        self, fd: int, algorithms: Iterable[str], length: int | None = None, max_bytes: int = DEFAULT_BUFFER_BYTES
    ) -> None:
        self._fd = fd
        self._stream = StreamHasher(algorithms, length, max_bytes)
        self._available = 0
        self._ended = False
        self._changed = threading.Condition()
        self._follower: threading.Thread | None = None
        self._error: OSError | None = None

    def hash_blocks(self, fill: Callable[[memoryview], int]) -> Generator[memoryview, None, None]:
        """
        Read, hash and yield blocks that are to be written, as :meth:`StreamHasher.hash_blocks` does.
        """
        yield from self._stream.hash_blocks(fill)

    def start_following(self) -> None:
        """
        From now on, hash what the file contains, as far as :meth:`advance_to` allows.
        """
        if self._stream.has_algorithms:
            self._follower = start_thread(self._follow)

    def advance_to(self, position: int) -> None:
        """
        Allow all bytes before *position* to be hashed; wait while too many are not hashed yet.

        Raises:
            OSError: The file cannot be read.
        """
        if self._follower is None or position <= self._available:
            return
        with self._changed:
            self._available = max(self._available, position)
            self._changed.notify_all()
            # A download that runs far ahead takes CPU time from the hashes, which end last.
            while self._available - self._stream.count > MAX_UNHASHED_BYTES and not self._ended:
                self._changed.wait()
        self._raise_error()

    def count_read(self, position: int) -> int:
        """
        Return how many bytes of the *position* first ones need not be read again.
        """
        return position if self._follower is None else min(position, self._stream.count)

    def stop(self) -> None:
        """
        End the threads without a result.
        """
        with self._changed:
            self._ended = True
            self._available = 0
            self._changed.notify_all()
        if self._follower is not None:
            # It reads from a file that the caller will close.
            self._follower.join()
        self._stream.stop()

    def digests(self) -> dict[str, str]:
        """
        Wait until all available bytes are hashed, and return the hexadecimal digests.

        Raises:
            OSError: The file cannot be read.
        """
        if self._follower is not None:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
            self._follower.join()
        self._raise_error()
        return self._stream.digests()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _follow(self) -> None:
        try:
            for _ in self._stream.hash_blocks(self._read):
                if self._available - self._stream.count > MAX_UNHASHED_BYTES - BLOCK_BYTES:
                    with self._changed:
                        self._changed.notify_all()
        except OSError as error:
            with self._changed:
                self._error = error
                self._ended = True
                self._changed.notify_all()

    def _read(self, buffer: memoryview) -> int:
        position = self._stream.count
        with self._changed:
            # A whole block at a time: to wake up for each small piece costs more than to hash it.
            while self._available - position < len(buffer) and not self._ended:
                self._changed.wait()
            ready = self._available - position
        return os.preadv(self._fd, [buffer[: min(ready, len(buffer))]], position) if ready > 0 else 0
