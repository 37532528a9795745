"""
Content encodings, undone: at once, or piece by piece.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from tccli.errors import BrokenAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

KNOWN = frozenset({"gzip", "x-gzip", "deflate"})
BLOCK = 1 << 20


def decoded(body: bytes, encoding: str) -> bytes:
    """
    Undo a content encoding, the whole of it.

    Raises:
        BrokenAnswerError: The encoding is unknown, or the stream is broken or cut short.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"} or not body:
        return body
    if encoding not in KNOWN:
        raise BrokenAnswerError(f"the answer is in the encoding {encoding!r}, which was not asked for")
    decoder = _decompressor()
    try:
        plain: bytes = decoder.decompress(body) + decoder.flush()
    except zlib.error as error:
        raise BrokenAnswerError(f"the answer is broken {encoding} data ({error})") from None
    if not decoder.eof:
        raise BrokenAnswerError(f"the answer is {encoding} data that was cut short")
    return plain


class PlainReader:
    """
    Undoes a content encoding, piece by piece.

    Args:
        read: Fills a buffer with encoded bytes; 0 is the end.
        name: For messages.
        is_empty: There is nothing to decode; without that, nothing is too little.
    """

    def __init__(self, read: Callable[[memoryview], int], name: str, *, is_empty: bool) -> None:
        self._decoder = _decompressor()
        self._read = read
        self._name = name
        self._buffer = memoryview(bytearray(BLOCK))
        self._rest = b""
        self._begun = False
        self._may_be_nothing = is_empty

    def readinto(self, buffer: memoryview) -> int:
        """
        Fill the beginning of *buffer*; return how many bytes, 0 at the end.

        Raises:
            BrokenAnswerError: The data is broken or cut short.
        """
        while True:
            if not self._rest:
                self._rest = bytes(self._buffer[: self._read(self._buffer)])
                if not self._rest:
                    if not self._decoder.eof and (self._begun or not self._may_be_nothing):
                        raise BrokenAnswerError(f"{self._name}: its compressed data was cut short")
                    return 0
            if self._begun and self._decoder.eof:
                # A gzip file may be several, one after the other.
                self._decoder = _decompressor()
            self._begun = True
            try:
                plain = self._decoder.decompress(self._rest, len(buffer))
            except zlib.error as error:
                raise BrokenAnswerError(f"{self._name}: its compressed data is broken ({error})") from None
            self._rest = self._decoder.unconsumed_tail or self._decoder.unused_data
            if plain:
                buffer[: len(plain)] = plain
                return len(plain)


def _decompressor() -> Any:
    """
    Return what undoes gzip or deflate, told apart by their beginnings.
    """
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
