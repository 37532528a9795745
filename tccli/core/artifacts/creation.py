"""
Creation of artifacts, and uploads of their bytes.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import references
from tccli.core.artifacts.objects import prepare_upload, resume_upload
from tccli.core.artifacts.sources import with_credentials
from tccli.core.payload import encode
from tccli.core.response_fields import blame_response, read_field, read_url
from tccli.core.responses import read_timestamp
from tccli.core.transfer.upload import MAX_URLS, UploadUrlExpiredError, put
from tccli.errors import BrokenAnswerError, FailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.artifacts.upload_records import UploadRecord
    from tccli.core.calls import PreparedCall
    from tccli.core.client import Client
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.upload import Upload

STORED_TYPES = frozenset({"s3", "object"})
"""Types of artifacts whose bytes are uploaded; all values of their payloads are checked before."""

CREATION_FIELDS = ("name", "projectId", "expires", "uploadId", "credentials")
"""Of the response to the creation of an object artifact: what its upload needs."""


class StartedArtifact(NamedTuple):
    """
    An object artifact whose upload is not finished.

    Attributes:
        name: Of the object.
        client: With credentials for the upload.
    """

    name: str
    project_id: str
    expires: str
    upload_id: str
    client: Client


def prepare_creation(client: Client, artifact: tuple[str, str, str], content: Mapping[str, Any]) -> PreparedCall:
    """
    Return the call that creates an artifact.

    Args:
        artifact: Task id, run id and name.
        content: The payload of ``createArtifact``.
    """
    method, payload = references.method("queue", "createArtifact"), encode(dict(content))
    return client.prepare(method, artifact, payload=payload, checks_schema=content["storageType"] not in STORED_TYPES)


def create_artifact(client: Client, artifact: tuple[str, str, str], content: Mapping[str, Any]) -> Any:
    """
    Create an artifact. One of type ``link``, ``reference`` or ``error`` is then complete.
    """
    return client.fetch(prepare_creation(client, artifact, content))


def upload_artifact(
    client: Client,
    context: TransferContext,
    artifact: tuple[str, str, str],
    upload: Upload,
    content: Mapping[str, Any],
    record: UploadRecord | None = None,
) -> dict[str, str]:
    """
    Create an artifact, and upload its bytes.

    An artifact of type ``object`` that *record* contains is not created again: the queue would refuse that.

    Args:
        artifact: Task id, run id and name.
        content: The payload of ``createArtifact``: ``storageType`` (``object`` or ``s3``), ``contentType``, and
            ``expires``, which is not later than that of the task.

    Returns:
        The digests for ``object``; none for ``s3``, which does not store any.
    """
    if content["storageType"] == "object":
        return _upload_object(client, context, artifact, upload, content, record)
    for _ in range(MAX_URLS):
        created = create_artifact(client, artifact, content)
        try:
            url_expires = read_timestamp(artifact[2], read_field(artifact[2], created, "expires", str)).timestamp()
            url, headers = read_url(artifact[2], created, "putUrl"), {"Content-Type": upload.content_type}
            return put(context, url, headers, upload, algorithms=(), expires=url_expires)
        except UploadUrlExpiredError:
            context.report(f"{artifact[2]}: the upload URL has expired; requesting a new one")
    raise BrokenAnswerError(f"cannot upload {artifact[2]}: {MAX_URLS} upload URLs expired before it was complete")


def _upload_object(
    client: Client,
    context: TransferContext,
    artifact: tuple[str, str, str],
    upload: Upload,
    content: Mapping[str, Any],
    record: UploadRecord | None,
) -> dict[str, str]:
    what = artifact[2]
    started = read_started_artifact(client, what, record)
    if started is None:
        created = _create_object_artifact(client, artifact, content)
        started = _read_creation(client, what, created)
        if record is not None:
            fields = {name: created[name] for name in CREATION_FIELDS}
            record.update(
                uploadId=started.upload_id,
                expires=started.expires,
                contentType=content["contentType"],
                version=upload.version,
                created=fields,
            )
    with blame_response(what):
        call = prepare_upload(
            started.client,
            started.name,
            upload,
            project_id=started.project_id,
            expires=started.expires,
            upload_id=started.upload_id,
        )
    digests = resume_upload(started.client, context, upload, call, record)
    method, payload = references.method("queue", "finishArtifact"), encode({"uploadId": started.upload_id})
    client.send(client.prepare(method, artifact, payload=payload, checks_schema=False))
    return digests


def _create_object_artifact(client: Client, artifact: tuple[str, str, str], content: Mapping[str, Any]) -> Any:
    try:
        return create_artifact(client, artifact, content)
    except FailedError as error:
        # The queue reports a conflict in the object service as a failure of its own.
        if error.status == 500:
            error.hint = (
                "if an earlier upload of this artifact was interrupted, only the machine and user that started it can "
                "resume it"
            )
        raise


def read_started_artifact(client: Client, what: str, record: UploadRecord | None) -> StartedArtifact | None:
    """
    Return what the queue responded to an earlier run, or None if there was none, or the record is damaged.

    When the queue's credentials have expired, those of the caller are used instead, and may be enough.
    """
    if record is None or "created" not in record.content:
        return None
    try:
        read_field(what, record.content, "contentType", str)
        started = _read_creation(client, what, record.content["created"])
    except BrokenAnswerError:
        return None
    credentials = started.client.account.credentials
    assert credentials is not None
    expiry = credentials.certificate["expiry"] if credentials.certificate else math.inf
    return started if time.time() * 1000 < expiry else started._replace(client=client)


def _read_creation(client: Client, what: str, created: Any) -> StartedArtifact:
    name, project_id, expires, upload_id = (
        read_field(what, created, field, str) for field in ("name", "projectId", "expires", "uploadId")
    )
    temporary = with_credentials(client, read_field(what, created, "credentials", dict))
    return StartedArtifact(name, project_id, expires, upload_id, temporary)
