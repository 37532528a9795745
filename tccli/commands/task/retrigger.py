"""
``tc task retrigger``: create a task with the definition of another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, TASK_HELP, edits_option, newest_option, parse_variables, task_argument
from tccli.cli.tasks.outcomes import OUTCOME_HELP, outcome_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.core.client import Client

ACTIONS = "public/actions.json"
MAX_ACTIONS_BYTES = 4 * 1024 * 1024
MAX_COPIES = 100
NEW_GROUP = "new"


def _retrigger(context: Context, task: str, *, exact: bool, times: int, newest: bool, **options: Any) -> None:
    import slugid

    from tccli import references
    from tccli.cli.tasks.lines import make_line_writer, make_value_writer
    from tccli.cli.tasks.names import resolve_one
    from tccli.cli.tasks.outcomes import pop_outcome
    from tccli.core import payload
    from tccli.core.response_fields import blame_response
    from tccli.core.tasks import queue
    from tccli.core.tasks.copies import copy_definition
    from tccli.errors import RejectedError

    outcome = pop_outcome(context, options)
    variables = parse_variables(context, options["env"])
    create = _make_creator(context, follows=outcome is not None)
    client = context.client()
    noop = options["noop"]
    if not noop:
        queue.check_allowed(client, "createTask")
    task_id, _ = resolve_one(context, client, task, newest=newest)
    original = queue.fetch_definition(client, task_id)
    ids = [str(slugid.nice()) for _ in range(times)]
    definition = copy_definition(original, now=client.clock.now(), exact=exact)
    definition = _change(context, client, definition, ids[0], variables, options)
    if not (options["edits"] or options["edit"]):
        with blame_response(f"task {task_id}"):
            payload.validate(references.method("queue", "createTask"), payload.encode(definition))
    # What is wrong with the original is known before anything is created.
    description = None if context.is_go_client else _describe(task_id, original, definition)
    if noop:
        if description is not None:
            _report(context, client, task_id, description, original, definition)
        pair = (f"{task_id} {queue.read_name(task_id, original)} would-retrigger", definition)
        if times == 1:
            make_value_writer(context)(*pair)
        else:
            make_line_writer(context)([pair] * times)
        return
    try:
        create(client, ids, definition)
    except RejectedError as error:
        if "sealed" in error.message:
            error.hint = f"--group {NEW_GROUP} creates it in a group of its own"
        raise
    if description is not None:
        # Not before: the queue may have refused the copy.
        _report(context, client, task_id, description, original, definition)
    if outcome is not None:
        outcome.follow(context, client, dict.fromkeys(ids, 0))


def _change(
    context: Context,
    client: Client,
    definition: dict[str, Any],
    new_id: str,
    variables: Mapping[str, str],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    from tccli import references
    from tccli.cli.editor import edit_document
    from tccli.cli.tasks.names import resolve_group
    from tccli.core import payload as payloads
    from tccli.core.edits import apply_edits
    from tccli.core.tasks.copies import set_variables
    from tccli.core.tasks.queue import fetch_scheduler_id

    method = references.method("queue", "createTask")
    group = options["group"]
    if group == NEW_GROUP:
        definition = {**definition, "taskGroupId": new_id}
    elif group is not None:
        group_id = resolve_group(context, client, group)
        scheduler_id = fetch_scheduler_id(client, group_id, f"--group {NEW_GROUP} creates one")
        definition = {**definition, "taskGroupId": group_id, "schedulerId": scheduler_id}
    if variables:
        definition = set_variables(definition, variables)
    if options["edits"]:
        definition = apply_edits(definition, options["edits"])
        payloads.validate(method, payloads.encode(definition), options["edits"])
    if options["edit"]:
        definition = edit_document(
            context, definition, "the definition", lambda each: payloads.validate(method, payloads.encode(each))
        )
    return definition


def _make_creator(context: Context, *, follows: bool) -> Any:
    """
    Return a function that creates tasks and prints each: on stderr if stdout is for what follows.
    """
    from tccli.cli.tasks.lines import make_line_writer, make_value_writer
    from tccli.core.tasks import queue

    write_value, write_lines = make_value_writer(context), make_line_writer(context, waits=True)

    def create(client: Client, ids: Sequence[str], definition: dict[str, Any]) -> None:
        pairs = (
            (f"Task {new_id} created", queue.call_status_method(client, "createTask", [new_id], definition))
            for new_id in ids
        )
        if follows:
            for line, _ in pairs:
                context.note(line)
        elif len(ids) == 1:
            write_value(*next(pairs))
        else:
            write_lines(pairs)

    return create


def _describe(task_id: str, original: Mapping[str, Any], definition: Mapping[str, Any]) -> str:
    """
    Return what the copy has of the task, and what it has not.

    Raises:
        BrokenAnswerError: The original is malformed.
    """
    from tccli.core.response_fields import read_field

    group_id = definition.get("taskGroupId")
    kept: list[str] = []
    dropped: list[str] = []
    for name, singular, plural in (("dependencies", "dependency", "dependencies"), ("routes", "route", "routes")):
        before, after = (
            len(read_field(f"task {task_id}", each, name, list) if each.get(name) is not None else ())
            for each in (original, definition)
        )
        if before:
            (kept if after else dropped).append(f"{before} {singular if before == 1 else plural}")
    text = f"the copy is in {'the same group' if group_id == original.get('taskGroupId') else f'group {group_id}'}"
    text += f", with its {' and '.join(kept)}" if kept else ""
    text += f", without its {' and '.join(dropped)}: --exact copies them, too" if dropped else ""
    return text


def _report(
    context: Context,
    client: Client,
    task_id: str,
    description: str,
    original: Mapping[str, Any],
    definition: Mapping[str, Any],
) -> None:
    """
    Print the description of a copy, dependencies that matter, and whether the group offers an action instead.
    """
    context.note(description)
    _warn_of_dependencies(context, client, original, keeps=bool(definition.get("dependencies")))
    group_id = definition.get("taskGroupId")
    if group_id != original.get("taskGroupId"):
        return
    title = _fetch_action(context, client, str(group_id), original)
    if title is not None:
        address = f"{client.account.root_url}/tasks/{task_id}"
        context.note(f"the group has an action {title!r} for it, which may do more than a copy: {address}")


def _warn_of_dependencies(context: Context, client: Client, original: Mapping[str, Any], *, keeps: bool) -> None:
    """
    Print which dependencies of the task did not succeed: the copy does not wait for them, or can never run.
    """
    from tccli.core.printable import list_some
    from tccli.core.tasks.queue import fetch_states
    from tccli.errors import TcError

    dependencies = original.get("dependencies")
    if not isinstance(dependencies, list) or original.get("requires") == "all-resolved":
        return
    try:
        states = fetch_states(client, [each for each in dependencies if isinstance(each, str)])
    except TcError:
        return
    found = [f"{task_id} ({state})" for task_id, state in states.items() if state in {"failed", "exception"}]
    if found:
        what = "the copy can never run unless they complete" if keeps else "the copy runs all the same"
        context.note(f"warning: the task depends on tasks that are not completed, {list_some(found)}: {what}")


def _fetch_action(context: Context, client: Client, group_id: str, original: Mapping[str, Any]) -> str | None:
    """
    Return the title of the group's action that retriggers a task, or None if it has none that can be read.
    """
    from tccli import strict_json
    from tccli.core.tasks.copies import find_action
    from tccli.core.tasks.logs import open_log, read_tail
    from tccli.errors import TcError

    tags = original.get("tags")
    try:
        data = read_tail(open_log(client, context.transfer_context(), group_id, None, ACTIONS), MAX_ACTIONS_BYTES)
        return find_action(
            strict_json.loads_leniently(bytes(data)), "retrigger", tags if isinstance(tags, dict) else {}
        )
    except (TcError, ValueError):
        return None


command = Command(
    "retrigger",
    callback=with_context(_retrigger),
    params=[
        task_argument(),
        click.Option(["-e", "--exact"], is_flag=True, help="Keep dependencies and routes, too."),
        click.Option(["--env"], multiple=True, metavar="NAME=VALUE", help="Set a variable of the copy; repeatable."),
        edits_option(),
        click.Option(["--edit"], is_flag=True, help="Edit the definition in $VISUAL or $EDITOR first, as YAML."),
        click.Option(
            ["--times"], type=click.IntRange(1, MAX_COPIES), default=1, metavar="N", help="Create N copies (default 1)."
        ),
        click.Option(
            ["-n", "--dry-run", "noop"],
            is_flag=True,
            help="Print ID NAME would-retrigger, with --format the definition of the copy; create nothing.",
        ),
        click.Option(["--group"], metavar="GROUP", help=f"Create it in this group; {NEW_GROUP} is one of its own."),
        *outcome_options(),
        newest_option(),
    ],
    short_help="Create a task with the definition of another one",
    help="Create a task with the definition of TASK, with a new id, new times and no retries, in the same group, and "
    "print `Task ID created`.\n\n"
    "It has no dependencies and no routes; with --exact it has those of TASK, so it may replace it in the index. What "
    "it has and has not, and whether the group offers an action for it, goes to stderr.\n\n"
    f"{OUTCOME_HELP}\n\n{TASK_HELP}\n\n{GROUP_HELP}",
    examples=(
        "tc task retrigger fN1SbArXTPSVFNUvaOlinQ",
        "tc task retrigger fN1SbArXTPSVFNUvaOlinQ --env MODE=debug \\\n    --set payload.maxRunTime:=3600 --group new",
    ),
)
