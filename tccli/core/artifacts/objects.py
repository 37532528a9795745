"""
The object service's protocols: where an object's bytes are, and how they get there.

Source: the object service's documentation of its upload and download methods.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.payload import encode
from tccli.core.responses import read_timestamp
from tccli.core.transfer.digests import OBJECT_ALGORITHMS
from tccli.core.transfer.remote import Location
from tccli.core.transfer.upload import MAX_URLS, UploadUrlExpiredError, put
from tccli.errors import BrokenAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.client import Client
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.upload import Upload

MAX_INLINE_BYTES = 8192


class ObjectSource:
    """
    An object, to be downloaded.
    """

    def __init__(self, client: Client, name: str) -> None:
        self.name = f"object {name}"
        self.identity: Mapping[str, Any] = {"object": name, "deployment": client.account.root_url}
        self._client = client
        self._object = name

    def locate(self) -> Location:
        """
        Ask the object service for a URL.

        Raises:
            BrokenAnswerError: It offers no way, or no hash, that is known.
        """
        method = references.method("object", "startDownload")
        payload = encode({"acceptDownloadMethods": {"getUrl": True}})
        answer = self._client.call_json(method, [self._object], payload=payload)
        if answer.get("method") != "getUrl" or not isinstance(answer.get("url"), str):
            raise BrokenAnswerError(
                f"{self.name}: the service offers a download by {answer.get('method')!r}, not getUrl"
            )
        hashes = {
            name: str(digest).lower() for name, digest in answer.get("hashes", {}).items() if name in OBJECT_ALGORITHMS
        }
        if not hashes:
            raise BrokenAnswerError(f"{self.name} comes without sha256 or sha512, so nothing says that it is right")
        return Location(answer["url"], hashes, read_timestamp(self.name, answer["expires"]).timestamp())


def upload_object(
    client: Client,
    context: TransferContext,
    name: str,
    upload: Upload,
    *,
    project_id: str,
    expires: str,
    upload_id: str,
) -> dict[str, str]:
    """
    Upload an object, and return its digests.

    The object is there only when its upload is finished, and that is said only of bytes that were taken whole.

    Args:
        expires: A timestamp.
        upload_id: A slugid that no other unfinished upload has.

    Raises:
        ServiceError: The service or the storage refuses.
        NoAnswerError: One of them does not answer.
        BrokenAnswerError: The service offers no way that is known.
    """
    create, finish = (references.method("object", each) for each in ("createUpload", "finishUpload"))
    proposed: dict[str, Any] = {"putUrl": {"contentType": upload.content_type, "contentLength": upload.length}}
    inline = b""
    if upload.length < MAX_INLINE_BYTES:
        upload.file.seek(0)
        inline = upload.file.read()
        data = base64.b64encode(inline).decode()
        proposed["dataInline"] = {"contentType": upload.content_type, "objectData": data}
        proposed["putUrl"]["contentLength"] = upload.length = len(inline)
    request = encode(
        {"projectId": project_id, "uploadId": upload_id, "expires": expires, "proposedUploadMethods": proposed}
    )
    digests: dict[str, str] | None = None
    for _ in range(MAX_URLS):
        chosen = client.call_json(create, [name], payload=request)["uploadMethod"]
        # Taken only where it was proposed: anything else would finish an upload of nothing.
        if chosen.get("dataInline") and "dataInline" in proposed:
            context.progress.start(upload.length)
            digests = {algorithm: hashlib.new(algorithm, inline).hexdigest() for algorithm in OBJECT_ALGORITHMS}
            context.progress.advance(upload.length)
            break
        if "putUrl" not in chosen:
            raise BrokenAnswerError(f"object {name}: the service offers no upload by putUrl or dataInline")
        try:
            url, headers = chosen["putUrl"]["url"], chosen["putUrl"]["headers"]
            until = read_timestamp(f"object {name}", chosen["putUrl"]["expires"]).timestamp()
            digests = put(context, url, headers, upload, algorithms=OBJECT_ALGORITHMS, expires=until)
            break
        except UploadUrlExpiredError:
            context.report(f"object {name}: the URL to upload to has expired; asking for another")
    if digests is None:
        raise BrokenAnswerError(f"object {name}: {MAX_URLS} URLs in a row expired before the upload was done")
    client.call(finish, [name], payload=encode({"projectId": project_id, "uploadId": upload_id, "hashes": digests}))
    return digests
