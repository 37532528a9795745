"""
A sequential reader that resumes with a range request after transient failures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.core.transfer.remote import NotResumableError, RemoteChangedError, TransientError, UrlExpiredError
from tccli.errors import NoAnswerError, TcError, service_error_class

if TYPE_CHECKING:
    from tccli.core.transfer.remote import RangeResponse, RemoteFile, RemoteMetadata


class Reader:
    """
    Reads a range of a remote file in order.

    Args:
        start: The first position.
        end: The position after the last byte, or None for the rest of the file.
        metadata: Of the file, if known: a response with other metadata is an error.

    Attributes:
        position: Of the next byte.
        end: Limited by the file's length as soon as that is known.
    """

    def __init__(self, remote: RemoteFile, start: int, end: int | None, metadata: RemoteMetadata | None = None) -> None:
        self.position = start
        self.end = end
        self.metadata = metadata
        self._remote = remote
        self._start = start
        self._response: RangeResponse | None = None
        self._failures = 0
        self._has_new_url = False

    def open(self) -> RangeResponse:
        """
        Return the open response; send a request if there is none.

        Raises:
            RemoteChangedError: The metadata has changed.
            TcError: All retries have failed, or a retry cannot help.
        """
        while self._response is None:
            # A file of unknown length has no ranges: it is sent again as a whole, and the known part is skipped.
            is_whole = self.metadata is not None and self.metadata.length is None
            # Not retried here: the call has retries of its own.
            location = self._remote.locate()
            try:
                response = self._remote.open(
                    location, *((0, None) if is_whole else (self.position, self.end)), retry=self._failures
                )
            except (NoAnswerError, TransientError, UrlExpiredError) as error:
                self._retry_or_raise(error)
                continue
            self._response = response
            if self.metadata not in {None, response.metadata}:
                self.close()
                raise RemoteChangedError(f"{self._remote.source.name} has changed during the download")
            self.metadata = response.metadata
            if self.metadata.length is not None:
                self.end = self.metadata.length if self.end is None else min(self.end, self.metadata.length)
        return self._response

    def readinto(self, buffer: memoryview) -> int:
        """
        Read the next bytes into *buffer*, and return their number, 0 at the end.

        Raises:
            NotResumableError: A retry may help, but could join two versions of the file.
            RemoteChangedError: The metadata has changed.
            TcError: All retries have failed, or a retry cannot help.
        """
        while True:
            response = self.open()
            if self.end is not None:
                buffer = buffer[: self.end - self.position]
            if not len(buffer):
                break
            try:
                skipped = response.start < self.position
                count = self._remote.readinto(response, buffer[: self.position - response.start] if skipped else buffer)
            except (NoAnswerError, TransientError) as error:
                self.close()
                self._retry_or_raise(error)
                continue
            response.start += count
            if count and skipped:
                continue
            if count:
                self._failures = 0
                self._has_new_url = False
                self.position += count
                self._remote.context.progress.advance(count)
                return count
            self.close()
            if self.end is None:
                if self._remote.cancellation.is_cancelled:
                    raise NoAnswerError(f"{self._remote.source.name}: the download was stopped")
                return 0
            missing = self.end - self.position
            self._retry_or_raise(TransientError(f"{self._remote.source.name}: {missing} bytes are missing at the end"))
        self.close()
        return 0

    def close(self) -> None:
        """
        Close the open response, if there is one.
        """
        if self._response is not None:
            self._remote.close(self._response)
            self._response = None

    def _retry_or_raise(self, error: NoAnswerError | TransientError | UrlExpiredError) -> None:
        """
        Wait before the next attempt, or raise *error* when there is none left.
        """
        remote = self._remote
        if remote.cancellation.is_cancelled:
            raise NoAnswerError(f"{remote.source.name}: the download was stopped") from None
        if isinstance(error, UrlExpiredError):
            has_expired = remote.invalidate(error.location)
            if self._has_new_url and not has_expired:
                raise service_error_class(error.status)(str(error), status=error.status) from None
            self._has_new_url = True
            return
        self._failures += 1
        policy = remote.context.policy
        final = error.to_final() if isinstance(error, TransientError) else error
        if isinstance(error, NoAnswerError):
            error.message = f"{remote.source.name}: {error.message}"
        if self._failures > policy.retries or (isinstance(error, NoAnswerError) and error.final):
            raise final from None
        if self.position > self._start and self.metadata is not None and not remote.can_join(self.metadata):
            assert isinstance(final, TcError)
            raise NotResumableError(final) from None
        remote.wait_before_retry(self._failures, error)
