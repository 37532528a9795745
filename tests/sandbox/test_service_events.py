"""
Messages of auth, hooks, notify and the worker manager.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sandbox.conftest import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import HttpResponse
    from tests.sandbox.message_recorder import MessageRecorder

    Send = Callable[..., HttpResponse]

AUTH, HOOK, NOTIFY = "/api/auth/v1", "/api/hooks/v1/hooks/g/h%2Fi", "/api/notify/v1"
MANAGER = "/api/worker-manager/v1"
POOL = f"{MANAGER}/worker-pool/proj%2Fci"
METADATA = {"name": "n", "description": "d", "owner": "o@example.com"}


def pool(*names: str) -> dict[str, Any]:
    """
    Return a payload of createWorkerPool with launch configurations.
    """
    configs = [{"workerManager": {"launchConfigId": name}} for name in names]
    known = {"providerId": "null-provider", "description": "d", "owner": "o@example.com", "emailOnError": False}
    return {**known, "config": {"launchConfigs": configs}}


def test_clients(send: Send, recorder: MessageRecorder) -> None:
    """
    Created, updated in four ways, and deleted, even if it does not exist.
    """
    content = {"expires": timestamp("1 day"), "description": "d", "scopes": [], "deleteOnExpiration": False}
    path = f"{AUTH}/clients/a%2Fb"
    calls: list[tuple[str, str, Any]] = [
        ("PUT", path, content),
        ("POST", path, content),
        ("POST", f"{path}/reset", None),
    ]
    calls += [("POST", f"{path}/disable", None), ("POST", f"{path}/enable", None)]
    for verb, target, payload in [*calls, ("DELETE", path, None), ("DELETE", path, None)]:
        assert send(verb, target, payload).status in {200, 204}

    names = ["clientCreated", *["clientUpdated"] * 4, *["clientDeleted"] * 2]
    assert [(name, "_", (), {"version": 1, "clientId": "a/b"}) for name in names] == recorder.take_all()


def test_roles(send: Send, recorder: MessageRecorder) -> None:
    """
    Created, updated, deleted; nothing for an error.
    """
    path, content = f"{AUTH}/roles/r%3A*", {"scopes": ["x"], "description": "d"}
    assert 404 == send("POST", path, content).status
    for verb, payload in (("PUT", content), ("POST", content), ("DELETE", None)):
        assert send(verb, path, payload).status in {200, 204}

    message = ("_", (), {"version": 1, "roleId": "r:*"})
    assert [(name, *message) for name in ("roleCreated", "roleUpdated", "roleDeleted")] == recorder.take_all()


def test_hooks(send: Send, recorder: MessageRecorder) -> None:
    """
    Created, updated, deleted.
    """
    definition = {"metadata": METADATA, "task": {}, "triggerSchema": {"type": "object"}, "schedule": []}
    for verb, payload in (("PUT", definition), ("POST", definition), ("DELETE", None)):
        assert 200 == send(verb, HOOK, payload).status

    message = ("_", (), {"hookGroupId": "g", "hookId": "h/i"})
    assert [(name, *message) for name in ("hookCreated", "hookUpdated", "hookDeleted")] == recorder.take_all()


def test_pulse_notifications(send: Send, recorder: MessageRecorder) -> None:
    """
    Without duplicates, under their own key and as a route; none for mail.
    """
    payload = {"routingKey": "a.b", "message": {"x": 1}}
    assert [200, 204] == [send("POST", f"{NOTIFY}/pulse", payload).status for _ in range(2)]
    mail = {"address": "a@example.com", "subject": "s", "content": "c"}
    assert 200 == send("POST", f"{NOTIFY}/email", mail).status

    assert [("notify", "primary.a.b", ("route.a.b",), {"version": 1, "message": {"x": 1}})] == recorder.take_all()


def test_pools(send: Send, recorder: MessageRecorder) -> None:
    """
    As with the service, the routing key has no words for them; launch configurations have messages of their own.
    """
    for verb, payload in (("PUT", pool("a", "b")), ("PUT", pool("a", "b")), ("POST", pool("a", "c"))):
        assert 200 == send(verb, POOL, payload).status
    assert 200 == send("DELETE", POOL).status
    plain = "primary._._._._._._._"

    def config(name: str) -> str:
        return f"primary.null-provider.proj.ci._._.{name}._"

    assert [
        ("launchConfigCreated", config("a")),
        ("launchConfigCreated", config("b")),
        ("workerPoolCreated", plain),
        ("workerPoolCreated", plain),
        ("launchConfigArchived", config("b")),
        ("launchConfigCreated", config("c")),
        ("launchConfigUpdated", config("a")),
        ("workerPoolUpdated", plain),
        ("launchConfigArchived", config("a")),
        ("launchConfigArchived", config("c")),
        ("workerPoolUpdated", plain),
    ] == recorder.take()


def test_another_provider(send: Send, recorder: MessageRecorder) -> None:
    """
    The message names the previous one.
    """
    send("PUT", POOL, {**pool(), "providerId": "static", "config": {}})
    send("DELETE", POOL)
    content = {"workerPoolId": "proj/ci", "providerId": "null-provider", "previousProviderId": "static"}

    assert content == recorder.take_all()[-1][3]


def test_errors_of_workers(send: Send, recorder: MessageRecorder) -> None:
    """
    The routing key has pool and worker.
    """
    send("PUT", POOL, pool())
    recorder.take()
    error = {"workerGroup": "group", "workerId": "worker", "kind": "k", "title": "t", "description": "d", "extra": {}}
    reported = send("POST", f"{MANAGER}/worker-pool-errors/proj%2Fci", error).json
    ((name, written, _, content),) = recorder.take_all()

    assert ("workerPoolError", "primary.null-provider.proj.ci.group.worker._._") == (name, written)
    assert (reported["errorId"], reported["reported"]) == (content["errorId"], content["timestamp"])
