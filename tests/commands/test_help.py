"""
``tc help``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tccli import topics

if TYPE_CHECKING:
    from tests.conftest import CommandLine


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([], id="tc"),
        pytest.param(["queue"], id="service"),
        pytest.param(["queue", "createTask"], id="method"),
        pytest.param(["QUEUE", "create-task"], id="any spelling"),
        pytest.param(["api", "queue", "task"], id="api"),
        pytest.param(["signed-url", "queue", "task"], id="tree"),
        pytest.param(["slugid"], id="command"),
        pytest.param(["slugid", "decode"], id="command of a group"),
        pytest.param(["scopes", "check"], id="command of a group that is a topic, too"),
        pytest.param(["help"], id="itself"),
    ],
)
def test_is_the_same_as_the_option(tc: CommandLine, words: list[str]) -> None:
    """
    To the letter.
    """
    result = tc("help", *words)

    assert (0, "") == (result.exit_code, result.stderr)
    assert tc(*words, "--help").stdout == result.stdout


def test_lists_the_topics(tc: CommandLine) -> None:
    """
    With what each is about.
    """
    result = tc("help", "topics")

    assert (0, "") == (result.exit_code, result.stderr)
    for name in topics.list_topic_names():
        topic = topics.load_topic(name)
        assert f"  {topic.title} " in result.stdout
        assert topic.summary[1:30] in result.stdout


@pytest.mark.parametrize(
    "words",
    [["in", "CI"], ["in-ci"], ["in", "ci"], ["inCI"], ["IN_CI"], ["in CI"]],
    ids=" ".join,
)
def test_a_topic_is_found_in_any_spelling(tc: CommandLine, words: list[str]) -> None:
    """
    As it is said, and as its file is called.
    """
    assert tc("help", *words).stdout.startswith("In CI: ")


def test_a_topic_has_aliases(tc: CommandLine) -> None:
    """
    None of them hides a command or a service, and each leads to a topic.
    """
    listed = tc("--help").stdout
    hidden = [alias for alias in topics.ALIASES if f"\n  {alias} " in listed]

    assert not hidden
    assert set(topics.ALIASES.values()) <= set(topics.list_topic_names())
    assert tc("help", "ci").stdout == tc("help", "in-ci").stdout
    assert tc("help", "Retry").stdout == tc("help", "exit-codes").stdout
    assert tc("help", "proxy").stdout == tc("help", "environment").stdout


def test_a_word_that_is_not_a_command_has_a_pointer(tc: CommandLine) -> None:
    """
    The same as without help.
    """
    result = tc("help", "logs")

    assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert "tc task log TASK" in result.stderr


@pytest.mark.parametrize("columns", ["60", "80", "100"])
@pytest.mark.parametrize("name", topics.list_topic_names())
def test_a_topic_is_a_page(tc: CommandLine, name: str, columns: str) -> None:
    """
    Plain text on stdout, as wide as the terminal.
    """
    result = tc("help", name, env={"COLUMNS": columns, "FORCE_COLOR": "1"})

    assert (0, "") == (result.exit_code, result.stderr)
    assert "\x1b" not in result.stdout
    assert topics.load_topic(name).summary[:20] in result.stdout


def test_a_topic_goes_before_a_command_of_its_name(tc: CommandLine) -> None:
    """
    Which --help explains, and the page names.
    """
    assert tc("help", "scopes").stdout.startswith("Scopes: ")
    assert tc("scopes", "--help").stdout.startswith("Usage: tc scopes")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ["enviroment"], "unknown topic, command or service 'enviroment'; did you mean environment?", id="topic"
        ),
        pytest.param(["qeue"], "did you mean queue?", id="service"),
        pytest.param(["xyzzy"], "list them with: tc help topics, tc --help", id="nothing near"),
        pytest.param(["queue", "tsak"], "queue: no method 'tsak'; did you mean task", id="method"),
        pytest.param(["queue", "task", "x"], "help: queue task has no subcommands", id="below a method"),
        pytest.param(["slugid", "x"], "slugid: no command 'x'", id="command of a group"),
    ],
)
def test_what_there_is_no_help_for(tc: CommandLine, words: list[str], said: str) -> None:
    """
    A usage error that names what is near.
    """
    result = tc("help", *words)

    assert (2, b"") == (result.exit_code, result.output)
    assert said in result.stderr
    assert 1 == result.stderr.count("\n")


def test_a_pager_is_used_when_it_is_asked_for(tc: CommandLine) -> None:
    """
    Off a terminal it would be in the way.
    """
    assert tc("help", "times").stdout.strip() == tc("help", "times", "--pager").stdout.strip()
