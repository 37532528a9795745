"""
The scopes that a call requires.
"""

from __future__ import annotations

from typing import Any

import pytest

from tccli import references
from tccli.core import scopes
from tccli.core.scopes import required
from tccli.errors import UsageError

EVERY_METHOD = [
    method for service in references.service_names() for method in references.service(service).methods.values()
]


def require(name: str, args: dict[str, str], payload: Any = None, query: dict[str, str] | None = None) -> Any:
    """
    Return the scopes that a call of ``service.method`` requires.
    """
    method = references.method(*name.split("."))
    schema = method.reference.schemas.get(method.input or "", {})
    return required.required_scopes(method, required.scope_parameters(method, args, query or {}, payload, schema))


@pytest.mark.parametrize(
    ("name", "args", "payload", "expected"),
    [
        pytest.param("secrets.get", {"name": "a/b"}, None, "secrets:get:a/b", id="argument"),
        pytest.param("secrets.get", {}, None, "secrets:get:<name>", id="missing argument"),
        pytest.param("queue.ping", {}, None, {"AllOf": []}, id="nothing"),
        pytest.param(
            "queue.createArtifact",
            {"taskId": "t", "runId": "01", "name": "n"},
            None,
            "queue:create-artifact:t/1",
            id="number with a leading zero",
        ),
        pytest.param(
            "queue.getArtifact", {"name": "x"}, None, {"AllOf": ["queue:get-artifact:x"]}, id="list of an argument"
        ),
        pytest.param(
            "auth.awsS3Credentials",
            {"level": "read-write", "bucket": "b", "prefix": "p"},
            None,
            "auth:aws-s3:read-write:b/p",
            id="condition",
        ),
        pytest.param(
            "auth.createRole",
            {"roleId": "r"},
            {"scopes": ["a", "b"]},
            {"AllOf": ["auth:create-role:r", "a", "b"]},
            id="list of the payload",
        ),
        pytest.param(
            "auth.createRole",
            {"roleId": "r"},
            None,
            {"AllOf": ["auth:create-role:r", {"each": "<scope>", "for": "scope", "in": "scopes"}]},
            id="list of an unknown payload",
        ),
        pytest.param(
            "queue.declareWorker",
            {"provisionerId": "p", "workerType": "w"},
            None,
            {
                "AllOf": [
                    {
                        "each": "queue:declare-worker:p/w/<workerGroup>/<workerId>#<property>",
                        "for": "property",
                        "in": "properties",
                    }
                ]
            },
            id="arguments in an unknown list",
        ),
        pytest.param(
            "auth.githubRepoToken",
            {"appName": "app", "owner": "o"},
            {"permissions": {"contents": "read"}, "repositories": ["r", "s"]},
            {
                "AllOf": [
                    "auth:github-repo-token:app/o/r:contents:read",
                    "auth:github-repo-token:app/o/s:contents:read",
                ]
            },
            id="permissions of repositories",
        ),
        pytest.param(
            "queue.createTask",
            {"taskId": "T"},
            {"taskQueueId": "p/w", "priority": "very-high", "routes": ["r"]},
            {
                "AllOf": [
                    "queue:route:r",
                    "queue:create-task:project:none",
                    "queue:scheduler-id:-",
                    {"AnyOf": ["queue:create-task:highest:p/w", "queue:create-task:very-high:p/w"]},
                ]
            },
            id="defaults of the payload, and priorities",
        ),
        pytest.param("index.listTasks", {}, None, "index:list-tasks:", id="an argument that may be empty"),
        pytest.param("auth.createClient", {"clientId": "c"}, {}, {"AllOf": ["auth:create-client:c"]}, id="no list"),
        pytest.param("auth.updateClient", {"clientId": "c"}, {}, {"AllOf": ["auth:update-client:c"]}, id="no new list"),
        pytest.param(
            "auth.githubRepoToken",
            {"appName": "app", "owner": "Example-Org"},
            {"permissions": {"contents": "read"}, "repositories": ["Repo"]},
            {"AllOf": ["auth:github-repo-token:app/example-org/repo:contents:read"]},
            id="names at GitHub in lower case",
        ),
        pytest.param("notify.email", {}, {"address": "a@b"}, "notify:email:a@b", id="property of the payload"),
    ],
)
def test_known_parameters_are_rendered(name: str, args: dict[str, str], payload: Any, expected: Any) -> None:
    """
    Arguments, properties and what is derived from them; the rest stays a parameter.
    """
    assert expected == require(name, args, payload)


def test_without_a_pool_the_errors_of_all_pools_are_counted() -> None:
    """
    This needs the scope for all of them.
    """
    prefix = "worker-manager:list-worker-pool-errors:"

    assert require("worker-manager.workerPoolErrorStats", {}) == prefix + "*"
    assert require("worker-manager.workerPoolErrorStats", {}, query={"workerPoolId": "a/b"}) == prefix + "a/b"


def test_a_value_of_the_wrong_type_is_refused() -> None:
    """
    A string instead of a list.
    """
    with pytest.raises(UsageError, match="'scopes' must be a list"):
        require("auth.createRole", {"roleId": "r"}, {"scopes": "a"})


def test_every_template_can_be_rendered_as_far_as_it_is_known() -> None:
    """
    With all values or with none.
    """
    wrong = []
    for method in EVERY_METHOD:
        kinds = scopes.find_parameters(method.scopes or "")
        everything: dict[str, Any] = {name: {str: "v", list: ["v"], bool: True}[kind] for name, kind in kinds.items()}
        full = required.required_scopes(method, everything)
        expected = scopes.render_template(method.scopes, everything) if method.scopes else required.NOTHING
        empty = required.required_scopes(method, {})
        if (
            full != expected
            or required.missing_parameters(method, {}) != list(kinds)
            or not required.check_expression(full)
            or empty != (method.scopes or required.NOTHING)
        ):
            wrong.append(method.id)

    assert wrong == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param("a:b", "a:b", id="scope"),
        pytest.param(["a", "b"], {"AllOf": ["a", "b"]}, id="list"),
        pytest.param({"AnyOf": ["a", {"AllOf": []}]}, {"AnyOf": ["a", {"AllOf": []}]}, id="expression"),
    ],
)
def test_expressions_are_parsed(document: Any, expected: Any) -> None:
    """
    A list means all of its entries.
    """
    assert expected == required.check_expression(document)


@pytest.mark.parametrize(
    "document", ["ä", "a\n", 1, None, {}, {"AllOf": "a"}, {"allof": []}, {"AllOf": [], "AnyOf": []}]
)
def test_invalid_expressions_are_refused(document: Any) -> None:
    """
    With an error that shows them.
    """
    with pytest.raises(UsageError, match="is not a scope"):
        required.check_expression(document)
