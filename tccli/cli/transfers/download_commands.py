"""
The download commands. ``tc download artifact`` and ``tc download-artifact`` are the same; so are those for objects.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.artifact_words import ArtifactWords
from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import TASK_HELP, newest_option
from tccli.cli.transfers.limits import transfer_options, write_request
from tccli.cli.types import file_name, span
from tccli.errors import BrokenAnswerError, NegativeAnswerError, RefusedError, TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tccli.core.client import Client, PreparedCall
    from tccli.core.transfer.options import DownloadOptions
    from tccli.output import Result

USAGE = "usage: {} TASK [RUN] NAME [FILE]"


def _shared_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["-o", "--output", "target"],
            type=file_name,
            metavar="FILE|DIR|-",
            help="Write to FILE, below DIR, or to stdout (-).",
        ),
        click.Option(["--checksum"], metavar="sha256:HEX", help="Verify this digest, too; repeatable.", multiple=True),
        click.Option(
            ["--connections"],
            type=click.IntRange(1, 64),
            metavar="N",
            help="Use at most N connections (as many as help).",
        ),
        click.Option(
            ["--compressed"],
            is_flag=True,
            help="Do not decompress what is stored compressed; --checksum is that of the stored bytes then.",
        ),
        *transfer_options(),
    ]


def artifact_command(words: str) -> click.Command:
    """
    Return the command that downloads artifacts.

    Args:
        words: As the user types it: ``download-artifact`` or ``download artifact``.
    """
    return Command(
        words.rsplit(maxsplit=1)[-1],
        callback=with_context(_download_artifact),
        params=[
            click.Argument(["words"], nargs=-1, metavar="[TASK] [RUN] NAME [FILE]"),
            click.Option(
                ["--index", "index_path"], metavar="PATH", help="Take the task from the index, instead of TASK."
            ),
            *_shared_options(),
            click.Option(
                ["--managed-only"], is_flag=True, help="Reject artifacts that are stored outside of the deployment."
            ),
            click.Option(
                ["--list", "only_list"],
                is_flag=True,
                help="Print the names that match, without NAME all of them; download nothing.",
            ),
            click.Option(["--literal"], is_flag=True, help="NAME is not a pattern."),
            click.Option(["--flat"], is_flag=True, help="Of the names that match, leave out the directories."),
            click.Option(
                ["--max-age"],
                type=span,
                metavar="TIME",
                help="Download nothing, with exit code 1, if the run was resolved longer ago: 1d, 12h.",
            ),
            newest_option(),
        ],
        short_help="Download an artifact of a task, or all that match a pattern",
        examples=(
            f"tc {words} fN1SbArXTPSVFNUvaOlinQ public/build/target.tar.gz",
            f"tc {words} fN1SbArXTPSVFNUvaOlinQ 'public/build/*.gz' -o builds",
            f"tc {words} index:example.v1.nightly \\\n    public/build/target.tar.gz -o - | sha256sum",
        ),
        help=(
            "Download an artifact of a task, from its latest run unless RUN is given. The URL of an artifact stands "
            f"for task, run and name; FILE may follow it. {TASK_HELP} With -, the id is read from stdin.\n\n"
            "NAME can be a pattern, such as 'public/build/*.apk'. Then all artifacts that match are downloaded, to the "
            "paths below a directory that their names give. * does not match a slash, ** does. A pattern without a "
            "slash, such as '*.zip', is that of the file name, at any depth. An artifact with exactly this name is the "
            "only match; with --literal, nothing else is looked for. A pattern leaves out the live log of a run that "
            "has not ended; by its name, it is followed until then.\n\n"
            "The file appears when it is complete. Run the command again to resume a download that was interrupted. "
            "--format json prints what was downloaded: name, path, size, content type, hashes, seconds; an array for a "
            "pattern."
        ),
    )


def object_command(words: str) -> click.Command:
    """
    Return the command that downloads an object.

    Args:
        words: As the user types it: ``download-object`` or ``download object``.
    """
    return Command(
        words.rsplit(maxsplit=1)[-1],
        callback=with_context(_download_object),
        params=[
            click.Argument(["object_name"], metavar="NAME"),
            click.Argument(["file"], metavar="[FILE]", required=False),
            *_shared_options(),
        ],
        short_help="Download an object",
        examples=(f"tc {words} example/target.tar.gz", f"tc {words} example/target.tar.gz latest.tar.gz"),
        help=(
            "Download an object of the object service, and verify its hashes.\n\n"
            "The file appears when it is complete and verified. Run the command again to resume a download that was "
            "interrupted. --format json prints what was downloaded: name, path, size, content type, hashes, seconds."
        ),
    )


def _download_object(context: Context, object_name: str, file: str | None, target: str | None, **options: Any) -> None:
    from tccli.cli.addresses import replace_name
    from tccli.cli.transfers.run_download import Download, download_one
    from tccli.core.artifacts.objects import ObjectSource, prepare_download

    object_name = replace_name(context, "object", "download", object_name)
    download_options = _parse_options(options)
    path = _target_path(file, target or context.options.output, object_name)
    write = _result_writer(context, path, options)
    client = context.client()
    if options["dry_run"]:
        write_request(write, client, prepare_download(client, object_name))
        return
    source = ObjectSource(client, object_name)
    download_one(context, source, object_name, path, Download(download_options, options, write))


def _download_artifact(
    context: Context, words: tuple[str, ...], index_path: str | None, target: str | None, **options: Any
) -> None:
    from tccli.cli.artifact_urls import suggest_artifacts
    from tccli.cli.artifact_words import split_words
    from tccli.cli.transfers.run_download import Download, download_many, download_one
    from tccli.core.artifacts.paths import is_pattern
    from tccli.core.artifacts.sources import ArtifactSource, fetch_latest_run
    from tccli.core.parallel import make_parallel_client
    from tccli.core.tasks.names import INDEX_PREFIX

    task, run, name, file = split_words(
        words,
        USAGE.format(click.get_current_context().command_path),
        by_index=index_path is not None,
        name_is_optional=options["only_list"],
    )
    if task.startswith(INDEX_PREFIX) and index_path is None:
        index_path = task.removeprefix(INDEX_PREFIX)
    target = target or context.options.output
    is_one = options["literal"] or not is_pattern(name)
    if options["only_list"]:
        _list_artifacts(context.replace(output=target), (task, run, name), index_path, options)
        return
    download_options = _parse_options(options)
    path = _target_path(file, target, name) if is_one else (target or file or ".")
    write = _result_writer(context, path, options)
    client = context.client() if is_one else make_parallel_client(context.client())
    if options["dry_run"]:
        write_request(
            write, client, _first_call(context, client, ArtifactWords(task, run, name, None), index_path, is_one=is_one)
        )
        return
    task, run = _resolve_task(context, client, task, run, index_path, newest=options["newest"])
    run = _check_age(client, task, run, options["max_age"])
    download = Download(download_options, options, write)

    def source(each: str) -> ArtifactSource:
        managed_only = options["managed_only"]
        return ArtifactSource(
            client,
            task,
            run,
            each,
            managed_only=managed_only,
            is_from_service=not is_one,
            on_reference=lambda: _note_live_log(context, client, (task, run, each)),
        )

    if is_one:
        with suggest_artifacts(client, task, run, name, "--list"):
            download_one(context, source(name), name, path, download)
        return
    # A rerun must not change the run between the list and the downloads.
    run = run or fetch_latest_run(client, task)
    found, artifacts = _find_artifacts(client, task, run, name)
    if found == [name]:
        download_one(context, source(name), name, _target_path(file, target, name, is_sent=True), download)
        return
    if download_options.hashes:
        raise UsageError("cannot verify --checksum: the pattern may match several artifacts")
    found = _leave_out_live_log(context, client, (task, run), [artifacts[each] for each in found])
    names = _drop_directories(found) if options["flat"] else {each: each for each in found}
    download_many(context, {each: source(name) for each, name in names.items()}, path, download)


def _note_live_log(context: Context, client: Client, artifact: tuple[str, str | None, str]) -> None:
    """
    Tell that an artifact is the log of a run that has not ended, if it is, since it takes as long as the run.
    """
    from tccli.core.tasks.logs import find_live_log

    task, run, name = artifact
    # Nothing depends on the note.
    with suppress(TcError):
        if find_live_log(client, task, run) == name:
            shows = f"tc task log --no-follow {task} prints what it has by now"
            context.note_once(f"{name} is a live log, and is followed until the run ends, or Ctrl-C; {shows}")


def _leave_out_live_log(
    context: Context, client: Client, run: tuple[str, str | None], found: Sequence[Mapping[str, Any]]
) -> list[str]:
    """
    Return the names of the artifacts that are complete. A live log would be followed for as long as its run takes.

    Args:
        run: The task and the number.
        found: Entries of the queue's listing.
    """
    from tccli.core.tasks.logs import find_live_log, is_live_log
    from tccli.errors import NotFoundError

    names = [each["name"] for each in found]
    live = None
    if any(each.get("storageType") == "reference" for each in found):
        with suppress(RefusedError):
            live = find_live_log(client, *run)
    if live is None or not any(is_live_log(each, live) for each in found):
        return names
    context.note(f"left out {live}, the live log of a run that has not ended; tc task log {run[0]} follows it")
    if names == [live]:
        raise NotFoundError("no artifact that matches is complete", status=404)
    return [name for name in names if name != live]


def _drop_directories(found: Sequence[str]) -> dict[str, str]:
    """
    Return the names by the part after the last slash.

    Raises:
        UsageError: Two of them have the same.
    """
    from tccli.core.artifacts.paths import last_component
    from tccli.core.response_fields import blame_response

    names: dict[str, str] = {}
    for name in found:
        with blame_response("the list of artifacts"):
            last = last_component(name)
        if last in names:
            raise UsageError(f"cannot write both {names[last]} and {name} to {last}", hint="leave out --flat")
        names[last] = name
    return names


def _list_artifacts(
    context: Context, artifact: tuple[str, str | None, str], index_path: str | None, options: Mapping[str, Any]
) -> None:
    """
    Print the names that match, or with ``--format`` or ``--jq`` the queue's entries.
    """
    from tccli.output import Result

    task, run, name = artifact
    write = context.writer()
    client = context.client()
    if options["dry_run"]:
        write_request(
            write, client, _first_call(context, client, ArtifactWords(task, run, name, None), index_path, is_one=False)
        )
        return
    task, run = _resolve_task(context, client, task, run, index_path, newest=options["newest"])
    run = _check_age(client, task, run, options["max_age"])
    found, artifacts = _find_artifacts(client, task, run, name, literal=options["literal"])
    bare = context.options.format is None and not context.options.selects_parts
    write(Result(found, is_text=True) if bare else Result([[artifacts[each] for each in found]]))


def _find_artifacts(
    client: Client, task: str, run: str | None, name: str, *, literal: bool = False
) -> tuple[list[str], dict[str, Any]]:
    """
    Return the names that match, and the queue's entries of all artifacts by name.

    Raises:
        NotFoundError: None matches.
    """
    from tccli.core.artifacts.paths import match_names, suggest_pattern
    from tccli.core.artifacts.sources import list_artifacts
    from tccli.errors import NotFoundError

    try:
        artifacts = {artifact["name"]: artifact for artifact in list_artifacts(client, task, run)}
    except NotFoundError as error:
        from tccli.cli.artifact_urls import explain_no_runs

        error.hint = error.hint or explain_no_runs(client, task)
        raise
    found = [each for each in artifacts if each == name] if literal else match_names(name, artifacts)
    if not found:
        hint = suggest_pattern(name, artifacts, "--list")
        raise NotFoundError(f"no artifact of task {task} matches {name!r}", status=404, hint=hint)
    return found, artifacts


def _first_call(
    context: Context, client: Client, words: ArtifactWords, index_path: str | None, *, is_one: bool
) -> PreparedCall:
    """
    Return the first call of a download, for ``--dry-run``.
    """
    from tccli import references
    from tccli.core.artifacts.sources import prepare_download, prepare_list
    from tccli.core.tasks.names import prepare_index_call, split_label

    if index_path is not None:
        return prepare_index_call(client, index_path)
    labelled = split_label(words.task)
    if labelled is not None:
        return client.prepare(references.method("queue", "listTaskGroup"), [labelled[0]])
    task, run = _resolve_task(context, client, words.task, words.run, None)
    return prepare_download(client, task, run, words.name) if is_one else prepare_list(client, task, run)


def _check_age(client: Client, task_id: str, run: str | None, max_age: float | None) -> str | None:
    """
    Return the run, which is now known, if it was not resolved too long ago.

    Raises:
        NegativeAnswerError: It was resolved longer ago.
    """
    if max_age is None:
        return run
    from tccli.core.responses import read_timestamp
    from tccli.core.tasks.queue import fetch_status, find_run
    from tccli.core.times import format_span

    status = fetch_status(client, task_id)
    resolved = find_run(status, None if run is None else int(run)).get("resolved")
    if resolved is not None:
        age = (client.clock.now() - read_timestamp(f"task {task_id}", resolved)).total_seconds()
        if age > max_age:
            limit = f"--max-age is {format_span(max_age)}"
            raise NegativeAnswerError(f"task {task_id} was resolved {format_span(age)} ago; {limit}")
    return run if run is not None or not status["runs"] else str(len(status["runs"]) - 1)


def _result_writer(context: Context, path: str, options: Mapping[str, Any]) -> Callable[[Result], None] | None:
    """
    Return the function that writes the result as data, or None if it is not asked for.
    """
    shared = context.options
    if shared.format is None and shared.jq is None and not options["dry_run"]:
        return None
    if path == "-" and not options["dry_run"]:
        raise UsageError("cannot write both the bytes and --format or --jq to stdout", hint="give -o FILE")
    return context.replace(output=None).writer()


def _resolve_task(
    context: Context, client: Client, task: str, run: str | None, index_path: str | None, *, newest: bool = False
) -> tuple[str, str | None]:
    """
    Return the task id and the run of a task that is given in any form, or by ``--index``.
    """
    from tccli.cli.artifact_words import resolve_words
    from tccli.core.tasks.names import INDEX_PREFIX

    if index_path is not None:
        return resolve_words(context, client, f"{INDEX_PREFIX}{index_path}", run)
    return resolve_words(context, client, task, run, newest=newest)


def _parse_options(options: Mapping[str, Any]) -> DownloadOptions:
    from tccli.core.transfer.digests import parse_checksum
    from tccli.core.transfer.options import DownloadOptions

    hashes = dict(parse_checksum(text) for text in options["checksum"])
    return DownloadOptions(options["connections"], hashes, options["compressed"])


def _target_path(file: str | None, target: str | None, name: str, *, is_sent: bool = False) -> str:
    """
    Return the path to write to, or ``-`` for stdout. It is checked now, before anything is downloaded.

    Args:
        is_sent: Whether the service has been asked for the name.
    """
    from tccli.core.artifacts.paths import last_component
    from tccli.core.files import check_stdout, check_target

    if file is not None and target is not None:
        raise UsageError(f"cannot write to both {file!r} and -o {target!r}", hint="give one of them")
    path = file if file is not None else target
    if path == "-":
        check_stdout()
        return path
    if path is None or path.endswith("/") or os.path.isdir(path):
        try:
            path = os.path.join(path or "", last_component(name))
        except UsageError as error:
            raise (BrokenAnswerError if is_sent else UsageError)(error.message, hint=error.hint) from None
    check_target(path)
    return path
