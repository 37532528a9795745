"""
``tc find``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tccli import references

if TYPE_CHECKING:
    from tests.conftest import CommandLine


def found(tc: CommandLine, question: str, *options: str) -> list[dict[str, Any]]:
    """
    Return what a question leads to.
    """
    result = tc("find", *question.split(), *options)

    assert 0 == result.exit_code, result.stderr
    answer: list[dict[str, Any]] = json.loads(result.stdout)
    return answer


def name(record: dict[str, Any]) -> str:
    """
    Return how people would call a thing that was found.
    """
    if record["kind"] == "method":
        return f"{record['service']} {record['method']}"
    return str(record.get("command") or f"help {record['topic']}")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("which method lists pending tasks?", "queue listPendingTasks"),
        ("pending tasks", "queue listPendingTasks"),
        ("how many tasks are pending in a queue", "queue taskQueueCounts"),
        ("create a task", "queue createTask"),
        ("createTask", "queue createTask"),
        ("make a task", "queue createTask"),
        ("retry a task", "queue rerunTask"),
        ("cancel a task", "queue cancelTask"),
        ("kill everything in a task group", "queue cancelTaskGroup"),
        ("all tasks of a group", "queue listTaskGroup"),
        ("what state is a task in", "queue status"),
        ("list artifacts of the latest run", "queue listLatestArtifacts"),
        ("which tasks depend on a task", "queue listDependentTasks"),
        ("stop a worker from taking tasks", "queue quarantineWorker"),
        ("quarantineUntil", "queue quarantineWorker"),
        ("extend a claim", "queue reclaimTask"),
        ("list workers", "worker-manager listWorkers"),
        ("errors of a worker pool", "worker-manager listWorkerPoolErrors"),
        ("launch configs", "worker-manager listWorkerPoolLaunchConfigs"),
        ("store a secret", "secrets set"),
        ("delete secret", "secrets remove"),
        ("when did a hook last run", "hooks listLastFires"),
        ("purge a cache", "purge-cache purgeCache"),
        ("send an email", "notify email"),
        ("reset access token", "auth resetAccessToken"),
        ("disable a client", "auth disableClient"),
        ("temporary aws credentials", "auth awsS3Credentials"),
        ("comment on github", "github createComment"),
        ("cancel builds of a pull request", "github cancelBuilds"),
        ("hashes of an object", "object object"),
        ("who am i", "whoami"),
        ("make a slugid", "slugid"),
        ("signed url", "signed-url"),
        ("download an artifact", "download-artifact"),
        ("bind to events", "events bind"),
    ],
)
def test_the_answer_comes_first(tc: CommandLine, question: str, expected: str) -> None:
    """
    Questions as people ask them.
    """
    assert expected == name(found(tc, question)[0])


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("rerun a failed task", "queue rerunTask"),
        ("seal a group", "queue sealTaskGroup"),
        ("definition of a task", "queue task"),
        ("my current scopes", "auth currentScopes"),
        ("exit codes", "help exit-codes"),
        ("environment variables", "help environment"),
        ("TASKCLUSTER_ROOT_URL", "help environment"),
        ("would my credentials be enough", "scopes check"),
        ("expand scopes", "auth expandScopes"),
        ("read a secret", "secrets get"),
        ("fire a hook", "hooks triggerHook"),
        ("find task by index path", "index findTask"),
        ("change priority", "queue changeTaskPriority"),
        ("who changed this client", "auth getEntityHistory"),
        ("is the queue service up", "queue ping"),
        ("uuid", "slugid encode"),
        ("upload a file", "upload-artifact"),
    ],
)
def test_the_answer_is_among_the_first_three(tc: CommandLine, question: str, expected: str) -> None:
    """
    Where another answer is as good, or better.
    """
    assert expected in [name(record) for record in found(tc, question)[:3]]


@pytest.mark.parametrize(
    "method",
    [method for service in references.service_names() for method in references.service(service).methods.values()],
    ids=lambda method: method.id,
)
def test_every_method_is_found_by_its_names(tc: CommandLine, method: references.Method) -> None:
    """
    Service and method together, a deprecated one, too.
    """
    assert f"{method.service} {method.name}" == name(found(tc, f"{method.service} {method.name}", "--limit", "1")[0])


def test_says_what_programs_want_to_know(tc: CommandLine) -> None:
    """
    An array off a terminal.
    """
    assert [
        {
            "kind": "method",
            "service": "queue",
            "method": "listPendingTasks",
            "usage": "tc queue listPendingTasks <taskQueueId>",
            "summary": "List the pending tasks of a task queue, oldest first",
            "stability": "experimental",
        }
    ] == found(tc, "list pending tasks", "--limit", "1")


def test_ten_unless_another_number_is_asked_for(tc: CommandLine) -> None:
    """
    And a line each, where lines are asked for.
    """
    assert 10 == len(found(tc, "task"))
    assert 3 == len(tc("find", "task", "--limit", "3", "--format", "jsonl").stdout.splitlines())


def test_deprecated_methods_go_after_what_replaces_them(tc: CommandLine) -> None:
    """
    Though one is called just so.
    """
    names = [name(record) for record in found(tc, "pending tasks", "--limit", "50")]

    assert names.index("queue listPendingTasks") < names.index("queue pendingTasks")


def test_a_typing_mistake_is_a_usage_error(tc: CommandLine) -> None:
    """
    With what may have been meant.
    """
    result = tc("find", "penidng", "tsaks")

    assert (2, b"") == (result.exit_code, result.output)
    assert "tc: find: nothing has 'penidng' or 'tsaks'; did you mean: tc find pending tasks?\n" == result.stderr


def test_one_mistake_among_other_words_is_one(tc: CommandLine) -> None:
    """
    What the other words lead to would bury it.
    """
    result = tc("find", "list", "penidng", "tasks")

    assert (2, b"") == (result.exit_code, result.output)
    assert "tc: find: nothing has 'penidng'; did you mean: tc find list pending tasks?\n" == result.stderr


def test_a_word_that_is_like_no_other_is_left_out(tc: CommandLine) -> None:
    """
    And told of: what the other words lead to is an answer.
    """
    result = tc("find", "kubernetes", "tasks")

    assert 0 == result.exit_code
    assert json.loads(result.stdout)
    assert "tc: find: nothing has 'kubernetes'\n" == result.stderr
    assert "" == tc("find", "kubernetes", "tasks", "--quiet").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param([], "missing argument", id="no word"),
        pytest.param(["???"], "there is no word in '???'", id="only signs"),
        pytest.param([""], "there is no word in ''", id="nothing"),
        pytest.param(["zzzzqqqq"], "nothing has 'zzzzqqqq'", id="nobody's word"),
    ],
)
def test_what_is_no_question(tc: CommandLine, words: list[str], said: str) -> None:
    """
    One line, and nothing on stdout.
    """
    result = tc("find", *words)

    assert (2, b"") == (result.exit_code, result.output)
    assert said in result.stderr
    assert 1 == result.stderr.count("\n")
