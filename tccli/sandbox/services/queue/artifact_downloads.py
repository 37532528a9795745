"""
queue: downloads and lists of artifacts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tccli.sandbox.auth.accounts import QUEUE_CLIENT
from tccli.sandbox.call import Response
from tccli.sandbox.clock import HOUR
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.object import objects
from tccli.sandbox.services.queue import artifact_table, task_table
from tccli.sandbox.services.queue.artifact_table import PUBLIC_BUCKET

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.services.queue.artifact_table import Artifact

service = Service("queue")

GET_MINUTES = 30


@service.method("getArtifact")
def get_artifact(call: Call) -> Response:
    return _redirect(call, _follow(call, int(call.args["runId"])))


@service.method("getLatestArtifact")
def get_latest_artifact(call: Call) -> Response:
    call.authorize(names=[call.args["name"]])
    return _redirect(call, _follow(call, _latest_run(call)))


@service.method("artifact")
def show_content(call: Call) -> Response:
    return Response(_content(call, _follow(call, int(call.args["runId"]))))


@service.method("latestArtifact")
def show_latest_content(call: Call) -> Response:
    # As in the service, the run is looked up before the scopes are checked.
    return Response(_content(call, _follow(call, _latest_run(call))))


@service.method("artifactInfo")
def show_info(call: Call) -> Response:
    return Response(_load(call, int(call.args["runId"]), call.args["name"]).document())


@service.method("latestArtifactInfo")
def show_latest_info(call: Call) -> Response:
    return Response(_load(call, _latest_run(call), call.args["name"]).document())


@service.method("listArtifacts")
def list_artifacts(call: Call) -> Response:
    run_id = int(call.args["runId"])
    if run_id > _latest_run(call):
        message = "Task with taskId: `{{taskId}}` has no run with runId: {{runId}}"
        raise ApiError("ResourceNotFound", message, taskId=call.args["taskId"], runId=run_id)
    return _list(call, run_id)


@service.method("listLatestArtifacts")
def list_latest_artifacts(call: Call) -> Response:
    return _list(call, _latest_run(call))


def _list(call: Call, run_id: int) -> Response:
    store, task_id = call.state.store, call.args["taskId"]
    found = page(
        call.query,
        f"artifacts{task_id}/{run_id}",
        lambda artifact: str(artifact.name),
        lambda after, number: artifact_table.list_page(store, task_id, run_id, after, number),
        by_index=True,
    )
    return Response(found.document(artifacts=[artifact.document() for artifact in found.rows]))


def _latest_run(call: Call) -> int:
    task = task_table.get(call.state.store, call.args["taskId"])
    if task is None:
        raise ApiError("ResourceNotFound", "Task not found")
    if not task.runs:
        raise ApiError("ResourceNotFound", "Task doesn't have any runs")
    return len(task.runs) - 1


def _load(call: Call, run_id: int, name: str) -> Artifact:
    artifact = artifact_table.get(call.state.store, call.args["taskId"], run_id, name)
    if artifact is None or not artifact.present:
        raise ApiError("ResourceNotFound", "Artifact not found")
    return artifact


def _follow(call: Call, run_id: int) -> Artifact:
    """
    Return the artifact of a call behind all links. The caller needs the scopes for each name on the way.
    """
    names: list[str] = []
    name = call.args["name"]
    while True:
        names.append(name)
        call.authorize(names=names)
        artifact = _load(call, run_id, name)
        if artifact.expires < call.now:
            raise ApiError("ResourceExpired", "Artifact expired")
        if artifact.storage_type != "link":
            return artifact
        name = artifact.details["artifact"]
        if name in names:
            raise ApiError("InputError", "Artifact leads to a link cycle")


def _redirect(call: Call, artifact: Artifact) -> Response:
    headers = {"x-taskcluster-artifact-storage-type": artifact.storage_type}
    if artifact.storage_type == "error":
        document = {name: artifact.details[name] for name in ("reason", "message")}
        return Response(document, status=424, headers=headers)
    url = _url(call, artifact)
    document = {"storageType": artifact.storage_type, "url": url}
    return Response(document, status=303, headers={**headers, "location": url})


def _url(call: Call, artifact: Artifact) -> str:
    if artifact.storage_type == "reference":
        return str(artifact.details["url"])
    if artifact.storage_type == "s3":
        # As in the service, a percent sign in a name in the public bucket is not escaped: the URL leads elsewhere.
        path = unquote(artifact.path) if artifact.bucket == PUBLIC_BUCKET else artifact.path
        return call.state.storage.get_url(artifact.bucket, path, GET_MINUTES * 60)
    try:
        return str(objects.get_download(call.state, artifact.object_name, {"simple": True})["url"])
    except ApiError as error:
        raise ApiError("ResourceNotFound", "Object does not exist.") from error


def _content(call: Call, artifact: Artifact) -> dict[str, Any]:
    if artifact.storage_type == "error":
        names = ("reason", "message")
        return {"storageType": "error", **{name: artifact.details[name] for name in names}}
    if artifact.storage_type != "object":
        return {"storageType": artifact.storage_type, "url": _url(call, artifact)}
    name = f"artifact-download/{artifact.path}"
    scopes = [f"object:download:{artifact.object_name}"]
    credentials = call.state.accounts.issue(QUEUE_CLIENT, name, scopes, call.now + HOUR)
    return {"storageType": "object", "name": artifact.object_name, "credentials": credentials}
