"""
Hashes, computed beside a transfer in threads of their own: hashlib lets go of the interpreter while it works.
"""

from __future__ import annotations

import hashlib
import os
import queue
import re
import threading
from typing import TYPE_CHECKING, Any

from tccli.errors import BrokenAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

OBJECT_ALGORITHMS = ("sha256", "sha512")
"""What the object service knows; at least one of them has to come with a download."""
BLOCK_BYTES = 1 << 20
BLOCKS_PER_STREAM = 12
MAX_UNHASHED_BYTES = 32 << 20
"""Bytes that a file may be filled before its hashes."""


def parse_checksum(text: str) -> tuple[str, str]:
    """
    Return algorithm and hexadecimal digest of ``sha256:HEX``.

    Raises:
        UsageError: It is of another form.
    """
    algorithm, _, digest = text.strip().lower().partition(":")
    if algorithm not in OBJECT_ALGORITHMS or not re.fullmatch(
        f"[0-9a-f]{{{hashlib.new(algorithm).digest_size * 2}}}", digest
    ):
        raise UsageError(f"{text!r} is not a checksum", hint="write sha256:HEX or sha512:HEX")
    return algorithm, digest


def check_digests(found: Mapping[str, str], expected: Mapping[str, str], what: str) -> None:
    """
    Hold digests against those that were promised.

    Raises:
        BrokenAnswerError: One differs.
    """
    for algorithm, digest in expected.items():
        if found[algorithm] != digest:
            raise BrokenAnswerError(f"{what} has {algorithm} {found[algorithm]}, but {digest} was promised")


class _Block:
    """
    A buffer that is free again when all who were handed it are done.
    """

    def __init__(self, free: queue.SimpleQueue[_Block], size: int) -> None:
        self.buffer = memoryview(bytearray(size))
        self.count = 0
        self._free = free
        self._users = 0
        self._lock = threading.Lock()

    def hand_to(self, users: int) -> None:
        self._users = users

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            self._free.put(self)


class StreamHasher:
    """
    Hashes what passes by: blocks are filled once, and used by the caller and by a thread for each algorithm.

    Args:
        algorithms: Which; none is allowed.
        length: Bytes that there will be, if that is known: little needs little memory.

    Attributes:
        count: Bytes that have passed.
    """

    def __init__(self, algorithms: Iterable[str], length: int | None = None) -> None:
        self.count = 0
        self._block = BLOCK_BYTES if length is None else max(1, min(BLOCK_BYTES, length))
        self._states = {name: hashlib.new(name) for name in algorithms}
        self._free: queue.SimpleQueue[_Block] = queue.SimpleQueue()
        self._count_of_blocks = 0
        self._queues: list[queue.SimpleQueue[_Block | None]] = [queue.SimpleQueue() for _ in self._states]
        self._threads = [
            threading.Thread(target=_hash, args=(state, blocks), daemon=True)
            for state, blocks in zip(self._states.values(), self._queues, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def hash_blocks(self, fill: Any) -> Generator[memoryview, None, None]:
        """
        Yield blocks until there are no more, hashing each.

        Args:
            fill: Takes a buffer, fills its beginning, and returns how many bytes; 0 is the end.
        """
        if not self._count_of_blocks:
            self._count_of_blocks = BLOCKS_PER_STREAM if self._states else 1
            for _ in range(self._count_of_blocks):
                self._free.put(_Block(self._free, self._block))
        while True:
            block = self._free.get()
            block.count = fill(block.buffer)
            if not block.count:
                self._free.put(block)
                return
            self.count += block.count
            block.hand_to(len(self._queues) + 1)
            for blocks in self._queues:
                blocks.put(block)
            try:
                yield block.buffer[: block.count]
            finally:
                block.release()

    @property
    def is_needed(self) -> bool:
        """
        Whether there is anything to compute.
        """
        return bool(self._states)

    def stop(self) -> None:
        """
        Give up: the threads end when they have done what they have.
        """
        for blocks in self._queues:
            blocks.put(None)

    def digests(self) -> dict[str, str]:
        """
        Wait for all that passed to be hashed, and return the digests in hexadecimal.
        """
        self.stop()
        for thread in self._threads:
            thread.join()
        return {name: state.hexdigest() for name, state in self._states.items()}


def _hash(state: Any, blocks: queue.SimpleQueue[_Block | None]) -> None:
    while (block := blocks.get()) is not None:
        state.update(block.buffer[: block.count])
        block.release()


class FileHasher:
    """
    Hashes a file from its beginning while it is being filled, in either of two ways, the first before the second: in
    order, as bytes pass by on their way into it; or by following it, as far as it is filled without a gap.

    Args:
        fd: The file; it is read by position, so others may use it too.
        algorithms: Which; none is allowed, and costs nothing.
        length: Bytes that there will be, if that is known.
    """

    def __init__(self, fd: int, algorithms: Iterable[str], length: int | None = None) -> None:
        self._fd = fd
        self._stream = StreamHasher(algorithms, length)
        self._filled = 0
        self._ended = False
        self._changed = threading.Condition()
        self._follower: threading.Thread | None = None

    def hash_blocks(self, fill: Any) -> Generator[memoryview, None, None]:
        """
        Yield blocks on their way into the file, as :meth:`StreamHashes.passing` does.
        """
        yield from self._stream.hash_blocks(fill)

    def follow(self) -> None:
        """
        From now on, read from the file what is hashed.
        """
        if self._stream.is_needed:
            self._follower = threading.Thread(target=self._pump, daemon=True)
            self._follower.start()

    def filled_to(self, position: int) -> None:
        """
        Say that all bytes before *position* are there; wait if the hashes are far behind.

        What runs ahead takes time from the hashes, which are what everybody waits for in the end.
        """
        if self._follower is None or position <= self._filled:
            return
        with self._changed:
            self._filled = max(self._filled, position)
            self._changed.notify_all()
            while self._filled - self._stream.count > MAX_UNHASHED_BYTES and not self._ended:
                self._changed.wait()

    def read_to(self, position: int) -> int:
        """
        Return up to where the file is not read any more, if it is filled to *position*.
        """
        return min(position, self._stream.count) if self._stream.is_needed else position

    def stop(self) -> None:
        """
        Give up: the threads end as soon as they notice.
        """
        with self._changed:
            self._ended = True
            self._filled = 0
            self._changed.notify_all()
        if self._follower is not None:
            # It reads a file that is closed soon.
            self._follower.join()
        self._stream.stop()

    def digests(self) -> dict[str, str]:
        """
        Wait for all that is filled to be hashed, and return the digests in hexadecimal.
        """
        if self._follower is not None:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
            self._follower.join()
        return self._stream.digests()

    def _pump(self) -> None:
        for _ in self._stream.hash_blocks(self._read):
            if self._filled - self._stream.count > MAX_UNHASHED_BYTES - BLOCK_BYTES:
                with self._changed:
                    self._changed.notify_all()

    def _read(self, buffer: memoryview) -> int:
        """
        Fill *buffer* from the file, waiting for a whole block: waking for each small piece costs more than hashing it.
        """
        position = self._stream.count
        with self._changed:
            while self._filled - position < len(buffer) and not self._ended:
                self._changed.wait()
            ready = self._filled - position
        return os.preadv(self._fd, [buffer[: min(ready, len(buffer))]], position) if ready > 0 else 0
