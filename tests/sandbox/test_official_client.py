"""
The official Python client, unchanged, against the sandbox.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import taskcluster
import taskcluster.exceptions

from tccli.sandbox.collation import sort_key

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

HOUR = 3600


def client(kind: type, sandbox: RunningSandbox, **options: Any) -> Any:
    """
    Return an official client of a service.
    """
    return kind({"rootUrl": sandbox.root_url, "credentials": sandbox.credentials, "maxRetries": 0, **options})


def task(**changes: Any) -> dict[str, Any]:
    """
    Return a small task definition.
    """
    return {
        "provisionerId": "proj-test",
        "workerType": "ci",
        "created": taskcluster.fromNowJSON("0 seconds"),
        "deadline": taskcluster.fromNowJSON("1 hour"),
        "payload": {},
        "metadata": {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"},
        **changes,
    }


@pytest.mark.parametrize(
    "kind",
    [
        taskcluster.Auth,
        taskcluster.Queue,
        taskcluster.Secrets,
        taskcluster.Hooks,
        taskcluster.Index,
        taskcluster.Object,
    ],
)
def test_pings(sandbox: RunningSandbox, kind: type) -> None:
    """
    Every service responds, with and without credentials.
    """
    assert client(kind, sandbox).ping()["alive"]
    assert client(kind, sandbox, credentials={}).ping()["alive"]


@pytest.mark.parametrize("name", [None, "child/of-root"])
def test_uses_temporary_credentials(sandbox: RunningSandbox, name: str | None) -> None:
    """
    Named and unnamed ones have their own scopes and the anonymous role's.
    """
    issued = taskcluster.createTemporaryCredentials(
        sandbox.credentials["clientId"],
        sandbox.credentials["accessToken"],
        taskcluster.fromNow("-1 minute"),
        taskcluster.fromNow("1 hour"),
        ["secrets:get:a/*"],
        name,
    )
    scopes = client(taskcluster.Auth, sandbox, credentials=issued).currentScopes()["scopes"]

    assert "secrets:get:a/*" in scopes
    assert "queue:status:*" in scopes
    assert "*" not in scopes


@pytest.mark.parametrize("name", ["a b", "a(b)", "a%b", "a,b=c"])
def test_a_name_that_is_no_client_id_works_on_auth_alone(sandbox: RunningSandbox, name: str) -> None:
    """
    Temporary credentials may have it; other services fail with 500.
    """
    who, key = sandbox.credentials["clientId"], sandbox.credentials["accessToken"]
    times = (taskcluster.fromNow("-1 minute"), taskcluster.fromNow("1 hour"))
    issued = taskcluster.createTemporaryCredentials(who, key, *times, ["secrets:get:a"], name)
    scopes = client(taskcluster.Auth, sandbox, credentials=issued).currentScopes()["scopes"]
    with pytest.raises(taskcluster.exceptions.TaskclusterRestFailure) as error:
        client(taskcluster.Secrets, sandbox, credentials=issued).get("a")

    assert "secrets:get:a" in scopes
    assert 500 == error.value.status_code


def test_restricts_itself_to_authorized_scopes(sandbox: RunningSandbox) -> None:
    """
    Other scopes are missing: 403 names them.
    """
    secrets = client(taskcluster.Secrets, sandbox, authorizedScopes=["secrets:set:a"])
    secrets.set("a", {"secret": {"x": 1}, "expires": taskcluster.fromNowJSON("1 hour")})

    with pytest.raises(taskcluster.exceptions.TaskclusterRestFailure) as error:
        secrets.get("a")

    assert 403 == error.value.status_code
    assert "InsufficientScopes" == error.value.body["code"]
    assert "secrets:get:a" in error.value.body["message"]


def test_signs_urls(sandbox: RunningSandbox) -> None:
    """
    A signed URL works without credentials, but not with one changed character.
    """
    secrets = client(taskcluster.Secrets, sandbox)
    secrets.set("a/b", {"secret": {"x": 1}, "expires": taskcluster.fromNowJSON("1 hour")})
    url = secrets.buildSignedUrl("get", "a/b", expiration=60)

    with urllib.request.urlopen(url, timeout=60) as response:
        assert b'"x": 1' in response.read()
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(url.replace("a%2Fb", "a%2Fc"), timeout=60)

    assert 401 == error.value.code
    error.value.close()


def test_stores_secrets(sandbox: RunningSandbox) -> None:
    """
    Set, get, list, remove.
    """
    secrets = client(taskcluster.Secrets, sandbox)
    for name in ("a/b", "c d", "e%2F"):
        secrets.set(name, {"secret": {"is": name}, "expires": taskcluster.fromNowJSON("1 hour")})

    assert {"is": "e%2F"} == secrets.get("e%2F")["secret"]
    assert ["a/b", "c d", "e%2F"] == secrets.list()["secrets"]
    assert {} == secrets.remove("c d")
    assert ["a/b", "e%2F"] == secrets.list()["secrets"]


def test_lists_a_task_group_in_pages(sandbox: RunningSandbox) -> None:
    """
    All tasks, without duplicates, in three pages.
    """
    queue = client(taskcluster.Queue, sandbox)
    group = taskcluster.slugId()
    made = sorted((taskcluster.slugId() for _ in range(5)), key=sort_key)
    for task_id in made:
        status = queue.createTask(task_id, task(taskGroupId=group))["status"]
        assert "pending" == status["state"]
    pages: list[Any] = []
    queue.listTaskGroup(group, query={"limit": "2"}, paginationHandler=pages.append)

    assert [2, 2, 1] == [len(page["tasks"]) for page in pages]
    assert made == [entry["status"]["taskId"] for page in pages for entry in page["tasks"]]
    assert 404 == _status(queue.listTaskGroup, taskcluster.slugId())


def test_manages_clients_and_roles(sandbox: RunningSandbox) -> None:
    """
    A new client works, with its role's scopes, until it is disabled.
    """
    auth = client(taskcluster.Auth, sandbox)
    auth.createRole("worker:*", {"description": "", "scopes": ["work:<..>"]})
    made = auth.createClient(
        "tester/one",
        {"description": "", "expires": taskcluster.fromNowJSON("1 day"), "scopes": ["assume:worker:x"]},
    )
    one = client(taskcluster.Auth, sandbox, credentials={name: made[name] for name in ("clientId", "accessToken")})

    assert "work:x" in one.currentScopes()["scopes"]
    auth.disableClient("tester/one")
    assert 401 == _status(one.currentScopes)


def _status(method: Any, *args: Any) -> int:
    try:
        method(*args)
    except taskcluster.exceptions.TaskclusterRestFailure as error:
        return int(error.status_code)
    except taskcluster.exceptions.TaskclusterAuthFailure as error:
        return int(error.status_code)
    return 200
