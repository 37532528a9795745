"""
Files that are complete already, from an earlier run: compared by the hashes that the storage reports.

The first request asks for one byte. Its response has the length and the hashes that the storage knows, it shows that
the file may still be read, and it leaves the connection usable. If-None-Match would not do: a file that was stored with
``--compressed`` has the ETag of the compressed bytes, and 304 does not report their encoding.
"""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from tccli.core.transfer.digests import StreamHasher
from tccli.core.transfer.options import describe_result
from tccli.core.transfer.resume import SAFE_OPEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tccli.core.transfer.options import DownloadOptions, DownloadResult
    from tccli.core.transfer.remote import RemoteFile, RemoteMetadata

PROBE_RANGE = (0, 1)
"""Of the first request, if there is a file to compare."""


def has_regular_file(target: str) -> bool:
    """
    Return whether *target* is a regular file, not a link to one.
    """
    try:
        return stat.S_ISREG(os.lstat(target).st_mode)
    except OSError:
        return False


def compare_existing(
    metadata: RemoteMetadata, remote: RemoteFile, target: str, options: DownloadOptions
) -> DownloadResult | None:
    """
    Return the result for a file that has the bytes of the remote file; None if it differs, or if no hash is known.

    Raises:
        NoAnswerError: The download was stopped.
    """
    is_decoded = bool(metadata.encoding) and not options.compressed
    expected = options.expected_digests(metadata, remote.locate().hashes)
    if not expected and metadata.md5 and not is_decoded:
        expected = {"md5": metadata.md5}
    if not expected:
        return None
    try:
        fd = os.open(target, os.O_RDONLY | SAFE_OPEN)
    except OSError:
        return None
    try:
        size = os.fstat(fd).st_size
        # The length is that of the stored bytes.
        if not is_decoded and metadata.length not in {None, size}:
            return None
        if _hash_file(fd, size, expected, remote) != expected:
            return None
    except OSError:
        return None
    finally:
        os.close(fd)
    return replace(describe_result(size, metadata, expected), was_complete=True)


def _hash_file(fd: int, size: int, algorithms: Iterable[str], remote: RemoteFile) -> dict[str, str]:
    """
    Return digests of a file; none if there is an algorithm that this machine does not allow.
    """
    try:
        hasher = StreamHasher(algorithms, size, remote.context.buffer_bytes)
    except ValueError:
        # MD5, where only what is approved for security may be used.
        return {}
    try:
        for block in hasher.hash_blocks(lambda buffer: os.readv(fd, [buffer])):
            remote.cancellation.sleep(0)
            remote.context.progress.count_compared(len(block))
        return hasher.digests()
    finally:
        hasher.stop()
