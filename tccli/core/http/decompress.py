"""
Content encodings: gzip and deflate, decompressed whole or piece by piece.
"""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any

from tccli.errors import BrokenAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

SUPPORTED_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
MAX_NAME_CHARACTERS = 40
BUFFER_BYTES = 256 * 1024
"""Many logs may be read at the same time."""
MAX_STEP_BYTES = 16 * 1024
"""Of compressed data: the decoder copies what follows a member, and there may be thousands of them in a buffer."""


def decompress(body: bytes, encoding: str, max_bytes: int, name: str = "the response") -> bytes:
    """
    Return *body* without its content encoding.

    Args:
        encoding: A Content-Encoding header, or an empty string.
        max_bytes: Of the result.
        name: Of the body, for messages.

    Raises:
        BrokenAnswerError: The encoding is not supported, the data is broken or cut short, or the result is too large.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"} or not body:
        return body
    if encoding not in SUPPORTED_ENCODINGS:
        raise BrokenAnswerError(f"{name} has the encoding {encoding[:MAX_NAME_CHARACTERS]!a}, which was not asked for")
    reader = DecompressingReader(io.BytesIO(body).readinto, name, is_empty=False)
    plain = bytearray()
    buffer = memoryview(bytearray(BUFFER_BYTES))
    while count := reader.readinto(buffer):
        plain += buffer[:count]
        if len(plain) > max_bytes:
            raise BrokenAnswerError(f"{name} is larger than {max_bytes >> 20} MiB")
    return bytes(plain)


class DecompressingReader:
    """
    Reads gzip or deflate data piece by piece. Gzip data may have several members.

    Args:
        read: Fills a buffer with compressed bytes and returns their number; 0 is the end.
        name: Of the data, for messages.
        is_empty: Whether the data has no bytes at all. Otherwise no bytes are too few.
    """

    def __init__(self, read: Callable[[memoryview], int], name: str, *, is_empty: bool) -> None:
        self._decoder = _new_decoder()
        self._read = read
        self._name = name
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._rest = memoryview(b"")
        self._started = False
        self._is_empty = is_empty

    def readinto(self, buffer: memoryview) -> int:
        """
        Fill the beginning of *buffer* and return the number of bytes; 0 is the end.

        Raises:
            BrokenAnswerError: The data is broken or cut short.
        """
        while True:
            if not self._rest:
                self._rest = self._buffer[: self._read(self._buffer)]
                if not self._rest:
                    if not self._decoder.eof and (self._started or not self._is_empty):
                        raise BrokenAnswerError(f"{self._name}: its compressed data was cut short")
                    return 0
            if self._started and self._decoder.eof:
                # The next member of the same gzip data.
                self._decoder = _new_decoder()
            self._started = True
            try:
                step = self._rest[:MAX_STEP_BYTES]
                plain = self._decoder.decompress(step, len(buffer))
            except zlib.error:
                raise BrokenAnswerError(f"{self._name}: its compressed data is broken") from None
            unused = self._decoder.unconsumed_tail or self._decoder.unused_data
            self._rest = self._rest[len(step) - len(unused) :]
            if plain:
                buffer[: len(plain)] = plain
                return len(plain)


def _new_decoder() -> Any:
    # Accepts the headers of both gzip and zlib; servers call either one deflate.
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
