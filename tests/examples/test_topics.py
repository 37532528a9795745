"""
Each example in a help topic runs, and the topics list everything that the code has: variables, codes, formats, units.
"""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tccli
from tccli import errors, topics
from tccli.cli.help import markdown
from tests.examples.example_deployment import QUEUE, TASK, populate_task
from tests.examples.queue import claim_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment
    from tests.examples.shell import Shell

PACKAGE = Path(tccli.__file__).parent
SOURCES = [path for path in PACKAGE.rglob("*.py") if "sandbox" not in path.relative_to(PACKAGE).parts]
EXAMPLES = [
    (name, number)
    for name in topics.list_topic_names()
    for number in range(len(markdown.extract_code(topics.load_topic(name).text)))
]
MAX_EXAMPLE_COLUMNS = 73
TASK_YML = f"""\
taskQueueId: {QUEUE}
payload: {{command: ["true"]}}
metadata: {{name: smoke, description: Started by CI, owner: ci@example.com, source: "https://example.com/ci"}}
"""


def in_a_task(deployment: ExampleDeployment) -> None:
    """
    The task is running, and the environment has its TASK_ID and RUN_ID.
    """
    claim_task(deployment)
    deployment.variables |= {"TASK_ID": TASK, "RUN_ID": "0"}


def completed(deployment: ExampleDeployment) -> None:
    """
    The task is completed, with an artifact.
    """
    deployment.complete_task()


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {
    "tc upload-artifact public/report.txt": in_a_task,
    "while true; do": completed,
}
"""What an example needs beyond the common deployment, by something that stands in it."""


def example(name: str, number: int) -> str:
    """
    Return an example of a topic by its position.
    """
    return markdown.extract_code(topics.load_topic(name).text)[number]


@pytest.mark.parametrize(("name", "number"), EXAMPLES, ids=[f"{name} {number + 1}" for name, number in EXAMPLES])
def test_an_example_of_a_topic_runs(deployment: ExampleDeployment, shell: Shell, name: str, number: int) -> None:
    """
    As copied from the help into a shell.
    """
    lines = example(name, number)
    for part, prepare in PREPARE.items():
        if part in lines:
            prepare(deployment)
    populate_task(deployment)
    (shell.folder / "task.yml").write_text(TASK_YML)
    done = shell.run(lines, deployment)

    assert 0 == done.returncode, done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert MAX_EXAMPLE_COLUMNS >= max(map(len, lines.split("\n")))


def test_the_recipe_for_ci_creates_one_task_however_late_it_is_repeated(
    deployment: ExampleDeployment, shell: Shell
) -> None:
    """
    The step runs again after 20 minutes, when createTask itself would be a 400.
    """
    (recipe,) = (code for code in markdown.extract_code(topics.load_topic("in-ci").text) if "createTask" in code)
    (shell.folder / "task.yml").write_text(TASK_YML)
    first = shell.run(recipe, deployment)
    task = (shell.folder / "task-id").read_text()
    second = shell.run(f"tc sandbox clock +20m > /dev/null\n{recipe}", deployment)

    assert (0, b"") == (first.returncode, first.stdout), first.stderr.decode()
    assert (0, b"created before\n") == (second.returncode, second.stdout), second.stderr.decode()
    assert task == (shell.folder / "task-id").read_text()


def test_the_recipe_for_waiting_ends_when_the_task_is_resolved(deployment: ExampleDeployment, shell: Shell) -> None:
    """
    Not while it is running; with exit code 1 if it failed.
    """
    (recipe,) = (code for code in markdown.extract_code(topics.load_topic("in-ci").text) if "task wait" in code)
    deployment.claim_task()
    running = shell.run(recipe.replace("2h", "0.5s"), deployment)
    deployment.call("queue.reportFailed", TASK, "0")
    failed = shell.run(recipe, deployment)

    assert (124, b"") == (running.returncode, running.stdout), running.stderr.decode()
    assert (1, True) == (failed.returncode, failed.stdout.endswith(b" failed\n")), failed.stderr.decode()


@pytest.mark.parametrize("name", topics.list_topic_names())
def test_a_topic_is_named_like_its_file(name: str) -> None:
    """
    The title in lower case with hyphens; the summary and text are not empty.
    """
    topic = topics.load_topic(name)

    assert name == topic.title.lower().replace(" ", "-")
    assert topic.summary
    assert topic.text
    # Lists show it with a capital letter.
    assert not topic.summary.startswith("tc ")


def test_these_topics_exist() -> None:
    """
    Other pages refer to them.
    """
    assert {"environment", "credentials", "exit-codes", "formats", "scopes", "times", "in-ci"} <= set(
        topics.list_topic_names()
    )


def read_variables() -> set[str]:
    """
    Return the names of all environment variables in the code, in upper case.
    """
    found: set[str] = set()
    for path in SOURCES:
        text = path.read_text("utf-8")
        found |= set(re.findall(r"""environ(?:\.get\(|\[)\s*["'](\w+)["']""", text))
        strings = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
        found |= {
            value for value in strings if isinstance(value, str) and re.fullmatch("(TC|TASKCLUSTER)_[A-Z_]+", value)
        }
    return {name.upper() for name in found}


def test_every_variable_that_is_read_is_documented() -> None:
    """
    Every variable in the source code.
    """
    documented = set(re.findall("[A-Z_]{4,}", topics.load_topic("environment").text))
    variables = read_variables()

    assert "TASKCLUSTER_ROOT_URL" in variables
    assert set() == variables - documented


def test_no_variable_is_documented_that_nothing_reads() -> None:
    """
    Of the variables with our own prefixes.
    """
    documented = set(re.findall(r"\b(?:TC|TASKCLUSTER)_[A-Z_]+", topics.load_topic("environment").text))

    assert set() == documented - read_variables()


def rows(name: str) -> dict[str, str]:
    """
    Return the first table of a topic: the second column by the first.
    """
    table = next(block for block in markdown.parse_blocks(topics.load_topic(name).text) if block.kind == "table")
    return {row[0]: row[1] for row in table.rows[1:]}


def test_every_exit_code_is_documented() -> None:
    """
    The codes of all error classes, and those without a class.
    """
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.TcError)]
    codes = {0, errors.INTERRUPTED, errors.OUTPUT_CLOSED, *(each.exit_code for each in classes)}

    assert {str(code) for code in codes} == set(rows("exit-codes"))


def test_every_format_is_documented() -> None:
    """
    By its name.
    """
    formats = {
        name.removesuffix(".py")
        for name in os.listdir(PACKAGE / "output" / "formats")
        if re.fullmatch(r"[a-z]+\.py", name)
    }

    assert formats == set(rows("formats"))


def test_every_unit_of_time_is_documented() -> None:
    """
    All spellings, with the length.
    """
    from datetime import timedelta

    from tccli.core.times import parse_offset

    table = next(block for block in markdown.parse_blocks(topics.load_topic("times").text) if block.kind == "table")
    for unit, spellings, length in table.rows[1:]:
        for spelling in (unit, *spellings.split(", ")):
            assert parse_offset(f"1 {spelling}") == (parse_offset(length) if length else timedelta(seconds=1))


@pytest.mark.parametrize("name", topics.list_topic_names())
def test_a_topic_names_only_options_that_exist(name: str) -> None:
    """
    Each option in a topic is an option of some command.
    """
    from tccli.cli.app import root
    from tccli.cli.command_tree import build_tree
    from tccli.cli.context import Context

    options = [option for entry in build_tree(root, Context()).walk() for option in entry.options]
    known = {spelling for option in options for spelling in (*option.spellings, *option.secondary)}
    mentioned = set(re.findall(r"(?<![\w-])--[a-z][\w-]+", topics.load_topic(name).text))

    assert set() == mentioned - known
