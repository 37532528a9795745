"""
Upload of a run's artifacts.
"""

from __future__ import annotations

import mimetypes
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tccli.core.http.messages import Request
from tccli.errors import TcError
from tccli.sandbox.worker.client import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.sandbox.worker.client import Client
    from tccli.sandbox.worker.payload import ArtifactRequest

DEFAULT_TYPE = "application/octet-stream"
BLOCK_BYTES = 1 << 18
LOG_TYPE = "text/plain; charset=utf-8"
UPLOAD_RETRY_DELAYS = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each further attempt."""


class ArtifactError(Exception):
    """
    The queue or the storage rejected an artifact.
    """


class StorageUnavailableError(Exception):
    """
    All attempts to upload an artifact failed, which is not the task's fault.
    """


class Artifacts:
    """
    The artifacts of a run.

    Args:
        client: The run's.
        path: Of the run; begins with ``/api/``.
        directory: The task's.
    """

    def __init__(self, client: Client, path: str, directory: str) -> None:
        self._client = client
        self._path = path
        self._directory = directory

    def upload(self, request: ArtifactRequest) -> list[str]:
        """
        Upload an artifact of the payload, and return problems, which become an error artifact.
        """
        path = os.path.join(self._directory, request.path)
        if request.kind == "directory" and os.path.isdir(path):
            for file, name in _files(path, request.name):
                self.put(name, file, request.expires, request.content_type)
            return []
        if request.kind == "file" and os.path.isfile(path):
            self.put(request.name, path, request.expires, request.content_type)
            return []
        if request.is_optional:
            return []
        exists = os.path.exists(path)
        reason = "invalid-resource-on-worker" if exists else "file-missing-on-worker"
        message = f"{request.path} is not a {request.kind}" if exists else f"{request.path} does not exist"
        error = {"storageType": "error", "reason": reason, "message": message, "expires": request.expires}
        self.create(request.name, error)
        return [message]

    def put(self, name: str, path: str, expires: str, content_type: str = "") -> None:
        """
        Upload a file. Retry without a response and after 5xx and 429, as workers do.

        Raises:
            ArtifactError: The artifact was rejected.
            StorageUnavailableError: The last attempt failed, too.
        """
        content_type = content_type or mimetypes.guess_type(name)[0] or DEFAULT_TYPE
        made = self.create(name, {"storageType": "s3", "contentType": content_type, "expires": expires})
        for delay in UPLOAD_RETRY_DELAYS:
            if not self._find_failure(name, path, made["putUrl"], content_type):
                return
            time.sleep(delay)
        if failure := self._find_failure(name, path, made["putUrl"], content_type):
            attempts = len(UPLOAD_RETRY_DELAYS) + 1
            raise StorageUnavailableError(f"cannot upload {name}: {failure}, at the last of {attempts} attempts")

    def _find_failure(self, name: str, path: str, url: str, content_type: str) -> str:
        """
        Send a file once; return why that failed, or an empty string.
        """
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            headers = {"content-type": content_type, "content-length": str(size)}
            blocks = iter(lambda: file.read(BLOCK_BYTES), b"")
            try:
                response = self._client.transport.send(Request("PUT", url, headers, blocks=blocks))
            except TcError as error:
                return error.message
        if response.status == 200:
            return ""
        failure = f"the storage responded with {response.status}"
        if response.status < 500 and response.status != 429:
            raise ArtifactError(f"{name}: {failure}")
        return failure

    def create(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """
        Create an artifact, and return the queue's response.

        Raises:
            ArtifactError: The artifact was rejected.
        """
        response = self._client.call("POST", f"{self._path}/artifacts/{quote(name, safe='')}", payload)
        if response.status != 200:
            raise ArtifactError(f"{name}: {parse_json(response)['message'].partition(chr(10))[0]}")
        found: dict[str, Any] = parse_json(response)
        return found


def _files(directory: str, prefix: str) -> Iterator[tuple[str, str]]:
    # Yields paths and artifact names.
    for root, directories, names in os.walk(directory):
        directories.sort()
        for name in sorted(names):
            path = os.path.join(root, name)
            if os.path.isfile(path):
                relative = os.path.relpath(path, directory).replace(os.sep, "/")
                yield path, f"{prefix}/{relative}" if prefix not in {"", "."} else relative
