"""
The options that commands share.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tccli.cli.options import Options, global_options, output_options
from tests.http_server import error_response, json_response, response
from tests.ids import TASK_ID

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine
    from tests.http_server import ScriptedServer

ROLE = {"roleId": "a", "scopes": ["x y", "z"], "nested": {"n": None}}
JQ = pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(["--jq", ".roleId"], '"a"\n', id="a string"),
        pytest.param(["--jq", ".roleId", "-r"], "a\n", id="a bare string"),
        pytest.param(["--jq", ".scopes[]", "-r"], "x y\nz\n", id="several"),
        pytest.param(["--jq", ".scopes", "-r"], '["x y","z"]\n', id="no string"),
        pytest.param(["--jq", ".scopes[]", "--format", "yaml"], "x y\n---\nz\n", id="as YAML"),
        pytest.param(["--jq", "empty"], "", id="nothing"),
        pytest.param(["--jq", ".missing"], "null\n", id="null"),
    ],
)


@JQ
def test_filters_answers(tc: CommandLine, http_server: ScriptedServer, options: list[str], expected: str) -> None:
    """
    What the filter gives is what is printed, one after the other.
    """
    http_server.respond_with(json_response(ROLE))
    result = tc("auth", "role", "a", *options, env=http_server.env)

    assert (0, expected, "") == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ["group", "list", TASK_ID, "--jq", ".[].taskId", "-r"],
        ["group", "list", TASK_ID, "-rf", "--format", "json"],
        ["group", "list", TASK_ID, "-fr", "--jq", "."],
        ["task", "status", TASK_ID, "--jq", ".state", "-r"],
        ["task", "artifacts", "-r", TASK_ID, "--jq", ".[]"],
        ["task", "log", TASK_ID, "-r"],
    ],
    ids=" ".join,
)
def test_a_letter_with_two_meanings_is_refused(tc: CommandLine, http_server: ScriptedServer, words: list[str]) -> None:
    """
    Where it may be meant as --raw-strings, which the message names.
    """
    result = tc(*words, env=http_server.env)

    assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert "--raw-strings" in result.stderr
    assert not http_server.requests


@pytest.mark.parametrize("output", [[], ["--format", "json"], ["--format", "jsonl"]], ids=str)
@pytest.mark.parametrize(
    "words",
    [
        f"group list {TASK_ID} --sort name --limit 1",
        f"group failures {TASK_ID}",
        f"group artifacts {TASK_ID}",
        f"group wait {TASK_ID}",
        f"task artifacts {TASK_ID}",
        f"task status {TASK_ID} index:x.y",
        "task list proj-x/ci",
        "profile list",
        "events list",
        "find rerun",
    ],
)
def test_a_list_of_ours_is_a_list_for_a_filter(
    tc: CommandLine, http_server: ScriptedServer, words: str, output: list[str]
) -> None:
    """
    In any format; a filter for an element is refused before anything of it is read.
    """
    http_server.respond_with(json_response({"taskId": TASK_ID}))
    result = tc(*words.split(), "--jq", ".name", *output, env=http_server.env)

    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert ".[] |" in result.stderr
    assert len(http_server.requests) == words.count("index:")


@pytest.mark.parametrize(
    "words",
    [
        f"group list {TASK_ID} -o json",
        f"queue status {TASK_ID} --output table",
        f"queue status {TASK_ID} -o=YAML",
        f"group failures {TASK_ID} -o markdown",
        "batch queue status -o jsonl",
        "from-now 1d -oraw --jq .",
    ],
)
def test_the_name_of_a_format_is_no_file(tc: CommandLine, http_server: ScriptedServer, cwd: Path, words: str) -> None:
    """
    Unless a directory is in front, or the format was chosen.
    """
    result = tc(*words.split(), stdin=TASK_ID, env=http_server.env)
    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert "--format" in result.stderr
    assert "./" in result.stderr
    assert not http_server.requests
    assert 0 == tc("from-now", "1d", "-o", "./json").exit_code
    assert 0 == tc("from-now", "1d", "-o", "yaml", "--format", "json").exit_code
    assert {"json", "yaml"} == {each.name for each in cwd.iterdir()}


def test_a_filter_that_does_not_fit_is_an_error(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    In one line.
    """
    http_server.respond_with(json_response(ROLE))
    result = tc("auth", "role", "a", "--jq", ".roleId.x", env=http_server.env)

    assert (9, b"") == (result.exit_code, result.output)
    assert "does not fit the" in result.stderr
    assert 1 == result.stderr.count("\n")
    http_server.respond_with(json_response([ROLE]))
    result = tc("auth", "listRoles", "--jq", ".roleId", env=http_server.env)
    assert (9, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert ".[] | " in result.stderr


@pytest.mark.parametrize("output_format", [None, "jsonl"])
def test_filters_pages(tc: CommandLine, http_server: ScriptedServer, output_format: str | None) -> None:
    """
    The joined document; with jsonl each entry.
    """
    http_server.respond_with(
        json_response({"tasks": [{"n": 1}], "continuationToken": "t"}), json_response({"tasks": [{"n": 2}]})
    )
    expression, options = (".n", ["--format", "jsonl"]) if output_format else (".tasks[].n", [])
    result = tc("queue", "listTaskGroup", TASK_ID, "--paginate", "--jq", expression, *options, env=http_server.env)

    assert "1\n2\n" == result.stdout


@pytest.mark.parametrize("output_format", ["json", "jsonl", "raw", "table", "yaml"])
def test_every_format_is_asked_for_in_the_same_way(
    tc: CommandLine, http_server: ScriptedServer, output_format: str
) -> None:
    """
    Before or after the command, the later one wins.
    """
    http_server.respond_with(json_response(ROLE))
    after = tc("--format", "yaml", "auth", "role", "a", "--format", output_format, env=http_server.env)
    before = tc("--format", output_format, "auth", "role", "a", env=http_server.env)

    assert 0 == before.exit_code
    assert before == after


def test_text_is_a_document_where_a_format_is_asked_for(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    A URL is printed bare by itself.
    """
    http_server.respond_with(response(303, Location="https://s/x"))

    assert '"https://s/x"\n' == tc("object", "download", "x", "--format", "json", env=http_server.env).stdout
    assert "https://s/x\n" == tc("object", "download", "x", env=http_server.env).stdout


@pytest.mark.parametrize("color", ["always", "never", "auto"])
def test_an_empty_answer_is_empty_in_any_colour(tc: CommandLine, http_server: ScriptedServer, color: str) -> None:
    """
    Not a byte.
    """
    http_server.respond_with(response(204))

    assert b"" == tc("auth", "deleteRole", "a", "--color", color, env=http_server.env).output


def test_no_two_options_have_one_name() -> None:
    """
    Shared options do not hide each other, and each fills a setting and says what it does.
    """
    options = [*global_options(), *output_options()]
    spellings = [spelling for option in options for spelling in (*option.opts, *option.secondary_opts)]

    assert len(set(spellings)) == len(spellings)
    assert all(hasattr(Options(), str(option.name)) for option in options)
    assert all(option.help for option in options)


@pytest.mark.parametrize("text", ["100ms", "2", "30s", "5m", ".5", "1h"])
@pytest.mark.parametrize("option", ["--timeout", "--delay-factor", "--max-delay"])
def test_durations_have_units_everywhere(tc: CommandLine, http_server: ScriptedServer, option: str, text: str) -> None:
    """
    Seconds, or with a unit.
    """
    result = tc(option, text, "queue", "ping", env=http_server.env)

    assert (0, "") == (result.exit_code, result.stderr)


def test_quiet_keeps_notes_back(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Not errors.
    """
    env = {**http_server.env}
    loud = tc("temp-credentials", "--expires", "1 hour", env=env)
    quiet = tc("-q", "temp-credentials", "--expires", "1 hour", env=env)
    http_server.respond_with(error_response(404, "ResourceNotFound", "no"))

    assert loud.stderr
    assert not quiet.stderr
    assert tc("-q", "queue", "task", "a", env=env).stderr


def profiles(bare_environment: dict[str, str], text: str) -> None:
    """
    Write the profiles of the person at home.
    """
    import os

    folder = os.path.join(bare_environment["XDG_CONFIG_HOME"], "tc")
    os.makedirs(folder)
    with open(os.path.join(folder, "profiles.toml"), "w", encoding="utf-8") as file:
        file.write(text)


def test_a_profile_is_named_on_the_command_line(
    tc: CommandLine, http_server: ScriptedServer, bare_environment: dict[str, str]
) -> None:
    """
    Or is the default one.
    """
    section = f'rootUrl = "{http_server.url}"\nclientId = "me"\naccessToken = "t"\n'
    profiles(bare_environment, f"[default]\n{section}[work]\n{section.replace('me', 'worker')}")
    tc("queue", "ping")
    tc("--profile", "work", "queue", "ping")
    missing = tc("queue", "ping", "--profile", "play")

    assert ['id="me"', 'id="worker"'] == [each.headers["authorization"].split(", ")[1] for each in http_server.requests]
    assert 3 == missing.exit_code
    assert "no profile 'play'" in missing.stderr
    assert "there are: default, work" in missing.stderr


def test_a_profile_has_options(tc: CommandLine, http_server: ScriptedServer, bare_environment: dict[str, str]) -> None:
    """
    Those of the JavaScript client; the command line takes precedence.
    """
    section = f'rootUrl = "{http_server.url}"\ndelayFactor = "1ms"\ntraceId = "t"\n'
    profiles(bare_environment, f"[default]\n{section}retries = 2\n[work]\n{section}retries = 1\n")
    http_server.respond_with(error_response(500, "InternalServerError", "no"))
    counts = []
    for argv in ((), ("--profile", "work"), ("--retries", "0"), ("--profile", "work", "--retries", "0")):
        before = len(http_server.requests)
        assert 7 == tc("queue", "ping", *argv).exit_code
        counts.append(len(http_server.requests) - before)

    assert [3, 2, 1, 1] == counts
    assert {"t"} == {each.headers["x-taskcluster-trace-id"] for each in http_server.requests}


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("retries = -1", "retries"),
        ("retries = true", "retries"),
        ("retries = 1.5", "retries"),
        ('timeout = "soon"', "timeout"),
        ("timeout = 0", "timeout"),
        ("delayFactor = [1]", "delayFactor"),
        ("randomizationFactor = 2", "randomizationFactor"),
        ('serviceDiscoveryScheme = "x"', "serviceDiscoveryScheme"),
        ('traceId = "a\\nb"', "traceId"),
        ("retrys = 1", "did you mean retries?"),
    ],
)
def test_a_wrong_option_of_a_profile_is_named(
    tc: CommandLine, http_server: ScriptedServer, bare_environment: dict[str, str], line: str, named: str
) -> None:
    """
    In one line; nothing is sent.
    """
    profiles(bare_environment, f'[default]\nrootUrl = "{http_server.url}"\n{line}\n')
    result = tc("queue", "ping")

    assert (3, 1) == (result.exit_code, result.stderr.count("\n"))
    assert named in result.stderr
    assert "profile default" in result.stderr
    assert [] == http_server.requests


def test_the_go_clients_configuration_is_read(
    tc: CommandLine, http_server: ScriptedServer, bare_environment: dict[str, str], tmp_path: Path
) -> None:
    """
    So that nobody signs in twice.
    """
    import os

    assert str(tmp_path) in bare_environment["XDG_CONFIG_HOME"]
    os.makedirs(bare_environment["XDG_CONFIG_HOME"])
    with open(os.path.join(bare_environment["XDG_CONFIG_HOME"], "taskcluster.yml"), "w", encoding="utf-8") as file:
        json.dump({"config": {"rootUrl": http_server.url, "clientId": "go", "accessToken": "t"}}, file)

    assert 0 == tc("queue", "ping").exit_code
    assert 'id="go"' in http_server.requests[0].headers["authorization"]


@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}, {"LANG": "nonsense"}], ids=str)
def test_any_locale_will_do(tc_process: CommandLine, http_server: ScriptedServer, env: dict[str, Any]) -> None:
    """
    Answers are UTF-8, and messages do not stumble over what the locale cannot say.
    """
    http_server.respond_with(json_response({"a": "ü→𝄞"}))
    answered = tc_process("queue", "task", TASK_ID, env={**http_server.env, **env})
    laid_out = tc_process("queue", "task", TASK_ID, "--format", "table", env={**http_server.env, **env})
    http_server.respond_with(error_response(404, "ResourceNotFound", "ü→𝄞"))
    refused = tc_process("queue", "task", TASK_ID, env={**http_server.env, **env})

    assert '{"a": "ü→𝄞"}\n' == answered.stdout
    assert "ü→𝄞" in laid_out.stdout
    assert 5 == refused.exit_code
    assert 1 == refused.stderr.count("\n")
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("options", "is_quiet"),
    [
        (["--quiet=true"], True),
        (["--quiet=1"], True),
        (["-q=T"], True),
        (["--quiet", "--quiet=false"], False),
        (["-q=0"], False),
        (["-qv=false"], True),
    ],
    ids=str,
)
def test_flags_take_true_and_false(
    tc: CommandLine, http_server: ScriptedServer, options: list[str], is_quiet: bool
) -> None:
    """
    As in the Go client: ``--flag=false``, ``-f=false``, ``-ab=false``.
    """
    http_server.respond_with(json_response({"tasks": [], "taskGroupId": "a" * 22, "continuationToken": "more"}))
    result = tc("queue", "listTaskGroup", "fN1SbArXTPSVFNUvaOlinQ", *options, env=http_server.env)

    assert 0 == result.exit_code
    assert is_quiet == (result.stderr == "")


def test_a_flag_takes_nothing_else(tc: CommandLine) -> None:
    """
    The value is named.
    """
    for option in ("--quiet=maybe", "-q=maybe"):
        result = tc("slugid", option)
        assert 2 == result.exit_code
        assert "'maybe'" in result.stderr
