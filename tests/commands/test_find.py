"""
``tc find``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import pytest

from tccli import references
from tccli.cli.app import root
from tccli.cli.context import Context
from tccli.commands.find import KEYWORDS, WEIGHTS, list_documents
from tccli.core.search import Index

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import CommandLine

    Search = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Search:
    """
    Finds as the command does, and returns the names of the results; its index is built once.
    """
    context = Context(environ={"HOME": str(tmp_path_factory.mktemp("home"))})
    documents = list_documents(click.Context(root, obj=context))
    index = Index([document for document, _ in documents], WEIGHTS)
    return lambda query: [name(documents[place][1]) for place in index.search(query)[0]]


def found(tc: CommandLine, query: str, *options: str) -> list[dict[str, Any]]:
    """
    Return the results of a query.
    """
    result = tc("find", *query.split(), *options)

    assert result.exit_code == 0, result.stderr
    records: list[dict[str, Any]] = json.loads(result.stdout)
    return records


def name(record: dict[str, Any]) -> str:
    """
    Return the words after ``tc`` that a result is about.
    """
    if record["kind"] == "method":
        return f"{record['service']} {record['method']}"
    return str(record.get("command") or f"help {record['topic']}")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("directory", {"download-artifact", "download-object"}),
        ("idempotent", {"help exit-codes"}),
        ("retry", {"task rerun", "help exit-codes"}),
        ("login", {"help credentials"}),
        ("watch", {"events", "events bind"}),
        ("broken pipe", {"help exit-codes"}),
        ("dry run", {"help in-ci"}),
        ("logs", {"task log", "group logs"}),
        ("redirect", {"help formats"}),
        ("wildcard", {"help scopes"}),
        ("revoke", {"auth deleteClient", "auth resetAccessToken"}),
        ("pagination", {"help formats"}),
        ("wait", {"task wait", "group wait"}),
        ("watch a group", {"group watch"}),
        ("why is my task pending", {"task why"}),
        ("wait for a task", {"task wait"}),
        ("wait for a group", {"group wait"}),
        ("stuck", {"queue status"}),
        ("401", {"help credentials"}),
        ("403", {"help scopes"}),
        ("sign in", {"help credentials"}),
        ("signin", {"help credentials"}),
        ("tail", {"task log"}),
        ("live log", {"download-artifact"}),
        ("proxy", {"help environment"}),
        ("certificate", {"help environment"}),
        ("expired", {"help exit-codes"}),
        ("timeout", {"help exit-codes"}),
        ("429", {"help exit-codes"}),
        ("rate limit", {"help exit-codes"}),
        ("conflict", {"help exit-codes"}),
        ("forbidden", {"help scopes"}),
        ("cron", {"hooks createHook"}),
        ("yaml", {"help formats"}),
        ("offline", {"sandbox"}),
        ("mock", {"sandbox"}),
        ("test a script", {"help in-ci"}),
        ("tab completion", {"completions"}),
        ("config file", {"help environment"}),
        ("resume", {"download-artifact"}),
        ("webhook", {"events"}),
        ("share", {"signed-url"}),
        ("version", {"version"}),
        ("upgrade", {"references update"}),
    ],
)
def test_the_words_of_the_field_lead_to_the_right_place(search: Search, word: str, expected: set[str]) -> None:
    """
    It is the first or the second result.
    """
    assert expected & set(search(word)[:2])


def test_keywords_are_of_something_that_exists(tc: CommandLine) -> None:
    """
    Methods, commands and topics.
    """
    for place in KEYWORDS:
        assert tc("help", *place.removeprefix("help ").split()).exit_code == 0, place


@pytest.mark.parametrize(
    ("query", "command"),
    [
        ("wait for a task", "task wait"),
        ("rerun failed tasks", "task rerun"),
        ("why is my task pending", "task why"),
        ("follow the log", "task log"),
        ("who broke it", "group failures"),
        ("share an artifact", "signed-url artifact"),
        ("watch a group", "group watch"),
        ("wait until a task is done", "task wait"),
        ("block until task completes", "task wait"),
        ("poll a task until it ends", "task wait"),
        ("wait for task to finish", "task wait"),
        ("wait for a group", "group wait"),
        ("wait until all tasks of a group have ended", "group wait"),
        ("retry a failed task", "task rerun"),
        ("rerun everything that failed in a group", "group rerun"),
        ("restart a task", "task rerun"),
        ("retry all failed jobs of a push", "group rerun"),
        ("run a task again", "task rerun"),
        ("why does my task not start", "task why"),
        ("why is my task unscheduled", "task why"),
        ("why did my task fail", "task why"),
        ("task stuck in pending", "task why"),
        ("task never starts", "task why"),
        ("tail the log of a task", "task log"),
        ("show the log", "task log"),
        ("stream task output", "task log"),
        ("see live log", "task log"),
        ("print log of a task", "task log"),
        ("what failed in my push", "group failures"),
        ("why did the group fail", "group failures"),
        ("list failures of a group", "group failures"),
        ("which tests failed", "group failures"),
        ("find flaky tests", "group failures"),
        ("progress of a group", "group watch"),
        ("follow a push", "group watch"),
        ("stop a task", "task cancel"),
        ("what is running", "group list|task list|group watch|group status"),
        ("why red", "group failures|task why"),
        ("run again", "task rerun"),
        ("get the log", "task log"),
        ("how long did it take", "group list|task why"),
        ("kill task", "task cancel"),
        ("cancel everything", "group cancel"),
        ("abort a group", "group cancel"),
        ("cancel a task", "task cancel"),
        ("cancel a group", "group cancel"),
        ("tail log", "task log"),
        ("download logs", "group logs|task log|download-artifact|group download"),
        ("show failures", "group failures"),
        ("is it green", "task status|group status"),
        ("retry a task", "task rerun"),
        ("restart task", "task rerun"),
        ("list tasks of a group", "group list|queue listTaskGroup"),
        ("running tasks", "group list|task list"),
        ("pending tasks", "task list|queue listPendingTasks"),
        ("slow tasks", "group list"),
        ("longest task", "group list"),
        ("open in browser", "open"),
        ("bulk", "batch"),
        ("in parallel", "batch"),
        ("watch a push", "group watch"),
        ("see progress", "group watch"),
        ("why did it fail", "group failures|task why"),
        ("broken build", "group failures"),
        ("flaky", "group failures"),
        ("download a zip", "download-artifact|group download"),
        ("list artifacts", "task artifacts|group artifacts|queue listArtifacts"),
        ("raise priority", "task prioritize|group prioritize"),
        ("lock the group", "group seal"),
        ("copy a task", "task retrigger"),
        ("what failed", "group failures"),
        ("compare with the last push", "group failures"),
        ("state of a task", "task status"),
        ("did it finish", "task status|group status|group wait|task wait"),
        ("stuck task", "task why"),
        ("never runs", "task why"),
        ("blocked task", "task why"),
        ("grep logs", "group logs|task log"),
        ("search logs", "group logs|task log"),
        ("how many failed", "group status"),
        ("wait until done", "group wait|task wait"),
        ("exit status of a task", "task status"),
        ("download all artifacts of a group", "group download"),
        ("print the log of a failed task", "task log|group failures|group logs"),
        ("make many calls", "batch"),
        ("cancel many tasks", "group cancel|batch|task cancel"),
        ("task definition", "task def|queue task"),
        ("name of a task", "task name"),
        ("count tasks by state", "group status"),
        ("tasks that took longest", "group list"),
        ("duplicate a task", "task retrigger"),
        ("link to an artifact", "signed-url artifact|url artifact"),
        ("open a task", "open"),
        ("last lines of a log", "task log"),
        ("reason of a failure", "group failures|task why"),
        ("why is it slow", "task why|group list"),
        ("kill a push", "group cancel"),
        ("what is pending", "task list|queue listPendingTasks"),
        ("results of a task", "task status"),
        ("artifacts of a task", "task artifacts"),
        ("show me what broke", "group failures"),
    ],
)
def test_what_people_do_all_day_is_first(search: Search, query: str, command: str) -> None:
    """
    The command for it, before the methods of the API.
    """
    assert search(query)[0] in command.split("|")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("which method lists pending tasks?", "queue listPendingTasks"),
        ("how many tasks are pending in a queue", "queue taskQueueCounts"),
        ("createTask", "queue createTask"),
        ("make a task", "queue createTask"),
        ("rerun a failed task", "task rerun"),
        ("kill everything in a task group", "queue cancelTaskGroup"),
        ("what state is a task in", "queue status"),
        ("which tasks depend on a task", "queue listDependentTasks"),
        ("stop a worker from taking tasks", "queue quarantineWorker"),
        ("quarantineUntil", "queue quarantineWorker"),
        ("maxRunTime", "queue createTask"),
        ("minCapacity of a pool", "worker-manager createWorkerPool"),
        ("cron pattern", "hooks createHook"),
        ("errors of a worker pool", "worker-manager listWorkerPoolErrors"),
        ("store a secret", "secrets set"),
        ("when did a hook last run", "hooks listLastFires"),
        ("send an email", "notify email"),
        ("who changed this client", "auth getEntityHistory"),
        ("cancel builds of a pull request", "github cancelBuilds"),
        ("who am i", "whoami"),
        ("signed url", "signed-url"),
        ("exit codes", "help exit-codes"),
        ("TASKCLUSTER_ROOT_URL", "help environment"),
        ("upload a file", "upload-artifact"),
    ],
)
def test_a_question_leads_to_its_answer(search: Search, query: str, expected: str) -> None:
    """
    It is among the first three results.
    """
    assert expected in search(query)[:3]


@pytest.mark.parametrize("service", references.service_names())
def test_every_method_is_found_by_its_name(search: Search, service: str) -> None:
    """
    Service and method together, deprecated methods included.
    """
    methods = [f"{service} {method}" for method in references.service(service).method_names]

    assert [method for method in methods if search(method)[0] != method] == []


def test_results_are_data(tc: CommandLine) -> None:
    """
    An array of objects off a terminal.
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


def test_the_number_of_results_is_limited(tc: CommandLine) -> None:
    """
    Ten by default.
    """
    assert len(found(tc, "task")) == 10
    assert len(tc("find", "task", "--limit", "3", "--format", "jsonl").stdout.splitlines()) == 3


def test_deprecated_methods_rank_below_their_replacements(search: Search) -> None:
    """
    Even if the query is the name of one.
    """
    names = search("pending tasks")

    assert names.index("queue listPendingTasks") < names.index("queue pendingTasks")


@pytest.mark.parametrize(
    ("query", "correction"),
    [
        pytest.param("penidng tsaks", "tc find pending tasks?", id="all words"),
        pytest.param("list penidng tasks", "tc find list pending tasks?", id="one of the words"),
    ],
)
def test_a_misspelled_word_is_corrected(tc: CommandLine, query: str, correction: str) -> None:
    """
    Results for the other words would hide the mistake.
    """
    result = tc("find", *query.split())

    assert (result.exit_code, result.output, result.stderr.count("\n")) == (1, b"", 1)
    assert "'penidng'" in result.stderr
    assert correction in result.stderr


def test_an_unknown_word_is_skipped(tc: CommandLine) -> None:
    """
    It is reported on stderr.
    """
    result = tc("find", "kubernetes", "tasks")

    assert (result.exit_code, result.stderr.count("\n")) == (0, 1)
    assert json.loads(result.stdout)
    assert "'kubernetes'" in result.stderr
    assert tc("find", "kubernetes", "tasks", "--quiet").stderr == ""


@pytest.mark.parametrize(
    ("words", "exit_code", "word"),
    [
        pytest.param([], 2, "missing argument", id="no word"),
        pytest.param(["???"], 2, "'???'", id="only punctuation"),
        pytest.param([""], 2, "''", id="an empty word"),
        pytest.param(["zzzzqqqq"], 1, "'zzzzqqqq'", id="nothing matches"),
    ],
)
def test_nothing_is_found(tc: CommandLine, words: list[str], exit_code: int, word: str) -> None:
    """
    One line on stderr, and nothing on stdout.
    """
    result = tc("find", *words)

    assert (result.exit_code, result.output, result.stderr.count("\n")) == (exit_code, b"", 1)
    assert word in result.stderr
