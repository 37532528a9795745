"""
Everything that can go wrong, and its exit code.

::

    TcError
    ├── NegativeAnswerError     1   the answer is no
    ├── UsageError              2   the command line or the payload is wrong; nothing was sent
    ├── ConfigurationError      3   no root URL, half a set of credentials, a broken certificate
    │   └── LocalFileError      3   this machine refused: disk full, directory read-only
    ├── CommandNotRunError    126   tc exec cannot run the command
    │   └── CommandNotFoundError 127
    ├── ServiceError                the deployment responded with an error
    │   ├── RefusedError        4   401, 403
    │   ├── NotFoundError       5   404, 410, 424
    │   ├── RejectedError       6   any other 4xx
    │   └── FailedError         7   5xx, 429 and responses that no API gives
    ├── NoAnswerError           8   name, connection, TLS, timeout
    │   └── CutOffAnswerError   9   the connection ended in the middle of a response
    ├── BrokenAnswerError       9   length, hash, malformed body
    └── WaitTimeoutError      124   the time that a command was to wait is over

Two ends are no errors of ours and have no class: 130 (interrupted) and 141 (the reader of our output went away).
"""

from __future__ import annotations

from typing import Any, ClassVar

INTERRUPTED = 130
OUTPUT_CLOSED = 141


class TcError(Exception):
    """
    An error for the person at the terminal: one line, and what to do next.

    Args:
        message: What happened and where, without a full stop, without secrets.
        hint: What to do next.
        details: What only ``-v`` shows.

    Attributes:
        counts: How many of many calls failed and the like, for JSON.
        failures: The kinds of these failures, for JSON.
    """

    exit_code: ClassVar[int] = 70
    counts: dict[str, int] | None = None
    failures: list[dict[str, Any]] | None = None

    def __init__(self, message: str, *, hint: str = "", details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message

    def as_document(self, details: str = "") -> dict[str, Any]:
        """
        Return the error as JSON; secrets in it are not masked.
        """
        document = {
            "exitCode": self.exit_code,
            "message": self.message,
            "hint": self.hint or None,
            "status": getattr(self, "status", None),
            "code": getattr(self, "code", None) or None,
            "body": getattr(self, "body", None),
            "counts": self.counts,
            "failures": self.failures,
            "details": details or None,
        }
        return {name: value for name, value in document.items() if value is not None}


class NegativeAnswerError(TcError):
    """
    The question was answered, and the answer is no.
    """

    exit_code = 1


class UsageError(TcError):
    """
    The command line or the payload is wrong. Nothing was sent.
    """

    exit_code = 2


class ConfigurationError(TcError):
    """
    What the command needs to know about the deployment or the credentials is missing or malformed.
    """

    exit_code = 3


class LocalFileError(ConfigurationError):
    """
    This machine refuses to read or write a file.
    """


class WaitTimeoutError(TcError):
    """
    The time of ``--timeout`` is up. The exit code is that of timeout(1); 8 is for a service that did not respond.
    """

    exit_code = 124


class CommandNotRunError(TcError):
    """
    A command that tc was to run cannot be started; the exit code is that of env(1) and of shells.
    """

    exit_code = 126


class CommandNotFoundError(CommandNotRunError):
    """
    The command does not exist.
    """

    exit_code = 127


class ServiceError(TcError):
    """
    The deployment answered with an error.

    Args:
        status: The HTTP status.
        code: The service's own code, such as ``ResourceNotFound``, or empty.
        body: The JSON document of the response, without secrets, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str = "",
        hint: str = "",
        details: str = "",
        body: Any = None,
    ) -> None:
        super().__init__(message, hint=hint, details=details)
        self.status = status
        self.code = code
        self.body = body


class RefusedError(ServiceError):
    """
    Not authenticated, or not authorized: 401, 403.
    """

    exit_code = 4


class NotFoundError(ServiceError):
    """
    Not there, or not there any more: 404, 410, 424.
    """

    exit_code = 5


class RejectedError(ServiceError):
    """
    The service does not accept the request: any other 4xx.
    """

    exit_code = 6


class FailedError(ServiceError):
    """
    The service failed, or asked to be left alone, after all retries: 5xx, 429.
    """

    exit_code = 7


class NoAnswerError(TcError):
    """
    Nothing came back: the name, the connection, TLS or a timeout.

    Args:
        sent: Whether bytes of the request may have reached the service.
        final: Whether it would fail again: an unknown host, a certificate, a proxy's refusal.

    Attributes:
        stale: Whether an idle connection was used, which the server closed without a response. That is no
            failure of the server, so another attempt need not wait.
    """

    exit_code = 8

    def __init__(
        self, message: str, *, sent: bool = False, final: bool = False, hint: str = "", details: str = ""
    ) -> None:
        super().__init__(message, hint=hint, details=details)
        self.sent = sent
        self.final = final
        self.stale = False


class CutOffAnswerError(NoAnswerError):
    """
    A response came, but not to its end. Another attempt may get all of it, as after no response.
    """

    exit_code = 9


class BrokenAnswerError(TcError):
    """
    Something came back, but not what was promised: cut short, wrong hash, malformed.
    """

    exit_code = 9


def service_error_class(status: int) -> type[ServiceError]:
    """
    Return the class for an HTTP status that is not a success.
    """
    if status in {401, 403}:
        return RefusedError
    if status in {404, 410, 424}:
        return NotFoundError
    if status == 429 or not 400 <= status < 500:
        return FailedError
    return RejectedError
