"""
The download commands. ``tc download artifact`` and ``tc download-artifact`` are the same; so are those for objects.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import TASK_HELP, newest_option
from tccli.cli.transfers.limits import transfer_options, write_request
from tccli.cli.types import file_name, span
from tccli.errors import BrokenAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tccli.cli.artifact_words import ArtifactWords
    from tccli.core.tasks.log_follow import RunLog
    from tccli.core.transfer.context import TransferContext
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
            "has not ended; by its name, it is followed until then, however silent; --deadline limits that.\n\n"
            "The file appears when it is complete. Run the command again to resume a download that was interrupted. "
            "A file that has the length and a hash of the artifact already is not downloaded again, where the storage "
            "tells a hash, as S3 and Google do. --format json prints what was downloaded: name, path, size, content "
            "type, hashes, seconds, and whether it was there already; an array for a pattern."
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
            "interrupted. A file that has the hashes of the object already is not downloaded again. --format json "
            "prints what was downloaded: name, path, size, content type, hashes, seconds, and whether it was there "
            "already."
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
    from tccli.cli.transfers import matching
    from tccli.cli.transfers.download_many import download_many
    from tccli.cli.transfers.run_download import Download, download_one
    from tccli.core.artifacts.patterns import is_pattern
    from tccli.core.artifacts.sources import ArtifactSource, fetch_latest_run
    from tccli.core.parallel import make_parallel_client
    from tccli.core.tasks.names import INDEX_PREFIX

    wanted = split_words(
        words,
        USAGE.format(click.get_current_context().command_path),
        by_index=index_path is not None,
        name_is_optional=options["only_list"],
    )
    if index_path is not None:
        wanted = wanted._replace(task=f"{INDEX_PREFIX}{index_path}")
    name, file = wanted.name, wanted.file
    target = target or context.options.output
    is_one = options["literal"] or not is_pattern(name)
    if options["only_list"]:
        _list_artifacts(context.replace(output=target), wanted, options)
        return
    download_options = _parse_options(options)
    path = _target_path(file, target, name) if is_one else (target or file or ".")
    write = _result_writer(context, path, options)
    client = context.client() if is_one else make_parallel_client(context.client())
    if options["dry_run"]:
        write_request(write, client, matching.prepare_first_call(context, client, wanted, is_one=is_one))
        return
    task, run = matching.find_run(context, client, wanted, options)
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
        )

    def open_log(transfer: TransferContext) -> RunLog | None:
        return matching.open_live_log(context, client, transfer, (task, run, name))

    if is_one:
        with suggest_artifacts(client, task, run, name, "--list"):
            download_one(context, source(name), name, path, download, open_log)
        return
    # A rerun must not change the run between the list and the downloads.
    run = run or fetch_latest_run(client, task)
    found = matching.find_artifacts(client, task, run, name, matching.is_reference)
    if name in found:
        download_one(context, source(name), name, _target_path(file, target, name, is_sent=True), download, open_log)
        return
    if download_options.hashes:
        raise UsageError("cannot verify --checksum: the pattern may match several artifacts")
    names = matching.leave_out_live_log(context, client, (task, run), found)
    del found
    if options["flat"]:
        by_file = matching.drop_directories(names)
        download_many(context, by_file, lambda each: source(by_file[each]), path, download)
    else:
        download_many(context, names, source, path, download)


def _list_artifacts(context: Context, wanted: ArtifactWords, options: Mapping[str, Any]) -> None:
    """
    Print the names that match, or with ``--format`` or ``--jq`` the queue's entries.
    """
    from tccli.cli.transfers import matching
    from tccli.output import Result

    write = context.writer()
    client = context.client()
    if options["dry_run"]:
        write_request(write, client, matching.prepare_first_call(context, client, wanted, is_one=False))
        return
    task, run = matching.find_run(context, client, wanted, options)
    bare = context.options.format is None and not context.options.selects_parts
    found = matching.find_artifacts(
        client, task, run, wanted.name, lambda entry: None if bare else entry, literal=options["literal"]
    )
    write(Result(list(found), is_text=True) if bare else Result([list(found.values())]))


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
    from tccli.core.artifacts.paths import name_file
    from tccli.core.files import check_stdout, check_target

    if file is not None and target is not None:
        raise UsageError(f"cannot write to both {file!r} and -o {target!r}", hint="give one of them")
    path = file if file is not None else target
    if path == "-":
        check_stdout()
        return path
    if path is None or path.endswith("/") or os.path.isdir(path):
        try:
            path = os.path.join(path or "", name_file(name))
        except UsageError as error:
            raise (BrokenAnswerError if is_sent else UsageError)(error.message, hint=error.hint) from None
    check_target(path)
    return path
