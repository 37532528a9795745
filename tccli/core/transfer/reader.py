"""
A reader that does not give up: it goes on from the byte where it stopped after every failure that may pass.
"""

from __future__ import annotations

from tccli.core.transfer.remote import ChangedError, ExpiredError, Part, PassingError, Remote
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

    def __init__(self, remote: Remote, start: int, end: int | None, part: Part | None = None) -> None:
        self.position = start
        self.facts = part.facts if part else None
        self.end = end
        self._remote = remote
        self._part = part
        self._failures = 0
        self._renewed = False

    def open(self) -> Part:
        """
        Return the answer that is being read, asking for one where there is none.

        Raises:
            ChangedError: The remote side has changed since the first answer.
            TcError: It failed for good.
        """
        while self._part is None:
            try:
                # Without a length there are no parts: all is sent again, and what is known goes by.
                whole = self.facts is not None and self.facts.length is None
                part = self._remote.open(0, None) if whole else self._remote.open(self.position, self.end)
            except (NoAnswerError, BrokenAnswerError, PassingError, ExpiredError) as error:
                self._bear(error)
                continue
            self._part = part
            if self.facts is not None and part.facts != self.facts:
                self.close()
                raise ChangedError(f"{self._remote.source.name} has changed")
            self.facts = part.facts
            if self.facts.length is not None:
                self.end = self.facts.length if self.end is None else min(self.end, self.facts.length)
        return self._part

    def readinto(self, buffer: memoryview) -> int:
        """
        Read the next bytes into *buffer*, and return how many; 0 is the end.

        Raises:
            ChangedError: The remote side has changed since the first answer.
            TcError: It failed for good.
        """
        while True:
            part = self.open()
            if self.end is not None:
                buffer = buffer[: self.end - self.position]
            if not len(buffer):
                break
            try:
                if part.start < self.position:
                    # Everything was sent where a part was asked for: what is known goes by.
                    skipped = part.stream.readinto(buffer[: self.position - part.start])
                    part.start += skipped
                    if skipped:
                        continue
                    count = 0
                else:
                    count = part.stream.readinto(buffer)
            except NoAnswerError as error:
                self.close()
                self._bear(error)
                continue
            if count:
                self._failures = 0
                self._renewed = False
                self.position += count
                part.start = self.position
                self._remote.carrier.meter.advance(count)
                return count
            self.close()
            if self.end is None:
                if self._remote.stopped.is_set():
                    raise NoAnswerError(f"{self._remote.source.name}: ended before it was whole")
                return 0
            missing = self.end - self.position
            self._bear(PassingError(f"{self._remote.source.name}: {missing} bytes fewer than promised"))
        self.close()
        return 0

    def close(self) -> None:
        """
        Let go of the answer that is being read.
        """
        if self._part is not None:
            self._remote.forget(self._part.stream)
            self._part.stream.__exit__(None, None, None)
            self._part = None

    def _bear(self, error: Exception) -> None:
        """
        Wait before the next try, or give up.
        """
        remote = self._remote
        if remote.stopped.is_set():
            raise error
        if isinstance(error, ExpiredError):
            if self._renewed:
                raise service_error_class(error.status)(str(error), status=error.status) from None
            self._renewed = True
            remote.renew(error.location)
            return
        self._failures += 1
        policy = remote.carrier.policy
        if self._failures > policy.retries:
            if isinstance(error, NoAnswerError):
                error.message = f"{remote.source.name}: {error.message}"
            raise (error.final() if isinstance(error, PassingError) else error) from None
        after = error.after if isinstance(error, PassingError) else 0.0
        remote.stopped.wait(policy.pause(self._failures, str(error), after, remote.carrier.report))
