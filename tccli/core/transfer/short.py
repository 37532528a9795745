"""
Downloads of short files: read into memory, verified, and written at once.
"""

from __future__ import annotations

import hashlib
import io
import os
from typing import TYPE_CHECKING

from tccli.core.files import target_mode
from tccli.core.transfer.decoding import decode
from tccli.core.transfer.digests import check_digests
from tccli.core.transfer.options import describe_result
from tccli.core.transfer.resume import ResumableFile

if TYPE_CHECKING:
    from tccli.core.transfer.options import DownloadOptions, DownloadResult
    from tccli.core.transfer.reader import Reader
    from tccli.core.transfer.remote import RangeResponse, RemoteFile


def is_short(response: RangeResponse, remote: RemoteFile, max_bytes: int) -> bool:
    """
    Return whether a response to the first request has a file of at most *max_bytes* as a whole.
    """
    length = response.metadata.length
    if length is None or length > max_bytes:
        return False
    # What one response has is certainly of one file.
    return response.stream.length == length or remote.can_join(response.metadata)


def store_short_file(reader: Reader, remote: RemoteFile, target: str, options: DownloadOptions) -> DownloadResult:
    """
    Read what is left of a short file, verify it, and write it to *target*; the errors are those of `FileDownload.run`.

    Args:
        reader: At the first byte, with a response for which `is_short` is true.
    """
    metadata = reader.open().metadata
    assert metadata.length is not None
    expected = options.expected_digests(metadata, remote.locate().hashes)
    must_decode = options.must_decode(metadata)
    remote.context.progress.start(metadata.length)
    body = memoryview(bytearray(metadata.length))
    while reader.readinto(body[reader.position :]):
        pass
    if not must_decode:
        check_digests({name: hashlib.new(name, body).hexdigest() for name in expected}, expected, remote.source.name)
    with ResumableFile(target) as partial:
        try:
            partial.reset({}, journaled=False)
            if must_decode:
                with open(partial.fd, "wb", closefd=False) as file:
                    size = decode(io.BytesIO(body).readinto, file, remote, expected, is_empty=not body)
            else:
                size = _write_all(partial.fd, body)
            partial.commit(target, target_mode(target), syncs_directory=options.syncs_directory)
        except BaseException:
            partial.discard()
            raise
    return describe_result(size, metadata, expected)


def _write_all(fd: int, data: memoryview) -> int:
    position = 0
    while position < len(data):
        position += os.write(fd, data[position:])
    return position
