"""
``tc group list``: print the tasks of a group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, newest_group_option
from tccli.cli.tasks.selection import SELECTION_HELP, selection_options
from tccli.cli.types import SortKey
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tccli.core.tasks.members import Member

FILTERS = {
    "running": ("-r", "--running"),
    "failed": ("-f", "--failed"),
    "exception": ("-e", "--exception"),
    "completed": ("-c", "--completed", "--complete"),
    "unscheduled": ("-u", "--unscheduled"),
    "pending": ("-p", "--pending"),
}
ORDERS = ("name", "state", "wait", "duration")
DEFAULT_TEMPLATE = "{{ .Status.TaskID }} {{ .Task.Metadata.Name }} {{ .Status.State }}"


def _list(context: Context, group: str, **options: Any) -> None:
    from tccli.cli.tasks.lines import make_line_writer, writes_objects
    from tccli.cli.tasks.names import resolve_group
    from tccli.cli.tasks.selection import pop_selection, raise_if_nothing, select_members
    from tccli.core.tasks.members import sort_key, sort_members
    from tccli.core.tasks.sorted_rows import sort_rows

    all_, template, order, newest = map(options.pop, ("all_", "format_string", "order", "newest"))
    states = {state for state in FILTERS if options.pop(state)}
    selection = pop_selection(options)
    has_objects = writes_objects(context)
    make_detail: Callable[[dict[str, Any]], Any] = _ignore
    if template != DEFAULT_TEMPLATE:
        make_detail = _compile(context, template)
    elif has_objects and (context.options.format != "table" or context.options.selects_parts):
        make_detail = _copy
    write = make_line_writer(context, is_list=True, is_template=template != DEFAULT_TEMPLATE)
    client = context.client()
    group_id = resolve_group(context, client, group, newest=newest)
    narrowed = selection if all_ or not states else selection.restrict(lambda member: member.state in states)
    # A limit counts the first ones in the order that is asked for.
    limited = narrowed if order is None else narrowed._replace(limit=None)
    members: Iterable[Member] = select_members(context, client, group_id, limited, make_detail=make_detail)
    if order is not None and narrowed.limit is not None:
        members = sort_members(members, order, client.clock.now(), narrowed.limit)

    def make_pair(member: Member) -> tuple[str, Any]:
        line = member.line() if template == DEFAULT_TEMPLATE else member.detail
        return line, _row(member, client.clock.now()) if has_objects else None

    found = raise_if_nothing(members, selection, group_id)
    if order is None or narrowed.limit is not None:
        write(map(make_pair, found))
    else:
        now = client.clock.now()
        write(sort_rows((sort_key(member, order, now), make_pair(member)) for member in found))


def _ignore(_entry: dict[str, Any]) -> None:
    return


def _copy(entry: dict[str, Any]) -> dict[str, Any]:
    return entry


def _row(member: Member, now: datetime) -> dict[str, Any]:
    row = member.as_row(now)
    if member.detail is None:
        return {name: row[name] for name in ("taskId", "name", "state")}
    return {**row, **member.detail}


def _compile(context: Context, template: str) -> Callable[[dict[str, Any]], str]:
    from tccli import references
    from tccli.cli.tasks.lines import writes_objects
    from tccli.core.schemas.bundle import bundle
    from tccli.core.tasks.go_template import compile_template

    if writes_objects(context):
        raise UsageError("--format-string prints lines: leave out --format, --jq and --columns")
    method = references.method("queue", "listTaskGroup")
    assert method.output is not None
    return compile_template(template, bundle(method.reference.schemas, method.output)["properties"]["tasks"]["items"])


command = Command(
    "list",
    callback=with_context(_list),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        click.Option(["-a", "--all", "all_"], is_flag=True, help="Print all tasks, whatever else is given (default)."),
        *(
            click.Option([*spellings, state], is_flag=True, help=f"Print tasks that are {state}.")
            for state, spellings in FILTERS.items()
        ),
        click.Option(
            ["--format-string"],
            default=DEFAULT_TEMPLATE,
            metavar="TEMPLATE",
            help="Print each task by this Go template, such as '{{.Status.TaskID}} {{.Task.Metadata.Owner}}'.",
        ),
        click.Option(
            ["--sort", "order"],
            type=SortKey(ORDERS),
            metavar="KEY",
            help=f"Sort by {', '.join(ORDERS[:-1])} or {ORDERS[-1]}, the longest first; -KEY reverses the order.",
        ),
        *selection_options(failed=False),
        newest_group_option(),
    ],
    short_help="Print the tasks of a group",
    help="Print ID NAME STATE of each task of a group, or of those in certain states: -fe prints the tasks that are "
    "failed or exception. The exit code is 1 if --state, --name or another option that selects tasks matches none; "
    "the short options print nothing then, with 0, as in the Go client.\n\n"
    "With --format, --jq or --columns, each task has taskId, name, state, reason, queue, kind, owner, runs, wait and "
    "duration of its latest run in seconds, and status and task as in the API.\n\n"
    "A template has fields of .Status and .Task, texts in quotes, len, printf, print, index, eq, ne, and, or, not, "
    f"with if, range and with.\n\n{SELECTION_HELP}\n\n{GROUP_HELP}",
    examples=(
        "tc group list fN1SbArXTPSVFNUvaOlinQ",
        "tc group list -f fN1SbArXTPSVFNUvaOlinQ | cut -d' ' -f1 |\n  xargs -r -n1 tc task rerun",
        "tc group list fN1SbArXTPSVFNUvaOlinQ \\\n    --format-string '{{.Task.Metadata.Name}} {{len .Status.Runs}}'",
        "tc group list fN1SbArXTPSVFNUvaOlinQ --sort -duration --limit 1",
        "tc group list fN1SbArXTPSVFNUvaOlinQ --sort duration --limit 10 \\\n    --columns name,duration,wait,runs",
    ),
)
