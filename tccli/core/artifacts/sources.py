"""
The queue's artifacts: where their bytes are, which there are, and how they get there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.artifacts.objects import ObjectSource, upload_object
from tccli.core.hawk import Credentials, parse_certificate
from tccli.core.payload import encode
from tccli.core.responses import read_timestamp
from tccli.core.transfer.remote import Location
from tccli.core.transfer.upload import MAX_URLS, UploadUrlExpiredError, put
from tccli.errors import BrokenAnswerError, NegativeAnswerError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tccli.core.client import Client
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.upload import Upload


class ArtifactSource:
    """
    An artifact, to be downloaded.

    Args:
        run_id: None is the latest run.
        managed_only: Refuse what is stored where the deployment has no say.
    """

    def __init__(
        self, client: Client, task_id: str, run_id: str | None, name: str, *, managed_only: bool = False
    ) -> None:
        self.name = f"{name} of task {task_id}" + (f" run {run_id}" if run_id is not None else "")
        self.identity: Mapping[str, Any] = {
            "artifact": [task_id, run_id, name],
            "deployment": client.account.root_url,
        }
        self._client = client
        self._args = [task_id, name] if run_id is None else [task_id, run_id, name]
        self._managed_only = managed_only

    def locate(self) -> Location:
        """
        Ask the queue where the artifact is stored.

        Raises:
            NotFoundError: It is an error artifact, with the reason that was given for it.
            NegativeAnswerError: It is stored elsewhere, and that is refused.
        """
        method = references.method("queue", "latestArtifact" if len(self._args) == 2 else "artifact")
        content = self._client.call_json(method, self._args)
        match content.get("storageType"):
            case "s3":
                return Location(content["url"], follow=True)
            case "reference":
                if self._managed_only:
                    raise NegativeAnswerError(
                        f"{self.name} is a reference to a place outside of the deployment",
                        hint="--managed-only refuses it",
                    )
                return Location(content["url"], follow=True)
            case "object":
                return ObjectSource(with_credentials(self._client, content["credentials"]), content["name"]).locate()
            case "error":
                reason, message = content.get("reason", "unknown"), content.get("message", "")
                raise NotFoundError(f"{self.name} is an error artifact: {reason}: {message}", status=424, code=reason)
            case other:
                raise BrokenAnswerError(f"{self.name} is stored in a way that is not known: {other!r}")


def with_credentials(client: Client, credentials: Mapping[str, str]) -> Client:
    """
    Return a client with the temporary credentials that an answer holds; they are not for a proxy to replace.
    """
    found = Credentials(
        credentials["clientId"], credentials["accessToken"], parse_certificate(credentials.get("certificate", ""))
    )
    return replace(client, account=replace(client.account, credentials=found, proxy_url=None))


def list_artifacts(client: Client, task_id: str, run_id: str | None) -> Iterator[dict[str, Any]]:
    """
    Yield what the queue lists of each artifact of a run, the latest where none is named.
    """
    method = references.method("queue", "listLatestArtifacts" if run_id is None else "listArtifacts")
    args = [task_id] if run_id is None else [task_id, run_id]
    for page in client.paginate(client.prepare(method, args)):
        yield from page["artifacts"]


def fetch_task_expiry(client: Client, task_id: str) -> str:
    """
    Return when a task expires: no artifact of it may live longer.
    """
    return str(client.call_json(references.method("queue", "task"), [task_id])["expires"])


def create_artifact(client: Client, task_id: str, run_id: str, name: str, content: Mapping[str, Any]) -> Any:
    """
    Create an artifact; for ``link``, ``reference`` and ``error`` that is all there is to do.
    """
    method = references.method("queue", "createArtifact")
    return client.call_json(method, [task_id, run_id, name], payload=encode(dict(content)))


def upload_artifact(
    client: Client,
    context: TransferContext,
    artifact: tuple[str, str, str],
    upload: Upload,
    *,
    storage: str,
    expires: str,
) -> dict[str, str]:
    """
    Create an artifact and upload its bytes.

    Args:
        artifact: Task id, run id and name.
        storage: ``object`` or ``s3``.
        expires: A timestamp, not after the task's.

    Returns:
        The digests, where the storage keeps them.
    """
    content = {"storageType": storage, "contentType": upload.content_type, "expires": expires}
    for _ in range(MAX_URLS):
        created = create_artifact(client, *artifact, content)
        if storage == "object":
            return _upload_object(client, context, artifact, upload, created)
        try:
            until = read_timestamp(artifact[2], created["expires"]).timestamp()
            headers = {"Content-Type": upload.content_type}
            return put(context, created["putUrl"], headers, upload, algorithms=(), expires=until)
        except UploadUrlExpiredError:
            context.report(f"{artifact[2]}: the URL to upload to has expired; asking for another")
    raise BrokenAnswerError(f"{artifact[2]}: {MAX_URLS} URLs in a row expired before the upload was done")


def _upload_object(
    client: Client,
    context: TransferContext,
    artifact: tuple[str, str, str],
    upload: Upload,
    created: Mapping[str, Any],
) -> dict[str, str]:
    digests = upload_object(
        with_credentials(client, created["credentials"]),
        context,
        created["name"],
        upload,
        project_id=created["projectId"],
        expires=created["expires"],
        upload_id=created["uploadId"],
    )
    finish = references.method("queue", "finishArtifact")
    client.call(finish, artifact, payload=encode({"uploadId": created["uploadId"]}))
    return digests
