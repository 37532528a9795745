"""
``tc scopes``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.examples.example_deployment import CLIENT, QUEUE, ROLE, TASK
from tests.http_server import json_response

if TYPE_CHECKING:
    from tests.conftest import CommandLine, RunningSandbox
    from tests.examples.example_deployment import ExampleDeployment
    from tests.http_server import ScriptedServer

NOWHERE = {"TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1"}


def required(tc: CommandLine, *words: str) -> Any:
    """
    Return what a call needs; nothing is sent to find out.
    """
    result = tc("scopes", "required", *words, env=NOWHERE)

    assert 0 == result.exit_code, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["secrets", "get", "a/b"], "secrets:get:a/b", id="argument"),
        pytest.param(["SECRETS", "GET"], "secrets:get:<name>", id="any spelling, no argument"),
        pytest.param(["auth", "ping"], {"AllOf": []}, id="nothing"),
        pytest.param(
            ["worker-manager", "workerPoolErrorStats", "--worker-pool-id", "p/w"],
            "worker-manager:list-worker-pool-errors:p/w",
            id="query option",
        ),
        pytest.param(
            ["worker-manager", "workerPoolErrorStats", "--workerPoolId=p/w"],
            "worker-manager:list-worker-pool-errors:p/w",
            id="query option with an equals sign",
        ),
        pytest.param(["queue", "task", "-Abc"], "queue:get-task:-Abc", id="an argument like an option"),
        pytest.param(["notify", "email", "--data", '{"address": "a@b"}'], "notify:email:a@b", id="payload"),
    ],
)
def test_prints_the_scopes_of_a_call(tc: CommandLine, words: list[str], expected: Any) -> None:
    """
    With its arguments put in.
    """
    assert expected == required(tc, *words)


def test_a_payload_comes_from_a_file_or_stdin(tc: CommandLine, tmp_path: Any) -> None:
    """
    Stdin is read when it is named; YAML is YAML.
    """
    path = tmp_path / "role.yml"
    path.write_text("scopes: [a]\n")
    expected = {"AllOf": ["auth:create-role:r", "a"]}
    create = ("auth", "createRole", "r")

    assert expected == required(tc, *create, "--data", f"@{path}")
    assert expected == required(tc, *create, "--data", "scopes: [a]", "--data-format", "yaml")
    result = tc("scopes", "required", *create, "--data", "@-", stdin='{"scopes": ["a"]}')
    assert expected == json.loads(result.stdout)


def test_a_missing_argument_stays_a_placeholder_and_is_reported(tc: CommandLine) -> None:
    """
    On stderr, with what would give it.
    """
    result = tc("scopes", "required", "auth", "createRole", "r", stdin="{}")

    assert {"each": "<scope>", "for": "scope", "in": "scopes"} in json.loads(result.stdout)["AllOf"]
    assert "auth.createRole: the scopes depend on scopes; give the payload with --data" in result.stderr
    assert 1 == result.stderr.count("\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        pytest.param(["nonsense", "task"], "no service 'nonsense'", id="service"),
        pytest.param(["queue", "tsak"], "did you mean task", id="method"),
        pytest.param(["queue", "task", "a", "b"], "takes 1 argument (taskId), not 2", id="too many"),
        pytest.param(["queue", "listTaskGroup", "a", "--limt", "1"], "did you mean limit?", id="query option"),
        pytest.param(["queue", "listTaskGroup", "a", "--limit"], "--limit has no value", id="no value"),
        pytest.param(["queue", "task", "a", "--data", "{}"], "takes no payload", id="no payload"),
        pytest.param(["queue", "createTask", "a", "--data", "[]"], "not a JSON object", id="not an object"),
        pytest.param(["queue", "createTask", "a", "--data", "{"], "is not JSON", id="not JSON"),
        pytest.param(["queue", "createTask", "a", "--data", "@/nowhere"], "cannot read /nowhere", id="no file"),
    ],
)
@pytest.mark.parametrize("command", ["required", "check"])
def test_what_is_no_call(tc: CommandLine, command: str, words: list[str], complaint: str) -> None:
    """
    A usage error, in one line, and nothing is sent.
    """
    result = tc("scopes", command, *words, env=NOWHERE)

    assert (2, b"") == (result.exit_code, result.output)
    assert complaint in result.stderr
    assert 1 == result.stderr.count("\n")


@pytest.mark.parametrize(
    ("have", "need", "missing"),
    [
        pytest.param(["a:*"], ["a:b"], None, id="pattern"),
        pytest.param(["a", "b"], ["a", "b"], None, id="both"),
        pytest.param(["a"], ["a", "b"], "b", id="one of two"),
        pytest.param([], ["a"], "a", id="nothing"),
        pytest.param(["a"], ['{"AnyOf": ["a", "b"]}'], None, id="expression"),
        pytest.param(["c"], ['{"AnyOf": ["a", "b"]}'], {"AnyOf": ["a", "b"]}, id="expression that is not satisfied"),
        pytest.param(['["a", "b"]'], ['["a", "b"]'], None, id="arrays"),
        pytest.param(["assume:r"], ["x"], "x", id="roles are unknown"),
        pytest.param([], ['{"AllOf": []}'], None, id="nothing is needed"),
    ],
)
def test_checks_given_scopes(tc: CommandLine, have: list[str], need: list[str], missing: Any) -> None:
    """
    With what is missing, by the exit code too; nothing is sent.
    """
    words = [*(f"--have={scope}" for scope in have), *(f"--need={scope}" for scope in need)]
    result = tc("scopes", "satisfied", *words, env=NOWHERE)

    assert {"satisfied": missing is None, "missing": missing} == json.loads(result.stdout)
    assert (0 if missing is None else 1) == result.exit_code
    assert ("" if missing is None else "tc: scopes satisfied: scopes are missing\n") == result.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        pytest.param(["--have", "a"], "missing option --need", id="no need"),
        pytest.param(["--need", "{"], "is not JSON", id="not JSON"),
        pytest.param(["--need", '{"OneOf": []}'], "is not a scope expression", id="not an expression"),
        pytest.param(["--need", "a", "--have", "[1]"], "neither a scope nor an array", id="not scopes"),
        pytest.param(["--need", "a", "--have", "ä"], "is not a scope", id="not ASCII"),
    ],
)
def test_what_is_no_scope(tc: CommandLine, words: list[str], complaint: str) -> None:
    """
    A usage error, and not a no.
    """
    result = tc("scopes", "satisfied", *words)

    assert (2, b"") == (result.exit_code, result.output)
    assert complaint in result.stderr


def test_roles_are_expanded_by_the_deployment(tc: CommandLine, deployment: ExampleDeployment) -> None:
    """
    As a list, and before scopes are compared where that is asked for.
    """
    sandbox = deployment.sandbox
    expanded = tc("scopes", "expand", f"assume:{ROLE}", "y", env=sandbox.environment)
    satisfied = ["scopes", "satisfied", "--have", f"assume:{ROLE}", "--need", "secrets:get:x"]

    assert [f"assume:{ROLE}", "secrets:get:x", "y"] == json.loads(expanded.stdout)
    assert 1 == tc(*satisfied, env=sandbox.environment).exit_code
    assert 0 == tc(*satisfied, "--expand", env=sandbox.environment).exit_code
    # What one command prints, the other reads.
    assert 0 == tc("scopes", "satisfied", "--have", expanded.stdout, "--need", "secrets:get:x").exit_code


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        pytest.param(["secrets", "get", "a"], None, id="pattern"),
        pytest.param(["secrets", "set", "a"], "secrets:set:a", id="another"),
        pytest.param(["queue", "ping"], None, id="nothing is needed"),
        pytest.param(["queue", "task", TASK], None, id="what anybody may"),
    ],
)
def test_checks_the_scopes_of_the_credentials(
    tc: CommandLine, sandbox: RunningSandbox, words: list[str], missing: Any
) -> None:
    """
    Those that are in use, authorized scopes included; the call itself is not made.
    """
    result = tc("scopes", "check", *words, "--authorized-scope", "secrets:get:*", env=sandbox.environment)

    assert {"satisfied": missing is None, "missing": missing} == json.loads(result.stdout)
    assert (0 if missing is None else 1) == result.exit_code
    assert [("GET", "/api/auth/v1/scopes/current")] == sandbox.requests
    assert 0 == tc("scopes", "check", *words, env=sandbox.environment).exit_code


def test_asks_the_deployment_for_what_the_call_does_not_say(tc: CommandLine, deployment: ExampleDeployment) -> None:
    """
    The scheduler of a task and of a group, and the scopes that a client and a role have already.
    """
    deployment.create_task()

    def missing(*words: str) -> Any:
        result = tc("scopes", "check", *words, "--authorized-scopes", "[]", env=deployment.sandbox.environment)
        return json.loads(result.stdout)["missing"]

    worker = ["--data", '{"workerGroup": "g", "workerId": "i"}']
    data = ["--data", '{"scopes": ["a:b", "secrets:get:x", "z"]}']
    claim = {"AllOf": [f"queue:claim-task:{QUEUE}", "queue:worker-id:g/i"]}

    assert f"queue:cancel-task:example/{TASK}/{TASK}" == missing("queue", "cancelTask", TASK)["AnyOf"][0]
    assert f"queue:seal-task-group:example/{TASK}" == missing("queue", "sealTaskGroup", TASK)
    assert claim == missing("queue", "claimTask", TASK, "0", *worker)
    assert [f"auth:update-role:{ROLE}", "a:b", "z"] == missing("auth", "updateRole", ROLE, *data)["AllOf"]
    assert [f"auth:update-client:{CLIENT}", "secrets:get:x", "z"] == missing("auth", "updateClient", CLIENT, *data)[
        "AllOf"
    ]


@pytest.mark.parametrize(
    ("words", "data"),
    [
        pytest.param(["auth", "createRole", "r"], {"description": "d", "scopes": ["x:1", "x:2"]}, id="scopes"),
        pytest.param(["secrets", "remove", "a"], None, id="argument"),
        pytest.param(["auth", "awsS3Credentials", "read-only", "bucket", "p"], None, id="condition"),
        pytest.param(["auth", "awsS3Credentials", "read-write", "bucket", "p"], None, id="its alternative"),
        pytest.param(["notify", "email"], {"address": "a@b.com", "subject": "s", "content": "c"}, id="property"),
        pytest.param(
            ["queue", "claimWork", QUEUE],
            {"workerGroup": "g", "workerId": "i", "tasks": 1},
            id="argument and properties",
        ),
        pytest.param(["purge-cache", "purgeCache", QUEUE], {"cacheName": "c"}, id="cache"),
        pytest.param(
            ["auth", "githubRepoToken", "app", "owner"],
            {"permissions": {"contents": "read"}, "repositories": ["r"]},
            id="permissions",
        ),
        pytest.param(
            ["queue", "createTask", TASK],
            {
                "taskQueueId": QUEUE,
                "priority": "medium",
                "scopes": ["x"],
                "routes": ["r"],
                "created": "2026-01-01T00:00:00.000Z",
                "deadline": "2026-01-01T01:00:00.000Z",
                "payload": {},
                "metadata": {"name": "n", "description": "d", "owner": "a@b.com", "source": "https://example.com"},
            },
            id="task",
        ),
    ],
)
def test_a_deployment_asks_for_the_same(
    tc: CommandLine, sandbox: RunningSandbox, words: list[str], data: dict[str, Any] | None
) -> None:
    """
    What it names when it refuses the call is what was said before.
    """
    given = [] if data is None else ["--data", json.dumps(data)]
    refusal = tc(*words, *given, "-v", "--authorized-scopes", "[]", env=sandbox.environment)
    expression = refusal.stderr.split("```")[-2].strip()

    assert 4 == refusal.exit_code, refusal.stderr
    assert required(tc, *words, *given) == (json.loads(expression) if expression.startswith("{") else expression)


def test_check_needs_the_whole_call(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    Unlike required, which shows what there is.
    """
    cut_short = tc("scopes", "check", "secrets", "get", env=sandbox.environment)
    without_payload = tc("scopes", "check", "auth", "createRole", "r", env=sandbox.environment)

    assert (2, b"") == (cut_short.exit_code, cut_short.output)
    assert "takes 1 argument" in cut_short.stderr
    assert (2, b"") == (without_payload.exit_code, without_payload.output)
    assert "give the payload with --data" in without_payload.stderr
    assert [] == sandbox.requests


def test_an_answer_of_another_shape_is_not_what_was_promised(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Of any service that is asked.
    """
    http_server.respond_with(json_response({"scopes": "all"}))

    assert 9 == tc("scopes", "expand", "a", env=http_server.env).exit_code
    assert 9 == tc("scopes", "check", "secrets", "get", "a", env=http_server.env).exit_code
    http_server.respond_with(json_response([]))
    assert 9 == tc("scopes", "check", "queue", "cancelTask", TASK, env=http_server.env).exit_code


@pytest.mark.parametrize(
    ("words", "part"),
    [
        pytest.param(["queue", "createTask", TASK, "--data", "{}"], "the payload has no taskQueueId", id="a task"),
        pytest.param(
            ["queue", "createTask", TASK, "--data", '{"provisionerId": "a"}'], "has no workerType", id="an older form"
        ),
        pytest.param(["queue", "createTask", TASK], "give the payload with --data", id="no payload"),
        pytest.param(
            ["auth", "githubRepoToken", "a", "b", "--data", '{"permissions": {}}'], "has no repositories", id="a list"
        ),
        pytest.param(
            ["auth", "githubRepoToken", "a", "b", "--data", "{}"], "no permissions and no repositories", id="two fields"
        ),
    ],
)
@pytest.mark.parametrize("command", ["check", "required"])
def test_names_the_field_that_the_payload_lacks(
    tc: CommandLine, sandbox: RunningSandbox, words: list[str], part: str, command: str
) -> None:
    """
    Not the parameter of the scope that is derived from it.
    """
    result = tc("scopes", command, *words, env=sandbox.environment)

    assert (2 if command == "check" else 0, 1) == (result.exit_code, result.stderr.count("\n"))
    assert part in result.stderr
    assert not sandbox.requests


def test_compares_an_update_of_a_role_with_all_that_the_role_gives(
    tc: CommandLine, deployment: ExampleDeployment
) -> None:
    """
    What it gives through another role, or by a wildcard, is not added; a client must have its scopes literally.
    """
    deployment.call("auth.createRole", "inner", payload={"description": "", "scopes": ["a:*"]})
    deployment.call("auth.createRole", "outer", payload={"description": "", "scopes": ["assume:inner", "b"]})
    data = ["--data", '{"description": "", "scopes": ["a:x", "b", "c"]}']
    result = tc(
        *("scopes", "check", "auth", "updateRole", "outer", *data, "--authorized-scope", "auth:update-role:*"),
        env=deployment.sandbox.environment,
    )

    assert (1, {"satisfied": False, "missing": "c"}) == (result.exit_code, json.loads(result.stdout))
