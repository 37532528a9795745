"""
What a call needs, as far as it is known.
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


def needed(name: str, args: dict[str, str], payload: Any = None, query: dict[str, str] | None = None) -> Any:
    """
    Return what a call of ``service.method`` needs.
    """
    method = references.method(*name.split("."))
    schema = method.reference.schemas.get(method.input or "", {})
    return required.required_scopes(method, required.scope_parameters(method, args, query or {}, payload, schema))


@pytest.mark.parametrize(
    ("name", "args", "payload", "expected"),
    [
        pytest.param("secrets.get", {"name": "a/b"}, None, "secrets:get:a/b", id="argument"),
        pytest.param("secrets.get", {}, None, "secrets:get:<name>", id="argument that is missing"),
        pytest.param("queue.ping", {}, None, {"AllOf": []}, id="nothing"),
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
            id="list of a payload that is not known",
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
            id="arguments inside of a list that is not known",
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
        pytest.param("notify.email", {}, {"address": "a@b"}, "notify:email:a@b", id="property of the payload"),
    ],
)
def test_puts_in_what_is_known(name: str, args: dict[str, str], payload: Any, expected: Any) -> None:
    """
    Arguments, properties, and what follows from them; the rest stays as it is.
    """
    assert expected == needed(name, args, payload)


def test_a_query_option_that_is_not_given_is_empty() -> None:
    """
    The services see it so.
    """
    prefix = "worker-manager:list-worker-pool-errors:"

    assert prefix == needed("worker-manager.workerPoolErrorStats", {})
    assert prefix + "a/b" == needed("worker-manager.workerPoolErrorStats", {}, query={"workerPoolId": "a/b"})


def test_a_value_of_another_kind_is_refused() -> None:
    """
    A text where a list is needed.
    """
    with pytest.raises(UsageError, match="'scopes' must be a list"):
        needed("auth.createRole", {"roleId": "r"}, {"scopes": "a"})


@pytest.mark.parametrize("method", EVERY_METHOD, ids=lambda method: method.id)
def test_every_template_can_be_filled_in_as_far_as_it_is_known(method: references.Method) -> None:
    """
    Whatever is given, all or nothing.
    """
    kinds = scopes.parameters(method.scopes or "")
    everything: dict[str, Any] = {name: {str: "v", list: ["v"], bool: True}[kind] for name, kind in kinds.items()}
    full = required.required_scopes(method, everything)

    assert full == scopes.render(method.scopes, everything) if method.scopes else required.NOTHING == full
    assert list(kinds) == required.missing_parameters(method, {})
    assert required.check_expression(full)
    assert required.required_scopes(method, {}) == method.scopes or method.scopes is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param("a:b", "a:b", id="scope"),
        pytest.param(["a", "b"], {"AllOf": ["a", "b"]}, id="list"),
        pytest.param({"AnyOf": ["a", {"AllOf": []}]}, {"AnyOf": ["a", {"AllOf": []}]}, id="expression"),
    ],
)
def test_reads_expressions(document: Any, expected: Any) -> None:
    """
    And lists, which are all of what is in them.
    """
    assert expected == required.check_expression(document)


@pytest.mark.parametrize(
    "document", ["ä", "a\n", 1, None, {}, {"AllOf": "a"}, {"allof": []}, {"AllOf": [], "AnyOf": []}]
)
def test_refuses_what_is_no_expression(document: Any) -> None:
    """
    Before anything is concluded from it.
    """
    with pytest.raises(UsageError, match="is not a scope"):
        required.check_expression(document)
