"""
``tc group list``: print the tasks of a group.
"""

from __future__ import annotations

from typing import Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks import GROUP_HELP
from tccli.errors import UsageError

FILTERS = {
    "running": ("-r", "--running"),
    "failed": ("-f", "--failed"),
    "exception": ("-e", "--exception"),
    "completed": ("-c", "--completed", "--complete"),
    "unscheduled": ("-u", "--unscheduled"),
    "pending": ("-p", "--pending"),
}
DEFAULT_TEMPLATE = "{{ .Status.TaskID }} {{ .Task.Metadata.Name }} {{ .Status.State }}"


def _list(context: Context, group: str, *, all_: bool, format_string: str, **filters: bool) -> None:
    from tccli import references
    from tccli.cli.tasks import make_line_writer, resolve_group
    from tccli.core.schemas.bundle import bundle
    from tccli.core.tasks.go_template import compile_template
    from tccli.core.tasks.queue import list_group

    options = context.options
    if format_string != DEFAULT_TEMPLATE and (options.format or options.jq or options.columns):
        raise UsageError("--format-string prints lines: leave out --format, --jq and --columns")
    method = references.method("queue", "listTaskGroup")
    assert method.output is not None
    schema = bundle(method.reference.schemas, method.output)["properties"]["tasks"]["items"]
    render = compile_template(format_string, schema)
    write = make_line_writer(context)
    client = context.client()
    states = {state for state, is_given in filters.items() if is_given}
    entries = list_group(client, resolve_group(context, client, group))
    write(
        (render(entry), _row(context, entry))
        for entry in entries
        if all_ or not states or entry["status"].get("state") in states
    )


def _row(context: Context, entry: dict[str, Any]) -> Any:
    if context.options.format != "table" or context.options.columns is not None:
        return entry
    status, metadata = entry["status"], entry["task"].get("metadata") or {}
    return {"taskId": status.get("taskId"), "name": metadata.get("name"), "state": status.get("state")}


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
    ],
    short_help="Print the tasks of a group",
    help="Print ID NAME STATE of each task of a group, or of those in certain states: -fe prints the tasks that are "
    "failed or exception.\n\n"
    "A template has fields of .Status and .Task, texts in quotes, len, printf, print, index, eq, ne, and, or, not, "
    f"with if, range and with.\n\n{GROUP_HELP}",
    examples=(
        "tc group list fN1SbArXTPSVFNUvaOlinQ",
        "tc group list -f fN1SbArXTPSVFNUvaOlinQ | cut -d' ' -f1 |\n  xargs -r -n1 tc task rerun",
        "tc group list fN1SbArXTPSVFNUvaOlinQ \\\n    --format-string '{{.Task.Metadata.Name}} {{len .Status.Runs}}'",
    ),
)
