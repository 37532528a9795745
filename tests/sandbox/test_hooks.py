"""
Hooks: made, changed, fired by people, by strangers with a token, by the clock and by messages.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli.sandbox.clock import from_json
from tccli.sandbox.services.hooks import schedule, triggers
from tccli.sandbox.services.notify import outbox
from tests.sandbox.conftest import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.server import Server
    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import Reply

    Send = Callable[..., Reply]

HOOKS = "/api/hooks/v1/hooks"
ANYTHING = {"type": "object", "additionalProperties": True}
HOUR = 3_600_000
METADATA = {"name": "n", "description": "d", "owner": "o@example.com"}
TASK = {
    "taskQueueId": "proj/ci",
    "payload": {"got": {"$eval": "payload"}, "by": {"$eval": "firedBy"}},
    "metadata": {**METADATA, "source": "https://example.com"},
}


def hook(**changes: Any) -> dict[str, Any]:
    """
    Return a definition; None leaves something out.
    """
    definition = {"metadata": METADATA, "task": TASK, "triggerSchema": ANYTHING, "schedule": [], **changes}
    return {name: value for name, value in definition.items() if value is not None}


@pytest.fixture
def role(send: Send) -> None:
    """
    Let all hooks of the group g make tasks.
    """
    scopes = ["queue:create-task:lowest:proj/ci", "queue:create-task:project:none", "queue:scheduler-id:-"]
    send("PUT", "/api/auth/v1/roles/hook-id%3Ag%2F*", {"description": "", "scopes": scopes})


@pytest.mark.usefixtures("role")
def test_the_official_client_fires_a_hook(sandbox: RunningSandbox) -> None:
    """
    The template sees payload and caller; the task is in the queue, and in the list of fires.
    """
    options = {"rootUrl": sandbox.root_url, "credentials": dict(sandbox.credentials), "maxRetries": 0}
    hooks, queue = taskcluster.Hooks(options), taskcluster.Queue(options)
    template = {**TASK, "payload": {"$merge": [TASK["payload"], {"who": {"$eval": "clientId"}, "id": "${taskId}"}]}}
    made = hooks.createHook("g", "a/b", hook(task=template))
    assert {"lastFire": {"result": "no-fire"}} == hooks.getHookStatus("g", "a/b")
    task_id = hooks.triggerHook("g", "a/b", {"x": [1]})["taskId"]
    task = queue.task(task_id)

    assert made == {key: value for key, value in hooks.hook("g", "a/b").items() if key != "bindings"}
    who = sandbox.credentials["clientId"]
    assert {"got": {"x": [1]}, "by": "triggerHook", "who": who, "id": task_id} == task["payload"]
    assert task_id == task["taskGroupId"]
    fire = hooks.listLastFires("g", "a/b")["lastFires"][0]
    assert (task_id, "success", "pending", "", "triggerHook") == (
        fire["taskId"],
        fire["result"],
        fire["taskState"],
        fire["error"],
        fire["firedBy"],
    )
    assert {"result": "success", "taskId": task_id, "time": fire["taskCreateTime"]} == hooks.getHookStatus("g", "a/b")[
        "lastFire"
    ]
    assert {"groups": ["g"]} == hooks.listHookGroups()
    assert ["a/b"] == [listed["hookId"] for listed in hooks.listHooks("g")["hooks"]]
    assert {} == hooks.removeHook("g", "a/b")
    assert {} == hooks.removeHook("g", "a/b")
    with pytest.raises(taskcluster.exceptions.TaskclusterRestFailure, match="No such hook or never fired"):
        hooks.listLastFires("g", "a/b")


@pytest.mark.usefixtures("role")
def test_a_token_is_enough(send: Send) -> None:
    """
    Until it is replaced.
    """
    send("PUT", f"{HOOKS}/g/h", hook())
    token = send("GET", f"{HOOKS}/g/h/token").json["token"]
    fired = send("POST", f"{HOOKS}/g/h/trigger/{token}", {"x": 1}, signed=False)
    newer = send("POST", f"{HOOKS}/g/h/token").json["token"]
    late = send("POST", f"{HOOKS}/g/h/trigger/{token}", {}, signed=False)

    assert (200, fired.json["taskId"]) == (fired.status, fired.json["status"]["taskId"])
    assert token != newer
    assert newer == send("GET", f"{HOOKS}/g/h/token").json["token"]
    assert (401, "AuthenticationFailed", "invalid hook token") == (late.status, late.code, late.message)
    fires = send("GET", f"{HOOKS}/g/h/last-fires").json["lastFires"]
    assert ["triggerHookWithToken"] == [fire["firedBy"] for fire in fires]


def test_the_queue_refuses_what_the_role_may_not(send: Send) -> None:
    """
    403 says that it is the role, and the fire is kept with the queue's answer.
    """
    send("PUT", f"{HOOKS}/g/h", hook())
    refused = send("POST", f"{HOOKS}/g/h/trigger", {})
    status = send("GET", f"{HOOKS}/g/h/status").json["lastFire"]
    fire = send("GET", f"{HOOKS}/g/h/last-fires").json["lastFires"][0]

    assert (403, "InsufficientScopes") == (refused.status, refused.code)
    assert "The role `hook-id:g/h` does not have sufficient scopes" in refused.message
    assert ("error", "InsufficientScopes", 403) == (
        status["result"],
        status["error"]["code"],
        status["error"]["statusCode"],
    )
    assert ("error", "unknown") == (fire["result"], fire["taskState"])


@pytest.mark.usefixtures("role")
@pytest.mark.parametrize(
    ("task", "says"),
    [
        pytest.param({**TASK, "priority": "none"}, "While calling createTask: InputValidationError", id="schema"),
        pytest.param(
            {**TASK, "payload": {"$eval": "nothing"}}, "While firing hook:\n\nInterpreterError", id="template"
        ),
        pytest.param({"$eval": "'text'"}, "While firing hook:", id="no object"),
        pytest.param({"$if": 1}, "While firing hook:", id="nonsense"),
        pytest.param({**TASK, "deadline": {"$fromNow": "9 days"}}, "While calling createTask: InputError", id="input"),
    ],
)
def test_a_template_can_be_wrong(send: Send, task: Any, says: str) -> None:
    """
    400, and kept.
    """
    send("PUT", f"{HOOKS}/g/h", hook(task=task))
    refused = send("POST", f"{HOOKS}/g/h/trigger", {})

    assert (400, "InputError") == (refused.status, refused.code)
    assert refused.message.startswith(says)
    assert "error" == send("GET", f"{HOOKS}/g/h/status").json["lastFire"]["result"]


def test_a_template_can_decline(send: Send) -> None:
    """
    No task, no error, and nothing is kept.
    """
    send("PUT", f"{HOOKS}/g/h", hook(task={"$if": "payload.go", "then": TASK}))
    answer = send("POST", f"{HOOKS}/g/h/trigger", {"go": False})

    assert (200, {}) == (answer.status, answer.json)
    assert 404 == send("GET", f"{HOOKS}/g/h/last-fires").status


def test_a_hook_is_completed_and_changed(send: Send) -> None:
    """
    Defaults stand in the answer; making it again needs the bindings; changing keeps those that are not said.
    """
    bindings = [{"exchange": "e", "routingKeyPattern": "#"}]
    first = send("PUT", f"{HOOKS}/g/h", hook(triggerSchema=None, schedule=None))

    assert {"type": "object", "additionalProperties": False} == first.json["triggerSchema"]
    assert ([], True) == (first.json["schedule"], first.json["metadata"]["emailOnError"])
    assert (409, "RequestConflict") == ((again := send("PUT", f"{HOOKS}/g/h", hook())).status, again.code)
    changed = send("POST", f"{HOOKS}/g/h", hook(bindings=bindings, schedule=["@daily"]))
    assert bindings == changed.json["bindings"] == send("POST", f"{HOOKS}/g/h", hook()).json["bindings"]
    assert 200 == send("PUT", f"{HOOKS}/g/i", hook(bindings=[])).status
    assert 200 == send("PUT", f"{HOOKS}/g/i", hook(bindings=[])).status
    history = send("GET", "/api/auth/v1/audit/hook/g%2Fh").json["auditHistory"]
    assert ["updated", "updated", "created"] == [entry["actionType"] for entry in history]


@pytest.mark.parametrize(
    ("verb", "target", "payload", "signed", "code"),
    [
        pytest.param("PUT", "g/h", hook(), False, "InsufficientScopes", id="create, nobody"),
        pytest.param("POST", "g/h", hook(), False, "InsufficientScopes", id="update, nobody"),
        pytest.param("DELETE", "g/h", None, False, "InsufficientScopes", id="remove, nobody"),
        pytest.param("POST", "g/h/trigger", {}, False, "InsufficientScopes", id="trigger, nobody"),
        pytest.param("GET", "g/h/token", None, False, "InsufficientScopes", id="token, nobody"),
        pytest.param("POST", "g/h/token", None, False, "InsufficientScopes", id="reset, nobody"),
        pytest.param("GET", "none/h", None, True, "ResourceNotFound", id="hook"),
        pytest.param("GET", "none", None, True, "ResourceNotFound", id="group"),
        pytest.param("GET", "none/h/status", None, True, "ResourceNotFound", id="status"),
        pytest.param("GET", "none/h/token", None, True, "ResourceNotFound", id="token"),
        pytest.param("POST", "none/h/token", None, True, "ResourceNotFound", id="reset"),
        pytest.param("POST", "none/h", hook(), True, "ResourceNotFound", id="update"),
        pytest.param("POST", "none/h/trigger", {}, True, "ResourceNotFound", id="trigger"),
        pytest.param("POST", "none/h/trigger/x", {}, False, "ResourceNotFound", id="trigger with token"),
        pytest.param("PUT", "g/h", {}, True, "InputValidationError", id="payload"),
        pytest.param("PUT", "g/h", hook(hookId="x"), True, "InputError", id="another id"),
        pytest.param("PUT", "g/h", hook(hookGroupId="x"), True, "InputError", id="another group"),
        pytest.param("PUT", "g/h", hook(schedule=["x"]), True, "InputError", id="schedule"),
        pytest.param("PUT", "g/h", hook(schedule=["61 * * * *"]), True, "InputError", id="minute 61"),
        pytest.param("PUT", "g/h", hook(triggerSchema={"type": "x"}), True, "InputError", id="trigger schema"),
        pytest.param("PUT", "g%2Fg/h", hook(), True, "InvalidRequestArguments", id="slash in a group"),
        pytest.param("GET", "g/h/last-fires?limit=x", None, True, "InvalidRequestArguments", id="limit"),
    ],
)
def test_refuses(send: Send, verb: str, target: str, payload: Any, code: str, *, signed: bool) -> None:
    """
    With the service's codes.
    """
    assert code == send(verb, f"{HOOKS}/{target}", payload, signed=signed).code


def test_a_payload_must_match_the_hook(send: Send) -> None:
    """
    And by default, no payload but an empty one does.
    """
    send("PUT", f"{HOOKS}/g/h", hook(triggerSchema=None))

    assert "InputError" == send("POST", f"{HOOKS}/g/h/trigger", {"x": 1}).code


@pytest.mark.usefixtures("role")
def test_the_clock_fires_hooks(send: Send, sandbox: RunningSandbox) -> None:
    """
    Once, however often it was due in the meantime, and then not before the next time.
    """
    send("PUT", f"{HOOKS}/g/h", hook(schedule=["0 * * * *", "*/20 0 * * * *"], task={**TASK, "payload": {}}))
    planned = send("GET", f"{HOOKS}/g/h/status").json["nextScheduledDate"]
    sandbox.clock.offset += 3 * HOUR

    for _ in range(2):
        fires = send("GET", f"{HOOKS}/g/h/last-fires", signed=False).json["lastFires"]
        assert ["schedule"] == [fire["firedBy"] for fire in fires]
    status = send("GET", f"{HOOKS}/g/h/status", signed=False).json
    assert "success" == status["lastFire"]["result"]
    assert planned < moment("3 hours") < status["nextScheduledDate"]


def test_a_schedule_that_fails_is_told_to_the_owner(
    send: Send, sandbox: RunningSandbox, sandbox_server: Server
) -> None:
    """
    By mail, unless that is not wanted.
    """
    quiet = {**METADATA, "emailOnError": False}
    for name, metadata in (("h", METADATA), ("quiet", quiet)):
        send("PUT", f"{HOOKS}/g/{name}", hook(schedule=["@daily"], metadata=metadata))
    sandbox.clock.offset += 24 * HOUR

    for name in ("h", "quiet"):
        assert "error" == send("GET", f"{HOOKS}/g/{name}/status", signed=False).json["lastFire"]["result"]
    assert ["o@example.com"] == [message["address"] for message in outbox.messages(sandbox_server.sandbox.state)]


@pytest.mark.usefixtures("role")
@pytest.mark.parametrize(
    ("pattern", "key", "fired"),
    [
        pytest.param("a.*.c", "a.b.c", 1, id="one word"),
        pytest.param("a.*", "a.b.c", 0, id="too few"),
        pytest.param("a.#", "a", 1, id="no word"),
        pytest.param("#.c", "a.b.c", 1, id="several"),
        pytest.param("a.b", "a+b", 0, id="a dot is a dot"),
    ],
)
def test_messages_fire_hooks(send: Send, sandbox_server: Server, pattern: str, key: str, fired: int) -> None:
    """
    Those that are bound to the exchange, by their patterns.
    """
    bindings = [{"exchange": "e", "routingKeyPattern": pattern}]
    send("PUT", f"{HOOKS}/g/h", hook(bindings=bindings))
    state = sandbox_server.sandbox.state

    assert fired == asyncio.run(triggers.hear(state, "e", key, {"x": 1}))
    assert 0 == asyncio.run(triggers.hear(state, "other", key, {}))
    assert (200 if fired else 404) == send("GET", f"{HOOKS}/g/h/last-fires").status


@pytest.mark.usefixtures("role")
def test_fires_come_in_pages(send: Send) -> None:
    """
    The latest first.
    """
    send("PUT", f"{HOOKS}/g/h", hook())
    fired = [send("POST", f"{HOOKS}/g/h/trigger", {}).json["taskId"] for _ in range(3)]
    first = send("GET", f"{HOOKS}/g/h/last-fires?limit=2").json
    second = send("GET", f"{HOOKS}/g/h/last-fires?continuationToken={first['continuationToken']}").json

    assert fired[::-1] == [fire["taskId"] for page in (first, second) for fire in page["lastFires"]]


@pytest.mark.parametrize(
    ("pattern", "after", "expected"),
    [
        pytest.param("30 12 * * *", "2026-01-31T12:30:00Z", "2026-02-01T12:30:00Z", id="five fields"),
        pytest.param("15 30 12 * * *", "2026-01-31T12:30:14Z", "2026-01-31T12:30:15Z", id="six fields"),
        pytest.param("0 0 * * 5L", "2026-01-01T00:00:00Z", "2026-01-30T00:00:00Z", id="last Friday"),
        pytest.param("0 0 13 * 5", "2026-01-03T00:00:00Z", "2026-01-09T00:00:00Z", id="the 13th or a Friday"),
        pytest.param("@weekdays", "2026-01-03T00:00:00Z", "2026-01-05T00:00:00Z", id="nickname"),
        pytest.param("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z", id="leap day"),
    ],
)
def test_schedules_are_those_of_the_service(pattern: str, after: str, expected: str) -> None:
    """
    Seconds first where there are six fields, and all of it in UTC.
    """
    assert from_json(expected) == schedule.next_date([pattern], from_json(after))
