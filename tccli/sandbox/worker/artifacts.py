"""
Upload of a run's artifacts.
"""

from __future__ import annotations

import mimetypes
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tccli.core.http.messages import Request
from tccli.sandbox.worker.client import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.sandbox.worker.client import Client
    from tccli.sandbox.worker.payload import ArtifactRequest

DEFAULT_TYPE = "application/octet-stream"
BLOCK_BYTES = 1 << 18
LOG_TYPE = "text/plain; charset=utf-8"


class ArtifactError(Exception):
    """
    The queue or the storage rejected an artifact.
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
        Upload a file.

        Raises:
            ArtifactError: The artifact was rejected.
        """
        content_type = content_type or mimetypes.guess_type(name)[0] or DEFAULT_TYPE
        made = self.create(name, {"storageType": "s3", "contentType": content_type, "expires": expires})
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            headers = {"content-type": content_type, "content-length": str(size)}
            blocks = iter(lambda: file.read(BLOCK_BYTES), b"")
            response = self._client.transport.send(Request("PUT", made["putUrl"], headers, blocks=blocks))
        if response.status != 200:
            raise ArtifactError(f"{name}: the storage responded with {response.status}")

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
