"""
``tc task complete``: complete a task, as its worker would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import TASK_HELP, action_options, newest_option, task_argument, unasked_force_option
from tccli.errors import NegativeAnswerError

if TYPE_CHECKING:
    from tccli.core.client import Client

WORKER_ID = "taskcluster-cli"


def _check(status: dict[str, Any]) -> None:
    if status["state"] != "pending":
        raise NegativeAnswerError(
            f"cannot complete task {status['taskId']}: it is in state {status['state']}, not pending"
        )


def _act(client: Client, task_id: str) -> dict[str, Any]:
    from tccli import references
    from tccli.core.artifacts.sources import with_credentials
    from tccli.core.payload import encode
    from tccli.core.response_fields import read_field
    from tccli.core.tasks import queue

    status = queue.fetch_status(client, task_id)
    _check(status)
    run_id = str(max(0, len(status["runs"]) - 1))
    worker = {"workerGroup": status.get("workerType") or WORKER_ID, "workerId": WORKER_ID}
    claim = client.call_json(references.method("queue", "claimTask"), [task_id, run_id], payload=encode(worker))
    own = with_credentials(client, read_field(f"claim of {task_id}", claim, "credentials", dict))
    return queue.call_status_method(own, "reportCompleted", [task_id, run_id])


def _complete(context: Context, task: str, *, noop: bool, confirm: bool, newest: bool) -> None:
    from tccli.cli.tasks.actions import TaskAction, run_action

    action = TaskAction("complete", "claimTask", "Would complete", "Will complete", _act, _check)
    run_action(context, action, [task], noop=noop, confirm=confirm, newest=newest)


command = Command(
    "complete",
    callback=with_context(_complete),
    params=[task_argument(), *action_options("completed"), unasked_force_option(), newest_option()],
    short_help="Complete a pending task, as its worker would",
    help="Claim a pending task and report it as completed, as its worker would. Nothing of it runs.\n\n" + TASK_HELP,
    examples=("tc task complete fN1SbArXTPSVFNUvaOlinQ",),
)
