"""
The queue's artifacts, and the claims that they need.
"""

from __future__ import annotations

import datetime as dt
import http.client
import io
import json
import socket
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest
import taskcluster
import taskcluster.download
import taskcluster.helper
import taskcluster.upload

from tccli.sandbox.services.queue import claims
from tests.sandbox.conftest import ClaimedRun, fetch, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import HttpResponse, Signer

    Send = Callable[..., HttpResponse]

QUEUE = "/api/queue/v1"
HOUR = 3_600_000
LINK = {"storageType": "link", "artifact": "public/b"}
REFERENCE = {"storageType": "reference", "url": "https://example.com/x", "contentType": "text/x"}
ERROR = {"storageType": "error", "reason": "file-missing-on-worker", "message": "no such file"}
S3 = {"storageType": "s3", "contentType": "text/x"}
OBJECT = {"storageType": "object", "contentType": "text/x"}


@pytest.fixture
def create(send: Send, run: ClaimedRun) -> Callable[..., HttpResponse]:
    """
    Create an artifact of the running run: ``create("public/a", S3, expires=…)``; it expires in an hour.
    """
    expires = timestamp("1 hour")

    def create(name: str, payload: dict[str, Any], **changes: Any) -> HttpResponse:
        return send("POST", f"{run.path}/artifacts/{name}", {"expires": expires, **payload, **changes})

    return create


def queue_client(sandbox: RunningSandbox, credentials: dict[str, str] | None = None) -> Any:
    """
    Return the official client of the queue.
    """
    # A copy: the client makes bytes of what it is given.
    given = dict(sandbox.credentials if credentials is None else credentials)
    return taskcluster.Queue({"rootUrl": sandbox.root_url, "credentials": given, "maxRetries": 0})


def upload_object(sandbox: RunningSandbox, queue: Any, run: ClaimedRun, name: str, data: bytes) -> None:
    """
    Create an object artifact with the official client.
    """
    made = queue.createArtifact(run.task_id, "0", name, {**OBJECT, "expires": timestamp("1 hour")})
    options = {"rootUrl": sandbox.root_url, "credentials": made["credentials"], "maxRetries": 0}
    taskcluster.upload.uploadFromBuf(
        data=data,
        projectId=made["projectId"],
        name=made["name"],
        contentType="text/x",
        contentLength=len(data),
        expires=made["expires"],
        uploadId=made["uploadId"],
        objectService=taskcluster.Object(options),
        maxRetries=0,
    )
    queue.finishArtifact(run.task_id, "0", name, {"uploadId": made["uploadId"]})


def test_a_claim_has_credentials(sandbox: RunningSandbox, run: ClaimedRun, send: Send) -> None:
    """
    They have the scopes of the run and of the task, a client id that names the run, and can be renewed.
    """
    status = send("GET", f"{QUEUE}/task/{run.task_id}/status").json["status"]
    queue = queue_client(sandbox, run.credentials)
    auth = taskcluster.Auth({"rootUrl": sandbox.root_url, "credentials": dict(run.credentials), "maxRetries": 0})
    held = auth.currentScopes()["scopes"]

    assert ("running", "group", "worker") == tuple(
        status["runs"][0][name] for name in ("state", "workerGroup", "workerId")
    )
    assert run.credentials["clientId"].startswith(f"task-client/{run.task_id}/0/on/group/worker/until/")
    assert {f"queue:{may}:{run.task_id}/0" for may in ("reclaim-task", "resolve-task", "create-artifact")} < set(held)
    assert "of:task" in held
    again = queue.reclaimTask(run.task_id, "0")
    assert again["takenUntil"] > status["runs"][0]["takenUntil"]
    assert (
        "completed" == queue_client(sandbox, again["credentials"]).reportCompleted(run.task_id, "0")["status"]["state"]
    )
    assert 409 == send("POST", f"{run.path}/reclaim").status
    assert 200 == send("POST", f"{run.path}/completed").status
    assert 409 == send("POST", f"{run.path}/failed").status


def define(**changes: Any) -> dict[str, Any]:
    """
    Return a task definition.
    """
    metadata = {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"}
    times = {"created": timestamp("0 seconds"), "deadline": timestamp("1 hour")}
    return {"taskQueueId": "proj/ci", "payload": {}, "metadata": metadata, **times, **changes}


def test_the_most_urgent_task_is_claimed_first(send: Send) -> None:
    """
    Up to the requested number of tasks; a slash in the queue's id may be unescaped.
    """
    made: dict[str, str] = {}
    for priority in ("low", "highest", "lowest", "medium"):
        made[priority] = taskcluster.slugId()
        send("PUT", f"{QUEUE}/task/{made[priority]}", define(priority=priority))
    worker = {"workerGroup": "g", "workerId": "w"}
    first = send("POST", f"{QUEUE}/claim-work/proj/ci", {**worker, "tasks": 3}).json["tasks"]
    second = send("POST", f"{QUEUE}/claim-work/proj%2Fci", {**worker, "tasks": 3}).json["tasks"]

    assert [made[name] for name in ("highest", "medium", "low")] == [claim["status"]["taskId"] for claim in first]
    assert [made["lowest"]] == [claim["status"]["taskId"] for claim in second]


def test_claim_work_waits(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The response is an empty list if no task comes.
    """
    monkeypatch.setattr(claims, "LONG_POLL_SECONDS", 0.3)
    worker = {"workerGroup": "g", "workerId": "w"}

    assert {"tasks": []} == send("POST", f"{QUEUE}/claim-work/proj%2Fci", worker).json


def test_a_disconnected_worker_claims_nothing(
    sandbox: RunningSandbox, send: Send, sign: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Later tasks go to workers that still wait.
    """
    monkeypatch.setattr(claims, "POLL_INTERVAL_SECONDS", 0.01)
    target, worker = f"{QUEUE}/claim-work/proj%2Fci", {"workerGroup": "g", "workerId": "w"}
    address = urllib.parse.urlsplit(sandbox.root_url)
    gone = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    headers = {"authorization": sign("POST", target), "content-type": "application/json"}
    gone.request("POST", target, json.dumps({**worker, "workerId": "gone"}), headers)
    while ("POST", target) not in sandbox.requests:
        time.sleep(0.01)
    # The sandbox closes its side when it has noticed.
    gone.sock.shutdown(socket.SHUT_WR)
    assert gone.sock.recv(1) == b""
    gone.close()
    send("PUT", f"{QUEUE}/task/{taskcluster.slugId()}", define())
    time.sleep(0.1)

    assert ["w"] == [claim["workerId"] for claim in send("POST", target, worker).json["tasks"]]


def test_a_run_is_claimed_by_one_worker(send: Send) -> None:
    """
    ClaimTask by the same worker again succeeds; by another it is 409, of another run 404.
    """
    task_id, worker = taskcluster.slugId(), {"workerGroup": "g", "workerId": "w"}
    send("PUT", f"{QUEUE}/task/{task_id}", define())
    target = f"{QUEUE}/task/{task_id}/runs/0/claim"

    assert [200, 200] == [send("POST", target, worker).status for _ in range(2)]
    assert 409 == send("POST", target, {**worker, "workerId": "v"}).status
    assert 404 == send("POST", target.replace("/0/", "/1/"), worker).status
    assert 404 == send("POST", target.replace(task_id, taskcluster.slugId()), worker).status


@pytest.mark.parametrize(
    ("reason", "state", "created"),
    [
        pytest.param("worker-shutdown", "pending", "retry", id="worker"),
        pytest.param("intermittent-task", "pending", "task-retry", id="task"),
        pytest.param("malformed-payload", "exception", None, id="final"),
    ],
)
def test_some_exceptions_are_retried(send: Send, run: ClaimedRun, reason: str, state: str, created: str | None) -> None:
    """
    Each uses up a retry; repeating the report succeeds.
    """
    status = send("POST", f"{run.path}/exception", {"reason": reason}).json["status"]

    assert (state, 5 if created is None else 4) == (status["state"], status["retriesLeft"])
    assert [reason, created][: len(status["runs"])] == [
        status["runs"][0]["reasonResolved"],
        status["runs"][-1]["reasonCreated"],
    ][: len(status["runs"])]
    assert status == send("POST", f"{run.path}/exception", {"reason": reason}).json["status"]
    assert 409 == send("POST", f"{run.path}/exception", {"reason": "internal-error"}).status


def test_a_task_whose_dependency_completes_is_pending(send: Send, run: ClaimedRun) -> None:
    """
    As soon as the completion is reported.
    """
    task_id = taskcluster.slugId()
    send("PUT", f"{QUEUE}/task/{task_id}", define(dependencies=[run.task_id]))
    assert "unscheduled" == send("GET", f"{QUEUE}/task/{task_id}/status").json["status"]["state"]
    send("POST", f"{run.path}/completed")

    assert "pending" == send("GET", f"{QUEUE}/task/{task_id}/status").json["status"]["state"]


@pytest.mark.parametrize("name", ["public/a b/~(1).txt", "private/x y", "private/a%20b/%7E.txt"])
def test_the_official_client_moves_s3_artifacts(sandbox: RunningSandbox, run: ClaimedRun, name: str) -> None:
    """
    PUT to the URL of createArtifact; the artifact exists at once.
    """
    queue = queue_client(sandbox, run.credentials)
    made = queue.createArtifact(run.task_id, "0", name, {**S3, "expires": timestamp("1 hour")})
    assert ("s3", "text/x") == (made["storageType"], made["contentType"])
    assert 200 == fetch(made["putUrl"], b"data", Content_Type="text/x").status
    assert 403 == fetch(made["putUrl"], b"data", Content_Type="text/y").status
    buffer, content_type = taskcluster.download.downloadArtifactToBuf(
        taskId=run.task_id, name=name, runId=0, queueService=queue_client(sandbox), maxRetries=0
    )

    assert (b"data", "text/x") == (bytes(buffer), content_type)


def test_a_public_name_with_a_percent_sign_gets_a_wrong_url(sandbox: RunningSandbox, run: ClaimedRun) -> None:
    """
    As in the service, which does not escape it: 404 from the storage.
    """
    queue = queue_client(sandbox, run.credentials)
    made = queue.createArtifact(run.task_id, "0", "public/a%20b", {**S3, "expires": timestamp("1 hour")})
    assert 200 == fetch(made["putUrl"], b"data", Content_Type="text/x").status
    url = queue.artifact(run.task_id, "0", "public/a%20b")["url"]

    assert (404, "NoSuchKey") == ((found := fetch(url)).status, found.code)


@pytest.mark.parametrize("size", [0, 100, 20_000])
def test_the_official_client_moves_object_artifacts(sandbox: RunningSandbox, run: ClaimedRun, size: int) -> None:
    """
    With the credentials of createArtifact and latestArtifact; not found before it is finished.
    """
    queue, data = queue_client(sandbox, run.credentials), b"x" * size
    upload_object(sandbox, queue, run, "public/o", data)
    file = io.BytesIO()
    taskcluster.download.downloadArtifactToFile(
        file, taskId=run.task_id, name="public/o", queueService=queue_client(sandbox), maxRetries=0
    )
    found = queue_client(sandbox).latestArtifact(run.task_id, "public/o")

    assert data == file.getvalue()
    assert f"t/{run.task_id}/0/public/o" == found["name"]
    assert f"artifact-download/{run.task_id}/0/public/o" == found["credentials"]["clientId"]
    reader = taskcluster.Object({"rootUrl": sandbox.root_url, "credentials": found["credentials"], "maxRetries": 0})
    assert "none" == reader.object(found["name"])["projectId"]
    with pytest.raises(taskcluster.exceptions.TaskclusterRestFailure):
        reader.object("t/other")


def test_the_official_helper_uploads(
    sandbox: RunningSandbox, run: ClaimedRun, monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    """
    As a script in a task does it.
    """
    for name, value in (("TASK_ID", run.task_id), ("RUN_ID", "0"), ("TASKCLUSTER_PROXY_URL", sandbox.root_url)):
        monkeypatch.setenv(name, value)
    queue = queue_client(sandbox, run.credentials)
    path = taskcluster.helper.upload_artifact(queue, "public/h", "text", "text/x", dt.timedelta(hours=1))
    reply = send("GET", path, signed=False)

    assert 303 == reply.status
    assert b"text" == fetch(reply.headers["location"]).body


def test_an_object_artifact_must_be_finished(create: Callable[..., HttpResponse], send: Send, run: ClaimedRun) -> None:
    """
    Before, it is 404, though listed; finishing needs the uploadId and a finished object.
    """
    made = create("public/o", OBJECT).json
    target = f"{run.path}/artifacts/public/o"
    wrong = send("PUT", target, {"uploadId": taskcluster.slugId()})
    early = send("PUT", target, {"uploadId": made["uploadId"]})

    assert 404 == send("GET", target).status
    assert 404 == send("GET", f"{run.path}/artifact-info/public/o").status
    assert ["public/o"] == [entry["name"] for entry in send("GET", f"{run.path}/artifacts").json["artifacts"]]
    assert (400, "given uploadId does not match that for the artifact") == (wrong.status, wrong.message)
    assert (400, "Object storing artifact data does not exist") == (early.status, early.message)
    assert 404 == send("PUT", f"{run.path}/artifacts/public/none", {"uploadId": made["uploadId"]}).status
    done = {"projectId": "none", "uploadId": made["uploadId"]}
    assert 200 == send("POST", f"/api/object/v1/finish-upload/{made['name'].replace('/', '%2F')}", done).status
    assert [(204, ""), (204, "")] == [
        (reply.status, reply.text) for reply in (send("PUT", target, {"uploadId": made["uploadId"]}) for _ in range(2))
    ]
    assert 303 == send("GET", target).status


def test_a_content_length_makes_an_object_artifact_fail(
    create: Callable[..., HttpResponse], send: Send, run: ClaimedRun
) -> None:
    """
    500 at each attempt to finish; yet the artifact exists.
    """
    made = create("public/o", OBJECT, contentLength=5).json
    target = f"{run.path}/artifacts/public/o"
    done = {"projectId": "none", "uploadId": made["uploadId"]}
    send("POST", f"/api/object/v1/finish-upload/{made['name'].replace('/', '%2F')}", done)

    assert [500, 500] == [send("PUT", target, {"uploadId": made["uploadId"]}).status for _ in range(2)]
    assert 5 == send("GET", f"{run.path}/artifact-info/public/o").json["contentLength"]


@pytest.mark.parametrize(
    "payload", [pytest.param(S3, id="s3"), pytest.param(REFERENCE, id="reference"), pytest.param(ERROR, id="error")]
)
def test_only_object_artifacts_can_be_finished(
    create: Callable[..., HttpResponse], send: Send, run: ClaimedRun, payload: dict[str, Any]
) -> None:
    """
    Other types are 400.
    """
    create("public/a", payload)

    error = send("PUT", f"{run.path}/artifacts/public/a", {"uploadId": taskcluster.slugId()})
    assert (400, "InputError") == (error.status, error.code)


@pytest.mark.parametrize("name", ["public/a b", "public/a(1)", "public/a%b"])
def test_some_object_artifacts_need_the_redirect(
    sandbox: RunningSandbox, run: ClaimedRun, send: Send, name: str
) -> None:
    """
    The credentials of the download have the artifact's name, which may be no client id; then they work on auth alone.
    """
    upload_object(sandbox, queue_client(sandbox, run.credentials), run, name, b"data")
    found = queue_client(sandbox).latestArtifact(run.task_id, name)
    reader = taskcluster.Object({"rootUrl": sandbox.root_url, "credentials": found["credentials"], "maxRetries": 0})
    redirect = send("GET", f"{run.path}/artifacts/{urllib.parse.quote(name)}")

    with pytest.raises(taskcluster.exceptions.TaskclusterRestFailure) as error:
        reader.startDownload(found["name"], {"acceptDownloadMethods": {"simple": True}})
    assert 500 == error.value.status_code
    assert b"data" == fetch(redirect.headers["location"]).body


def test_an_object_artifact_is_created_once(create: Callable[..., HttpResponse]) -> None:
    """
    A second upload conflicts with the first; the response has no error of the object service.
    """
    assert [200, 500] == [create("public/o", OBJECT).status for _ in range(2)]


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        pytest.param(S3, S3, 200, id="s3 again"),
        pytest.param(S3, {**S3, "contentType": "text/y"}, 409, id="another content type"),
        pytest.param(S3, {**S3, "expires": timestamp("2 hours")}, 200, id="later"),
        pytest.param(S3, {**S3, "expires": timestamp("30 minutes")}, 409, id="earlier"),
        pytest.param(S3, REFERENCE, 409, id="s3 to reference"),
        pytest.param(ERROR, ERROR, 200, id="error again"),
        pytest.param(ERROR, {**ERROR, "message": "another"}, 409, id="another error"),
        pytest.param(REFERENCE, {**REFERENCE, "url": "https://example.com/y"}, 200, id="reference moves"),
        pytest.param(REFERENCE, LINK, 200, id="reference to link"),
        pytest.param(LINK, LINK, 200, id="link again"),
        pytest.param(LINK, {**LINK, "artifact": "public/c"}, 409, id="another link"),
        pytest.param(LINK, REFERENCE, 409, id="link to reference"),
    ],
)
def test_an_artifact_may_be_replaced_by_a_similar_one(
    create: Callable[..., HttpResponse], first: dict[str, Any], second: dict[str, Any], status: int
) -> None:
    """
    The same content and a few changes are allowed; all others are 409.
    """
    assert 200 == create("public/a", first).status
    reply = create("public/a", second)

    assert status == reply.status
    if status == 409:
        assert "RequestConflict" == reply.code
        assert f'"storageType": "{first["storageType"]}"' in reply.message


def test_artifacts_lead_to_their_content(create: Callable[..., HttpResponse], send: Send, run: ClaimedRun) -> None:
    """
    303 for a reference, 424 for an error; links are followed, and a header names the final type.
    """
    create("public/b", REFERENCE)
    create("public/link", LINK)
    create("public/link2", {"storageType": "link", "artifact": "public/link"})
    create("public/e", ERROR)
    reply = send("GET", f"{run.path}/artifacts/public/link2")
    content = send("GET", f"{QUEUE}/task/{run.task_id}/artifact-content/public/link2")
    failed = send("GET", f"{QUEUE}/task/{run.task_id}/artifacts/public/e")

    expected = {"storageType": "reference", "url": "https://example.com/x"}
    assert (303, expected, expected["url"]) == (reply.status, reply.json, reply.headers["location"])
    assert "reference" == reply.headers["x-taskcluster-artifact-storage-type"]
    assert (200, expected) == (content.status, content.json)
    expected = {"reason": "file-missing-on-worker", "message": "no such file"}
    assert (424, expected) == (failed.status, failed.json)
    assert {"storageType": "error", **expected} == send("GET", f"{run.path}/artifact-content/public/e").json
    assert "link" == send("GET", f"{run.path}/artifact-info/public/link2").json["storageType"]


def test_broken_links_are_errors(create: Callable[..., HttpResponse], send: Send, run: ClaimedRun) -> None:
    """
    A cycle is 400, a link to a missing artifact 404.
    """
    create("public/a", LINK)
    create("public/b", {"storageType": "link", "artifact": "public/a"})
    create("public/c", {"storageType": "link", "artifact": "public/none"})

    circle, dangling = (send("GET", f"{run.path}/artifact-content/public/{name}") for name in ("a", "c"))
    assert (400, "Artifact leads to a link cycle") == (circle.status, circle.message)
    assert (404, "Artifact not found") == (dangling.status, dangling.message)


def test_private_names_need_scopes(
    create: Callable[..., HttpResponse], send: Send, sign: Signer, run: ClaimedRun
) -> None:
    """
    public/ is readable by all callers; a link needs the scopes of all names on the way.
    """
    create("private/a", REFERENCE)
    create("public/a", REFERENCE)
    create("public/secret", {"storageType": "link", "artifact": "private/a"})

    def status(name: str) -> list[int]:
        routes = ("runs/0/artifacts", "runs/0/artifact-content", "artifacts", "artifact-content")
        targets = [f"{QUEUE}/task/{run.task_id}/{route}/{name}" for route in routes]
        return [send("GET", target, signed=False).status for target in targets]

    assert [303, 200, 303, 200] == status("public/a")
    assert [403, 403, 403, 403] == status("private/a") == status("public/secret") == status("private/none")
    assert 303 == send("GET", f"{run.path}/artifacts/public/secret").status
    assert (
        403
        == send("POST", f"{run.path}/artifacts/public/x", {**S3, "expires": timestamp("1 hour")}, signed=False).status
    )
    assert sign is not None


def test_latest_means_the_last_run(send: Send, run: ClaimedRun, create: Callable[..., HttpResponse]) -> None:
    """
    Artifacts of earlier runs are not found; neither are those without a run or task.
    """
    create("public/a", REFERENCE)
    send("POST", f"{run.path}/exception", {"reason": "worker-shutdown"})
    waiting, missing = taskcluster.slugId(), taskcluster.slugId()
    send("PUT", f"{QUEUE}/task/{waiting}", define(dependencies=[run.task_id]))

    assert [404, 303] == [
        send("GET", target).status
        for target in (f"{QUEUE}/task/{run.task_id}/artifacts/public/a", f"{run.path}/artifacts/public/a")
    ]
    for route in ("artifacts", "artifacts/public/a", "artifact-info/public/a", "artifact-content/public/a"):
        assert "Task doesn't have any runs" == send("GET", f"{QUEUE}/task/{waiting}/{route}").message
        assert "Task not found" == send("GET", f"{QUEUE}/task/{missing}/{route}").message
    assert [] == send("GET", f"{QUEUE}/task/{run.task_id}/artifacts").json["artifacts"]
    assert ["public/a"] == [entry["name"] for entry in send("GET", f"{run.path}/artifacts").json["artifacts"]]
    assert 404 == send("GET", f"{QUEUE}/task/{run.task_id}/runs/2/artifacts").status


def test_artifacts_are_listed_in_pages(
    create: Callable[..., HttpResponse], sandbox: RunningSandbox, run: ClaimedRun
) -> None:
    """
    Sorted and without duplicates, in both lists; a token that is not one of theirs is ignored.
    """
    names = [f"public/{number}" for number in range(5)]
    for name in reversed(names):
        create(name, REFERENCE)
    queue, pages, latest = queue_client(sandbox), list[Any](), list[Any]()
    queue.listArtifacts(run.task_id, "0", query={"limit": "2"}, paginationHandler=pages.append)
    queue.listLatestArtifacts(run.task_id, query={"limit": "3"}, paginationHandler=latest.append)

    assert ([2, 2, 1], [3, 2]) == ([len(page["artifacts"]) for page in pages], [len(p["artifacts"]) for p in latest])
    assert names == [entry["name"] for page in pages for entry in page["artifacts"]]
    for token in ("!!", "abc", "WzVd"):
        assert names == [
            entry["name"]
            for entry in queue.listArtifacts(run.task_id, "0", query={"continuationToken": token})["artifacts"]
        ]
    with pytest.raises(taskcluster.exceptions.TaskclusterRestFailure) as failure:
        queue.listArtifacts(run.task_id, "0", query={"limit": "0"})
    assert 500 == failure.value.status_code


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        pytest.param("-20 minutes", "Expires must be in the future", id="past"),
        pytest.param("2 days", "after the task expiration", id="after the task"),
    ],
)
def test_the_expiry_of_an_artifact_is_limited(create: Callable[..., HttpResponse], expires: str, expected: str) -> None:
    """
    Not in the past, and not after the task's.
    """
    reply = create("public/a", S3, expires=timestamp(expires))

    assert (400, "InputError") == (reply.status, reply.code)
    assert expected in reply.message


def test_an_expired_artifact_is_gone(create: Callable[..., HttpResponse], send: Send, run: ClaimedRun) -> None:
    """
    410, and still listed.
    """
    create("public/a", REFERENCE, expires=timestamp("-5 minutes"))

    assert (410, "ResourceExpired") == ((reply := send("GET", f"{run.path}/artifacts/public/a")).status, reply.code)
    assert 410 == send("GET", f"{run.path}/artifact-content/public/a").status
    assert 200 == send("GET", f"{run.path}/artifact-info/public/a").status


def test_only_a_running_run_accepts_artifacts(
    create: Callable[..., HttpResponse], send: Send, run: ClaimedRun, sandbox: RunningSandbox
) -> None:
    """
    Or one with a recent exception; never one that was not claimed.
    """
    pending = taskcluster.slugId()
    send("PUT", f"{QUEUE}/task/{pending}", define())
    payload = {**S3, "expires": timestamp("1 hour")}
    unclaimed = send("POST", f"{QUEUE}/task/{pending}/runs/0/artifacts/public/a", payload)
    missing = send("POST", f"{QUEUE}/task/{pending}/runs/1/artifacts/public/a", payload)
    unknown = send("POST", f"{QUEUE}/task/{taskcluster.slugId()}/runs/0/artifacts/public/a", payload)
    send("POST", f"{run.path}/exception", {"reason": "internal-error"})

    assert "Run was not claimed by a worker and so no artifacts can exist" == unclaimed.message
    assert ("Run not found", "Task not found") == (missing.message, unknown.message)
    assert 200 == create("public/a", S3).status
    sandbox.clock.offset += 10 * 60_000
    assert 200 == create("public/a", S3).status


def test_a_completed_run_accepts_no_artifacts(create: Callable[..., HttpResponse], send: Send, run: ClaimedRun) -> None:
    """
    409, with the task's status.
    """
    send("POST", f"{run.path}/completed")
    reply = create("public/a", S3)

    assert (409, "RequestConflict") == (reply.status, reply.code)
    assert '"state": "completed"' in reply.message
