"""
Artifacts of the queue: where they are stored and how to list them.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.artifacts.objects import ObjectSource, read_hashes
from tccli.core.hawk import CLIENT_ID, Credentials, authorization_header, parse_certificate
from tccli.core.response_fields import blame_response, read_field, read_url
from tccli.core.responses import read_timestamp
from tccli.core.times import format_timestamp
from tccli.core.transfer.source import Location
from tccli.errors import (
    BrokenAnswerError,
    ConfigurationError,
    NegativeAnswerError,
    NotFoundError,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tccli.core.calls import PreparedCall
    from tccli.core.client import Client
    from tccli.core.http.deadline import Cancellation


class ArtifactSource:
    """
    An artifact to download.

    Args:
        run_id: None for the latest run.
        managed_only: Reject artifacts that are stored outside of the deployment.
        is_from_service: Whether a response has chosen the name, so that it is to blame if it cannot be requested.
    """

    def __init__(
        self,
        client: Client,
        task_id: str,
        run_id: str | None,
        name: str,
        *,
        managed_only: bool = False,
        is_from_service: bool = False,
    ) -> None:
        self.name = f"{name} of task {task_id}" + (f" run {run_id}" if run_id is not None else "")
        self.identity: Mapping[str, Any] = {
            "artifact": [task_id, run_id, name],
            "deployment": client.account.root_url,
        }
        self._client = client
        self._artifact = (task_id, run_id, name)
        self._args = [task_id, name] if run_id is None else [task_id, run_id, name]
        self._managed_only = managed_only
        self._is_from_service = is_from_service

    def locate(self, cancellation: Cancellation) -> Location:
        """
        Request the artifact's location from the queue.

        Raises:
            BrokenAnswerError: The storage type is not supported.
            NegativeAnswerError: The artifact is stored outside of the deployment, and *managed_only* is set.
            NotFoundError: It is an error artifact. The message has the reason that the task gave.
        """
        client = replace(self._client, cancellation=cancellation)
        with blame_response(self.name) if self._is_from_service else nullcontext():
            call = prepare_download(client, *self._artifact)
        content = client.fetch(call)
        match content.get("storageType"):
            case "s3":
                has_percent = "%" in self._args[-1]
                hint = "the queue does not escape the % of a public artifact's name in its URL" if has_percent else ""
                return Location(read_url(self.name, content, "url"), follow=True, hint=hint)
            case "reference":
                if self._managed_only:
                    raise NegativeAnswerError(
                        f"cannot download {self.name}: it is stored outside of the deployment",
                        hint="--managed-only does not allow that",
                    )
                hint = "the task has stored only this address; what served it may have ended"
                url = read_url(self.name, content, "url")
                return Location(url, follow=True, unreachable_hint=hint, is_reference=True)
            case "object":
                return self._locate_object(client, content, cancellation)
            case "error":
                reason, message = (read_field(self.name, content, field, str) for field in ("reason", "message"))
                raise NotFoundError(f"{self.name} is an error artifact: {reason}: {message}", status=424, code=reason)
            case other:
                raise BrokenAnswerError(f"cannot download {self.name}: unknown storage type {other!r}")

    def _locate_object(self, client: Client, content: Mapping[str, Any], cancellation: Cancellation) -> Location:
        """
        Return the location of an object artifact, from the object service.

        The queue names the temporary credentials after the artifact. Where that is not a client id, the object service
        fails; the queue's redirect works, and the caller's own credentials may be enough for the hashes.
        """
        name = read_field(self.name, content, "name", str)
        with blame_response(self.name):
            temporary = with_credentials(client, read_field(self.name, content, "credentials", dict))
            assert temporary.account.credentials is not None
            if CLIENT_ID.fullmatch(temporary.account.credentials.client_id):
                return ObjectSource(temporary, name).locate(cancellation)
        method = references.method("queue", "getLatestArtifact" if len(self._args) == 2 else "getArtifact")
        url = read_url(self.name, client.call_json(method, self._args), "url")
        try:
            metadata = client.call_json(references.method("object", "object"), [name])
        except RefusedError:
            return Location(url)
        return Location(url, read_hashes(self.name, metadata))


def with_credentials(client: Client, credentials: Mapping[str, Any]) -> Client:
    """
    Return a client that signs with the temporary credentials of a response.

    Raises:
        ConfigurationError: Only the URL of the task's proxy is known.
        BrokenAnswerError: They are malformed.
    """
    what = "temporary credentials"
    client_id, token = (read_field(what, credentials, name, str) for name in ("clientId", "accessToken"))
    text = read_field(what, credentials, "certificate", str) if credentials.get("certificate") else ""
    try:
        temporary = Credentials(client_id, token, parse_certificate(text))
        # Shows whether they can sign at all.
        authorization_header("GET", client.account.root_url, temporary, now=0, nonce="0")
    except ConfigurationError as error:
        raise BrokenAnswerError(f"{what}: the response is malformed: {error.message}") from None
    # The task's proxy would sign with the credentials of the task instead.
    if client.account.root_url == client.account.proxy_url:
        raise ConfigurationError(
            "cannot reach the object service: in a task, it is not reached through the proxy, and there is no root URL",
            hint="set TASKCLUSTER_ROOT_URL",
        )
    return replace(client, account=replace(client.account, credentials=temporary, proxy_url=None))


def prepare_download(client: Client, task_id: str, run_id: str | None, name: str) -> PreparedCall:
    """
    Return the call that asks for the location of an artifact; without *run_id*, of the latest run.
    """
    method = references.method("queue", "latestArtifact" if run_id is None else "artifact")
    return client.prepare(method, [task_id, name] if run_id is None else [task_id, run_id, name])


def prepare_list(client: Client, task_id: str, run_id: str | None) -> PreparedCall:
    """
    Return the call that lists the artifacts of a run; without *run_id*, of the latest run.
    """
    method = references.method("queue", "listLatestArtifacts" if run_id is None else "listArtifacts")
    return client.prepare(method, [task_id] if run_id is None else [task_id, run_id])


def fetch_latest_run(client: Client, task_id: str) -> str | None:
    """
    Return the latest run of a task, or None if it has none, or if the caller may not see the task's status.
    """
    try:
        response = client.call_json(references.method("queue", "status"), [task_id])
    except RefusedError:
        return None
    except NotFoundError as error:
        from tccli.core.tasks.queue import suggest_group_list

        error.hint = error.hint or suggest_group_list(task_id)
        raise
    status = read_field(f"task {task_id}", response, "status", dict)
    runs = read_field(f"task {task_id}", status, "status.runs", list)
    # Runs are numbered from 0.
    return str(len(runs) - 1) if runs else None


def list_artifacts(client: Client, task_id: str, run_id: str | None) -> Iterator[dict[str, Any]]:
    """
    Yield the queue's entry for each artifact of a run; without *run_id*, of the latest run.
    """
    for page in client.paginate(prepare_list(client, task_id, run_id)):
        for entry in read_field("the list of artifacts", page, "artifacts", list):
            read_field("the list of artifacts", entry, "artifacts.name", str)
            yield entry


def prepare_task(client: Client, task_id: str) -> PreparedCall:
    """
    Return the call for a task's definition.
    """
    return client.prepare(references.method("queue", "task"), [task_id])


def fetch_task_expiry(client: Client, task_id: str) -> str:
    """
    Return the timestamp when a task expires; its artifacts must not expire later.
    """
    expires = read_field(f"task {task_id}", client.fetch(prepare_task(client, task_id)), "expires", str)
    return format_timestamp(read_timestamp(f"task {task_id}", expires))
