"""
Objects of the object service: download URLs and uploads.

Source: the object service's documentation of upload and download methods.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.payload import encode
from tccli.core.response_fields import read_field, read_headers, read_url
from tccli.core.responses import read_timestamp
from tccli.core.transfer.digests import OBJECT_ALGORITHMS
from tccli.core.transfer.source import Location
from tccli.core.transfer.upload import MAX_URLS, UploadUrlExpiredError, compute_digests, put
from tccli.errors import BrokenAnswerError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tccli.core.artifacts.upload_records import UploadRecord
    from tccli.core.calls import PreparedCall
    from tccli.core.client import Client
    from tccli.core.http.deadline import Cancellation
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.upload import Upload

MAX_INLINE_BYTES = 8192
"""A smaller object is offered to the service as part of the API call."""


class ObjectSource:
    """
    An object to download.
    """

    def __init__(self, client: Client, name: str) -> None:
        self.name = f"object {name}"
        self.identity: Mapping[str, Any] = {"object": name, "deployment": client.account.root_url}
        self._client = client
        self._object = name

    def locate(self, cancellation: Cancellation) -> Location:
        """
        Request a download URL from the object service.

        Raises:
            BrokenAnswerError: The service offers no supported download method, or no supported hash.
        """
        client = replace(self._client, cancellation=cancellation)
        response = client.fetch(prepare_download(client, self._object))
        if response.get("method") != "getUrl":
            raise BrokenAnswerError(
                f"cannot download {self.name}: the service offers the method {response.get('method')!r}, not getUrl"
            )
        url, expires = read_url(self.name, response, "url"), read_field(self.name, response, "expires", str)
        return Location(url, read_hashes(self.name, response), read_timestamp(self.name, expires).timestamp())


def prepare_download(client: Client, name: str) -> PreparedCall:
    """
    Return the call that asks for the location of an object.
    """
    payload = encode({"acceptDownloadMethods": {"getUrl": True}})
    return client.prepare(references.method("object", "startDownload"), [name], payload=payload, checks_schema=False)


def read_hashes(what: str, response: Mapping[str, Any]) -> dict[str, str]:
    """
    Return the hexadecimal digests of an object by algorithm.

    Raises:
        BrokenAnswerError: There is none: nothing would show that the bytes are right.
    """
    given = read_field(what, response, "hashes", dict)
    hashes = {
        name: read_field(what, given, f"hashes.{name}", str).lower() for name in OBJECT_ALGORITHMS if name in given
    }
    for name, digest in hashes.items():
        if not re.fullmatch(f"[0-9a-f]{{{hashlib.new(name).digest_size * 2}}}", digest):
            raise BrokenAnswerError(f"cannot verify {what}: the {name} in the response is not one")
    if not hashes:
        raise BrokenAnswerError(f"cannot verify {what}: it has no sha256 or sha512")
    return hashes


def prepare_upload(
    client: Client, name: str, upload: Upload, *, project_id: str, expires: str, upload_id: str
) -> PreparedCall:
    """
    Return the call that starts the upload of an object.

    Args:
        expires: A timestamp.
        upload_id: A slugid. The same one again repeats the call, another one conflicts with an unfinished upload.
    """
    payload = {
        "projectId": project_id,
        "uploadId": upload_id,
        "expires": expires,
        "proposedUploadMethods": _propose_methods(upload),
    }
    return client.prepare(references.method("object", "createUpload"), [name], payload=encode(payload))


def upload_object(
    client: Client,
    context: TransferContext,
    upload: Upload,
    call: PreparedCall,
    *,
    on_started: Callable[[], None] = lambda: None,
    on_stored: Callable[[dict[str, str]], None] = lambda _digests: None,
) -> dict[str, str]:
    """
    Upload an object, finish it, and return its digests.

    The upload is finished only after the storage has accepted all bytes; before that there is no object.

    Args:
        call: From :func:`prepare_upload`.
        on_started: Called when the service has reserved the name for this upload.
        on_stored: Called with the digests when the storage has all bytes, before the upload is finished.

    Raises:
        BrokenAnswerError: The service offers no supported upload method.
        NoAnswerError: The service or the storage did not respond.
        ServiceError: The service or the storage rejected the upload.
    """
    (name,) = call.arguments.args
    assert call.payload is not None
    payload = call.payload.document
    for _ in range(MAX_URLS):
        chosen = read_field(f"object {name}", client.fetch(call), "uploadMethod", dict)
        on_started()
        try:
            digests = _store(context, f"object {name}", upload, chosen, payload["proposedUploadMethods"])
            break
        except UploadUrlExpiredError:
            context.report(f"object {name}: the upload URL has expired; requesting a new one")
    else:
        raise BrokenAnswerError(f"cannot upload object {name}: {MAX_URLS} upload URLs expired before it was complete")
    on_stored(digests)
    finish_upload(client, call, digests)
    return digests


def resume_upload(
    client: Client, context: TransferContext, upload: Upload, call: PreparedCall, record: UploadRecord | None
) -> dict[str, str]:
    """
    Upload an object, or finish an upload whose bytes are all stored; return its digests.

    The record is up to date at any moment, and remains: the caller that opened it deletes it when everything is done.

    Args:
        call: From :func:`prepare_upload`, with the upload id of the record.
        record: None if there can be none.

    Raises:
        ServiceError: As :func:`upload_object`. The record is deleted if the next run could not resume either.
    """
    if record is None:
        return upload_object(client, context, upload, call)
    is_started, stored = bool(record.content), record.content.get("hashes")
    assert call.payload is not None
    record.update(version=upload.version, **{name: call.payload.document[name] for name in ("uploadId", "expires")})

    def start() -> None:
        nonlocal is_started
        is_started = True

    try:
        return upload_object(
            client, context, upload, call, on_started=start, on_stored=lambda digests: record.update(hashes=digests)
        )
    except ServiceError as error:
        # An error of the storage has no code.
        is_conflict = error.status == 409 and bool(error.code)
        if not stored and (is_conflict or (not is_started and error.status < 500 and error.status != 429)):
            record.delete()
        if not is_conflict or not isinstance(stored, dict):
            raise
        if compute_digests(upload.file, stored) != stored:
            error.hint = "an earlier run has stored the bytes of another file, or the file has changed since"
            raise
    # The earlier run asked to finish the upload, and may not have received the response.
    finish_upload(client, call, stored)
    return stored


def finish_upload(client: Client, call: PreparedCall, digests: Mapping[str, str]) -> None:
    """
    Finish the upload that *call* has started, which may be done twice.

    Raises:
        ServiceError: The service rejected it: the object has other hashes, or is not that of this upload.
    """
    (name,) = call.arguments.args
    assert call.payload is not None
    started = call.payload.document
    payload = {"projectId": started["projectId"], "uploadId": started["uploadId"], "hashes": dict(digests)}
    method = references.method("object", "finishUpload")
    client.send(client.prepare(method, [name], payload=encode(payload), checks_schema=False))


def _propose_methods(upload: Upload) -> dict[str, Any]:
    """
    Return the upload methods to offer to the service; the bytes of a small object are part of one.
    """
    if upload.length >= MAX_INLINE_BYTES:
        return {"putUrl": {"contentType": upload.content_type, "contentLength": upload.length}}
    upload.file.seek(0)
    inline = upload.file.read()
    # The file may have changed since its length was read.
    upload.length = len(inline)
    return {
        "putUrl": {"contentType": upload.content_type, "contentLength": upload.length},
        "dataInline": {"contentType": upload.content_type, "objectData": base64.b64encode(inline).decode()},
    }


def _store(
    context: TransferContext, name: str, upload: Upload, chosen: Mapping[str, Any], proposed: Mapping[str, Any]
) -> dict[str, str]:
    """
    Store the bytes with the upload method that the service has chosen; return their digests.
    """
    # Only if it was proposed: otherwise the service has no bytes, and would finish an empty object.
    if chosen.get("dataInline") and "dataInline" in proposed:
        inline = base64.b64decode(proposed["dataInline"]["objectData"])
        context.progress.start(len(inline))
        context.progress.advance(len(inline))
        return {algorithm: hashlib.new(algorithm, inline).hexdigest() for algorithm in OBJECT_ALGORITHMS}
    if "putUrl" not in chosen:
        raise BrokenAnswerError(f"cannot upload {name}: the service offers neither putUrl nor dataInline")
    method = read_field(name, chosen, "putUrl", dict)
    url, expires = read_url(name, method, "putUrl.url"), read_field(name, method, "putUrl.expires", str)
    headers = read_headers(name, method, "putUrl.headers")
    url_expires = read_timestamp(name, expires).timestamp()
    return put(context, url, headers, upload, algorithms=OBJECT_ALGORITHMS, expires=url_expires)
