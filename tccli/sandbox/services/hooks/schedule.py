"""
hooks: cron schedules, and the job that fires due hooks.

Source: taskcluster services/hooks; the syntax is that of the JavaScript library cron-parser: up to six fields, seconds
first, in UTC.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import slugid
from croniter import croniter

from tccli.sandbox.clock import MINUTE, to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.hooks import fires, hook_table
from tccli.sandbox.services.hooks.fires import FireError
from tccli.sandbox.services.notify import outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.sandbox.services.hooks.hook_table import Hook
    from tccli.sandbox.state import State

service = Service("hooks")

NEVER = 64_063_008_000_000
"""The next date of a hook without a schedule, in milliseconds."""
NICKNAMES = {
    "@secondly": "* * * * * *",
    "@minutely": "0 * * * * *",
    "@hourly": "0 0 * * * *",
    "@daily": "0 0 0 * * *",
    "@weekly": "0 0 0 * * 0",
    "@weekdays": "0 0 0 * * 1-5",
    "@weekends": "0 0 0 * * 0,6",
    "@monthly": "0 0 0 1 * *",
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
}
DEFAULT_FIELDS = ("*", "*", "*", "*", "*", "0")
"""Defaults of fields; a pattern with fewer fields lacks the first ones."""
MONTHS = ("", *["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
RANGE = re.compile(r"\b(\d+|[a-z]{3})-(\d+|[a-z]{3})\b")
RANDOM = re.compile(r"\br\b", re.IGNORECASE)
"""Syntax of croniter that cron-parser lacks."""
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
            _next(pattern, 0)
        except (ValueError, KeyError) as error:
            raise ApiError("InputError", "{{problem}} in {{pattern}}", problem=str(error), pattern=pattern) from None


def next_date(schedule: Sequence[str], now: int) -> int:
    """
    Return when the earliest pattern matches next, in milliseconds since 1970.
    """
    return min((_next(pattern, now) for pattern in schedule), default=NEVER)


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


def _next(pattern: str, now: int) -> int:
    # Raises ValueError or KeyError for an invalid pattern.
    fields = NICKNAMES.get(pattern, pattern or "0 * * * * *").split()
    if len(fields) > len(DEFAULT_FIELDS):
        raise ValueError("Invalid cron expression, too many fields")
    fields = [*DEFAULT_FIELDS[len(fields) :], *fields]
    if any(field.startswith("@") for field in fields):
        raise ValueError("Invalid characters")
    if any(RANDOM.search(field) for field in fields):
        raise ValueError("Invalid characters")
    for field, names in zip(fields, (*[()] * 4, MONTHS, DAYS), strict=True):
        _check_ranges(field, names)
    # The last Friday is 5L in cron-parser, and L5 in croniter.
    fields[-1] = re.sub(r"([0-7])L", r"L\1", fields[-1], flags=re.IGNORECASE)
    since = datetime.fromtimestamp(now / 1000, UTC)
    # The hash id gives H its values, as a random seed does in cron-parser; here, a pattern always has the same ones.
    found = croniter(" ".join(fields), since, second_at_beginning=True, hash_id=pattern)
    return int(found.get_next(float) * 1000)


def _check_ranges(field: str, names: tuple[str, ...]) -> None:
    # croniter wraps a range that ends before it begins; cron-parser does not.
    for found in RANGE.finditer(field.lower()):
        start, end = (names.index(bound) if bound in names else int(bound) for bound in found.groups())
        if start > end:
            raise ValueError(f"Invalid range: {found[0]}")
