"""
The worker manager: pools, launch configurations, workers of the static provider, and errors.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli.sandbox.services.notify import outbox
from tccli.sandbox.services.worker_manager import worker_table
from tccli.sandbox.services.worker_manager.worker_table import Worker
from tests.sandbox.conftest import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.server import Server
    from tests.conftest import CommandLine, Result, RunningSandbox, Start
    from tests.sandbox.conftest import ClaimedRun, HttpResponse

    Send = Callable[..., HttpResponse]

MANAGER = "/api/worker-manager/v1"
POOL, WORKER = "worker-pool/proj%2Fci", "workers/proj%2Fci/group/worker"
SECRET, OTHER_SECRET = "s" * 44, "t" * 44
HOUR = 3_600_000
SEEN_WITH_SLASH = "provisioners/a%2Fb/worker-types/ci/workers"
ERROR = {"workerGroup": "group", "workerId": "worker", "kind": "k", "title": "t", "description": "d", "extra": {}}


def pool(**changes: Any) -> dict[str, Any]:
    """
    Return a payload of createWorkerPool.
    """
    known = {"providerId": "static", "description": "d", "owner": "o@example.com", "emailOnError": False}
    return {**known, "config": {}, **changes}


def launch_pool(*configs: dict[str, Any]) -> dict[str, Any]:
    """
    Return a pool with launch configurations.
    """
    return pool(providerId="null-provider", config={"launchConfigs": list(configs)})


def launch_config(name: str = "", **content: Any) -> dict[str, Any]:
    """
    Return a launch configuration.
    """
    return {**content, **({"workerManager": {"launchConfigId": name}} if name else {})}


def worker(**changes: Any) -> dict[str, Any]:
    """
    Return a payload of createWorker.
    """
    return {"expires": timestamp("1 hour"), "providerInfo": {"staticSecret": SECRET}, **changes}


def registration(**changes: Any) -> dict[str, Any]:
    """
    Return a payload of registerWorker.
    """
    names = {"workerPoolId": "proj/ci", "providerId": "static", "workerGroup": "group", "workerId": "worker"}
    return {**names, "workerIdentityProof": {"staticSecret": SECRET}, **changes}


@pytest.fixture
def created_worker(send: Send) -> dict[str, Any]:
    """
    A worker in a pool.
    """
    config = {"workerConfig": {"a": 1}, "lifecycle": {"reregistrationTimeout": 3600}}
    send("PUT", f"{MANAGER}/{POOL}", pool(config=config))
    found: dict[str, Any] = send("PUT", f"{MANAGER}/{WORKER}", worker()).json
    return found


def test_the_official_client_manages_pools(sandbox: RunningSandbox) -> None:
    """
    Created twice, updated, listed, and deleted, which assigns the null provider.
    """
    options = {"rootUrl": sandbox.root_url, "credentials": dict(sandbox.credentials), "maxRetries": 0}
    manager = taskcluster.WorkerManager(options)
    first = manager.createWorkerPool("proj/ci", pool())
    again = manager.createWorkerPool("proj/ci", pool())
    changed = manager.updateWorkerPool("proj/ci", pool(description="other"))

    assert pool().items() <= first.items()
    assert (first["description"], 0) == (again["description"], first["currentCapacity"])
    assert ("other", first["created"]) == (changed["description"], changed["created"])
    assert changed == manager.workerPool("proj/ci")
    assert [changed] == manager.listWorkerPools()["workerPools"]
    assert ["proj/ci"] == [stats["workerPoolId"] for stats in manager.listWorkerPoolsStats()["workerPoolsStats"]]
    stats = manager.workerPoolStats("proj/ci")["launchConfigStats"]
    assert [("unknown", 0)] == [(entry["launchConfigId"], entry["runningCount"]) for entry in stats]
    assert "null-provider" == manager.deleteWorkerPool("proj/ci")["providerId"]
    assert {"providers": [{"providerId": "static", "providerType": "static"}]} == manager.listProviders()


def test_changes_of_pools_are_in_the_audit_log(send: Send) -> None:
    """
    Of the auth service.
    """
    for verb in ("PUT", "POST", "DELETE"):
        assert 200 == send(verb, f"{MANAGER}/{POOL}", None if verb == "DELETE" else pool()).status
    history = send("GET", "/api/auth/v1/audit/worker-pool/proj%2Fci").json["auditHistory"]

    assert ["created", "updated", "deleted"] == [entry["actionType"] for entry in history]


def test_a_slash_in_a_pool_may_be_unescaped(send: Send) -> None:
    """
    Where the service accepts it.
    """
    assert 200 == send("PUT", f"{MANAGER}/worker-pool/proj/ci", pool()).status
    assert 200 == send("GET", f"{MANAGER}/worker-pool/proj/ci").status
    assert [] == send("GET", f"{MANAGER}/worker-pool-errors/proj/ci").json["workerPoolErrors"]


def test_lists_of_pools_come_in_pages(send: Send) -> None:
    """
    Sorted by id.
    """
    names = ["proj/a", "proj/b", "proj/c"]
    for name in names:
        send("PUT", f"{MANAGER}/worker-pool/{name}", pool())
    for route, key in (("worker-pools", "workerPools"), ("worker-pools/stats", "workerPoolsStats")):
        first = send("GET", f"{MANAGER}/{route}?limit=2").json
        second = send("GET", f"{MANAGER}/{route}?continuationToken={first['continuationToken']}").json
        assert names == [entry["workerPoolId"] for page in (first, second) for entry in page[key]]


def test_launch_configurations_have_ids(send: Send) -> None:
    """
    Given ones, or ones that follow from the content; removed configurations are archived.
    """
    created = send("PUT", f"{MANAGER}/{POOL}", launch_pool(launch_config(a=1), launch_config("mine", a=2))).json
    names = [config["workerManager"]["launchConfigId"] for config in created["config"]["launchConfigs"]]
    send("POST", f"{MANAGER}/{POOL}", launch_pool(launch_config(a=1), launch_config("other", a=2)))
    current = send("GET", f"{MANAGER}/{POOL}/launch-configs").json["workerPoolLaunchConfigs"]
    every = send("GET", f"{MANAGER}/{POOL}/launch-configs?includeArchived=true").json["workerPoolLaunchConfigs"]

    assert ("mine", True) == (names[1], names[0].startswith("lc-"))
    assert {names[0], "other"} == {config["launchConfigId"] for config in current}
    assert ["mine"] == [config["launchConfigId"] for config in every if config["isArchived"]]
    assert {"a": 1} in [config["configuration"] for config in current]
    assert {} == send("DELETE", f"{MANAGER}/{POOL}").json["config"]
    assert {} == send("PUT", f"{MANAGER}/worker-pool/proj/none", launch_pool()).json["config"]
    assert {"workerPoolLaunchConfigs": []} == send("GET", f"{MANAGER}/{POOL}/launch-configs").json


def test_creating_a_pool_again_needs_the_ids_of_its_launch_configurations(send: Send) -> None:
    """
    The pool is stored with them, so the same payload without them is another one.
    """
    nameless, named = launch_pool(launch_config(a=1)), launch_pool(launch_config("x", a=1))
    for payload, expected in ((nameless, [200, 409]), (named, [200, 200])):
        target = f"{MANAGER}/worker-pool/proj/{'named' if payload is named else 'nameless'}"
        assert expected == [send("PUT", target, payload).status for _ in range(2)]


def test_a_launch_configuration_does_not_change(send: Send) -> None:
    """
    Another content with the same id is 409, and the pool is not changed; the number of workers may change.
    """
    send("PUT", f"{MANAGER}/{POOL}", launch_pool(launch_config("x", a=1)))
    error = send("POST", f"{MANAGER}/{POOL}", launch_pool(launch_config("x", a=2)))
    weighed = {"a": 1, "workerManager": {"launchConfigId": "x", "maxCapacity": 3}}
    two = f"{MANAGER}/worker-pool/proj/two"
    differing = send("PUT", two, launch_pool(launch_config("x", a=1), launch_config("x", a=2)))
    missing = send("GET", two)
    same = send("PUT", two, launch_pool(launch_config("x"), launch_config("x")))

    assert (409, "RequestConflict") == (error.status, error.code)
    assert "Launch config with ID `x` already exists" in error.message
    assert 1 == send("GET", f"{MANAGER}/{POOL}").json["config"]["launchConfigs"][0]["a"]
    assert 200 == send("POST", f"{MANAGER}/{POOL}", launch_pool(weighed)).status
    assert (409, 404) == (differing.status, missing.status)
    assert (200, 1) == (same.status, len(same.json["config"]["launchConfigs"]))


def test_the_official_client_manages_workers(sandbox: RunningSandbox) -> None:
    """
    Created, updated, listed by pool and by group, stopped.
    """
    options = {"rootUrl": sandbox.root_url, "credentials": dict(sandbox.credentials), "maxRetries": 0}
    manager = taskcluster.WorkerManager(options)
    manager.createWorkerPool("proj/ci", pool())
    key = ("proj/ci", "group", "worker")
    created = manager.createWorker(*key, worker())
    changed = manager.updateWorker(*key, worker(capacity=3))

    assert ("running", 1, "static") == tuple(created[name] for name in ("state", "capacity", "providerId"))
    assert 3 == changed["capacity"]
    assert changed == manager.worker(*key)
    assert [changed] == manager.listWorkersForWorkerPool("proj/ci")["workers"]
    assert [changed] == manager.listWorkersForWorkerGroup("proj/ci", "group")["workers"]
    assert [] == manager.listWorkersForWorkerGroup("proj/ci", "other")["workers"]
    assert {"terminate": False, "reason": "none"} == manager.shouldWorkerTerminate(*key)
    assert (1, 3) == tuple(manager.workerPool("proj/ci")[name] for name in ("runningCount", "currentCapacity"))
    assert {} == manager.removeWorker(*key)
    assert "stopped" == manager.worker(*key)["state"]
    assert [] == manager.listWorkersForWorkerPool("proj/ci", query={"state": "running"})["workers"]


def test_workers_come_in_pages(send: Send, sandbox: RunningSandbox) -> None:
    """
    The newest first.
    """
    send("PUT", f"{MANAGER}/{POOL}", pool())
    for number, name in enumerate(("a", "c", "b")):
        sandbox.clock.offset = number * 1000
        send("PUT", f"{MANAGER}/workers/proj%2Fci/group/{name}", worker())
    first = send("GET", f"{MANAGER}/workers/proj%2Fci?limit=2").json
    second = send("GET", f"{MANAGER}/workers/proj%2Fci?limit=2&continuationToken={first['continuationToken']}").json

    assert ["b", "c", "a"] == [found["workerId"] for page in (first, second) for found in page["workers"]]


@pytest.mark.usefixtures("created_worker")
def test_creating_a_worker_is_idempotent(send: Send) -> None:
    """
    With the same content, and while it is not stopped; the response shows an expiry that is not stored.
    """
    stored = send("GET", f"{MANAGER}/{WORKER}").json["expires"]
    again = send("PUT", f"{MANAGER}/{WORKER}", worker(expires=timestamp("2 hours")))
    assert (200, True) == (again.status, again.json["expires"] > stored)
    assert stored == send("GET", f"{MANAGER}/{WORKER}").json["expires"]
    assert "RequestConflict" == send("PUT", f"{MANAGER}/{WORKER}", worker(capacity=2)).code
    send("DELETE", f"{MANAGER}/{WORKER}")
    error = send("PUT", f"{MANAGER}/{WORKER}", worker())
    assert (409, "Worker already exists") == (error.status, error.message)


@pytest.mark.usefixtures("created_worker")
def test_secrets_are_masked_in_errors(send: Send) -> None:
    """
    In the payload that an error contains.
    """
    late = send("PUT", f"{MANAGER}/{WORKER}", worker(expires=timestamp("-1 hour")))
    bad = send("POST", f"{MANAGER}/worker/register", registration(workerId="none"))

    assert {"staticSecret": "(OMITTED)"} == late.json["requestInfo"]["payload"]["providerInfo"]
    assert "(OMITTED)" == bad.json["requestInfo"]["payload"]
    assert 500 == send("POST", f"{MANAGER}/{WORKER}", {"expires": timestamp("1 hour")}).status


@pytest.mark.usefixtures("created_worker")
def test_a_worker_registers(send: Send, sandbox: RunningSandbox) -> None:
    """
    It gets credentials of its own, and a secret that renews them once.
    """
    response = send("POST", f"{MANAGER}/worker/register", registration(), signed=False).json
    options = {"rootUrl": sandbox.root_url, "credentials": dict(response["credentials"]), "maxRetries": 0}
    key = {"workerPoolId": "proj/ci", "workerGroup": "group", "workerId": "worker"}
    scopes = taskcluster.Auth(options).currentScopes()["scopes"]
    manager = taskcluster.WorkerManager(options)
    newer = manager.reregisterWorker({**key, "secret": response["secret"]})

    assert ({"a": 1}, "worker/static/proj/ci/group/worker") == (
        response["workerConfig"],
        response["credentials"]["clientId"],
    )
    assert timestamp("59 minutes") < response["expires"] < timestamp("61 minutes")
    assert {"assume:worker-pool:proj/ci", "assume:worker-id:group/worker", "queue:claim-work:proj/ci"} <= set(scopes)
    assert timestamp("95 hours") < newer["expires"] < timestamp("97 hours")
    with pytest.raises(taskcluster.exceptions.TaskclusterRestFailure, match="Could not generate credentials"):
        manager.reregisterWorker({**key, "secret": response["secret"]})
    manager.removeWorker(*key.values())


@pytest.mark.parametrize(
    ("payload", "status", "expected"),
    [
        pytest.param(registration(workerPoolId="no/pool"), 404, "Worker pool no/pool does not exist", id="pool"),
        pytest.param(registration(providerId="none"), 404, "Provider none does not exist", id="provider"),
        pytest.param(registration(providerId="null-provider"), 400, "not associated with provider", id="not its own"),
        pytest.param(registration(workerId="none"), 404, "Worker group/none in worker pool", id="worker"),
        pytest.param(
            registration(workerIdentityProof={"staticSecret": OTHER_SECRET}), 400, "bad staticSecret", id="secret"
        ),
        pytest.param(registration(workerIdentityProof={"token": "x"}), 400, "missing staticSecret", id="another proof"),
    ],
)
@pytest.mark.usefixtures("created_worker")
def test_registration_needs_a_proof(send: Send, payload: dict[str, Any], status: int, expected: str) -> None:
    """
    The error has the reason.
    """
    error = send("POST", f"{MANAGER}/worker/register", payload, signed=False)

    assert (status, True) == (error.status, expected in error.message)


@pytest.mark.usefixtures("created_worker")
def test_expired_and_stopped_workers_do_not_register(send: Send, sandbox: RunningSandbox) -> None:
    """
    400.
    """
    send("DELETE", f"{MANAGER}/{WORKER}")
    stopped = send("POST", f"{MANAGER}/worker/register", registration(), signed=False)
    sandbox.clock.offset += 2 * HOUR
    late = send("POST", f"{MANAGER}/worker/register", registration(), signed=False)

    assert "worker is not running" == stopped.message
    assert "Worker group/worker has expired" == late.message


def test_errors_are_listed_and_counted(send: Send, sandbox_server: Server) -> None:
    """
    The latest first; the owner gets mail if the pool is configured so.
    """
    send("PUT", f"{MANAGER}/{POOL}", pool(emailOnError=True))
    state = sandbox_server.sandbox.state
    now = state.clock.now()
    known = Worker("proj/ci", "group", "worker", "static", "running", 1, now, now + HOUR, now, now, "lc")
    worker_table.insert(state.store, known)
    errors = f"{MANAGER}/worker-pool-errors/proj%2Fci"
    first = send("POST", errors, {**ERROR, "extra": {"code": "c"}}).json
    second = send("POST", errors, {**ERROR, "workerId": "other", "title": "u"}).json
    page = send("GET", f"{errors}?limit=1").json

    assert ({"code": "c", "workerGroup": "group", "workerId": "worker"}, "lc") == (
        first["extra"],
        first["launchConfigId"],
    )
    assert [second] == page["workerPoolErrors"]
    assert [first] == send("GET", f"{errors}?continuationToken={page['continuationToken']}").json["workerPoolErrors"]
    assert [first] == send("GET", f"{errors}?errorId={first['errorId']}").json["workerPoolErrors"]
    assert [first] == send("GET", f"{errors}?launchConfigId=lc").json["workerPoolErrors"]
    for query, named in (("", ""), ("?workerPoolId=proj/ci", "proj/ci")):
        stats = send("GET", f"{MANAGER}/worker-pool-errors/stats{query}").json
        totals = stats["totals"]
        assert (named, 2, {"t": 1, "u": 1}) == (stats["workerPoolId"], totals["total"], totals["title"])
        assert ({"c": 1, "other": 1}, {"lc": 1, "unknown": 1} if named else {}) == (
            totals["code"],
            totals["launchConfig"],
        )
        assert [0] * 6 + [2] == list(totals["daily"].values())
        assert [0] * 23 + [2] == list(totals["hourly"].values())
    assert ["o@example.com"] * 2 == [message["address"] for message in outbox.messages(state)]
    assert 1 == len(send("GET", f"{MANAGER}/workers/proj%2Fci?launchConfigId=lc").json["workers"])


def test_errors_are_counted_by_title_as_long_as_they_are_stored(send: Send, sandbox: RunningSandbox) -> None:
    """
    The total and the days are of the last seven days; the other counts are of all errors.
    """
    send("PUT", f"{MANAGER}/{POOL}", pool())
    send("POST", f"{MANAGER}/worker-pool-errors/proj%2Fci", ERROR)
    sandbox.clock.offset += 8 * 24 * HOUR
    totals = send("GET", f"{MANAGER}/worker-pool-errors/stats").json["totals"]

    assert (0, {0}) == (totals["total"], set(totals["daily"].values()))
    assert ({"t": 1}, {"proj/ci": 1}) == (totals["title"], totals["workerPool"])


def test_counting_the_errors_of_all_pools_needs_a_star(send: Send) -> None:
    """
    The scope with an empty pool id is not enough. The anonymous role, which every caller has, would give the other one.
    """
    send("DELETE", "/api/auth/v1/roles/anonymous")
    scope = "worker-manager:list-worker-pool-errors:"
    target = f"{MANAGER}/worker-pool-errors/stats"

    assert [403, 200] == [send("GET", target, scopes=[scope + ending]).status for ending in ("", "*")]


def test_statistics_are_of_launch_configurations_with_workers(send: Send, sandbox_server: Server) -> None:
    """
    Also archived ones; workers without a launch configuration are "unknown".
    """
    send("PUT", f"{MANAGER}/{POOL}", launch_pool(launch_config("used"), launch_config("unused")))
    state = sandbox_server.sandbox.state
    now = state.clock.now()
    for number, name in enumerate(("used", "archived", None)):
        known = Worker("proj/ci", "group", f"w{number}", "static", "running", 2, now, now + HOUR, now, now, name)
        worker_table.insert(state.store, known)
    stats = send("GET", f"{MANAGER}/{POOL}/stats").json["launchConfigStats"]

    assert [("archived", 1, 2), ("used", 1, 2), ("unknown", 1, 2)] == [
        (entry["launchConfigId"], entry["runningCount"], entry["currentCapacity"]) for entry in stats
    ]


def test_lists_workers_that_the_queue_has_seen(send: Send, run: ClaimedRun) -> None:
    """
    With the properties of the pool's worker, if there is one.
    """
    seen = f"{MANAGER}/provisioners/proj/worker-types/ci/workers"
    alone = send("GET", f"{seen}/group/worker").json
    send("PUT", f"{MANAGER}/{POOL}", pool())
    send("PUT", f"{MANAGER}/{WORKER}", worker(capacity=2))
    known = send("GET", f"{seen}/group/worker").json
    listed = send("GET", seen).json["workers"]

    assert ("none", "standalone", 0) == (alone["providerId"], alone["state"], alone["capacity"])
    assert ("static", "running", 2, []) == (
        known["providerId"],
        known["state"],
        known["capacity"],
        known["quarantineDetails"],
    )
    assert [{"taskId": run.task_id, "runId": 0}] == known["recentTasks"]
    assert [("worker", {"taskId": run.task_id, "runId": 0})] == [
        (entry["workerId"], entry["latestTask"]) for entry in listed
    ]
    for query, number in (
        ("quarantined=true", 0),
        ("quarantined=false", 1),
        ("workerState=running", 1),
        ("workerState=stopped", 0),
        ("launchConfigId=x", 0),
    ):
        assert number == len(send("GET", f"{seen}?{query}").json["workers"])


@pytest.mark.usefixtures("run")
def test_quarantined_false_filters_nothing(send: Send, sandbox: RunningSandbox) -> None:
    """
    Other than in the queue's method, which leaves quarantined workers out.
    """
    seen = "provisioners/proj/worker-types/ci/workers"
    until = {"quarantineUntil": timestamp("30 days")}
    assert 200 == send("PUT", f"/api/queue/v1/{seen}/group/worker", until).status
    listed = {
        value: send("GET", f"{MANAGER}/{seen}?quarantined={value}").json["workers"] for value in ("true", "false")
    }

    assert listed["true"] == listed["false"] != []
    assert [] == send("GET", f"/api/queue/v1/{seen}?quarantined=false").json["workers"]
    sandbox.clock.offset += 3 * 24 * HOUR
    found = send("GET", f"{MANAGER}/{seen}/group/worker")
    assert (200, "[unspecified]") == (found.status, found.json["quarantineDetails"][0]["quarantineInfo"])
    assert 404 == send("GET", f"/api/queue/v1/{seen}/group/worker").status


@pytest.mark.usefixtures("run")
def test_listing_joins_workers_by_id_alone(send: Send) -> None:
    """
    A worker of another pool with the same id is listed, too; if nothing tells them apart, the service fails.
    """
    seen = f"{MANAGER}/provisioners/proj/worker-types/ci/workers"
    for name in ("proj%2Fci", "proj%2Fother"):
        send("PUT", f"{MANAGER}/worker-pool/{name}", pool())
    send("PUT", f"{MANAGER}/workers/proj%2Fci/group/worker", worker())
    send("PUT", f"{MANAGER}/workers/proj%2Fother/group/worker", worker(capacity=2))

    assert [1, 2] == [entry["capacity"] for entry in send("GET", seen).json["workers"]]
    assert 1 == send("GET", f"{seen}/group/worker").json["capacity"]
    send("POST", f"{MANAGER}/workers/proj%2Fother/group/worker", worker(capacity=1))
    assert (500, "InternalServerError") == ((error := send("GET", seen)).status, error.code)


@pytest.mark.parametrize(
    ("verb", "target", "payload", "code"),
    [
        pytest.param("GET", "worker-pool/no%2Fpool", None, "ResourceNotFound", id="pool"),
        pytest.param("POST", "worker-pool/no%2Fpool", pool(), "ResourceNotFound", id="update pool"),
        pytest.param("DELETE", "worker-pool/no%2Fpool", None, "ResourceNotFound", id="delete pool"),
        pytest.param("GET", "worker-pool/no%2Fpool/stats", None, "ResourceNotFound", id="pool stats"),
        pytest.param("GET", "worker-pool/no%2Fpool/launch-configs", None, "ResourceNotFound", id="launch configs"),
        pytest.param("GET", "worker-pool-errors/stats?workerPoolId=no/pool", None, "ResourceNotFound", id="errors"),
        pytest.param("GET", f"{SEEN_WITH_SLASH}/group/worker", None, "InternalServerError", id="slash, worker"),
        pytest.param("GET", SEEN_WITH_SLASH, None, "InternalServerError", id="slash, workers"),
        pytest.param("PUT", POOL, {}, "InputValidationError", id="payload"),
        pytest.param("PUT", POOL, pool(config={"x": 1}), "InputValidationError", id="config"),
        pytest.param("PUT", POOL, pool(providerId="aws"), "InputError", id="provider"),
        pytest.param("PUT", POOL, pool(description="x"), "RequestConflict", id="another pool"),
        pytest.param("POST", POOL, pool(workerPoolId="a/b"), "InputError", id="another id"),
        pytest.param("PUT", "worker-pool/bad", pool(), "InvalidRequestArguments", id="half a pool"),
        pytest.param("GET", "workers/no%2Fpool", None, "ResourceNotFound", id="workers of no pool"),
        pytest.param("GET", "workers/proj%2Fci?state=x", None, "InvalidRequestArguments", id="state"),
        pytest.param("GET", "workers/proj%2Fci/g/none", None, "ResourceNotFound", id="worker"),
        pytest.param("GET", "workers/proj%2Fci/g/none/should-terminate", None, "ResourceNotFound", id="terminate"),
        pytest.param("DELETE", "workers/proj%2Fci/g/none", None, "ResourceNotFound", id="remove"),
        pytest.param("POST", "workers/proj%2Fci/g/none", worker(), "ResourceNotFound", id="update"),
        pytest.param("PUT", "workers/no%2Fpool/g/w", worker(), "ResourceNotFound", id="create in no pool"),
        pytest.param("PUT", WORKER, {"expires": timestamp("1 hour")}, "InputError", id="no secret"),
        pytest.param("PUT", WORKER, worker(expires=timestamp("-1 hour")), "InputError", id="expired"),
        pytest.param("PUT", f"workers/proj%2Fci/group/{'w' * 39}", worker(), "InvalidRequestArguments", id="long id"),
        pytest.param("PUT", "workers/proj%2Fnull/g/w", worker(), "InputError", id="no provider of workers"),
        pytest.param("POST", "worker-pool-errors/no%2Fpool", ERROR, "ResourceNotFound", id="error in no pool"),
        pytest.param("POST", "worker-pool-errors/proj%2Fci", {}, "InputValidationError", id="error payload"),
        pytest.param("POST", "worker/register", {}, "InputValidationError", id="register payload"),
        pytest.param("POST", "worker/reregister", {}, "InputValidationError", id="reregister payload"),
        pytest.param("GET", "providers?continuationToken=x", None, "InvalidRequestArguments", id="providers token"),
        pytest.param("GET", "provisioners/proj/worker-types/ci/workers/g/w", None, "ResourceNotFound", id="never seen"),
    ],
)
def test_bad_requests_are_errors(send: Send, verb: str, target: str, payload: Any, code: str) -> None:
    """
    With the service's codes.
    """
    send("PUT", f"{MANAGER}/{POOL}", pool())
    send("PUT", f"{MANAGER}/worker-pool/proj/null", pool(providerId="null-provider"))

    assert code == send(verb, f"{MANAGER}/{target}", payload).code


@pytest.mark.parametrize(
    ("verb", "target", "payload"),
    [
        pytest.param("PUT", POOL, pool(), id="createWorkerPool"),
        pytest.param("POST", POOL, pool(), id="updateWorkerPool"),
        pytest.param("DELETE", POOL, None, id="deleteWorkerPool"),
        pytest.param("PUT", WORKER, worker(), id="createWorker"),
        pytest.param("POST", WORKER, worker(), id="updateWorker"),
        pytest.param("DELETE", WORKER, None, id="removeWorker"),
        pytest.param("POST", "worker-pool-errors/proj%2Fci", ERROR, id="reportWorkerError"),
        pytest.param(
            "POST",
            "worker/reregister",
            {"workerPoolId": "proj/ci", "workerGroup": "g", "workerId": "w", "secret": SECRET},
            id="reregisterWorker",
        ),
    ],
)
def test_needs_scopes(send: Send, verb: str, target: str, payload: Any) -> None:
    """
    403 without them.
    """
    assert "InsufficientScopes" == send(verb, f"{MANAGER}/{target}", payload, signed=False).code


def test_named_providers_accept_pools_and_start_no_workers(start: Start, tc: CommandLine) -> None:
    """
    A name is a type, or has one; each configuration is checked against the schema of its type.
    """
    process = start("sandbox", "start", "--provider", "google,big=aws", "--provider", "azure")
    assert process.stdout is not None
    lines = [process.stdout.readline().decode().removeprefix("export ").strip() for _ in range(4)]
    env = dict(line.split("=", 1) for line in lines)
    launch_config = {"region": "us-1", "zone": "us-1-a", "machineType": "m", "disks": [], "networkInterfaces": []}
    google = {
        "minCapacity": 0,
        "maxCapacity": 1,
        "launchConfigs": [{**launch_config, "capacityPerInstance": 1, "scheduling": {}, "workerConfig": {}}],
        "lifecycle": {},
    }

    def create(name: str, provider: str, config: Any) -> Result:
        payload = json.dumps(pool(providerId=provider, config=config))
        return tc("worker-manager", "createWorkerPool", f"proj/{name}", "--data", payload, env=env)

    listed = json.loads(tc("worker-manager", "listProviders", env=env).stdout)["providers"]
    made = create("a", "google", google)
    codes = [create(*words).exit_code for words in (("b", "big", google), ("c", "gcp", google), ("d", "azure", {}))]
    assert 0 == made.exit_code, made.stderr
    stats = json.loads(tc("worker-manager", "workerPool", "proj/a", env=env).stdout)

    names = [("static", "static"), ("google", "google"), ("big", "aws"), ("azure", "azure")]
    assert names == [(each["providerId"], each["providerType"]) for each in listed]
    assert 345_600 == json.loads(made.stdout)["config"]["lifecycle"]["reregistrationTimeout"]
    assert [6, 6, 6] == codes
    assert (0, "google") == (stats["currentCapacity"], stats["providerId"])


@pytest.mark.parametrize(
    "names", ["", "gcp", "a=gcp", "a b=google", "null-provider", "static=aws", "null-provider=aws"]
)
def test_a_provider_of_no_type_is_an_error(tc: CommandLine, names: str) -> None:
    """
    Before anything is started.
    """
    result = tc("sandbox", "run", "--provider", names, "--", "true")

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))


def test_changes_of_a_pool_do_not_count_its_workers(send: Send) -> None:
    """
    Only a pool that is read has their numbers.
    """
    payload = pool(config={"lifecycle": {}})
    assert payload["config"] == send("PUT", f"{MANAGER}/{POOL}", payload).json["config"]
    assert 200 == send("PUT", f"{MANAGER}/{WORKER}", worker()).status
    changes = [send("PUT", f"{MANAGER}/{POOL}", payload), send("POST", f"{MANAGER}/{POOL}", payload)]
    read = send("GET", f"{MANAGER}/{POOL}")
    changes.append(send("DELETE", f"{MANAGER}/{POOL}"))

    assert [(200, 0)] * 3 == [(change.status, change.json["runningCount"]) for change in changes]
    assert 1 == read.json["runningCount"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"workers/proj%2Fci?state={state}", status)
        for state, status in (("standalone", 200), ("running", 200), ("none", 400))
    ]
    + [(f"workers/proj%2Fci?launchConfigId={name}", status) for name, status in (("a-1", 200), ("a_1", 400))]
    + [(f"worker-pool-errors/proj%2Fci?launchConfigId={name}", status) for name, status in (("a", 200), ("a_", 400))]
    + [(f"{SEEN_WITH_SLASH.replace('%2F', '')}?workerState=standalone", 400)]
    + [
        (f"worker-pool-errors/stats?workerPoolId={name}", status)
        for name, status in (("", 200), ("proj/ci", 200), ("no/pool", 404), ("a_/b", 400), ("a.b", 400))
    ],
)
def test_patterns_of_options(send: Send, query: str, status: int) -> None:
    """
    Those of the service, also where a pool's id may have more characters than its option.
    """
    send("PUT", f"{MANAGER}/{POOL}", pool())

    assert status == send("GET", f"{MANAGER}/{query}").status


def test_columns_of_pools_and_workers(send: Send) -> None:
    """
    A description is text, a capacity an integer of 32 bits, and the database parses a new expiry.
    """
    path = f"{MANAGER}/{WORKER}"
    assert "a\ufffd" == send("PUT", f"{MANAGER}/{POOL}", pool(description="a\ud800")).json["description"]
    assert 500 == send("PUT", path, worker(capacity=2**31)).status
    assert 200 == send("PUT", path, worker(capacity=2**31 - 1)).status
    assert 500 == send("POST", path, worker(capacity=2**31)).status
    changed = send("POST", path, worker(expires="2090-01-01T23:59:60Z"))
    assert "2090-01-02T00:00:00.000Z" == changed.json["expires"]


@pytest.mark.parametrize("secret", ["", None, 0, [], "short"])
def test_only_a_secret_is_masked(send: Send, secret: Any) -> None:
    """
    A value that is false in JavaScript is shown.
    """
    reply = send("PUT", f"{MANAGER}/{WORKER}", worker(providerInfo={"staticSecret": secret}))
    shown = reply.json["requestInfo"]["payload"]["providerInfo"]["staticSecret"]

    assert (400, secret if secret in ("", None, 0) else "(OMITTED)") == (reply.status, shown)


def test_an_empty_pool_id_has_a_route(send: Send) -> None:
    """
    The error is that of the method.
    """
    reply = send("GET", f"{MANAGER}/worker-pool//stats")

    assert (400, "workerPoolStats") == (reply.status, reply.json["requestInfo"]["method"])
