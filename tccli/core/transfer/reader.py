"""
A reader that does not give up: it goes on from the byte where it stopped after every failure that may pass.
"""

from __future__ import annotations

from tccli.core.transfer.remote import RangeResponse, RemoteChangedError, RemoteFile, TransientError, UrlExpiredError
from tccli.errors import BrokenAnswerError, NoAnswerError, service_error_class


class Reader:
    """
    Reads bytes of a source in order, and goes on from where it stopped after every failure that may pass.

    Args:
        start: The first byte.
        end: After the last byte, or None for as many as there are.
        part: An answer that is open already.

    Attributes:
        position: The next byte.
        end: After the last byte; None until the length of the whole is known, if ever.
        facts: About the whole, once something has been opened.
    """

    def __init__(self, remote: RemoteFile, start: int, end: int | None, response: RangeResponse | None = None) -> None:
        self.position = start
        self.metadata = response.metadata if response else None
        self.end = end
        self._remote = remote
        self._response = response
        self._failures = 0
        self._renewed = False

    def open(self) -> RangeResponse:
        """
        Return the answer that is being read, asking for one where there is none.

        Raises:
            ChangedError: The remote side has changed since the first answer.
            TcError: It failed for good.
        """
        while self._response is None:
            try:
                # Without a length there are no parts: all is sent again, and what is known goes by.
                whole = self.metadata is not None and self.metadata.length is None
                response = self._remote.open(0, None) if whole else self._remote.open(self.position, self.end)
            except (NoAnswerError, BrokenAnswerError, TransientError, UrlExpiredError) as error:
                self._retry_or_raise(error)
                continue
            self._response = response
            if self.metadata is not None and response.metadata != self.metadata:
                self.close()
                raise RemoteChangedError(f"{self._remote.source.name} has changed")
            self.metadata = response.metadata
            if self.metadata.length is not None:
                self.end = self.metadata.length if self.end is None else min(self.end, self.metadata.length)
        return self._response

    def readinto(self, buffer: memoryview) -> int:
        """
        Read the next bytes into *buffer*, and return how many; 0 is the end.

        Raises:
            ChangedError: The remote side has changed since the first answer.
            TcError: It failed for good.
        """
        while True:
            response = self.open()
            if self.end is not None:
                buffer = buffer[: self.end - self.position]
            if not len(buffer):
                break
            try:
                if response.start < self.position:
                    # Everything was sent where a part was asked for: what is known goes by.
                    skipped = response.stream.readinto(buffer[: self.position - response.start])
                    response.start += skipped
                    if skipped:
                        continue
                    count = 0
                else:
                    count = response.stream.readinto(buffer)
            except NoAnswerError as error:
                self.close()
                self._retry_or_raise(error)
                continue
            if count:
                self._failures = 0
                self._renewed = False
                self.position += count
                response.start = self.position
                self._remote.context.progress.advance(count)
                return count
            self.close()
            if self.end is None:
                if self._remote.stopped.is_set():
                    raise NoAnswerError(f"{self._remote.source.name}: ended before it was whole")
                return 0
            missing = self.end - self.position
            self._retry_or_raise(TransientError(f"{self._remote.source.name}: {missing} bytes fewer than promised"))
        self.close()
        return 0

    def close(self) -> None:
        """
        Let go of the answer that is being read.
        """
        if self._response is not None:
            self._remote.unregister(self._response.stream)
            self._response.stream.__exit__(None, None, None)
            self._response = None

    def _retry_or_raise(self, error: Exception) -> None:
        """
        Wait before the next try, or give up.
        """
        remote = self._remote
        if remote.stopped.is_set():
            raise error
        if isinstance(error, UrlExpiredError):
            if self._renewed:
                raise service_error_class(error.status)(str(error), status=error.status) from None
            self._renewed = True
            remote.renew(error.location)
            return
        self._failures += 1
        policy = remote.context.policy
        if self._failures > policy.retries:
            if isinstance(error, NoAnswerError):
                error.message = f"{remote.source.name}: {error.message}"
            raise (error.final() if isinstance(error, TransientError) else error) from None
        after = error.after if isinstance(error, TransientError) else 0.0
        remote.stopped.wait(policy.pause(self._failures, str(error), after, remote.context.report))
