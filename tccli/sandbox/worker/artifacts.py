"""
What comes of a run: files become artifacts.
"""

from __future__ import annotations

import mimetypes
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tccli.sandbox.worker.api import exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.sandbox.worker.api import Api
    from tccli.sandbox.worker.payload import Wanted

BINARY = "application/octet-stream"
LOG_TYPE = "text/plain; charset=utf-8"


class ArtifactError(Exception):
    """
    The queue or the storage did not take an artifact.
    """


class Artifacts:
    """
    The artifacts of a run.

    Args:
        api: The run's.
        path: Of the run, from ``/api/`` on.
        folder: The task's.
    """

    def __init__(self, api: Api, path: str, folder: str) -> None:
        self._api = api
        self._path = path
        self._folder = folder

    def upload(self, wanted: Wanted) -> list[str]:
        """
        Upload what a task wants to keep, and return what is wrong with it: that is kept as an artifact, too.
        """
        path = os.path.join(self._folder, wanted.path)
        if wanted.kind == "directory" and os.path.isdir(path):
            for file, name in _files(path, wanted.name):
                self.put(name, file, wanted.expires, wanted.content_type)
            return []
        if wanted.kind == "file" and os.path.isfile(path):
            self.put(wanted.name, path, wanted.expires, wanted.content_type)
            return []
        if wanted.is_optional:
            return []
        is_there = os.path.exists(path)
        reason = "invalid-resource-on-worker" if is_there else "file-missing-on-worker"
        message = f"{wanted.path} is no {wanted.kind}" if is_there else f"{wanted.path} is not there"
        error = {"storageType": "error", "reason": reason, "message": message, "expires": wanted.expires}
        self.create(wanted.name, error)
        return [message]

    def put(self, name: str, path: str, expires: str, content_type: str = "") -> None:
        """
        Upload a file.

        Raises:
            ArtifactError: It was not taken.
        """
        content_type = content_type or mimetypes.guess_type(name)[0] or BINARY
        made = self.create(name, {"storageType": "s3", "contentType": content_type, "expires": expires})
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            headers = {"content-type": content_type, "content-length": str(size)}
            reply = exchange("PUT", made["putUrl"], file, headers)
        if reply.status != 200:
            raise ArtifactError(f"{name}: the storage says {reply.status}")

    def create(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """
        Make an artifact, and return what the queue says.

        Raises:
            ArtifactError: It was refused.
        """
        reply = self._api.call("POST", f"{self._path}/artifacts/{quote(name, safe='')}", payload)
        if reply.status != 200:
            raise ArtifactError(f"{name}: {reply.json['message'].partition(chr(10))[0]}")
        found: dict[str, Any] = reply.json
        return found


def _files(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    """
    Yield the files in a folder, and the names of their artifacts.
    """
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(root, name)
            if os.path.isfile(path):
                inside = os.path.relpath(path, folder).replace(os.sep, "/")
                yield path, f"{prefix}/{inside}" if prefix not in {"", "."} else inside
