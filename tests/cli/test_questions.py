"""
Questions before something is done.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest

from tccli.cli.context import Context
from tccli.cli.options import Options
from tccli.cli.questions import ask
from tccli.errors import UsageError
from tests.http_server import json_response

if TYPE_CHECKING:
    from tests.conftest import CommandLine
    from tests.http_server import ScriptedServer

TASK = "AQAAAAAAQAWAAAAAAAAAAA"


@pytest.mark.parametrize(
    ("answers", "default", "expected", "count"),
    [
        ("y\n", None, True, 1),
        ("YES\n", None, True, 1),
        (" no \n", True, False, 1),
        ("\n", True, True, 1),
        ("\n", False, False, 1),
        ("\n", None, None, 2),
        ("maybe\n\nn\n", None, False, 3),
        ("", True, None, 1),
    ],
)
def test_answers(
    capsys: pytest.CaptureFixture[str], answers: str, default: bool | None, expected: bool | None, count: int
) -> None:
    """
    A question is repeated until there is an answer; the end of the input is none. It goes to stderr.
    """
    context = Context(Options(), {}, [])
    if expected is None:
        with pytest.raises(UsageError):
            ask(context, "rerun?", StringIO(answers), "hint", default=default)
    else:
        assert expected == ask(context, "rerun?", StringIO(answers), "hint", default=default)

    out, err = capsys.readouterr()
    mark = {None: "[y/n]", True: "[Y/n]", False: "[y/N]"}[default]
    # A line break follows an answer that nobody typed, and the end of the input.
    assert ("", f"rerun? {mark} \n" * count) == (out, err)


@pytest.mark.parametrize("command", ["rerun", "cancel", "complete"])
def test_questions_about_a_task_have_one_form(tc: CommandLine, http_server: ScriptedServer, command: str) -> None:
    """
    The verb, the task, its name and its state; nothing is done after a no.
    """
    status = {"taskId": TASK, "state": "running", "runs": [{"state": "running"}]}
    http_server.respond_with(json_response({"status": status, "metadata": {"name": "a\nb"}}))
    result = tc("task", command, "-c", TASK, stdin="n\n", env=http_server.env)

    question = f"{command} task {TASK} (a\\x0ab, running)? [y/n] \n"
    assert (1, "", f"{question}tc: nothing was done\n") == (result.exit_code, result.stdout, result.stderr)
    assert {"GET"} == {request.verb for request in http_server.requests}
