"""
queue: creation of artifacts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slugid

from tccli import references
from tccli.core.schemas.validate import find_problems
from tccli.sandbox.auth.accounts import QUEUE_CLIENT
from tccli.sandbox.call import Response
from tccli.sandbox.clock import DAY, MINUTE, from_json, to_json
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.object import objects
from tccli.sandbox.services.queue import artifact_table, events, task_table
from tccli.sandbox.services.queue.artifact_table import Artifact
from tccli.sandbox.store import MAX_BIG_INTEGER, to_integer, to_text

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.services.queue.task_table import Task

service = Service("queue")

MAX_CLOCK_SKEW = 15 * MINUTE
UPLOAD_TIME_AFTER_EXCEPTION = 25 * MINUTE
"""For artifacts of a run that was resolved as an exception."""
PUT_MINUTES = 45


@service.method("createArtifact")
def create_artifact(call: Call) -> Response:
    # Creating an artifact twice with the same content succeeds.
    payload = call.payload
    expires = from_json(payload["expires"])
    if expires < call.now - MAX_CLOCK_SKEW:
        raise ApiError("InputError", "Expires must be in the future")
    task, run = _claimed_run(call)
    call.authorize(taskId=task.task_id, runId=int(call.args["runId"]))
    _check_expiry(task, expires)
    _check_state(call, task, run)
    artifact = Artifact(
        task_id=task.task_id,
        run_id=int(call.args["runId"]),
        name=call.args["name"],
        storage_type=payload["storageType"],
        content_type=to_text(payload.get("contentType") or "application/binary"),
        details=_details(payload),
        present=payload["storageType"] != "object",
        expires=expires,
        content_length=to_integer(payload["contentLength"], MAX_BIG_INTEGER) if "contentLength" in payload else None,
    )
    if artifact.storage_type == "object":
        _reserve(call, task, artifact)
    _store(call, artifact)
    if artifact.present and artifact.storage_type != "s3":
        _publish(call, task, artifact)
    return Response(_response_document(call, task, run, artifact))


def _claimed_run(call: Call) -> tuple[Task, dict[str, Any]]:
    task = task_table.get(call.state.store, call.args["taskId"])
    run_id = int(call.args["runId"])
    if task is None:
        raise ApiError("InputError", "Task not found")
    if run_id >= len(task.runs):
        raise ApiError("InputError", "Run not found")
    if "workerId" not in task.runs[run_id]:
        raise ApiError("InputError", "Run was not claimed by a worker and so no artifacts can exist")
    return task, task.runs[run_id]


def _check_expiry(task: Task, expires: int) -> None:
    task_expires = task.definition["expires"]
    if expires > from_json(task_expires):
        message = (
            "Artifact expires ({{expires}}) after the task expiration {{taskExpires}} (task.expires < expires) - "
            "this is not allowed, artifacts may not expire after the task they belong to expires"
        )
        raise ApiError("InputError", message, expires=to_json(expires), taskExpires=task_expires)


def _check_state(call: Call, task: Task, run: dict[str, Any]) -> None:
    if run["state"] == "running":
        return
    if run["state"] == "exception" and from_json(run["resolved"]) > call.now - UPLOAD_TIME_AFTER_EXCEPTION:
        return
    message = (
        "Artifacts cannot be created for a task after it is resolved, unless it is resolved 'exception', and even "
        "in this case only up to 25 min past resolution.This to ensure that artifacts have been uploaded before a "
        "task is 'completed' and output is consumed by a dependent task\n\nTask status: {{status}}"
    )
    raise ApiError("RequestConflict", message, status=task.status())


def _details(payload: dict[str, Any]) -> dict[str, Any]:
    # These must not change when an artifact is created twice.
    names = {"reference": ("url",), "link": ("artifact",), "error": ("message", "reason")}
    return {name: payload[name] for name in names.get(payload["storageType"], ())}


def _reserve(call: Call, task: Task, artifact: Artifact) -> None:
    # Starts the object's upload, so that no other upload can.
    artifact.details["uploadId"] = slugid.nice()
    request = {
        "projectId": task.definition["projectId"],
        "uploadId": artifact.details["uploadId"],
        "expires": call.payload["expires"],
        "proposedUploadMethods": {},
    }
    try:
        objects.begin_upload(call.state, artifact.object_name, request)
    except ApiError as error:
        # The queue does not pass on an error of the object service, so creating an object artifact twice fails.
        raise InternalError(f"Error: {error.message}") from error


def _store(call: Call, artifact: Artifact) -> None:
    if artifact_table.insert(call.state.store, artifact):
        return
    original = artifact_table.get(call.state.store, artifact.task_id, artifact.run_id, artifact.name)
    assert original is not None
    if not original.may_become(artifact):
        message = (
            "Artifact already exists with different properties, and none of the allowed exceptions apply: "
            "{{originalArtifact}}"
        )
        known = {"storageType": original.storage_type, "contentType": original.content_type}
        shown = {**known, "expires": to_json(original.expires)}
        raise ApiError("RequestConflict", message, originalArtifact=shown)
    original.storage_type, original.details, original.expires = (
        artifact.storage_type,
        artifact.details,
        artifact.expires,
    )
    artifact_table.update(call.state.store, original)


def _response_document(call: Call, task: Task, run: dict[str, Any], artifact: Artifact) -> dict[str, Any]:
    if artifact.storage_type == "s3":
        signed = {"content-type": artifact.content_type}
        url = call.state.storage.put_url(artifact.bucket, artifact.path, PUT_MINUTES * 60 + 10, signed)
        return {
            "storageType": "s3",
            "contentType": artifact.content_type,
            "expires": to_json(call.now + PUT_MINUTES * MINUTE),
            "putUrl": url,
        }
    if artifact.storage_type == "object":
        project_id, which = task.definition["projectId"], f"{artifact.task_id}/{artifact.run_id}"
        name = f"artifact-upload/{which}/on/{run['workerGroup']}/{run['workerId']}"
        scopes = [f"object:upload:{project_id}:{artifact.object_name}"]
        until = min(artifact.expires, call.now + DAY)
        return {
            "storageType": "object",
            "name": artifact.object_name,
            "projectId": project_id,
            "uploadId": artifact.details["uploadId"],
            "expires": to_json(artifact.expires),
            "credentials": call.state.accounts.issue(QUEUE_CLIENT, name, scopes, until),
        }
    return {"storageType": artifact.storage_type}


@service.method("finishArtifact")
def finish_artifact(call: Call) -> Response:
    store, run_id, name = call.state.store, int(call.args["runId"]), call.args["name"]
    artifact = artifact_table.get(store, call.args["taskId"], run_id, name)
    task = task_table.get(store, call.args["taskId"])
    if artifact is None or task is None or run_id >= len(task.runs):
        message = "Artifact with taskId `{{taskId}}`, runId {{runId}}, name `{{name}}` not found"
        raise ApiError("ResourceNotFound", message, taskId=call.args["taskId"], runId=run_id, name=name)
    if artifact.storage_type != "object":
        raise ApiError("InputError", "Only object artifacts can be finished")
    if artifact.present:
        _publish(call, task, artifact)
        return Response()
    if call.payload["uploadId"] != artifact.details.get("uploadId"):
        raise ApiError("InputError", "given uploadId does not match that for the artifact")
    row = objects.get(call.state, artifact.object_name)
    if row is None or row["upload_id"] is not None:
        raise ApiError("InputError", "Object storing artifact data does not exist")
    artifact.present = True
    artifact_table.update(store, artifact)
    # As in the service, a failure here leaves an artifact that is present.
    _publish(call, task, artifact)
    artifact.details = {}
    artifact_table.update(store, artifact)
    return Response()


def _publish(call: Call, task: Task, artifact: Artifact) -> None:
    # As in the service, a message with a content length is not valid.
    wrong = find_problems(
        references.service("queue"), "artifact-created-message.json", {"artifact": artifact.document()}
    )
    if any("contentLength" in str(problem) for problem in wrong):
        raise InternalError("Error: message failed to validate: data.artifact should NOT have additional properties")
    events.artifact_created(call.state, task, artifact.run_id, artifact.document())
