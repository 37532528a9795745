"""
Fake responses from a file instead of a deployment, for tests of scripts, as the JavaScript client has with ``fake``.

The file is JSON: ``{"queue.task": response, "secrets.get": [response, …]}``. A response is a body, or
``{"status": 404, "body": …}``. Each call takes the next response of a list; processes that append their calls to the
same file share the position in it.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.http.messages import Response
from tccli.errors import ConfigurationError, LocalFileError

if TYPE_CHECKING:
    from tccli.core.http.messages import Call, Request


class FakeTransport:
    """
    Responds to calls from a file, and appends them to another.

    Args:
        path: The file of responses.
        calls_path: The file to which every call is appended as a JSON line, or None.

    Raises:
        ConfigurationError: The file cannot be read.
    """

    def __init__(self, path: str, calls_path: str | None = None) -> None:
        self._path = path
        self._calls_path = calls_path
        self._responses = _load(path)
        self._used = _count_calls(calls_path)

    def send(self, request: Request) -> Response:
        """
        Return the next response to the API call that *request* makes.

        Raises:
            ConfigurationError: The file has no response for the call, or no further one.
            LocalFileError: The call cannot be appended to the file of calls.
        """
        call = request.call
        if call is None:
            raise ConfigurationError(f"cannot fake a response for {request.url}: it is not an API call")
        self._append(call)
        number = self._used.get(call.method, 0)
        self._used[call.method] = number + 1
        if call.method not in self._responses:
            raise ConfigurationError(f"{call.method}: no response in {self._path}", hint=f'add "{call.method}": …')
        responses = self._responses[call.method]
        if not isinstance(responses, list):
            return _to_response(parse_fake_response(responses))
        if number >= len(responses):
            raise ConfigurationError(f"{call.method}: all {len(responses)} responses in {self._path} are used")
        return _to_response(parse_fake_response(responses[number]))

    def _append(self, call: Call) -> None:
        if self._calls_path is None:
            return
        line: dict[str, Any] = {"method": call.method, "args": list(call.args), "query": dict(call.query)}
        if call.payload is not None:
            line["payload"] = call.payload
        try:
            with open(self._calls_path, "a", encoding="utf-8", opener=_open_privately) as file:
                # Payloads may have secrets, and others may read the file if it was there before.
                if os.path.isfile(self._calls_path):
                    os.fchmod(file.fileno(), os.fstat(file.fileno()).st_mode & 0o600)
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise LocalFileError(f"cannot write {self._calls_path}: {error.strerror}") from None


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


def load_fake_responses(path: str) -> dict[str, Any]:
    """
    Return the content of a file of fake responses, by method id.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a JSON object.
    """
    with open(path, encoding="utf-8") as file:
        try:
            content = json.load(file)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not JSON ({error})") from None
    if not isinstance(content, dict):
        raise ValueError("not an object with methods")  # noqa: TRY004 - the content of the file is wrong
    return content


def parse_fake_response(entry: Any) -> FakeResponse:
    """
    Return the response of an entry: a body, or ``{"status": …, "body": …, "headers": …}``.
    """
    has_status = isinstance(entry, dict) and isinstance(entry.get("status"), int)
    if not has_status or entry.keys() - {"status", "body", "headers"}:
        return FakeResponse(200, {}, entry)
    headers = {name.lower(): str(value) for name, value in (entry.get("headers") or {}).items()}
    return FakeResponse(entry["status"], headers, entry.get("body"))


def _load(path: str) -> dict[str, Any]:
    try:
        return load_fake_responses(path)
    except OSError as error:
        raise ConfigurationError(f"cannot read the fake responses in {path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationError(f"cannot read the fake responses in {path}: {error}") from None


def _count_calls(path: str | None) -> dict[str, int]:
    # By method; earlier processes have appended them.
    counts: dict[str, int] = {}
    if path is None:
        return counts
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                method = json.loads(line)["method"]
                counts[method] = counts.get(method, 0) + 1
    except FileNotFoundError:
        return counts
    except OSError as error:
        raise LocalFileError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise ConfigurationError(f"cannot read {path}: it is not a file of calls") from None
    return counts


def _open_privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _to_response(fake: FakeResponse) -> Response:
    if fake.body is None:
        return Response(fake.status, fake.headers)
    body = json.dumps(fake.body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(fake.status, {"content-type": "application/json", **fake.headers}, body)
