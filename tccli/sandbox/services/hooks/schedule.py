"""
hooks: schedules, and the job that fires due hooks.

Source: taskcluster services/hooks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import slugid

from tccli.sandbox.clock import MINUTE, to_json
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.hooks import cron, fires, hook_table
from tccli.sandbox.services.hooks.fires import FireError
from tccli.sandbox.services.notify import outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.sandbox.services.hooks.hook_table import Hook
    from tccli.sandbox.state import State

service = Service("hooks")

MAX_TASK_AGE = 10 * MINUTE
"""Of a scheduled task; a little less than the queue accepts."""


def check(schedule: Sequence[str]) -> None:
    """
    Check the patterns of a schedule.

    Raises:
        ApiError: 400 InputError.
    """
    for pattern in schedule:
        try:
            cron.parse(pattern)
        except ValueError as error:
            raise ApiError("InputError", "{{problem}} in {{pattern}}", problem=str(error), pattern=pattern) from None


def next_date(schedule: Sequence[str], now: int) -> int:
    """
    Return when the earliest pattern matches next, in milliseconds since 1970.

    Raises:
        InternalError: A pattern has no date.
    """
    try:
        return min((cron.next_date(pattern, now) for pattern in schedule), default=cron.NEVER)
    except LookupError as error:
        raise InternalError(f"Error: {error}") from None


@service.periodic
async def fire_due(state: State) -> None:
    """
    Fire each due hook once, however many dates it missed.
    """
    for hook in hook_table.list_due(state.store, state.clock.now()):
        await _fire(state, hook)


async def _fire(state: State, hook: Hook) -> None:
    now = state.clock.now()
    # With the planned date, a second attempt creates the same task; but the queue rejects old dates.
    created = hook.next_date if hook.next_date > now - MAX_TASK_AGE else now
    try:
        await fires.fire(state, hook, {"firedBy": "schedule"}, task_id=hook.next_task_id, created=created)
    except FireError as error:
        _send_email(state, hook, error)
    hook.next_task_id, hook.next_date = slugid.nice(), next_date(hook.schedule, now)
    hook_table.update(state.store, hook)


def _send_email(state: State, hook: Hook, error: FireError) -> None:
    if not hook.metadata.get("emailOnError"):
        return
    details = json.dumps(error.document, indent=2)
    email = {
        "address": hook.metadata["owner"],
        "subject": f"[Taskcluster Hooks] Scheduled Hook failure: {hook.name}",
        "content": f"The hook {hook.name} created no task at {to_json(state.clock.now())}:\n\n{error}\n\n{details}\n",
    }
    outbox.store(state, "email", hook.metadata["owner"], email)
