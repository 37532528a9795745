"""
Downloads: to a file, which appears when it is complete and verified; or in order to a stream.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Self

from tccli.core.files import check_target, is_special
from tccli.core.http.decompress import DecompressingReader
from tccli.core.transfer.digests import StreamHasher, check_digests
from tccli.core.transfer.existing import PROBE_RANGE, compare_existing, has_regular_file
from tccli.core.transfer.options import describe_result
from tccli.core.transfer.reader import Reader
from tccli.core.transfer.remote import NotResumableError, RemoteChangedError
from tccli.core.transfer.resume import ResumableFile, partial_path
from tccli.core.transfer.segments import MIN_KEPT_BYTES, FileDownload, first_range
from tccli.core.transfer.short import is_short, store_short_file
from tccli.errors import BrokenAnswerError, LocalFileError
from tccli.reasons import explain

if TYPE_CHECKING:
    from tccli.core.transfer.options import DownloadOptions, DownloadResult
    from tccli.core.transfer.remote import RemoteFile

MAX_RESTARTS = 3


def download_to_file(remote: RemoteFile, target: str, options: DownloadOptions) -> DownloadResult:
    """
    Download to *target*, which is replaced when all bytes are complete and verified.

    Resumes what an earlier run left next to *target*, if the remote file is still the same. A file that has the length
    and a hash of the remote one is complete: it stays as it is.

    Raises:
        BrokenAnswerError: What was downloaded is not what was expected. It is deleted.
        LocalFileError: The file cannot be written.
        TcError: The download failed. What was downloaded remains for the next run.
    """
    if not is_special(target):
        # /dev/stdout may be a link to something that has no path, so only others are resolved.
        target = os.path.realpath(target)
    check_target(target)
    return download_to_path(remote, target, options)


def download_to_path(remote: RemoteFile, target: str, options: DownloadOptions) -> DownloadResult:
    """
    As `download_to_file`, to a path that is checked: it is not a link or a directory, and its directory exists.
    """
    # Before a file is created: a source that does not exist must not leave one.
    remote.locate()
    if is_special(target):
        try:
            with open(target, "wb") as device:
                return download_to_stream(remote, device, options)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise LocalFileError(f"cannot write {target}: {explain(error)}") from None
    with _Attempts(remote, target, options) as attempts:
        try:
            return _try_until_complete(remote, attempts)
        except OSError as error:
            hint = "run the command again to resume" if attempts.keep_bytes() else ""
            raise LocalFileError(f"cannot write {target}: {explain(error)}", hint=hint) from error
        except BaseException:
            attempts.keep_bytes()
            raise


class _Attempts:
    """
    The attempts to download a file, and the partial file that they share. A file that is so short that it would not be
    resumed is read into memory first.
    """

    def __init__(self, remote: RemoteFile, target: str, options: DownloadOptions) -> None:
        self._remote = remote
        self._target = target
        self._options = options
        self._partial: ResumableFile | None = None
        remote.has_checksum = bool(options.hashes)
        if os.path.lexists(partial_path(target)):
            self._partial = ResumableFile(target)

    def run(self) -> DownloadResult:
        """
        Try once; the errors are those of `FileDownload.run`.
        """
        if self._partial is not None:
            return FileDownload(self._remote, self._partial, self._options).run(self._target)
        has_file = has_regular_file(self._target)
        first = Reader(self._remote, *(PROBE_RANGE if has_file else first_range(self._options)))
        try:
            if has_file:
                response = first.open()
                if response.is_range:
                    self._remote.drain(response)
                    first.close()
                if result := compare_existing(response.metadata, self._remote, self._target, self._options):
                    return result
                if response.is_range:
                    first = Reader(self._remote, *first_range(self._options))
                else:
                    # The server ignores ranges: this response has all bytes.
                    first.end = response.metadata.length
            max_bytes = min(MIN_KEPT_BYTES, self._remote.context.buffer_bytes)
            if is_short(first.open(), self._remote, max_bytes):
                return store_short_file(first, self._remote, self._target, self._options)
            self._partial = ResumableFile(self._target)
            return FileDownload(self._remote, self._partial, self._options).run(self._target, first)
        finally:
            first.close()

    def discard_bytes(self) -> None:
        """
        Delete what was downloaded, to start again.
        """
        if self._partial is not None:
            self._partial.discard_bytes()

    def keep_bytes(self) -> bool:
        """
        Store what was downloaded for the next run, if that is worth it; return whether it was stored.
        """
        return self._partial is not None and self._partial.keep_if_at_least(MIN_KEPT_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._partial is not None:
            self._partial.close()


def _try_until_complete(remote: RemoteFile, attempts: _Attempts) -> DownloadResult:
    """
    Download a file; start again with the first byte when that is necessary.
    """
    changes = interruptions = 0
    while changes < MAX_RESTARTS:
        try:
            return attempts.run()
        except NotResumableError as error:
            interruptions += 1
            attempts.discard_bytes()
            _wait_or_raise(remote, error, interruptions)
        except RemoteChangedError:
            changes += 1
            attempts.discard_bytes()
            remote.restart()
            if changes == MAX_RESTARTS - 1:
                # Each response may have another validator: one response needs none.
                remote.disable_ranges()
    raise BrokenAnswerError(f"cannot download {remote.source.name}: it changed {MAX_RESTARTS} times meanwhile")


def _wait_or_raise(remote: RemoteFile, error: NotResumableError, interruptions: int) -> None:
    """
    Wait before a download starts again from the first byte.
    """
    policy = remote.context.policy
    if interruptions > policy.retries:
        raise error.error
    remote.restart()
    line = f"{error}; from the first byte"
    remote.cancellation.sleep(policy.announce_delay(interruptions, line, 0.0, remote.context.report))


def download_to_stream(remote: RemoteFile, out: IO[bytes], options: DownloadOptions) -> DownloadResult:
    """
    Download to *out* in order, over one connection. Digests are verified after all bytes are written.

    Raises:
        BrokenAnswerError: What was downloaded is not what was expected.
        TcError: The download failed.
    """
    remote.has_checksum = bool(options.hashes)
    reader = Reader(remote, 0, None)
    hasher: StreamHasher | None = None
    try:
        response = reader.open()
        metadata = response.metadata
        # What has no length may be written only now, as a live log: it is passed on at once.
        may_grow = metadata.length is None
        if may_grow:
            response.stream.follow(0)
        expected = options.expected_digests(metadata, remote.locate().hashes)
        remote.context.progress.start(metadata.length)
        must_decode = options.must_decode(metadata)
        hasher = StreamHasher(expected, None if must_decode else metadata.length, remote.context.buffer_bytes)
        read = reader.readinto
        if must_decode:
            read = DecompressingReader(read, remote.source.name, is_empty=metadata.length == 0).readinto
        for block in hasher.hash_blocks(read):
            out.write(block)
            if may_grow:
                out.flush()
        out.flush()
        check_digests(hasher.digests(), expected, remote.source.name)
    except NotResumableError as error:
        raise error.error from None
    except RemoteChangedError as error:
        raise BrokenAnswerError(f"{error}, after a part of it was written") from None
    finally:
        reader.close()
        if hasher is not None:
            hasher.stop()
    return describe_result(hasher.count, metadata, expected)
