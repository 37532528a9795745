"""
The log of requests that ``TC_LOG`` names: JSON lines without secrets, which several processes can append at once.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from tccli.core.http.tracing import format_record
from tccli.errors import ConfigurationError, LocalFileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.http.messages import Request
    from tccli.core.http.redact import Redactor
    from tccli.core.http.tracing import Trace


class RequestLog:
    """
    Appends a line to a file for each request when it has ended.

    Args:
        path: The file, which becomes readable for its owner only. It may also be a pipe or a device.
        redactor: Returns what masks secrets.
        report: Takes one line, once, when the file cannot be written any more.

    Raises:
        ConfigurationError: It cannot be a log.
        LocalFileError: It cannot be opened.
    """

    def __init__(self, path: str, redactor: Redactor, report: Callable[[str], None]) -> None:
        self._path = path
        self._redactor = redactor
        self._report = report
        self._has_failed = False
        self._lock = threading.Lock()
        self._is_closed = False
        if path == "-":
            raise ConfigurationError("cannot log to TC_LOG=-: it names a file", hint="write /dev/stderr for stderr")
        # A pipe that nothing reads must not block the command.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        try:
            self._file = os.open(path, flags, 0o600)
            status = os.fstat(self._file)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            if getattr(error, "errno", None) == errno.ENXIO:
                reason = "nothing reads this pipe"
            raise LocalFileError(f"cannot log to {path} (TC_LOG): {reason}") from None
        if hasattr(os, "geteuid"):
            self._check_owner(status)

    def _check_owner(self, status: os.stat_result) -> None:
        is_file = stat.S_ISREG(status.st_mode)
        # A pipe without a name, such as /dev/stderr may be, was given by who started the command.
        is_named_pipe = stat.S_ISFIFO(status.st_mode) and not os.path.realpath(self._path).startswith("/proc/")
        if (is_file or is_named_pipe) and status.st_uid != os.geteuid():
            self.close()
            raise LocalFileError(
                f"cannot log to {self._path} (TC_LOG): the file belongs to another user", hint="name a file of your own"
            )
        if is_file and status.st_mode & 0o077:
            try:
                # It may have been there before, for others to read.
                os.fchmod(self._file, status.st_mode & 0o600)
            except OSError as error:
                # A file that can only be appended to is a good log, too.
                reason = error.strerror or str(error)
                self._report(f"warning: cannot make {self._path} (TC_LOG) readable for you only: {reason}")

    def close(self) -> None:
        """
        Close the file. A request that a thread ends later is not logged: its number may be that of another file then.
        """
        with self._lock:
            self._is_closed = True
            os.close(self._file)

    def begin(self, request: Request) -> None:
        """
        Do nothing: a request has one line.
        """

    def end(self, trace: Trace) -> None:
        """
        Append the line of a request. One that cannot be written is reported once, and does not fail the command.
        """
        record = format_record(trace, self._redactor, os.getpid())
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=repr)
        # One write for the whole line: lines of other processes are before or after it.
        data = f"{line}\n".encode("utf-8", "backslashreplace")
        reason = ""
        try:
            with self._lock:
                if not self._is_closed and os.write(self._file, data) < len(data):
                    reason = "only a part of a line was written"
        except OSError as error:
            reason = error.strerror or str(error)
        if reason and not self._has_failed:
            self._has_failed = True
            with suppress(OSError):
                self._report(f"warning: cannot write {self._path} (TC_LOG): {reason}")
