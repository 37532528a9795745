"""
Downloads: into a file that appears when it is whole and right, or in order into a pipe.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from tccli.core.files import check_target, is_special
from tccli.core.http.decompress import DecompressingReader
from tccli.core.transfer.digests import StreamHasher, check_digests
from tccli.core.transfer.options import DownloadOptions, DownloadResult, verified
from tccli.core.transfer.reader import Reader
from tccli.core.transfer.remote import RemoteChangedError
from tccli.core.transfer.resume import ResumableFile
from tccli.core.transfer.segments import MIN_KEPT_BYTES, FileDownload
from tccli.errors import BrokenAnswerError, LocalFileError

if TYPE_CHECKING:
    from tccli.core.transfer.remote import RemoteFile

MAX_RESTARTS = 3


def download_to_file(remote: RemoteFile, target: str, options: DownloadOptions) -> DownloadResult:
    """
    Download into *target*, which stays as it is until all bytes are there and right.

    What an earlier run has left beside it is used, if the remote side is still the same.

    Raises:
        BrokenAnswerError: What came is not what was promised; nothing is left behind.
        LocalFileError: It cannot be written.
        TcError: It cannot be fetched; what has been fetched is kept for the next run.
    """
    if not is_special(target):
        # What /dev/stdout is a link to may have no path at all.
        target = os.path.realpath(target)
    check_target(target)
    # What cannot be found leaves nothing behind.
    remote.location()
    if is_special(target):
        try:
            with open(target, "wb") as device:
                return download_to_stream(remote, device, options)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise LocalFileError(f"cannot write {target}: {error.strerror or error}") from None
    with ResumableFile(target) as partial:
        for _ in range(MAX_RESTARTS):
            try:
                return FileDownload(remote, partial, options).run(target)
            except RemoteChangedError:
                partial.discard_bytes()
                remote.stopped.clear()
            except OSError as error:
                partial.keep_if_at_least(MIN_KEPT_BYTES)
                raise LocalFileError(
                    f"cannot write {target}: {error.strerror or error}",
                    hint="what is there is kept: run it again to go on",
                ) from None
            except BaseException:
                partial.keep_if_at_least(MIN_KEPT_BYTES)
                raise
        partial.discard()
    raise BrokenAnswerError(f"{remote.source.name} changes faster than it can be downloaded")


def download_to_stream(remote: RemoteFile, out: IO[bytes], options: DownloadOptions) -> DownloadResult:
    """
    Download into *out* in order, over one connection; what is wrong at the end is said after all has been written.

    Raises:
        BrokenAnswerError: What came is not what was promised.
        TcError: It cannot be fetched.
    """
    expected = {**remote.location().hashes, **options.hashes}
    reader = Reader(remote, 0, None)
    try:
        metadata = reader.open().metadata
        remote.context.progress.start(metadata.length)
        hashes = StreamHasher(expected)
        read = reader.readinto
        if options.decodes(metadata):
            read = DecompressingReader(read, remote.source.name, is_empty=metadata.length == 0).readinto
        for block in hashes.hash_blocks(read):
            out.write(block)
        out.flush()
    except RemoteChangedError as error:
        raise BrokenAnswerError(f"{error}, and part of it has been written already") from None
    finally:
        reader.close()
    check_digests(hashes.digests(), expected, remote.source.name)
    return DownloadResult(hashes.count, verified(metadata, expected))
