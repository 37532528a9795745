"""
Changes of priorities, of named tasks and of tasks that are selected in a group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.cli.tasks.actions import TaskAction
from tccli.core.tasks.members import UNRESOLVED_STATES
from tccli.errors import NegativeAnswerError, RejectedError

if TYPE_CHECKING:
    from tccli.cli.context import Context
    from tccli.core.client import Client


def make_priority_action(context: Context, level: str) -> TaskAction:
    """
    Return the action that gives a task the priority *level*; a task that has it already stays as it is, with a note.
    """

    def check(status: dict[str, Any]) -> None:
        if status["state"] not in UNRESOLVED_STATES:
            raise NegativeAnswerError(_refuse(status, f"it is {status['state']}"))

    def act(client: Client, task_id: str) -> dict[str, Any]:
        from tccli.core.tasks.queue import call_status_method, fetch_status

        try:
            return call_status_method(client, "changeTaskPriority", [task_id], {"newPriority": level})
        except RejectedError as error:
            # The message is the same if the task has this priority already.
            if error.status != 409:
                raise
            status = fetch_status(client, task_id)
            check(status)
            if status.get("priority") == level:
                context.note(f"task {task_id} has the priority {level} already")
                return status
            if any(run.get("reasonCreated") == "rerun" for run in status["runs"]):
                raise NegativeAnswerError(_refuse(status, "it is a rerun, which has the task's first one")) from None
            raise

    return TaskAction("prioritize", "changeTaskPriority", "Would prioritize", "Will prioritize", act, check)


def _refuse(status: dict[str, Any], reason: str) -> str:
    return f"cannot change the priority of task {status['taskId']}: {reason}"


def count_changes(client: Client, group_id: str, level: str) -> int:
    """
    Return how many tasks of a group were never resolved and have another priority than *level*.
    """
    from tccli.core.tasks.queue import list_group

    number = 0
    for entry in list_group(client, group_id):
        status = entry["status"]
        runs = status.get("runs")
        is_rerun = any(
            isinstance(run, dict) and run.get("reasonCreated") == "rerun"
            for run in (runs if isinstance(runs, list) else ())
        )
        is_open = status["state"] in UNRESOLVED_STATES and not is_rerun
        number += is_open and status.get("priority", entry["task"].get("priority")) != level
    return number
