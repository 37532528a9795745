"""
Fake responses from a file instead of a deployment, for tests of scripts, as the JavaScript client has with ``fake``.

The file is JSON: ``{"queue.task": response, "secrets.get": [response, …]}``. A response is a body, or
``{"status": 404, "body": …}``. Each call takes the next response of a list. Processes that append their calls to one
file share the position in it, even if they run at the same time: the file is locked for each call.
"""

from __future__ import annotations

import json
import os
import re
import threading
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from tccli.core.http.messages import Response
from tccli.errors import ConfigurationError, LocalFileError, UsageError
from tccli.names import suggestion
from tccli.reasons import explain
from tccli.strict_json import StrictJsonError, loads_leniently

if TYPE_CHECKING:
    from collections.abc import Collection

    from tccli.core.http.messages import Call, Request

MIN_STATUS, MAX_STATUS = 200, 599


class FakeTransport:
    """
    Responds to calls from a file, and appends them to another. Threads may share it.

    Args:
        path: The file of responses.
        calls_path: The file to which every call is appended as a JSON line, or None.
        method_ids: Of all methods that can be called.

    Raises:
        ConfigurationError: The file cannot be read.
        UsageError: The file names a method that does not exist.
    """

    def __init__(self, path: str, calls_path: str | None, method_ids: Collection[str]) -> None:
        self._path = path
        self._calls_path = calls_path
        self._responses = _load(path, method_ids)
        self._used: dict[str, int] = {}
        self._counted_bytes = 0
        self._lock = threading.Lock()

    def send(self, request: Request) -> Response:
        """
        Return the next response to the API call that *request* makes.

        Raises:
            ConfigurationError: The file has no response for the call, or no further one.
            LocalFileError: The file of calls cannot be used.
        """
        call = request.call
        if call is None:
            raise ConfigurationError(f"cannot fake a response for {request.url}: it is not an API call")
        with self._lock:
            number = self._record(call)
        if call.method not in self._responses:
            raise ConfigurationError(f"{call.method}: no response in {self._path}", hint=f'add "{call.method}": …')
        responses = self._responses[call.method]
        if not isinstance(responses, list):
            return _to_response(parse_fake_response(responses))
        if number >= len(responses):
            raise ConfigurationError(f"{call.method}: all {len(responses)} responses in {self._path} are used")
        return _to_response(parse_fake_response(responses[number]))

    def _record(self, call: Call) -> int:
        # Returns how many calls of the method were before this one.
        if self._calls_path is None:
            return self._count(call.method)
        line: dict[str, Any] = {"method": call.method, "args": list(call.args), "query": dict(call.query)}
        if call.payload is not None:
            line["payload"] = call.payload
        try:
            # A pipe can be appended to, too, but not read.
            is_shared = os.path.isfile(self._calls_path) or not os.path.exists(self._calls_path)
            with open(self._calls_path, "a+b" if is_shared else "ab", opener=_open_privately) as file:
                if is_shared:
                    # Payloads may have secrets, and others may read the file if it was there before.
                    os.fchmod(file.fileno(), os.fstat(file.fileno()).st_mode & 0o600)
                    _lock(file)
                    self._count_others(file)
                file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
                file.flush()
                self._counted_bytes = file.tell() if is_shared else 0
        except OSError as error:
            raise LocalFileError(f"cannot write {self._calls_path}: {explain(error)}") from None
        return self._count(call.method)

    def _count(self, method: str) -> int:
        number = self._used.get(method, 0)
        self._used[method] = number + 1
        return number

    def _count_others(self, file: IO[bytes]) -> None:
        # The calls of other processes since the last one of this process.
        file.seek(self._counted_bytes)
        try:
            for line in file:
                self._count(loads_leniently(line)["method"])
        except (ValueError, KeyError, TypeError):
            raise ConfigurationError(f"cannot read {self._calls_path}: it is not a file of calls") from None


class FakeResponse(NamedTuple):
    """
    A response in the file.

    Attributes:
        headers: By lower-case name.
        body: JSON; None for an empty body.
    """

    status: int
    headers: dict[str, str]
    body: Any


def load_fake_responses(path: str, method_ids: Collection[str]) -> dict[str, Any]:
    """
    Return the content of a file of fake responses, by method id.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a JSON object of responses.
        UsageError: It names a method that is not one of *method_ids*.
    """
    with open(path, "rb") as file:
        try:
            # Not strictly: a fake response may be one that no service should give.
            content = loads_leniently(file.read())
        except StrictJsonError as error:
            raise ValueError(f"not JSON: {error}") from None
    if not isinstance(content, dict):
        raise ValueError("not an object with methods")  # noqa: TRY004 - the content of the file is wrong
    for method_id, entry in content.items():
        if method_id not in method_ids:
            raise UsageError(f"{path}: {describe_unknown_method(method_id, method_ids)}")
        for response in entry if isinstance(entry, list) else [entry]:
            try:
                parse_fake_response(response)
            except ValueError as error:
                raise ValueError(f"{method_id}: {error}") from None
    return content


def describe_unknown_method(method_id: str, method_ids: Collection[str]) -> str:
    """
    Return a message about a method that does not exist, with similar ones.
    """
    near = suggestion(method_id, method_ids)
    return f"no method {method_id!r}" + (f" ({near})" if near else "")


def parse_fake_response(entry: Any) -> FakeResponse:
    """
    Return the response of an entry: a body, or ``{"status": …, "body": …, "headers": …}``.

    Raises:
        ValueError: The status or the headers are not valid.
    """
    has_status = isinstance(entry, dict) and type(entry.get("status")) is int
    if not has_status or entry.keys() - {"status", "body", "headers"}:
        return FakeResponse(200, {}, entry)
    status, headers = entry["status"], entry.get("headers") or {}
    if not MIN_STATUS <= status <= MAX_STATUS:
        raise ValueError(f"{status} is not the status of a response")
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise ValueError("headers are not an object of strings")
    if any(not re.fullmatch(r"[\x20-\x7e]*", text) for pair in headers.items() for text in pair):
        raise ValueError("headers are not printable ASCII")
    return FakeResponse(status, {name.lower(): value for name, value in headers.items()}, entry.get("body"))


def _load(path: str, method_ids: Collection[str]) -> dict[str, Any]:
    try:
        return load_fake_responses(path, method_ids)
    except OSError as error:
        raise ConfigurationError(f"cannot read the fake responses in {path}: {explain(error)}") from None
    except ValueError as error:
        raise ConfigurationError(f"cannot read the fake responses in {path}: {error}") from None


def _lock(file: IO[bytes]) -> None:
    # Until the file is closed. Windows has no such lock.
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def _open_privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _to_response(fake: FakeResponse) -> Response:
    if fake.body is None:
        return Response(fake.status, fake.headers)
    body = json.dumps(fake.body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(fake.status, {"content-type": "application/json", **fake.headers}, body)
