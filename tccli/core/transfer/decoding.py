"""
Downloads that are stored compressed, and written as they were before.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from tccli.core.http.decompress import DecompressingReader
from tccli.core.transfer.digests import StreamHasher, check_digests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tccli.core.transfer.remote import RemoteFile


def decode(
    read: Callable[[memoryview], int],
    out: IO[bytes],
    remote: RemoteFile,
    expected: Mapping[str, str],
    *,
    is_empty: bool,
) -> int:
    """
    Write the decoded bytes of a remote file to *out*; return their number.

    Args:
        read: Fills a buffer with stored bytes, and returns their number; 0 is the end.
        expected: Digests of the decoded bytes.
        is_empty: Whether there are no stored bytes.

    Raises:
        BrokenAnswerError: The stored bytes cannot be decoded, or a digest differs.
        NoAnswerError: The download was stopped.
    """
    hasher = StreamHasher(expected, max_bytes=remote.context.buffer_bytes)
    try:
        for block in hasher.hash_blocks(DecompressingReader(read, remote.source.name, is_empty=is_empty).readinto):
            remote.cancellation.sleep(0)
            out.write(block)
        check_digests(hasher.digests(), expected, remote.source.name)
    finally:
        hasher.stop()
    return hasher.count
