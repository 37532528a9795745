"""
Explain the state of a task, by a few requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.printable import escape_line_breaks
from tccli.core.tasks.causes.model import Cause, LogFinding, TaskFacts
from tccli.core.tasks.queue import fetch_definition, fetch_status, read_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tccli.core.client import Client

INDENT = "    "


class Explanation(NamedTuple):
    """
    Why a task is in its state.

    Attributes:
        causes: The first one is the state itself.
    """

    task_id: str
    name: str
    state: str
    causes: list[Cause]

    def as_document(self) -> dict[str, Any]:
        """
        Return it as JSON.
        """
        return {
            "taskId": self.task_id,
            "name": self.name,
            "state": self.state,
            "causes": [{name: text for name, text in cause._asdict().items() if text} for cause in self.causes],
        }

    def as_text(self) -> str:
        """
        Return a line of sentences, and a line for each of the next commands.
        """
        # A line of a log may end with a full stop.
        texts = [cause.text.rstrip().removesuffix(".") for cause in self.causes]
        sentences = ". ".join(text[:1].upper() + text[1:] for text in texts)
        commands = dict.fromkeys(command for cause in self.causes for command in cause.next.splitlines())
        line = escape_line_breaks(f"{self.name}: {sentences[:1].lower()}{sentences[1:]}.")
        return "\n".join([line, *(["next:"] if commands else []), *(f"{INDENT}{command}" for command in commands)])


def explain_task(client: Client, task_id: str, read_log: Callable[[TaskFacts], LogFinding]) -> Explanation:
    """
    Return why a task is in its state. What cannot be seen is a cause, too.

    Args:
        read_log: Returns what the log of a task that has ended tells.

    Raises:
        TcError: The task itself cannot be fetched.
    """
    status = fetch_status(client, task_id)
    definition = fetch_definition(client, task_id)
    facts = TaskFacts(task_id, status, definition, client.clock.now())
    causes = list(_list_causes(client, facts, read_log))
    return Explanation(task_id, read_name(task_id, definition), facts.state, causes)


def _list_causes(client: Client, facts: TaskFacts, read_log: Callable[[TaskFacts], LogFinding]) -> Iterator[Cause]:
    state = facts.state
    if state == "unscheduled":
        from tccli.core.tasks.causes.dependencies import explain_unscheduled

        yield from explain_unscheduled(client, facts)
    elif state == "pending":
        from tccli.core.tasks.causes.queues import explain_pending

        yield from explain_pending(client, facts)
    else:
        from tccli.core.tasks.causes.runs import explain_run

        yield from explain_run(facts, read_log)
    if state in {"unscheduled", "pending"}:
        yield _explain_deadline(facts)


def _explain_deadline(facts: TaskFacts) -> Cause:
    if facts.is_past_deadline:
        return Cause("deadline", "its deadline is over, so it becomes exception in a moment")
    cancel = f"tc task cancel {facts.task_id}"
    return Cause("deadline", f"deadline in {facts.span_until(facts.deadline)}: exception then", cancel)
