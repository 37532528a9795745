"""
``tc group artifacts``: print the artifacts of the tasks of a group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, PATTERN_HELP, newest_group_option
from tccli.cli.tasks.selection import SELECTION_HELP, selection_options
from tccli.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator


def _artifacts(context: Context, group: str, pattern: str | None, **options: Any) -> None:
    from tccli.cli.partial_failures import PartialFailures
    from tccli.cli.tasks.lines import make_line_writer
    from tccli.cli.tasks.names import resolve_group
    from tccli.cli.tasks.selection import pop_selection, raise_if_nothing, select_members
    from tccli.core.artifacts.patterns import check_pattern, suggest_pattern
    from tccli.core.parallel import make_parallel_client
    from tccli.core.tasks.artifacts import list_task_artifacts

    newest = options.pop("newest")
    if pattern is not None:
        check_pattern(pattern)
    selection = pop_selection(options)
    write = make_line_writer(context, is_list=True)
    client = make_parallel_client(context.client())
    group_id = resolve_group(context, client, group, newest=newest)
    members = raise_if_nothing(select_members(context, client, group_id, selection), selection, group_id)
    failures = PartialFailures(context)
    names: set[str] = set()
    is_empty = True

    def pairs() -> Iterator[tuple[str, Any]]:
        nonlocal is_empty
        for result in failures.leave_out(list_task_artifacts(client, members, pattern)):
            # To suggest another pattern.
            names.update(result.names if is_empty else ())
            for artifact in result.found:
                is_empty = False
                yield f"{artifact.member.task_id} {artifact.member.name} {artifact.name}", artifact.as_row()
        if is_empty and pattern is not None and failures.first is None:
            hint = suggest_pattern(pattern, names, f"tc group artifacts {group_id}")
            raise NotFoundError(f"no artifact of these tasks matches {pattern!r}", status=404, hint=hint)

    write(pairs())
    failures.raise_first(f"cannot list the artifacts of {failures.number} tasks")


command = Command(
    "artifacts",
    callback=with_context(_artifacts),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        click.Argument(["pattern"], metavar="[PATTERN]", required=False),
        *selection_options(),
        newest_group_option(),
    ],
    short_help="Print the artifacts of the tasks of a group",
    help="Print ID NAME ARTIFACT for each artifact of the latest runs of the tasks of a group.\n\n"
    f"{PATTERN_HELP}\n\n{SELECTION_HELP}\n\n{GROUP_HELP}",
    examples=("tc group artifacts fN1SbArXTPSVFNUvaOlinQ '*.gz' --state completed",),
)
