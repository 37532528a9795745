"""
The profiles of the web server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tests.sandbox.conftest import fetch, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import ClaimedRun, HttpResponse

    Send = Callable[..., HttpResponse]

WEB = "/api/web-server/v1"
LOG = b"""
before
[taskcluster 2026-01-31T12:00:01.000Z] [2026-01-31 12:00:00] hello
without a time
[setup:warn 2026-01-31T12:00:03.500Z] bye
"""


def labels(profile: Any) -> list[str]:
    """
    Return the names of all markers.
    """
    thread = profile["threads"][0]
    return [thread["stringArray"][name] for name in thread["markers"]["name"]]


def test_a_group_profile_has_runs(send: Send, run: ClaimedRun, sandbox: RunningSandbox) -> None:
    """
    Markers for the group with and without actions, and for each run; cacheable when all tasks are resolved.
    """
    options = {"rootUrl": sandbox.root_url, "credentials": dict(run.credentials), "maxRetries": 0}
    running = send("GET", f"{WEB}/task-group/{run.task_id}/profile", signed=False)
    taskcluster.Queue(options).reportCompleted(run.task_id, "0")
    done = send("GET", f"{WEB}/task-group/{run.task_id}/profile", signed=False)

    assert ("no-cache", "public, max-age=86400") == (running.headers["cache-control"], done.headers["cache-control"])
    assert ["TaskGroup", "TaskGroup (no actions)", "Task (running)"] == labels(running.json)
    assert ["TaskGroup", "TaskGroup (no actions)", "Task"] == labels(done.json)
    markers = done.json["threads"][0]["markers"]
    assert (3, 0, 1) == (markers["length"], markers["startTime"][2], markers["phase"][2])
    assert (run.task_id, "completed") == (markers["data"][2]["taskId"], markers["data"][2]["state"])
    assert 47 == done.json["meta"]["preprocessedProfileVersion"]


def test_a_group_without_runs_has_no_markers(send: Send) -> None:
    """
    The profile is valid.
    """
    task_id = taskcluster.slugId()
    metadata = {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"}
    times = {"created": timestamp("0 seconds"), "deadline": timestamp("1 hour")}
    send(
        "PUT", f"/api/queue/v1/task/{task_id}", {"taskQueueId": "proj/ci", "payload": {}, "metadata": metadata, **times}
    )
    profile = send("GET", f"{WEB}/task-group/{task_id}/profile").json

    assert (0, [], -1) == (profile["meta"]["startTime"], labels(profile), profile["threads"][0]["registerTime"])


@pytest.mark.parametrize("kind", ["s3", "link"])
def test_a_task_profile_has_the_lines_of_its_log(send: Send, run: ClaimedRun, kind: str) -> None:
    """
    Of either log, and behind links.
    """
    expires = timestamp("1 hour")
    file = {"storageType": "s3", "expires": expires, "contentType": "text/plain"}
    made = send("POST", f"{run.path}/artifacts/public%2Flogs%2Flive_backing.log", file).json
    assert 200 == fetch(made["putUrl"], LOG, content_type="text/plain").status
    if kind == "link":
        link = {"storageType": "link", "artifact": "public/logs/live_backing.log", "contentType": "text/plain"}
        send("POST", f"{run.path}/artifacts/public%2Flogs%2Flive.log", {**link, "expires": expires})
    send("POST", f"{run.path}/completed")
    response = send("GET", f"{WEB}/task/{run.task_id}/profile", signed=False)
    markers = response.json["threads"][0]["markers"]

    assert "public, max-age=86400" == response.headers["cache-control"]
    assert ["n", "no timestamp", "taskcluster", "no timestamp", "setup"] == labels(response.json)
    assert [0, 0, 0, 0, 2500] == markers["startTime"]
    assert ["before", "hello", "without a time", "bye"] == [row["message"] for row in markers["data"][1:]]
    assert [2500, None, None, None, None] == markers["endTime"]


def test_a_log_without_times_is_an_empty_profile(send: Send, run: ClaimedRun) -> None:
    """
    Its only marker is the task's.
    """
    file = {"storageType": "s3", "expires": timestamp("1 hour"), "contentType": "text/plain"}
    made = send("POST", f"{run.path}/artifacts/public%2Flogs%2Flive.log", file).json
    fetch(made["putUrl"], b"nothing", content_type="text/plain")
    send("POST", f"{run.path}/completed")
    profile = send("GET", f"{WEB}/task/{run.task_id}/profile")

    assert (200, ["n"], 0) == (profile.status, labels(profile.json), profile.json["meta"]["startTime"])


def test_a_log_may_have_a_size(send: Send, run: ClaimedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    413 for a longer one.
    """
    monkeypatch.setattr("tccli.sandbox.services.web_server.task_profile.MAX_LOG_BYTES", len(LOG) - 1)
    file = {"storageType": "s3", "expires": timestamp("1 hour"), "contentType": "text/plain"}
    made = send("POST", f"{run.path}/artifacts/public%2Flogs%2Flive.log", file).json
    fetch(made["putUrl"], LOG, content_type="text/plain")
    send("POST", f"{run.path}/completed")
    error = send("GET", f"{WEB}/task/{run.task_id}/profile")

    assert (413, "InputTooLarge") == (error.status, error.code)


def test_a_log_elsewhere_is_not_followed(send: Send, run: ClaimedRun, sandbox: RunningSandbox) -> None:
    """
    A reference artifact counts as no log.
    """
    reference = {"storageType": "reference", "expires": timestamp("1 hour"), "contentType": "text/plain"}
    url = f"{sandbox.storage.url}/public-artifacts/x"
    send("POST", f"{run.path}/artifacts/public%2Flogs%2Flive.log", {**reference, "url": url})
    send("POST", f"{run.path}/completed")

    assert 404 == send("GET", f"{WEB}/task/{run.task_id}/profile").status


@pytest.mark.parametrize(
    ("target", "code"),
    [
        pytest.param(f"task/{taskcluster.slugId()}/profile", "ResourceNotFound", id="task"),
        pytest.param(f"task-group/{taskcluster.slugId()}/profile", "ResourceNotFound", id="group"),
        pytest.param("task/x/profile", "InvalidRequestArguments", id="no id of a task"),
        pytest.param("task-group/x/profile", "InvalidRequestArguments", id="no id of a group"),
    ],
)
def test_bad_requests_are_errors(send: Send, target: str, code: str) -> None:
    """
    With the service's codes.
    """
    assert code == send("GET", f"{WEB}/{target}", signed=False).code


def test_only_a_resolved_task_with_a_log_has_a_profile(send: Send, run: ClaimedRun) -> None:
    """
    404 before it is resolved, and without a log.
    """
    target = f"{WEB}/task/{run.task_id}/profile"
    running = send("GET", target)
    send("POST", f"{run.path}/completed")
    resolved = send("GET", target)

    assert (404, 404) == (running.status, resolved.status)
    assert "only supported on resolved tasks" in running.message
    assert resolved.message.startswith("Could not fetch task log")
