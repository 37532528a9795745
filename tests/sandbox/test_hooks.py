"""
Hooks: created, changed, and fired by calls, tokens, schedules and messages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli.sandbox.clock import Clock, from_json, to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.messages import Message
from tccli.sandbox.services.hooks import schedule
from tccli.sandbox.services.notify import outbox
from tests.sandbox.conftest import timestamp
from tests.vectors import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.server import Server
    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import HttpResponse

    Send = Callable[..., HttpResponse]

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
    Return a definition; None removes a property.
    """
    definition = {"metadata": METADATA, "task": TASK, "triggerSchema": ANYTHING, "schedule": [], **changes}
    return {name: value for name, value in definition.items() if value is not None}


@pytest.fixture
def role(send: Send) -> None:
    """
    Lets all hooks of the group g create tasks.
    """
    scopes = ["queue:create-task:lowest:proj/ci", "queue:create-task:project:none", "queue:scheduler-id:-"]
    send("PUT", "/api/auth/v1/roles/hook-id%3Ag%2F*", {"description": "", "scopes": scopes})


@pytest.mark.usefixtures("role")
def test_the_official_client_fires_a_hook(sandbox: RunningSandbox) -> None:
    """
    The template's context has payload and caller; the task is in the queue and in the log of fires.
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
def test_a_template_renders_as_in_javascript(send: Send) -> None:
    """
    Timestamps without milliseconds, as GitHub writes them, and whole numbers.
    """
    deadline = {"$fromNow": "1 day", "from": {"$eval": "payload.at"}}
    payload = {"text": "${1.0} ${join([1, true], '-')}", "same": {"$eval": "1 == true"}}
    send("PUT", f"{HOOKS}/g/h", hook(task={**TASK, "deadline": deadline, "payload": payload}))
    fired = send("POST", f"{HOOKS}/g/h/trigger", {"at": re.sub(r"\.\d+Z", "Z", timestamp("0 seconds"))})
    task = send("GET", f"/api/queue/v1/task/{fired.json['taskId']}").json

    assert {"text": "1 1-true", "same": False} == task["payload"]
    assert task["deadline"].endswith(".000Z")


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param("${now}", None, id="text"),
        pytest.param({"$eval": "str(now)"}, None, id="conversion"),
        pytest.param({"$eval": "fromNow('1 day', now)"}, None, id="reference of the function"),
        pytest.param({"$eval": "typeof(now)"}, "object", id="type"),
        pytest.param({"$eval": "now == now"}, True, id="equality"),
        pytest.param({"$if": "now", "then": 1, "else": 2}, 2, id="condition"),
        pytest.param({"$merge": [{"$eval": "now"}]}, {}, id="properties"),
    ],
)
@pytest.mark.usefixtures("role")
def test_the_time_in_a_template_is_an_object(send: Send, part: Any, expected: Any) -> None:
    """
    A ``Date``, which has no text and no properties; only JSON and ``$fromNow`` take it for a time.
    """
    times = {"deadline": {"$fromNow": "1 hour", "from": {"$eval": "now"}}, "created": {"$eval": "now"}}
    send("PUT", f"{HOOKS}/g/h", hook(task={**TASK, **times, "payload": {"part": part}}))
    reply = send("POST", f"{HOOKS}/g/h/trigger", {})

    assert (400 if expected is None else 200) == reply.status
    if expected is not None:
        task = send("GET", f"/api/queue/v1/task/{reply.json['taskId']}").json
        assert expected == task["payload"]["part"]
        assert 3_600_000 == from_json(task["deadline"]) - from_json(task["created"])


@pytest.mark.usefixtures("role")
def test_the_log_of_fires_has_the_error_of_the_queue(send: Send) -> None:
    """
    As a client of the queue sees it, with the defaults that the queue filled in.
    """
    send("PUT", f"{HOOKS}/g/h", hook(task={**TASK, "unknown": 1}))
    send("POST", f"{HOOKS}/g/h/trigger", {})
    error = send("GET", f"{HOOKS}/g/h/status").json["lastFire"]["error"]

    assert ("Error", "InputValidationError", 400) == (error["name"], error["code"], error["statusCode"])
    assert error["message"] == error["body"]["message"]
    assert "lowest" == error["body"]["requestInfo"]["payload"]["priority"]


@pytest.mark.usefixtures("role")
def test_a_token_fires_a_hook(send: Send) -> None:
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


def test_the_role_must_have_the_task_s_scopes(send: Send) -> None:
    """
    The 403 names the role, and the log of fires has the queue's response.
    """
    send("PUT", f"{HOOKS}/g/h", hook())
    error = send("POST", f"{HOOKS}/g/h/trigger", {})
    status = send("GET", f"{HOOKS}/g/h/status").json["lastFire"]
    fire = send("GET", f"{HOOKS}/g/h/last-fires").json["lastFires"][0]

    assert (403, "InsufficientScopes") == (error.status, error.code)
    assert "The role `hook-id:g/h` does not have sufficient scopes" in error.message
    assert ("error", "InsufficientScopes", 403) == (
        status["result"],
        status["error"]["code"],
        status["error"]["statusCode"],
    )
    assert ("error", "unknown") == (fire["result"], fire["taskState"])


@pytest.mark.usefixtures("role")
@pytest.mark.parametrize(
    ("task", "expected"),
    [
        pytest.param({**TASK, "priority": "none"}, "While calling createTask: InputValidationError", id="schema"),
        pytest.param(
            {**TASK, "payload": {"$eval": "nothing"}}, "While firing hook:\n\nInterpreterError", id="template"
        ),
        pytest.param({"$eval": "'text'"}, "While firing hook:", id="no object"),
        pytest.param({"$if": 1}, "While firing hook:", id="nonsense"),
        pytest.param({"a": "${"}, "While firing hook:", id="half a template"),
        pytest.param({"$eval": "taskId"}, "While firing hook:", id="an id"),
        pytest.param({**TASK, "deadline": {"$fromNow": "9 days"}}, "While calling createTask: InputError", id="input"),
    ],
)
def test_an_invalid_template_is_an_error(send: Send, task: Any, expected: str) -> None:
    """
    400, and in the log of fires.
    """
    send("PUT", f"{HOOKS}/g/h", hook(task=task))
    error = send("POST", f"{HOOKS}/g/h/trigger", {})

    assert (400, "InputError") == (error.status, error.code)
    assert error.message.startswith(expected)
    assert "error" == send("GET", f"{HOOKS}/g/h/status").json["lastFire"]["result"]


def test_a_template_may_render_to_nothing(send: Send) -> None:
    """
    No task, no error, and no entry in the log of fires.
    """
    send("PUT", f"{HOOKS}/g/h", hook(task={"$if": "payload.go", "then": TASK}))
    response = send("POST", f"{HOOKS}/g/h/trigger", {"go": False})

    assert (200, {}) == (response.status, response.json)
    assert 404 == send("GET", f"{HOOKS}/g/h/last-fires").status


def test_hooks_get_defaults(send: Send) -> None:
    """
    The response has them; creating it again needs the bindings; an update without bindings leaves them.
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
    assert ["created", "updated", "updated"] == [entry["actionType"] for entry in history]


@pytest.mark.parametrize(
    ("verb", "target", "payload", "signed", "code"),
    [
        pytest.param("PUT", "g/h", hook(), False, "InsufficientScopes", id="create, anonymous"),
        pytest.param("POST", "g/h", hook(), False, "InsufficientScopes", id="update, anonymous"),
        pytest.param("DELETE", "g/h", None, False, "InsufficientScopes", id="remove, anonymous"),
        pytest.param("POST", "g/h/trigger", {}, False, "InsufficientScopes", id="trigger, anonymous"),
        pytest.param("GET", "g/h/token", None, False, "InsufficientScopes", id="token, anonymous"),
        pytest.param("POST", "g/h/token", None, False, "InsufficientScopes", id="reset, anonymous"),
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
        pytest.param("PUT", "g/h", hook(schedule=["0 0 5-1 * *"]), True, "InputError", id="range of days"),
        pytest.param("PUT", "g/h", hook(schedule=["0 0 * * FRI-mon"]), True, "InputError", id="range of week days"),
        pytest.param("PUT", "g/h", hook(schedule=["0 1,22-2/3 * * *"]), True, "InputError", id="range in a list"),
        pytest.param("PUT", "g/h", hook(schedule=["R * * * *"]), True, "InputError", id="random"),
        pytest.param("PUT", "g/h", hook(triggerSchema={"type": "x"}), True, "InputError", id="trigger schema"),
        pytest.param("PUT", "g%2Fg/h", hook(), True, "InvalidRequestArguments", id="slash in a group"),
        pytest.param("GET", "g/h/last-fires?limit=x", None, True, "InvalidRequestArguments", id="limit"),
    ],
)
def test_bad_requests_are_errors(send: Send, verb: str, target: str, payload: Any, code: str, *, signed: bool) -> None:
    """
    With the service's codes.
    """
    assert code == send(verb, f"{HOOKS}/{target}", payload, signed=signed).code


def test_a_payload_must_match_the_hook(send: Send) -> None:
    """
    By default, only an empty one does.
    """
    send("PUT", f"{HOOKS}/g/h", hook(triggerSchema=None))

    assert "InputError" == send("POST", f"{HOOKS}/g/h/trigger", {"x": 1}).code


@pytest.mark.parametrize(
    ("schema", "payload", "created", "fired"),
    [
        pytest.param({"properties": {"a": {"format": "email"}}}, {"a": "x"}, 200, 400, id="format"),
        pytest.param({"properties": {"a": {"format": "date"}}}, {"a": "2026-02-30"}, 200, 400, id="date"),
        pytest.param({"properties": {"a": {"format": "regex"}}}, {"a": "["}, 200, 400, id="format of a pattern"),
        pytest.param({"properties": {"a": {"pattern": "^a$"}}}, {"a": "a\n"}, 200, 400, id="end of a pattern"),
        pytest.param({"properties": {"a": {"format": "nonsense"}}}, {}, 200, 500, id="unknown format"),
        pytest.param({"properties": {"a": {"nonsense": 1}}}, {}, 200, 500, id="unknown keyword"),
        pytest.param({"definitions": {"a": {"nonsense": 1}}}, {}, 200, 200, id="unknown keyword that is not used"),
        pytest.param({"if": {}}, {}, 200, 500, id="if without then"),
        pytest.param({"if": {}, "else": {}}, {}, 200, 200, id="if without else"),
        pytest.param({"additionalItems": False}, {}, 200, 500, id="no effect"),
        pytest.param({"pattern": "["}, {}, 200, 500, id="no pattern"),
        pytest.param({"$schema": "http://json-schema.org/schema#"}, {}, 200, 200, id="any dialect"),
        pytest.param({"$schema": "http://json-schema.org/draft-04/schema#"}, {}, 500, 404, id="another dialect"),
        pytest.param({"enum": []}, {}, 400, 404, id="no values"),
        pytest.param({"enum": [1, 1]}, {}, 400, 404, id="a value twice"),
    ],
)
@pytest.mark.usefixtures("role")
def test_trigger_schemas_are_read_strictly_when_they_are_used(
    send: Send, schema: dict[str, Any], payload: dict[str, Any], created: int, fired: int
) -> None:
    """
    Not before: createHook looks at their form only.
    """
    assert created == send("PUT", f"{HOOKS}/g/h", hook(triggerSchema=schema)).status
    assert fired == send("POST", f"{HOOKS}/g/h/trigger", payload).status


@pytest.mark.parametrize("exchange", ["taskcluster-queue/v1/task-created", "taskcluster-hooks/v1/hook-created"])
def test_hooks_cannot_listen_to_themselves(send: Send, exchange: str) -> None:
    """
    Nor to tasks that are created.
    """
    bound = hook(bindings=[{"exchange": f"exchange/{exchange}", "routingKeyPattern": "#"}])

    assert "InputError" == send("PUT", f"{HOOKS}/g/h", bound).code
    send("PUT", f"{HOOKS}/g/h", hook())
    assert "InputError" == send("POST", f"{HOOKS}/g/h", bound).code


def test_errors_show_the_defaults_within_the_payload(send: Send) -> None:
    """
    Also those of objects in it, which are filled in before the schema is checked.
    """
    shown = send("PUT", f"{HOOKS}/g/h", hook(unknown=1)).json["requestInfo"]["payload"]

    assert shown["metadata"]["emailOnError"] is True


def go_to_half_past(sandbox: RunningSandbox) -> None:
    """
    Move the clock to where no date of a schedule passes while a test runs.
    """
    sandbox.clock.offset = HOUR // 2 - Clock().now() % HOUR


@pytest.mark.usefixtures("role")
def test_the_clock_fires_hooks(send: Send, sandbox: RunningSandbox) -> None:
    """
    Once, however many dates have passed, and again at the next date.
    """
    go_to_half_past(sandbox)
    send("PUT", f"{HOOKS}/g/h", hook(schedule=["0 * * * *", "*/20 0 * * * *"], task={**TASK, "payload": {}}))
    planned = send("GET", f"{HOOKS}/g/h/status").json["nextScheduledDate"]
    sandbox.clock.offset += 3 * HOUR

    for _ in range(2):
        fires = send("GET", f"{HOOKS}/g/h/last-fires", signed=False).json["lastFires"]
        assert ["schedule"] == [fire["firedBy"] for fire in fires]
    status = send("GET", f"{HOOKS}/g/h/status", signed=False).json
    assert "success" == status["lastFire"]["result"]
    assert planned < to_json(sandbox.clock.now()) < status["nextScheduledDate"]


def test_the_owner_gets_mail_about_failed_schedules(
    send: Send, sandbox: RunningSandbox, sandbox_server: Server
) -> None:
    """
    Unless the hook disables it.
    """
    go_to_half_past(sandbox)
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
    Those bound to the exchange, by their patterns.
    """
    bindings = [{"exchange": "e", "routingKeyPattern": pattern}]
    send("PUT", f"{HOOKS}/g/h", hook(bindings=bindings))
    messages = [Message(exchange, key, (), b'{"x": 1}') for exchange in ("e", "other")]
    sandbox_server.sandbox.state.messages.extend(messages)
    fires = send("GET", f"{HOOKS}/g/h/last-fires")

    assert (200 if fired else 404) == fires.status
    assert not fired or ["pulseMessage"] == [fire["firedBy"] for fire in fires.json["lastFires"]]


@pytest.mark.usefixtures("role")
def test_tasks_fire_the_hooks_that_are_bound_to_their_routes(send: Send) -> None:
    """
    A message fires a hook once, however many of its keys match, and only if the trigger schema accepts it.
    """
    exchange = "exchange/taskcluster-queue/v1/task-defined"
    keys = ("route.want.hook", "primary.#")
    bindings = [{"exchange": exchange, "routingKeyPattern": key} for key in keys]
    none = [{"exchange": exchange, "routingKeyPattern": "route.other"}]
    strict = {"type": "object", "required": ["nope"]}
    broken = {"$ref": "https://example.com/nowhere.json"}
    send("PUT", f"{HOOKS}/g/bound", hook(bindings=bindings))
    send("PUT", f"{HOOKS}/g/unbound", hook(bindings=none))
    for name, schema in (("default", None), ("strict", strict), ("broken", broken)):
        send("PUT", f"{HOOKS}/g/{name}", hook(bindings=bindings, triggerSchema=schema))
    task_id = taskcluster.slugId()
    times = {"created": timestamp("0 seconds"), "deadline": timestamp("1 hour")}
    send("PUT", f"/api/queue/v1/task/{task_id}", {**TASK, **times, "payload": {}, "routes": ["want.hook"]})

    fires = send("GET", f"{HOOKS}/g/bound/last-fires").json["lastFires"]
    payload = send("GET", f"/api/queue/v1/task/{fires[0]['taskId']}").json["payload"]
    assert "pulseMessage" == payload["by"]
    assert (task_id, "unscheduled", {}) == (
        payload["got"]["status"]["taskId"],
        payload["got"]["status"]["state"],
        payload["got"]["task"]["tags"],
    )
    for name in ("unbound", "default", "strict", "broken"):
        assert 404 == send("GET", f"{HOOKS}/g/{name}/last-fires").status, name
    send("DELETE", f"{HOOKS}/g/bound")
    send("PUT", f"/api/queue/v1/task/{taskcluster.slugId()}", {**TASK, **times, "payload": {}, "routes": ["want.hook"]})
    assert 404 == send("GET", f"{HOOKS}/g/bound/last-fires").status


@pytest.mark.usefixtures("role")
def test_a_schedule_survives_a_time_that_is_none(send: Send, sandbox: RunningSandbox) -> None:
    """
    A template with a deadline that is not a time is an error in the log of fires, and other hooks fire.
    """
    send(
        "PUT",
        f"{HOOKS}/g/a",
        hook(schedule=["@daily"], task={**TASK, "payload": {}, "deadline": "nope"}),
    )
    send("PUT", f"{HOOKS}/g/b", hook(schedule=["@daily"], task={**TASK, "payload": {}}))
    sandbox.clock.offset += 24 * HOUR

    results = [send("GET", f"{HOOKS}/g/{name}/status").json["lastFire"]["result"] for name in ("a", "b")]
    assert ["error", "success"] == results


@pytest.mark.usefixtures("role")
def test_the_log_of_fires_goes_back_a_year(send: Send, sandbox: RunningSandbox) -> None:
    """
    Then it is as if the hook never had fired.
    """
    send("PUT", f"{HOOKS}/g/h", hook())
    send("POST", f"{HOOKS}/g/h/trigger", {})
    statuses = []
    for days in (364, 2):
        sandbox.clock.offset += days * 24 * HOUR
        statuses.append(send("GET", f"{HOOKS}/g/h/last-fires").status)

    assert [200, 404] == statuses


@pytest.mark.usefixtures("role")
def test_the_payload_may_choose_the_task_s_id(send: Send) -> None:
    """
    A second call is the same task if the template sets all times, and 400 if it does not.
    """
    times = {"created": timestamp("0 seconds"), "deadline": timestamp("1 hour"), "expires": timestamp("1 day")}
    task = {**TASK, "payload": {}, **{name: {"$eval": f"payload.{name}"} for name in times}}
    send("PUT", f"{HOOKS}/g/h", hook(task=task))
    send("PUT", f"{HOOKS}/g/now", hook(task={**TASK, "payload": {}}))
    payload = {"taskId": taskcluster.slugId(), **times}
    first, again = (send("POST", f"{HOOKS}/g/h/trigger", payload) for _ in range(2))

    assert (200, payload["taskId"]) == (first.status, first.json["taskId"])
    assert 200 == send("GET", f"/api/queue/v1/task/{payload['taskId']}").status
    assert (200, payload["taskId"]) == (again.status, again.json["taskId"])
    other = {"taskId": taskcluster.slugId()}
    assert [200, 400] == [send("POST", f"{HOOKS}/g/now/trigger", other).status for _ in range(2)]
    for wrong in ("x", payload["taskId"] + "\n", 5):
        error = send("POST", f"{HOOKS}/g/h/trigger", {**payload, "taskId": wrong})
        assert (400, "InputError") == (error.status, error.code)
    assert 200 == send("POST", f"{HOOKS}/g/h/trigger", {**payload, "taskId": ""}).status


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
        pytest.param("0 0 * * fri-7", "2026-01-05T00:00:00Z", "2026-01-09T00:00:00Z", id="Friday to Sunday"),
        pytest.param("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z", id="leap day"),
    ],
)
def test_schedules_have_the_service_s_syntax(pattern: str, after: str, expected: str) -> None:
    """
    Six fields begin with seconds; times are UTC.
    """
    assert from_json(expected) == schedule.next_date([pattern], from_json(after))


def test_schedules_are_those_of_cron_parser() -> None:
    """
    What it accepts, and the next date of that; the vectors are the output of its version 5.6.2.
    """
    vectors = load("cron")
    wrong = []
    for pattern, expected in vectors["next"].items():
        try:
            schedule.check([pattern])
            found: str | None = to_json(schedule.next_date([pattern], from_json(vectors["now"])))
        except ApiError as error:
            found = "error" if error.status == 500 else None
        if found != expected:
            wrong.append((pattern, expected, found))

    assert not wrong


@pytest.mark.parametrize("pattern", ["H H * * *", "H/15 * * * *", "H(0-29) 12 * * *"])
def test_schedules_may_leave_the_time_open(pattern: str) -> None:
    """
    The sandbox chooses it, once for each pattern.
    """
    first = schedule.next_date([pattern], 0)

    assert 0 < first <= 2 * 24 * HOUR
    assert 0 == (schedule.next_date([pattern], first) - first) % (15 * 60_000)
