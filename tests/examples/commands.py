"""
Examples of the hand-written commands: preparations and exit codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.example_deployment import TASK
from tests.examples.queue import claim_task, fail_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment


def create_task(deployment: ExampleDeployment) -> None:
    """
    The task is pending.
    """
    deployment.create_task()


def write_lines(deployment: ExampleDeployment) -> None:
    """
    The files of calls exist, and the task is pending.
    """
    deployment.create_task()
    files = {
        "ids.txt": f"{TASK}\n",
        "calls.jsonl": '{"id": "first", "service": "queue", "method": "ping"}\n',
        "roles.csv": "name,scope\ndeployer,secrets:get:project/x\n",
        "tokens.txt": "a 1234\n",
    }
    for name, content in files.items():
        (deployment.directory / name).write_text(content)


def complete_task_with_log(deployment: ExampleDeployment) -> None:
    deployment.claim_task()
    deployment.transfer_env.artifact(TASK, "public/logs/live.log", b"one\ntwo\n")
    deployment.call("queue.reportCompleted", TASK, "0")


def write_profile(deployment: ExampleDeployment) -> None:
    """
    The profile ``example`` exists and is the default, and the editor changes nothing.
    """
    directory = deployment.directory / "config"
    (directory / "tc").mkdir(parents=True)
    (directory / "tc" / "profiles.toml").write_text(
        'default_profile = "example"\n[example]\nrootUrl = "https://tc.example.com"\nretries = 2\n'
    )
    deployment.variables |= {"XDG_CONFIG_HOME": str(directory), "EDITOR": "true"}


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {
    "batch": write_lines,
    "group cancel": create_task,
    "group failures": fail_task,
    "group list": fail_task,
    "group logs": complete_task_with_log,
    **dict.fromkeys(
        [f"profile {name}" for name in ("edit", "list", "remove", "set", "show", "unset", "use")], write_profile
    ),
    "group prioritize": create_task,
    "group rerun": fail_task,
    "task cancel": create_task,
    "task complete": create_task,
    "task list": create_task,
    "task log": complete_task_with_log,
    "task prioritize": create_task,
    "task rerun": fail_task,
    "upload artifact": claim_task,
    "upload-artifact": claim_task,
}

EXIT_CODES: dict[str, int] = {}

UNTIL_INTERRUPTED = {"sandbox start"}
"""Commands whose examples run until Ctrl-C."""
