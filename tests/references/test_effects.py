"""
What methods do: the marks agree with the verbs and the scopes of the reference.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tccli import references
from tccli.references.effects import CHANGES, READS, RETURNS_SECRETS, find_effect, load_effects
from tccli.references.model import ServiceReference

METHODS = [references.method(*method_id.split(".", 1)) for method_id in references.built_in().method_ids()]
EFFECTS = {method.id: find_effect(method) for method in METHODS}
READS_BY_POST_OR_PUT = {
    "auth.authenticateHawk",
    "auth.expandScopes",
    "auth.testAuthenticate",
    "github.renderTaskclusterYml",
    "index.findTasksAtIndex",
    "object.startDownload",
    "queue.statuses",
    "queue.taskQueueCountsBatch",
    "queue.tasks",
}
SECRETS = {
    "auth.awsS3Credentials",
    "auth.gcpCredentials",
    "auth.githubRepoToken",
    "auth.websocktunnelToken",
    "hooks.getTriggerToken",
    "secrets.get",
}
READING_ACTION = re.compile(
    r"get(?:-[a-z-]+)?|list(?:-[a-z0-9-]+)?|[a-z-]+-(?:count|list|history)|status|find-task|expand-scopes|"
    r"current-scopes|latest-status|download|(?:all-)?purge-requests|should-worker-terminate"
)
"""The second part of a scope that allows to read."""
# The only scope for the denylist does not tell a read from a change.
BROAD_SCOPES = {"notify:manage-denylist"}


def list_scopes(expression: Any) -> list[str]:
    """
    Return the scopes in a scope expression.
    """
    if isinstance(expression, str):
        return [expression]
    if isinstance(expression, list):
        return [scope for part in expression for scope in list_scopes(part)]
    if isinstance(expression, dict):
        keys = ("AllOf", "AnyOf", "then", "else", "each")
        return [scope for key in keys if key in expression for scope in list_scopes(expression[key])]
    return []


def test_marks_are_of_methods() -> None:
    """
    Each is about a method that exists, and a method has one mark.
    """
    assert load_effects().keys() <= EFFECTS.keys()
    assert set(load_effects().values()) == {READS, RETURNS_SECRETS}


def test_marks_agree_with_verbs() -> None:
    """
    What reads is a GET, and the reverse, but for those that are known; nothing that deletes reads.
    """
    reads = {method_id for method_id, effect in EFFECTS.items() if effect == READS}
    gets = {method.id for method in METHODS if method.verb == "GET"}

    assert reads - gets == READS_BY_POST_OR_PUT
    assert {method_id for method_id, effect in EFFECTS.items() if effect == RETURNS_SECRETS} == SECRETS
    # It creates the project.
    assert gets - reads - SECRETS == {"auth.sentryDSN"}
    assert not [method.id for method in METHODS if method.verb == "DELETE" and EFFECTS[method.id] != CHANGES]


def test_marks_agree_with_scopes() -> None:
    """
    The scopes of a method that reads are named after reading; those of one that changes something are not.
    """
    wrong = []
    for method in METHODS:
        scopes = set(list_scopes(method.scopes)) - BROAD_SCOPES
        reading = {scope for scope in scopes if READING_ACTION.fullmatch(scope.partition(":")[2].partition(":")[0])}
        effect = EFFECTS[method.id]
        if (effect == READS and reading != scopes) or (effect == CHANGES and reading):
            wrong.append(f"{method.id}: {effect}: {sorted(scopes)}")

    assert wrong == []


@pytest.mark.parametrize(
    ("record", "effect"),
    [
        pytest.param('"task","verb":"GET","route":"/task/<taskId>"', READS, id="the same"),
        pytest.param('"task","verb":"POST","route":"/task/<taskId>"', CHANGES, id="another verb"),
        pytest.param('"task","verb":"GET","route":"/task/<taskId>/cancel"', CHANGES, id="another route"),
        pytest.param('"peek","verb":"GET","route":"/peek"', CHANGES, id="an unknown method"),
    ],
)
def test_another_reference_gets_no_marks_of_ours(record: str, effect: str) -> None:
    """
    A method of a deployment has the mark of the built-in one only if it is the same call.
    """
    head = '{"service":"queue","version":"v1","release":"","exchanges":"","summary":"s"}'
    reference = ServiceReference("queue", f'{head}\n{{"method":{record},"summary":"s"}}'.encode())
    (method,) = reference.methods.values()

    assert effect == find_effect(method)
