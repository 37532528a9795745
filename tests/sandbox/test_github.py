"""
The github service without GitHub: inserted builds, and rendered files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli.sandbox.clock import from_json
from tccli.sandbox.services.github import builds as github_builds
from tests.sandbox.conftest import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.server import Server
    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import HttpResponse

    Send = Callable[..., HttpResponse]

GITHUB = "/api/github/v1"
REPOSITORY = f"{GITHUB}/repository/org/repo"
SHA = "0123456789" * 4
REPO = "organization=o&repository=r"
YML = """
version: 1
reporting: checks-v1
tasks:
  - $if: 'tasks_for == "github-push"'
    then:
      taskId: {$eval: as_slugid("a")}
      taskQueueId: proj/ci
      payload: {root: "${taskcluster_root_url}", sha: "${event.after}", again: {$eval: as_slugid("a")}}
      routes: [mine]
"""


ROLE = "assume:repo:github.com/org/repo"
VERSION_ZERO = """
version: 0
tasks:
  - metadata: {name: mine}
    deadline: "{{ '2 hours' | $fromNow }}"
    routes: [r]
    payload:
      env: {MINE: "1"}
      given:
        at: "{{ event.head.sha }} on {{event.head.repo.branch}}"
        "unknown/{{ x }}": "{{ 'a' | x }}"
        queue: "{{ taskcluster.docker.workerType }}"
        n: 1
    extra: {github: {env: true, events: [push]}}
  - {metadata: {name: request}, extra: {github: {events: [pull_request.opened, pull_request.synchronize]}}}
  - {metadata: {name: release}, extra: {github: {events: ["release*"]}}}
  - {metadata: {name: b only}, extra: {github: {events: [push], branches: [b]}}}
  - {metadata: {name: other branch}, extra: {github: {events: ["push*"], excludeBranches: [c]}}}
  - {metadata: {name: not for github}}
"""


@pytest.fixture
def group(send: Send, sandbox_server: Server) -> str:
    """
    The task group of a pending build, with one task.
    """
    task_id: str = taskcluster.slugId()
    metadata = {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"}
    task = {"taskQueueId": "proj/ci", "schedulerId": "taskcluster-github", "payload": {}, "metadata": metadata}
    times = {"created": timestamp("0 seconds"), "deadline": timestamp("1 hour")}
    send("PUT", f"/api/queue/v1/task/{task_id}", {**task, **times})
    build = {"organization": "org", "repository": "repo", "sha": SHA, "taskGroupId": task_id, "pullRequestNumber": 7}
    github_builds.insert(sandbox_server.sandbox.state, build)
    return task_id


def yml(body: str = YML, kind: str = "github-push", **event: Any) -> dict[str, Any]:
    """
    Return a payload of renderTaskclusterYml.
    """
    return {"body": body, "fakeEvent": {"type": kind, **event}, "organization": "org", "repository": "repo"}


def test_the_official_client_lists_builds(sandbox: RunningSandbox, group: str) -> None:
    """
    All builds, or those of an organization, a repository, a commit or a pull request.
    """
    options = {"rootUrl": sandbox.root_url, "credentials": dict(sandbox.credentials), "maxRetries": 0}
    github = taskcluster.Github(options)
    names = {"organization": "org", "repository": "repo"}

    for query in ({}, names, {**names, "sha": SHA}, {**names, "pullRequest": "7"}):
        builds = github.builds(query=query)["builds"]
        assert [(group, "pending", 7)] == [
            (build["taskGroupId"], build["state"], build["pullRequestNumber"]) for build in builds
        ]
    for query in ({**names, "repository": "x"}, {**names, "sha": "x"}, {**names, "pullRequest": "8"}):
        assert [] == github.builds(query=query)["builds"]


def test_builds_come_in_pages(send: Send, sandbox_server: Server, sandbox: RunningSandbox) -> None:
    """
    The one with the oldest change first.
    """
    made = [taskcluster.slugId() for _ in range(3)]
    for number, group_id in enumerate(made):
        sandbox.clock.offset = number * 1000
        build = {"organization": "org", "repository": "repo", "sha": SHA, "taskGroupId": group_id}
        github_builds.insert(sandbox_server.sandbox.state, build)
    first = send("GET", f"{GITHUB}/builds?limit=2").json
    second = send("GET", f"{GITHUB}/builds?limit=2&continuationToken={first['continuationToken']}").json

    assert made == [build["taskGroupId"] for page in (first, second) for build in page["builds"]]


def test_builds_are_cancelled(send: Send, group: str) -> None:
    """
    With their task groups; a second call finds none.
    """
    scopes = ["queue:seal-task-group:*", "queue:cancel-task-group:*"]
    send("PUT", "/api/auth/v1/roles/repo%3Agithub.com%2F*", {"description": "", "scopes": scopes})
    response = send("POST", f"{GITHUB}/builds/org/repo/cancel?sha={SHA}")

    assert [(group, "cancelled")] == [(build["taskGroupId"], build["state"]) for build in response.json["builds"]]
    assert "exception" == send("GET", f"/api/queue/v1/task/{group}/status").json["status"]["state"]
    assert (404, "ResourceNotFound") == (
        (again := send("POST", f"{GITHUB}/builds/org/repo/cancel")).status,
        again.code,
    )
    assert "cancelled" == send("GET", f"{GITHUB}/builds").json["builds"][0]["state"]


def test_a_build_without_a_group_cannot_be_cancelled(send: Send, sandbox_server: Server) -> None:
    """
    400, and the build stays pending.
    """
    build = {"organization": "org", "repository": "repo", "sha": SHA, "taskGroupId": taskcluster.slugId()}
    github_builds.insert(sandbox_server.sandbox.state, build)

    assert "InputError" == send("POST", f"{GITHUB}/builds/org/repo/cancel").code
    assert "pending" == send("GET", f"{GITHUB}/builds").json["builds"][0]["state"]


def test_nothing_is_connected_at_first(send: Send) -> None:
    """
    The badge shows that, and repositories are not found.
    """
    badge = send("GET", f"{REPOSITORY}/main/badge.svg", signed=False)

    assert (200, "nogithub", "image/svg+xml") == (
        badge.status,
        badge.headers["x-taskcluster-status"],
        badge.headers["content-type"],
    )
    assert badge.text.startswith("<svg")
    assert {"installed": False} == send("GET", REPOSITORY).json
    assert (404, "Status not found") == ((latest := send("GET", f"{REPOSITORY}/main/latest")).status, latest.message)
    status = send("POST", f"{REPOSITORY}/statuses/{SHA}", {"state": "success"})
    comment = send("POST", f"{REPOSITORY}/issues/1/comments", {"body": "x"})
    assert (404, "Installation not found") == (status.status, status.message)
    assert (404, "Issue not found") == (comment.status, comment.message)


def test_a_build_connects_its_organization(send: Send, sandbox: RunningSandbox, group: str) -> None:
    """
    Then there are a badge, a redirect to the task group, and comments are accepted.
    """
    badge = send("GET", f"{REPOSITORY}/main/badge.svg", signed=False)
    latest = send("GET", f"{REPOSITORY}/main/latest", signed=False)

    assert "pending" == badge.headers["x-taskcluster-status"]
    other = send("GET", f"{GITHUB}/repository/org/other/main/badge.svg", signed=False)
    assert "newrepo" == other.headers["x-taskcluster-status"]
    assert {"installed": True} == send("GET", REPOSITORY, signed=False).json
    assert (302, f"{sandbox.root_url}/tasks/groups/{group}") == (latest.status, latest.headers["location"])
    assert {} == send("POST", f"{REPOSITORY}/statuses/{SHA}", {"state": "success"}).json
    assert {} == send("POST", f"{REPOSITORY}/issues/1/comments", {"body": "x"}).json


def test_a_file_is_rendered(send: Send, sandbox: RunningSandbox) -> None:
    """
    With what the service adds: ids, group, scheduler, route and times; no credentials are needed.
    """
    response = send("POST", f"{GITHUB}/taskcluster-yml", yml(), signed=False).json
    task_id, task = response["tasks"][0]["taskId"], response["tasks"][0]["task"]

    assert (task_id, "taskcluster-github", ["mine", "checks"]) == (
        task["taskGroupId"],
        task["schedulerId"],
        task["routes"],
    )
    assert "created" not in task
    assert {"root": sandbox.root_url, "sha": "b" * 40, "again": task_id} == task["payload"]
    assert {"assume:repo:github.com/org/repo:branch:main", "queue:route:checks"} < set(response["scopes"])


@pytest.mark.parametrize(
    ("event", "scope"),
    [
        pytest.param({"kind": "github-pull-request", "action": "opened"}, "pull-request", id="pull request"),
        pytest.param(
            {"kind": "github-pull-request-untrusted", "action": "opened"}, "pull-request-untrusted", id="untrusted"
        ),
        pytest.param({"kind": "github-release", "action": "published"}, "release:published", id="release"),
        pytest.param({"kind": "github-release", "action": "edited"}, "release:edited", id="edited release"),
        pytest.param(
            {"kind": "github-release", "action": "edited", "overrides": {"action": None}},
            "release:published",
            id="release without an action",
        ),
        pytest.param({"kind": "github-issue-comment", "action": "created"}, "pull-request", id="comment"),
        pytest.param({"overrides": {"ref": "refs/tags/v2"}}, "tag:v2", id="tag"),
        pytest.param({"overrides": {"branch": "b"}}, "branch:b", id="branch"),
    ],
)
def test_the_event_determines_the_scopes(send: Send, event: dict[str, Any], scope: str) -> None:
    """
    And the template's context.
    """
    body = 'version: 1\ntasks:\n  $if: \'event["action"] == "published"\'\n  then: []\n  else: []\n'
    plain = body if "action" in event else "version: 1\n"
    response = send("POST", f"{GITHUB}/taskcluster-yml", yml(plain, **event)).json

    assert {"tasks": []}.items() <= response.items()
    assert f"assume:repo:github.com/org/repo:{scope}" in response["scopes"]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"overrides": {"ref": 5}}, id="ref"),
        pytest.param({"overrides": {"sender": None}}, id="sender"),
        pytest.param({"kind": "github-issue-comment", "action": "created", "overrides": {"comment": []}}, id="comment"),
        pytest.param(
            {"kind": "github-pull-request", "action": "opened", "overrides": {"pull_request": 1}}, id="pull request"
        ),
    ],
)
def test_overrides_that_are_no_event_are_an_internal_error(send: Send, event: dict[str, Any]) -> None:
    """
    As in the service, which reads the event before it renders the file.
    """
    error = send("POST", f"{GITHUB}/taskcluster-yml", yml("version: 1\n", **event))

    assert (500, "InternalServerError") == (error.status, error.code)


def test_several_tasks_are_one_group(send: Send) -> None:
    """
    Its id differs from those of the tasks.
    """
    tasks = send("POST", f"{GITHUB}/taskcluster-yml", yml("version: 1\ntasks: [{}, {schedulerId: mine}]")).json["tasks"]
    ids = {task["taskId"] for task in tasks}
    groups = {task["task"]["taskGroupId"] for task in tasks}

    assert (2, 1, set()) == (len(ids), len(groups), ids & groups)
    assert ["taskcluster-github", "mine"] == [task["task"]["schedulerId"] for task in tasks]
    assert [["statuses"]] * 2 == [task["task"]["routes"] for task in tasks]


def test_tasks_come_after_those_that_they_depend_on(send: Send) -> None:
    """
    Otherwise in the order of the file; a circle is an error.
    """
    file = (
        "version: 1\ntasks: [{taskId: a, dependencies: [c, elsewhere]}, {taskId: b}, {taskId: c, dependencies: [%s]}]"
    )
    sorted_tasks = send("POST", f"{GITHUB}/taskcluster-yml", yml(file % "b")).json["tasks"]
    error = send("POST", f"{GITHUB}/taskcluster-yml", yml(file % "a"))

    assert ["b", "c", "a"] == [entry["taskId"] for entry in sorted_tasks]
    assert (400, "InputError") == (error.status, error.code)


def test_version_zero_is_rendered(send: Send) -> None:
    """
    With times, environment and parameters; an unknown parameter stays. Tasks for other events are left out.
    """
    response = send("POST", f"{GITHUB}/taskcluster-yml", yml(VERSION_ZERO))
    tasks = response.json["tasks"]
    task = tasks[0]["task"]

    assert 200 == response.status, response.text
    assert ["mine", "other branch"] == [entry["task"]["metadata"]["name"] for entry in tasks]
    assert {tasks[0]["taskId"]} == {entry["task"]["taskGroupId"] for entry in tasks}
    assert ["taskcluster-github", ["r", "statuses"]] == [task["schedulerId"], task["routes"]]
    assert {"at": f"{'b' * 40} on main", "unknown/{{ x }}": "{{ 'a' | x }}", "queue": "unknown", "n": 1} == (
        task["payload"]["given"]
    )
    assert {"MINE": "1", "GITHUB_EVENT": "push", "GITHUB_BRANCH": "main"}.items() <= task["payload"]["env"].items()
    assert 2 * 3_600_000 == from_json(task["deadline"]) - from_json(task["created"])
    assert [f"{ROLE}:branch:main", "queue:route:statuses", "queue:scheduler-id:taskcluster-github"] == (
        response.json["scopes"]
    )


@pytest.mark.parametrize(
    ("event", "names", "role"),
    [
        pytest.param(
            {"kind": "github-pull-request", "action": "opened"}, ["request"], [f"{ROLE}:pull-request"], id="opened"
        ),
        pytest.param({"kind": "github-pull-request", "action": "closed"}, [], [f"{ROLE}:pull-request"], id="closed"),
        pytest.param(
            {"kind": "github-release", "action": "edited"}, ["release"], [f"{ROLE}:release:published"], id="release"
        ),
        pytest.param({"kind": "github-issue-comment", "action": "created"}, [], [], id="comment"),
        pytest.param({"overrides": {"ref": "refs/tags/v2"}}, [], [f"{ROLE}:tag:v2"], id="tag"),
        pytest.param({"overrides": {"branch": "b"}}, ["mine", "b only", "other branch"], [f"{ROLE}:branch:b"], id="b"),
    ],
)
def test_the_event_selects_tasks_of_version_zero(
    send: Send, event: dict[str, Any], names: list[str], role: list[str]
) -> None:
    """
    By the beginning of its type, and pushes by their branch.
    """
    response = send("POST", f"{GITHUB}/taskcluster-yml", yml(VERSION_ZERO, **event)).json

    assert names == [entry["task"]["metadata"]["name"] for entry in response["tasks"]]
    assert role == response["scopes"][:-2]
    empty = send("POST", f"{GITHUB}/taskcluster-yml", yml("version: 0\ntasks: []", **event)).json
    assert {"tasks": [], "scopes": response["scopes"]} == empty


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("version: 0\nreporting: checks-v1", id="version 0, schema"),
        pytest.param("version: 0\ntasks: [{extra: {github: {}}}]", id="version 0, no events"),
        pytest.param("version: 0\ntasks: [{extra: {github: {events: 5}}}]", id="version 0, events"),
        pytest.param("version: 0\ntasks: [{extra: {github: {events: [push], env: true}}}]", id="version 0, no payload"),
        pytest.param(
            "version: 0\ntasks: [{extra: {github: {events: [push], branches: [a], excludeBranches: [b]}}}]",
            id="version 0, both kinds of branches",
        ),
        pytest.param("version: 0\ntasks: [{deadline: '{{ \"x\" | $fromNow }}'}]", id="version 0, no time"),
        pytest.param("a: [", id="no YAML"),
        pytest.param("", id="nothing"),
        pytest.param("[]", id="no object"),
        pytest.param("{}", id="no version"),
        pytest.param("version: 9", id="version"),
        pytest.param("version: [1]", id="version in a list"),
        pytest.param("version: true", id="no number"),
        pytest.param("version: 1\nother: 1", id="schema"),
        pytest.param("version: 1\npolicy: {pullRequests: nobody}", id="policy"),
        pytest.param("version: 1\ntasks: [{$eval: nothing}]", id="template"),
        pytest.param('version: 1\ntasks: [{a: "${"}]', id="half a template"),
        pytest.param("version: 1\ntasks: {a: 1}", id="no list"),
        pytest.param("version: 1\ntasks: [1]", id="no task"),
    ],
)
def test_an_invalid_file_is_an_error(send: Send, body: str) -> None:
    """
    400, whatever is wrong.
    """
    error = send("POST", f"{GITHUB}/taskcluster-yml", yml(body))

    assert (400, "InputError") == (error.status, error.code)
    assert error.message


@pytest.mark.parametrize(
    ("verb", "target", "payload", "signed", "code"),
    [
        pytest.param("GET", "builds?repository=x", None, True, "InputError", id="repository without organization"),
        pytest.param("GET", "builds?organization=x&sha=y", None, True, "InputError", id="commit of nothing"),
        pytest.param("GET", "builds?organization=x&pullRequest=1", None, True, "InputError", id="request of nothing"),
        pytest.param("POST", "github", {}, False, "InputValidationError", id="webhook"),
        pytest.param("POST", "builds/o/r/cancel?pullRequest=", None, True, "InternalServerError", id="empty number"),
        pytest.param(
            "GET",
            f"builds?{REPO}&pullRequest=2147483648",
            None,
            True,
            "InternalServerError",
            id="large",
        ),
        pytest.param("GET", "builds?pullRequest=x", None, True, "InvalidRequestArguments", id="no number"),
        pytest.param("POST", "builds/org/repo/cancel", None, False, "InsufficientScopes", id="cancel, anonymous"),
        pytest.param(
            "POST",
            "repository/o/r/statuses/x",
            {"state": "success"},
            False,
            "InsufficientScopes",
            id="status, anonymous",
        ),
        pytest.param("POST", "repository/o/r/statuses/x", {}, True, "InputValidationError", id="status"),
        pytest.param(
            "POST",
            "repository/o/r/issues/1/comments",
            {"body": "x"},
            False,
            "InsufficientScopes",
            id="comment, anonymous",
        ),
        pytest.param("POST", "repository/o/r/issues/1/comments", {}, True, "InputValidationError", id="comment"),
        pytest.param("POST", "taskcluster-yml", {}, True, "InputValidationError", id="render"),
    ],
)
def test_bad_requests_are_errors(send: Send, verb: str, target: str, payload: Any, code: str, *, signed: bool) -> None:
    """
    With the service's codes.
    """
    assert code == send(verb, f"{GITHUB}/{target}", payload, signed=signed).code
