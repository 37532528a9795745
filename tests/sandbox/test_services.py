"""
Methods of auth, queue and secrets, beyond the tests with the official client.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import HttpResponse, Signer

    Send = Callable[..., HttpResponse]

AUTH, QUEUE = "/api/auth/v1", "/api/queue/v1"
HOUR = 3_600_000


def timestamp(**offset: float) -> str:
    """
    Return a timestamp at an offset from now.
    """
    return (datetime.now(UTC) + timedelta(**offset)).isoformat().replace("+00:00", "Z")


def task(**changes: Any) -> dict[str, Any]:
    """
    Return a small task definition; None removes a property.
    """
    definition = {
        "taskQueueId": "proj/ci",
        "created": timestamp(),
        "deadline": timestamp(hours=1),
        "payload": {},
        "metadata": {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"},
        **changes,
    }
    return {name: value for name, value in definition.items() if value is not None}


def test_a_task_gets_defaults(send: Send) -> None:
    """
    Both forms of the queue's id, a group of its own, an expiry in a year.
    """
    task_id, definition = taskcluster.slugId(), task(deadline="2028-02-29T12:00:00Z")
    error = send("PUT", f"{QUEUE}/task/{task_id}", definition)
    send("PUT", f"{QUEUE}/task/{task_id}", task())
    kept = send("GET", f"{QUEUE}/task/{task_id}").json

    assert "more than 5 days" in error.json["message"]
    assert ("proj", "ci", "proj/ci") == (kept["provisionerId"], kept["workerType"], kept["taskQueueId"])
    assert (task_id, "-", "none", "lowest", 5) == (
        kept["taskGroupId"],
        kept["schedulerId"],
        kept["projectId"],
        kept["priority"],
        kept["retries"],
    )
    assert int(kept["deadline"][:4]) + 1 == int(kept["expires"][:4])


def test_creating_a_task_is_idempotent(send: Send) -> None:
    """
    The same definition gets the same response, another one 409.
    """
    target, definition = f"{QUEUE}/task/{taskcluster.slugId()}", task()
    first = send("PUT", target, definition)

    assert first.json == send("PUT", target, definition).json
    assert "RequestConflict" == send("PUT", target, {**definition, "priority": "low"}).code


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"created": timestamp(hours=-1)}, "`created` cannot be in the past", id="created before"),
        pytest.param({"created": timestamp(hours=1)}, "`created` cannot be in the future", id="created after"),
        pytest.param({"deadline": timestamp(minutes=-5)}, "`deadline` cannot be later than `created`", id="order"),
        pytest.param({"expires": timestamp(minutes=5)}, "`expires` cannot be before", id="expires"),
        pytest.param({"scopes": ["a**"]}, "must not end with `**`", id="double star"),
        pytest.param({"taskQueueId": None}, "at least a provisionerId", id="no queue"),
        pytest.param({"provisionerId": "other", "workerType": "ci"}, "taskQueueId must match", id="two queues"),
        pytest.param({"dependencies": [taskcluster.slugId()]}, "non-existing tasks", id="dependency"),
    ],
)
def test_an_invalid_task_is_an_error(send: Send, changes: dict[str, Any], expected: str) -> None:
    """
    400 InputError, with the reason.
    """
    reply = send("PUT", f"{QUEUE}/task/{taskcluster.slugId()}", task(**changes))

    assert (400, "InputError") == (reply.status, reply.code)
    assert expected in reply.json["message"]


def test_a_task_waits_for_others(send: Send) -> None:
    """
    It is unscheduled until its dependencies are resolved as it requires.
    """
    first, after_success, after_anything = (taskcluster.slugId() for _ in range(3))
    send("PUT", f"{QUEUE}/task/{first}", task())
    for task_id, requires in [(after_success, "all-completed"), (after_anything, "all-resolved")]:
        reply = send("PUT", f"{QUEUE}/task/{task_id}", task(dependencies=[first], requires=requires))
        assert "unscheduled" == reply.json["status"]["state"]
    cancelled = send("POST", f"{QUEUE}/task/{first}/cancel").json["status"]

    assert ("exception", "canceled") == (cancelled["state"], cancelled["runs"][0]["reasonResolved"])
    assert cancelled == send("POST", f"{QUEUE}/task/{first}/cancel").json["status"]
    wanted = {"taskIds": [first, after_success, after_anything, taskcluster.slugId()]}
    statuses = send("POST", f"{QUEUE}/tasks/status", wanted).json["statuses"]
    assert {first: "exception", after_success: "unscheduled", after_anything: "pending"} == {
        entry["taskId"]: entry["status"]["state"] for entry in statuses
    }
    assert 3 == len(send("POST", f"{QUEUE}/tasks", wanted).json["tasks"])


def test_a_group_has_one_scheduler(send: Send) -> None:
    """
    A task of another scheduler is 409; the group can be read without its tasks.
    """
    group = taskcluster.slugId()
    send("PUT", f"{QUEUE}/task/{taskcluster.slugId()}", task(taskGroupId=group, schedulerId="one"))
    other = send("PUT", f"{QUEUE}/task/{taskcluster.slugId()}", task(taskGroupId=group, schedulerId="two"))

    assert (409, "RequestConflict") == (other.status, other.code)
    assert "one" == send("GET", f"{QUEUE}/task-group/{group}").json["schedulerId"]


def test_pages(send: Send) -> None:
    """
    All clients without duplicates; an unknown token starts at the beginning; a limit of 0 gives an empty page of a
    group.
    """
    for number in range(5):
        made = {"description": "", "expires": timestamp(hours=1)}
        send("PUT", f"{AUTH}/clients/page%2F{number}", made)
    found: list[str] = []
    token = ""
    while True:
        page = send("GET", f"{AUTH}/clients/?prefix=page/&limit=2{token}").json
        found += [entry["clientId"] for entry in page["clients"]]
        if "continuationToken" not in page:
            break
        assert page["continuationToken"].isalnum()
        token = f"&continuationToken={page['continuationToken']}"

    assert [f"page/{number}" for number in range(5)] == found
    first = send("GET", f"{AUTH}/clients/?prefix=page/&limit=2&continuationToken=madeUp1").json["clients"]
    assert found[:2] == [entry["clientId"] for entry in first]
    group = taskcluster.slugId()
    send("PUT", f"{QUEUE}/task/{group}", task())
    assert [] == send("GET", f"{QUEUE}/task-group/{group}/list?limit=0").json["tasks"]


def test_roles_come_in_pages_with_a_limit(send: Send) -> None:
    """
    Without a limit, all at once; cycles are errors.
    """
    for name in ("a", "b"):
        send("PUT", f"{AUTH}/roles/{name}", {"description": "", "scopes": []})
    everything = send("GET", f"{AUTH}/roleids/").json
    first = send("GET", f"{AUTH}/roleids/?limit=2").json
    second = send("GET", f"{AUTH}/roleids/?limit=2&continuationToken={first['continuationToken']}").json
    circle = send("POST", f"{AUTH}/roles/a", {"description": "", "scopes": ["assume:a"]})

    assert {"roleIds": ["a", "anonymous", "b"]} == everything
    assert (["a", "anonymous"], ["b"]) == (first["roleIds"], second["roleIds"])
    assert (400, "InputError") == (circle.status, circle.code)
    gone = send("DELETE", f"{AUTH}/roles/a")
    assert (204, "") == (gone.status, gone.text)


def test_static_clients_cannot_be_changed(send: Send) -> None:
    """
    The root client is one.
    """
    reply = send("POST", f"{AUTH}/clients/static%2Ftaskcluster%2Froot/disable")

    assert (400, "InputError") == (reply.status, reply.code)


def test_changes_are_in_the_audit_log(send: Send) -> None:
    """
    Oldest first, with the client.
    """
    client = {"description": "", "expires": timestamp(hours=1)}
    send("PUT", f"{AUTH}/clients/one", client)
    send("POST", f"{AUTH}/clients/one/reset")
    send("DELETE", f"{AUTH}/clients/one")
    history = send("GET", f"{AUTH}/audit/client/one").json["auditHistory"]

    assert ["created", "access token reset", "deleted"] == [entry["actionType"] for entry in history]
    by_root = send("GET", f"{AUTH}/clients/static%2Ftaskcluster%2Froot/audit").json["auditHistory"]
    assert history == by_root
    first = send("GET", f"{AUTH}/audit/client/one?limit=1").json
    second = send("GET", f"{AUTH}/audit/client/one?continuationToken={first['continuationToken']}").json
    assert history == first["auditHistory"] + second["auditHistory"]


def test_the_audit_log_goes_back_30_days(sandbox: RunningSandbox, send: Send) -> None:
    """
    Also that of an entity that exists.
    """
    target = f"{AUTH}/audit/role/a"
    send("PUT", f"{AUTH}/roles/a", {"description": "", "scopes": []})
    sandbox.clock.offset = 29 * 86_400_000
    assert 1 == len(send("GET", target).json["auditHistory"])
    send("POST", f"{AUTH}/roles/a", {"description": "", "scopes": []})
    sandbox.clock.offset = 31 * 86_400_000

    assert ["updated"] == [entry["actionType"] for entry in send("GET", target).json["auditHistory"]]


def test_creating_a_client_twice_returns_the_same_token(sandbox: RunningSandbox, send: Send) -> None:
    """
    Within 15 minutes, while it is enabled, and with the scopes in the same order; they are returned sorted.
    """
    target, client = f"{AUTH}/clients/one", {"description": "", "expires": timestamp(hours=1)}
    same = {**client, "scopes": ["b", "A", "a", "a*"]}
    first = send("PUT", target, same)
    again = send("PUT", target, {**same, "deleteOnExpiration": True})

    assert (200, 200, ["A", "a*", "a", "b"]) == (first.status, again.status, first.json["scopes"])
    assert first.json["accessToken"] == again.json["accessToken"]
    assert first.json["deleteOnExpiration"] is again.json["deleteOnExpiration"] is False
    others = (
        {"description": "x"},
        {"expires": timestamp(hours=2)},
        {"scopes": ["a"]},
        {"scopes": same["scopes"][::-1]},
    )
    for change in others:
        assert "RequestConflict" == send("PUT", target, {**same, **change}).code
    assert 200 == send("PUT", target, same).status
    send("POST", f"{target}/disable")
    assert 409 == send("PUT", target, same).status
    send("POST", f"{target}/enable")
    sandbox.clock.offset = 16 * 60_000
    assert 409 == send("PUT", target, same).status


def test_checks_of_a_role_come_in_the_order_of_the_service(send: Send) -> None:
    """
    Another role with the id and cycles come before text that the database cannot store; errors show sorted scopes.
    """
    target = f"{AUTH}/roles/one"
    send("PUT", target, {"description": "", "scopes": ["a"]})
    bad = {"description": "\0", "scopes": ["b", "b*"]}

    assert "RequestConflict" == send("PUT", target, bad).code
    assert "InputError" == send("PUT", f"{AUTH}/roles/two", {**bad, "scopes": ["assume:two"]}).code
    assert 500 == send("PUT", f"{AUTH}/roles/two", {**bad, "scopes": ["b"]}).status
    assert ["b*", "b"] == send("PUT", target, bad).json["requestInfo"]["payload"]["scopes"]


@pytest.mark.parametrize(("role", "scopes"), [("one", ["c*", "c", "d"]), ("one*", ["d", "c", "c*"])])
def test_updates_of_a_role_sort_scopes_unless_it_has_a_parameter(send: Send, role: str, scopes: list[str]) -> None:
    """
    As the service's check of all roles does it in place.
    """
    target = f"{AUTH}/roles/{role.replace('*', '%2A')}"
    send("PUT", target, {"description": "", "scopes": []})

    assert scopes == send("POST", target, {"description": "", "scopes": ["d", "c", "c*"]}).json["scopes"]
    assert scopes == send("GET", target).json["scopes"]


def test_a_secret_may_have_an_empty_name(send: Send) -> None:
    """
    It is the first of the list.
    """
    for name in ("", "a"):
        secret = {"secret": {"n": 12345678901234567890}, "expires": timestamp(hours=1)}
        assert 200 == send("PUT", f"/api/secrets/v1/secret/{name}", secret).status
    first = send("GET", "/api/secrets/v1/secrets?limit=1").json
    rest = send("GET", f"/api/secrets/v1/secrets?continuationToken={first['continuationToken']}").json

    assert [[""], ["a"]] == [first["secrets"], rest["secrets"]]
    # As JavaScript writes the number.
    assert 12345678901234567000 == send("GET", "/api/secrets/v1/secret/").json["secret"]["n"]


def test_secrets_expire(sandbox: RunningSandbox, send: Send) -> None:
    """
    An expired secret is not found, and not listed.
    """
    send("PUT", "/api/secrets/v1/secret/a", {"secret": {}, "expires": timestamp(minutes=5)})
    sandbox.clock.offset = 10 * 60_000
    listed = send("GET", "/api/secrets/v1/secrets").json

    assert {"secrets": []} == listed
    assert 404 == send("GET", "/api/secrets/v1/secret/a").status


def test_signatures_can_be_tested(send: Send) -> None:
    """
    The client named tester has the scopes in the payload.
    """
    payload = {"clientScopes": ["test:b", "test:a"], "requiredScopes": ["test:a"]}
    anonymous = send("POST", f"{AUTH}/test-authenticate", {"clientScopes": [], "requiredScopes": []}, signed=False)

    other = send("POST", f"{AUTH}/test-authenticate", payload)

    assert (401, "AuthenticationFailed") == (other.status, other.code)
    assert {"clientId": "auth-failed:no-auth", "scopes": ["assume:anonymous"]} == anonymous.json


def test_authenticate_hawk(sandbox: RunningSandbox, sign: Signer, send: Send) -> None:
    """
    A service's request is valid, invalid, or without credentials.
    """
    port = int(sandbox.root_url.rpartition(":")[2])
    request = {"method": "get", "resource": "/x", "host": "127.0.0.1", "port": port}
    good = send("POST", f"{AUTH}/authenticate-hawk", {**request, "authorization": sign("GET", "/x")}).json
    bad = send("POST", f"{AUTH}/authenticate-hawk", {**request, "authorization": sign("GET", "/y")}).json
    nobody = send("POST", f"{AUTH}/authenticate-hawk", request).json

    assert ("auth-success", "hawk", ["*"]) == (good["status"], good["scheme"], good["scopes"])
    assert {"status": "auth-failed", "message": "Unauthorized: Bad mac"} == bad
    assert "no-auth" == nobody["status"]
