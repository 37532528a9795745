"""
A cause, what is known of the task, and requests that may be refused without the end of the explanation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import references
from tccli.core.responses import read_timestamp
from tccli.core.times import format_span
from tccli.errors import NotFoundError, RefusedError, TcError

if TYPE_CHECKING:
    from datetime import datetime

    from tccli.core.client import Client


class Cause(NamedTuple):
    """
    One reason for the state of a task.

    Attributes:
        kind: For programs: ``no-pool``, ``dependency-failed``, ``deadline-exceeded`` and so on.
        text: A clause for people, without a full stop.
        next: Commands that show more, or help, one a line; or empty.
    """

    kind: str
    text: str
    next: str = ""


class LogFinding(NamedTuple):
    """
    What the log of a task tells about its end.

    Attributes:
        text: A clause for people, with the most useful line, or why there is none.
        kind: How the task ended: ``command``, ``max-run-time``, ``artifact``, ``worker``; empty if it is not known.
    """

    text: str
    kind: str = ""


class TaskFacts(NamedTuple):
    """
    A task, and the time by the deployment's clock.
    """

    task_id: str
    status: Mapping[str, Any]
    definition: Mapping[str, Any]
    now: datetime

    @property
    def state(self) -> str:
        """
        The state of the task.
        """
        return str(self.status["state"])

    @property
    def runs(self) -> list[Mapping[str, Any]]:
        """
        Its runs, the latest one last.
        """
        return [run for run in self.status["runs"] if isinstance(run, Mapping)]

    @property
    def run(self) -> Mapping[str, Any]:
        """
        The latest run, or an empty object before there is one.
        """
        return self.runs[-1] if self.runs else {}

    @property
    def queue(self) -> str:
        """
        The task queue, ``PROVISIONER/WORKER-TYPE``.
        """
        return str(self.definition.get("taskQueueId") or self.status.get("taskQueueId") or "")

    @property
    def deadline(self) -> Any:
        """
        When it must be resolved; None if that is not known.
        """
        return self.definition.get("deadline") or self.status.get("deadline")

    @property
    def is_past_deadline(self) -> bool:
        """
        Whether it cannot run again under the same id.
        """
        return (self.seconds_since(self.deadline) or -1) > 0

    def seconds_since(self, text: Any) -> float | None:
        """
        Return how long ago a time was, negative for one to come; None if there is none.

        Raises:
            BrokenAnswerError: It is not a timestamp.
        """
        if text is None:
            return None
        return (self.now - read_timestamp(f"task {self.task_id}", text)).total_seconds()

    def span_since(self, text: Any, before: str = " for ") -> str:
        """
        Return `` for 1 min 6 s``, or nothing if there is no such time.
        """
        seconds = self.seconds_since(text)
        return "" if seconds is None else f"{before}{format_span(seconds)}"

    def span_until(self, text: Any) -> str:
        """
        Return the time from now on: ``23 h``.
        """
        return format_span(-(self.seconds_since(text) or 0))


def try_call(
    client: Client, method_id: str, args: list[str], query: Mapping[str, str] | None = None
) -> tuple[Any, str]:
    """
    Return the response of a method, and why there is none: empty, ``missing``, or a clause for people.
    """
    service, _, name = method_id.partition(".")
    method = references.method(service, name)
    try:
        return client.call_json(method, args, query or {}), ""
    except NotFoundError:
        return None, "missing"
    except RefusedError as error:
        return None, f"needs {_describe_scopes(method, args) or error.message}"
    except TcError as error:
        return None, error.message


def _describe_scopes(method: references.Method, args: list[str]) -> str:
    from tccli.core.scopes.required import scope_parameters
    from tccli.core.scopes.templates import render_template

    values = scope_parameters(method, dict(zip(method.args, args, strict=False)), {}, None, {})
    expression = render_template(method.scopes, values) if method.scopes else None
    scopes = expression.get("AllOf", []) if isinstance(expression, Mapping) else [expression]
    texts = [scope for scope in scopes if isinstance(scope, str)]
    return f"scope{'s' if len(texts) > 1 else ''} {' and '.join(texts)}" if texts else ""


def ordinal(number: int) -> str:
    """
    Return ``1st``, ``2nd``, ``11th``.
    """
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
