"""
The index: paths, ranks, namespaces, and redirects to artifacts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli.sandbox.services.index.tasks import index_task
from tests.sandbox.conftest import fetch, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.server import Server
    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import ClaimedRun, HttpResponse

    Send = Callable[..., HttpResponse]

INDEX = "/api/index/v1"
HOUR = 3_600_000


def entry(**changes: Any) -> dict[str, Any]:
    """
    Return a payload of insertTask.
    """
    return {"taskId": taskcluster.slugId(), "rank": 1, "data": {"a": 1}, "expires": timestamp("1 day"), **changes}


def test_the_official_client_finds_what_it_inserted(sandbox: RunningSandbox) -> None:
    """
    By path and in lists of a namespace, but not after its deletion.
    """
    index = taskcluster.Index({"rootUrl": sandbox.root_url, "credentials": dict(sandbox.credentials), "maxRetries": 0})
    made = entry()
    put = index.insertTask("a.b.c", made)

    assert {**made, "namespace": "a.b.c", "expires": made["expires"][:23] + "Z"} == put
    assert put == index.findTask("a.b.c")
    assert [put] == index.listTasks("a.b")["tasks"]
    assert ["a.b"] == [found["namespace"] for found in index.listNamespaces("a")["namespaces"]]
    assert {} == index.deleteTask("a.b.c")
    assert [] == index.listTasks("a.b")["tasks"]


def test_the_root_namespace_has_no_name(send: Send) -> None:
    """
    Without an argument, with or without a slash at the end.
    """
    send("PUT", f"{INDEX}/task/top", entry())
    send("PUT", f"{INDEX}/task/a.b", entry())

    for end in ("", "/"):
        assert ["top"] == [found["namespace"] for found in send("GET", f"{INDEX}/tasks{end}").json["tasks"]]
        found = send("GET", f"{INDEX}/namespaces{end}").json["namespaces"]
        assert [("a", "a")] == [(space["namespace"], space["name"]) for space in found]


def test_the_higher_rank_stays(send: Send) -> None:
    """
    Inserting a lower rank succeeds and changes nothing; the same rank replaces the task.
    """
    low, high, same = entry(rank=1), entry(rank=2.0), entry(rank=2)
    for put, expected in ((low, low), (high, high), (low, high), (same, same)):
        response = send("PUT", f"{INDEX}/task/a.b", put)
        assert (200, expected["taskId"]) == (response.status, response.json["taskId"])


def test_namespaces_expire_after_their_tasks(send: Send, sandbox: RunningSandbox) -> None:
    """
    At the midnight after the last of their tasks.
    """
    send("PUT", f"{INDEX}/task/a.b", entry(expires=timestamp("1 hour")))
    sandbox.clock.offset = HOUR + 1000

    assert "ResourceNotFound" == send("GET", f"{INDEX}/task/a.b", signed=False).code
    assert [] == send("GET", f"{INDEX}/tasks/a", signed=False).json["tasks"]
    sandbox.clock.offset = 26 * HOUR
    assert [] == send("GET", f"{INDEX}/namespaces", signed=False).json["namespaces"]


def test_lists_come_in_pages(send: Send) -> None:
    """
    Of tasks, of namespaces, and of the tasks at several paths.
    """
    paths = sorted(f"{space}.{name}" for space in ("x.a", "x.b") for name in ("1", "2"))
    for path in [*paths, "x.a"]:
        send("PUT", f"{INDEX}/task/{path}", entry())

    assert ["x.a"] == list_namespaces(send, "GET", "tasks/x", None, "tasks")
    assert ["x.a", "x.b"] == list_namespaces(send, "GET", "namespaces/x", None, "namespaces")
    wanted = {"indexes": [*paths, "x.a", "not.there", "top"]}
    send("PUT", f"{INDEX}/task/top", entry())
    # In the order of the paths.
    assert [*paths, "x.a"] == list_namespaces(send, "POST", "tasks/indexes", wanted, "tasks")
    assert [] == send("POST", f"{INDEX}/tasks/indexes", {}).json["tasks"]


def test_a_duplicate_path_is_found_twice(send: Send) -> None:
    """
    Which is an error if both are on one page: the response then violates its schema.
    """
    send("PUT", f"{INDEX}/task/x.a", entry())
    wanted = {"indexes": ["x.a", "x.a"]}

    assert 200 == send("POST", f"{INDEX}/tasks/indexes?limit=1", wanted).status
    assert 500 == send("POST", f"{INDEX}/tasks/indexes", wanted).status
    for path in ("x.\0", "\0", "\ud800"):
        assert 500 == send("POST", f"{INDEX}/tasks/indexes", {"indexes": [path]}).status


def test_namespaces_expire_a_day_later_at_each_level(send: Send) -> None:
    """
    At midnight; they remain if the task cannot be stored, and are errors if they expire after the year 9999.
    """

    def levels(name: str) -> list[str]:
        paths = ("", f"/{name}", f"/{name}.b")
        lists = [send("GET", f"{INDEX}/namespaces{path}").json["namespaces"] for path in paths]
        return [entry["expires"] for listed in lists for entry in listed if entry["namespace"].startswith(name)]

    send("PUT", f"{INDEX}/task/a.b.c.d", entry(expires="2090-01-05T00:00:00Z"))
    failed = send("PUT", f"{INDEX}/task/z.b.c.d", entry(rank=1.5, expires="2090-01-04T23:59:59.999Z"))

    assert ["2090-01-08T00:00:00.000Z", "2090-01-07T00:00:00.000Z", "2090-01-06T00:00:00.000Z"] == levels("a")
    assert ["2090-01-07T00:00:00.000Z", "2090-01-06T00:00:00.000Z", "2090-01-05T00:00:00.000Z"] == levels("z")
    assert (500, "2090-01-04T23:59:59.999Z") == (failed.status, failed.json["requestInfo"]["payload"]["expires"])
    assert 200 == send("PUT", f"{INDEX}/task/y.x", entry(expires="9999-12-31T00:00:00Z")).status
    assert 500 == send("GET", f"{INDEX}/namespaces").status


@pytest.mark.parametrize(("rank", "status"), [(-(2**31), 200), (2**31 - 1, 200), (2**31, 500), (-(2**31) - 1, 500)])
def test_ranks_have_32_bits(send: Send, rank: int, status: int) -> None:
    """
    The schema has no limits.
    """
    assert status == send("PUT", f"{INDEX}/task/a", entry(rank=rank)).status


def list_namespaces(send: Send, verb: str, route: str, payload: Any, name: str) -> list[str]:
    """
    Return the namespaces of all pages with one entry each.
    """
    found: list[str] = []
    token = ""
    while True:
        response = send(verb, f"{INDEX}/{route}?limit=1{token}", payload).json
        assert 1 >= len(response[name])
        found += [listed["namespace"] for listed in response[name]]
        if "continuationToken" not in response:
            return found
        token = f"&continuationToken={response['continuationToken']}"


def test_fails_where_the_service_does(send: Send) -> None:
    """
    For ranks that are not integers, unless the task that is there has a higher one, and for duplicate paths.
    """
    ranks = (2.5, 2**31, 1e300, 1e-320, -(2**53) - 1)
    for rank in ranks:
        assert 500 == send("PUT", f"{INDEX}/task/a.b", entry(rank=rank)).status
    first = send("PUT", f"{INDEX}/task/a.b", entry()).json
    for rank in ranks:
        response = send("PUT", f"{INDEX}/task/a.b", entry(rank=rank))
        assert (200, first) == (response.status, response.json) if rank < 1 else response.status == 500

    assert 500 == send("POST", f"{INDEX}/tasks/indexes", {"indexes": ["a.b", "a.b"]}).status
    assert 200 == send("POST", f"{INDEX}/tasks/indexes", {"indexes": ["a.c", "a.c"]}).status


def test_a_long_path_is_stored_and_breaks_its_namespace(send: Send) -> None:
    """
    Until it is deleted. A path of 255 characters is not too long.
    """
    short, long = "a." + "b" * 253, "a." + "b" * 254
    assert 200 == send("PUT", f"{INDEX}/task/{short}", entry()).status
    assert 200 == send("GET", f"{INDEX}/tasks/a").status
    assert 500 == send("PUT", f"{INDEX}/task/{long}", entry()).status
    assert [500, 500] == [send("GET", f"{INDEX}/{path}").status for path in (f"task/{long}", "tasks/a")]
    assert 200 == send("DELETE", f"{INDEX}/task/{long}").status
    assert [404, 200] == [send("GET", f"{INDEX}/{path}").status for path in (f"task/{long}", "tasks/a")]


def test_expired_tasks_are_found_in_bulk_only(send: Send, sandbox: RunningSandbox) -> None:
    """
    Their expiry is in the response.
    """
    send("PUT", f"{INDEX}/task/a.b", entry(expires=timestamp("5 minutes")))
    sandbox.clock.offset = 600_000
    found = send("POST", f"{INDEX}/tasks/indexes", {"indexes": ["a.b"]}).json["tasks"]

    assert ["a.b"] == [task["namespace"] for task in found if task["expires"] < timestamp("10 minutes")]
    assert 404 == send("GET", f"{INDEX}/task/a.b").status
    assert [] == send("GET", f"{INDEX}/tasks/a").json["tasks"]


@pytest.mark.parametrize("route", ["tasks/x", "namespaces"])
def test_a_limit_of_0_fails(send: Send, route: str) -> None:
    """
    If there are entries, as in most lists of the services.
    """
    assert 200 == send("GET", f"{INDEX}/{route}?limit=0").status
    send("PUT", f"{INDEX}/task/x.a", entry())

    assert 500 == send("GET", f"{INDEX}/{route}?limit=0").status


@pytest.mark.parametrize(
    ("verb", "target", "payload", "signed", "code"),
    [
        pytest.param("GET", "task/none", None, True, "ResourceNotFound", id="unknown"),
        pytest.param("GET", "task/none/artifacts/public/x", None, True, "ResourceNotFound", id="artifact of none"),
        pytest.param("GET", "task/a..b", None, True, "InvalidRequestArguments", id="empty part"),
        pytest.param("GET", "tasks/a%2Fb", None, True, "InvalidRequestArguments", id="slash"),
        pytest.param("GET", "tasks/a?limit=x", None, True, "InvalidRequestArguments", id="limit"),
        pytest.param("GET", "namespaces/a?continuationToken=-", None, True, "InputError", id="token"),
        pytest.param("PUT", "task/a", {}, True, "InputValidationError", id="payload"),
        pytest.param("PUT", "task/a", entry(), False, "InsufficientScopes", id="insert, anonymous"),
        pytest.param("DELETE", "task/a", None, False, "InsufficientScopes", id="delete, anonymous"),
        pytest.param("POST", "tasks/indexes", {"indexes": 1}, True, "InputValidationError", id="indexes"),
        pytest.param("GET", "task/a/artifacts/private", None, False, "InsufficientScopes", id="artifact, anonymous"),
    ],
)
def test_bad_requests_are_errors(send: Send, verb: str, target: str, payload: Any, code: str, *, signed: bool) -> None:
    """
    With the services' codes.
    """
    assert code == send(verb, f"{INDEX}/{target}", payload, signed=signed).code


def test_redirects_to_artifacts(send: Send, run: ClaimedRun, sandbox: RunningSandbox) -> None:
    """
    Public ones to their bytes; private ones to a signed URL of the queue, missing ones to the queue.
    """
    reference = {"storageType": "reference", "url": "https://example.com/x", "contentType": "t/x"}
    for name in ("public/x", "private/x y"):
        target = f"{run.path}/artifacts/{name.replace('/', '%2F').replace(' ', '%20')}"
        assert 200 == send("POST", target, {**reference, "expires": timestamp("1 hour")}).status
    send("PUT", f"{INDEX}/task/a.b", entry(taskId=run.task_id))
    queue = f"{sandbox.root_url}/api/queue/v1/task/{run.task_id}/artifacts"
    public = send("GET", f"{INDEX}/task/a.b/artifacts/public/x", signed=False)
    missing = send("GET", f"{INDEX}/task/a.b/artifacts/public/none", signed=False)
    private = send("GET", f"{INDEX}/task/a.b/artifacts/private/x%20y")

    assert (303, "https://example.com/x") == (public.status, public.headers["location"])
    assert "See Other. Redirecting to https://example.com/x" == public.text
    assert f"{queue}/public%2Fnone" == missing.headers["location"]
    assert private.headers["location"].startswith(f"{queue}/private%2Fx%20y?bewit=")
    assert 303 == fetch(private.headers["location"]).status


@pytest.mark.parametrize(
    ("extra", "rank"),
    [
        pytest.param({}, 0, id="defaults"),
        pytest.param({"index": {"rank": 7, "data": {"x": 1}}}, 7, id="rank and data"),
        pytest.param({"index": {"rank": "7"}}, None, id="rank is not a number"),
        pytest.param({"index": {"data": 1}}, None, id="data is not a object"),
        pytest.param({"index": {"expires": 1}}, None, id="expires is not a date"),
    ],
)
def test_completed_tasks_are_indexed(
    send: Send, sandbox_server: Server, sandbox: RunningSandbox, extra: dict[str, Any], rank: int | None
) -> None:
    """
    At each valid path in a route.
    """
    assert sandbox.root_url
    task_id = taskcluster.slugId()
    routes = ["index.a.b", "index.c", "index..x", "other.z"]
    definition = {"routes": routes, "extra": extra, "expires": timestamp("1 day")}
    index_task(sandbox_server.sandbox.state, task_id, definition)

    for path in ("a.b", "c"):
        found = send("GET", f"{INDEX}/task/{path}")
        assert rank is None or (task_id, rank) == (found.json["taskId"], found.json["rank"])
        assert (200 if rank is not None else 404) == found.status
    assert 404 == send("GET", f"{INDEX}/task/z").status
