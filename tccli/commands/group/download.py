"""
``tc group download``: download artifacts of the tasks of a group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, PATTERN_HELP, newest_group_option
from tccli.cli.tasks.selection import SELECTION_HELP, selection_options
from tccli.cli.transfers.limits import transfer_options
from tccli.cli.types import file_name
from tccli.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.core.tasks.artifacts import TaskArtifact


def _download(context: Context, group: str, pattern: str, **options: Any) -> None:
    from tccli.cli.partial_failures import PartialFailures
    from tccli.cli.tasks.lines import make_line_writer, writes_objects
    from tccli.cli.tasks.names import resolve_group
    from tccli.cli.tasks.selection import pop_selection, raise_if_nothing, select_members
    from tccli.cli.transfers.download_many import check_directory, download_many, raise_first
    from tccli.cli.transfers.run_download import Download
    from tccli.core.artifacts.paths import find_unwritable
    from tccli.core.artifacts.patterns import check_pattern, suggest_pattern
    from tccli.core.artifacts.sources import ArtifactSource
    from tccli.core.parallel import make_parallel_client
    from tccli.core.tasks.artifacts import list_task_artifacts, plan_paths
    from tccli.core.transfer.options import DownloadOptions

    target, flat, all_runs, noop = map(options.pop, ("target", "flat", "all_runs", "noop"))
    newest = options.pop("newest")
    check_pattern(pattern)
    check_directory(target)
    selection = pop_selection(options)
    # -o is the directory.
    context = context.replace(output=None)
    write = context.writer() if writes_objects(context) else None
    write_lines = make_line_writer(context)
    client = make_parallel_client(context.client())
    group_id = resolve_group(context, client, group, newest=newest)
    members = raise_if_nothing(select_members(context, client, group_id, selection), selection, group_id)
    found: list[TaskArtifact] = []
    names: set[str] = set()
    failures = PartialFailures(context)
    results = list_task_artifacts(
        client, members, pattern, all_runs=all_runs, has_rows=noop and writes_objects(context)
    )
    for result in failures.leave_out(results):
        found += result.found
        names.update(result.names if not found else ())
    if not found and failures.first is None:
        hint = suggest_pattern(pattern, names, f"tc group artifacts {group_id}")
        raise NotFoundError(f"no artifact of these tasks matches {pattern!r}", status=404, hint=hint)
    paths, refused = plan_paths(_leave_out_live_logs(context, found), flat=flat, all_runs=all_runs)
    del found
    unwritable = find_unwritable(paths, target) if noop else {}
    for error in (*refused, *unwritable.values()):
        context.note(str(error))
    if noop:
        write_lines(
            (f"{each.member.task_id} {each.member.name} {path}", each.as_row())
            for path, each in paths.items()
            if path not in unwritable
        )
        raise_first([*refused, *unwritable.values()], len(paths) + len(refused))
    elif paths or refused:

        def source(path: str) -> ArtifactSource:
            each = paths[path]
            return ArtifactSource(client, each.member.task_id, str(each.run_id), each.name, is_from_service=True)

        download_many(context, paths, source, target, Download(DownloadOptions(), options, write), refused)
    failures.raise_first(f"cannot list the artifacts of {failures.number} tasks")


def _leave_out_live_logs(context: Context, found: Sequence[TaskArtifact]) -> list[TaskArtifact]:
    """
    Return the artifacts that are complete. A live log would be followed for as long as its task runs, and one that was
    never stored cannot be downloaded.
    """
    from tccli.core.natural_order import name_key
    from tccli.core.printable import list_some

    complete = [each for each in found if not (each.is_live_log or each.is_lost_log)]
    lost = [each.member.name for each in found if each.is_lost_log]
    if lost:
        what = "the log of a task" if len(lost) == 1 else f"the logs of {len(lost)} tasks"
        shown = list_some(sorted(lost, key=name_key))
        context.note(f"left out {what} that ended before it was stored ({shown}): only the worker had it")
    names = [each.member.name for each in found if each.is_live_log]
    if names:
        what = (
            "the live log of a task that runs" if len(names) == 1 else f"the live logs of {len(names)} tasks that run"
        )
        shown = list_some(sorted(names, key=name_key))
        context.note(f"left out {what} ({shown}); tc group logs -f follows logs")
    if (names or lost) and not complete:
        raise NotFoundError("no artifact that matches is complete", status=404)
    return complete


command = Command(
    "download",
    callback=with_context(_download),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        click.Argument(["pattern"], metavar="PATTERN"),
        click.Option(
            ["-o", "--output", "target"],
            type=file_name,
            default=".",
            metavar="DIR",
            help="Write below this directory (default: the current one).",
        ),
        click.Option(["--flat"], is_flag=True, help="Leave out the directories in artifacts' names: DIR/LABEL/FILE."),
        click.Option(["--all-runs"], is_flag=True, help="Download from all runs: DIR/LABEL/run-0/NAME."),
        click.Option(["-n", "--dry-run", "noop"], is_flag=True, help="Print ID NAME PATH; download nothing."),
        *selection_options(),
        newest_group_option(),
        *(option for option in transfer_options() if option.name != "dry_run"),
    ],
    short_help="Download artifacts of the tasks of a group",
    help="Download the artifacts that match PATTERN of the latest runs of the tasks of a group, each to "
    "DIR/LABEL/NAME, where LABEL is the name of its task.\n\n"
    "A slash in a LABEL is one in the path: test-1/opt has the directory DIR/test-1/opt. Tasks with the same LABEL "
    "have DIR/LABEL.ID. A name that leads out of DIR, or that incomplete downloads have (.NAME.tc-partial), is refused."
    " Run the command again to resume what was interrupted: a file that has the length and a hash of the artifact "
    "already is not downloaded again, where the storage tells a hash, as S3 and Google do. "
    "The live log of a task that runs is left out. "
    "That of a task that has ended is a link to live_backing.log, so '*' writes the log under both names."
    f"\n\n{PATTERN_HELP}\n\n{SELECTION_HELP}\n\n{GROUP_HELP}",
    examples=("tc group download fN1SbArXTPSVFNUvaOlinQ '*.gz' -o builds --flat",),
)
