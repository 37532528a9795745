"""
The commands that download: ``tc download artifact`` and ``tc download-artifact`` are one, and so for objects.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.errors import LocalFileError, TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tccli.core.client import Client
    from tccli.core.transfer.options import DownloadOptions, DownloadResult
    from tccli.core.transfer.remote import Source

MAX_PARALLEL_DOWNLOADS = 40
"""Artifacts that are fetched side by side when a pattern names several: a few more than a server answers at once."""


def _shared_options() -> list[click.Parameter]:
    return [
        click.Option(["-o", "--output", "target"], metavar="FILE|DIR|-", help="Where to; - is stdout."),
        click.Option(["--checksum"], metavar="sha256:HEX", help="Verify it by this, too; repeatable.", multiple=True),
        click.Option(["--connections"], type=click.IntRange(1, 64), metavar="N", help="At most so many; else by need."),
        click.Option(["--compressed"], is_flag=True, help="Keep the encoding in which it is stored."),
    ]


def artifact_command(words: str) -> click.Command:
    """
    Return the command that downloads artifacts.

    Args:
        words: How it is called: in one word, or as a command of a group.
    """
    return Command(
        words.rsplit(maxsplit=1)[-1],
        callback=with_context(_download_artifact),
        params=[
            click.Argument(["words"], nargs=-1, metavar="[TASK] [RUN] NAME [FILE]"),
            click.Option(
                ["--index", "index_path"], metavar="PATH", help="Find the task in the index, instead of TASK."
            ),
            *_shared_options(),
            click.Option(["--managed-only"], is_flag=True, help="Refuse what is stored outside of the deployment."),
            click.Option(["--list", "only_list"], is_flag=True, help="Print the matching names; fetch nothing."),
        ],
        short_help="Download an artifact of a task, or all that match a pattern",
        examples=(
            f"tc {words} fN1SbArXTPSVFNUvaOlinQ public/build/target.tar.gz",
            f"tc {words} fN1SbArXTPSVFNUvaOlinQ 'public/build/*.gz' -o builds",
            f"tc {words} --index example.v1.nightly public/build/target.tar.gz -o - | sha256sum",
        ),
        help=(
            "Download an artifact of a task; of its latest run, unless RUN is given. TASK may be the task's address in "
            "the web.\n\n"
            "NAME may be a pattern, such as 'public/build/*.apk': then all that match are fetched, into a folder that "
            "mirrors their names. * stops at a slash, ** does not.\n\n"
            "The file appears when it is whole and right. An interrupted download is taken up by the next."
        ),
    )


def object_command(words: str) -> click.Command:
    """
    Return the command that downloads an object.

    Args:
        words: How it is called: in one word, or as a command of a group.
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
            "Download an object of the object service, verified by its hashes.\n\n"
            "The file appears when it is whole and right. An interrupted download is taken up by the next."
        ),
    )


def _download_object(context: Context, object_name: str, file: str | None, target: str | None, **options: Any) -> None:
    from tccli.core.artifacts.objects import ObjectSource

    download_options = _parse_options(options)
    path = _target_path(file, target or context.options.output, object_name)
    _download_one(context, ObjectSource(context.client(), object_name), path, download_options)


def _download_artifact(
    context: Context, words: tuple[str, ...], index_path: str | None, target: str | None, **options: Any
) -> None:
    from tccli.core.artifacts.paths import is_pattern, match_names
    from tccli.core.artifacts.sources import ArtifactSource, list_artifacts

    task, run, name, file = _artifact_words(words, by_index=index_path is not None)
    download_options = _parse_options(options)
    target = target or context.options.output
    write = context.writer() if options["only_list"] else None
    is_one = not is_pattern(name) and not options["only_list"]
    path = _target_path(file, target, name) if is_one else ""
    client = context.client()
    task, run = _task(client, task, run, index_path)
    if is_one:
        source = ArtifactSource(client, task, run, name, managed_only=options["managed_only"])
        _download_one(context, source, path, download_options)
        return
    artifacts = {artifact["name"]: artifact for artifact in list_artifacts(client, task, run)}
    found = match_names(name, artifacts)
    if write is not None:
        from tccli.output import Result

        bare = context.options.format is None and context.options.jq is None
        write(Result(found, is_text=True) if bare else Result([[artifacts[each] for each in found]]))
    if not found:
        from tccli.errors import NotFoundError

        raise NotFoundError(
            f"no artifact of task {task} matches {name!r}", status=404, hint="--list '**' shows them all"
        )
    if write is None:
        if download_options.hashes:
            raise UsageError("--checksum is for one artifact, not for a pattern")
        sources = {
            each: ArtifactSource(client, task, run, each, managed_only=options["managed_only"]) for each in found
        }
        _download_many(context, sources, target or file or ".", download_options)


def _artifact_words(words: tuple[str, ...], *, by_index: bool) -> tuple[str, str | None, str, str | None]:
    """
    Tell task, run, name and file apart: a run is a number.
    """
    rest = list(words)
    task = "" if by_index else rest.pop(0) if rest else ""
    run = rest.pop(0) if len(rest) > 1 and rest[0].isascii() and rest[0].isdigit() and not by_index else None
    if not rest or (not task and not by_index):
        what = "NAME" if task or by_index else "TASK and NAME"
        raise UsageError(f"missing argument {what}", hint="usage: tc download-artifact TASK [RUN] NAME [FILE]")
    if len(rest) > 2:
        raise UsageError(f"surplus argument {rest[2]!r}", hint="usage: tc download-artifact TASK [RUN] NAME [FILE]")
    return task, run, rest[0], rest[1] if len(rest) == 2 else None


def _task(client: Client, task: str, run: str | None, index_path: str | None) -> tuple[str, str | None]:
    """
    Return task id and run of a task that is named by its id, by its web address or by an index path.
    """
    from tccli import references
    from tccli.core.task_urls import parse_task_address

    if index_path is not None:
        return str(client.call_json(references.method("index", "findTask"), [index_path])["taskId"]), None
    if not task.lower().startswith(("http://", "https://")):
        return task, run
    address = parse_task_address(task)
    if address is None:
        raise UsageError(f"{task} is not the address of a task", hint="it looks like https://HOST/tasks/TASK")
    if address.root_url != client.account.root_url:
        root_url = client.account.root_url
        raise UsageError(f"{task} is not a task of {root_url}", hint=f"give --root-url {address.root_url}")
    return address.task_id, run or address.run_id


def _parse_options(options: Mapping[str, Any]) -> DownloadOptions:
    from tccli.core.transfer.digests import parse_checksum
    from tccli.core.transfer.options import DownloadOptions

    hashes = dict(parse_checksum(text) for text in options["checksum"])
    if hashes and options["compressed"]:
        raise UsageError("--checksum is of the decoded bytes, and --compressed keeps them encoded")
    return DownloadOptions(options["connections"], hashes, options["compressed"])


def _target_path(file: str | None, target: str | None, name: str) -> str:
    """
    Return the path to write to, ``-`` for stdout; what is wrong with it is said now, before anything is fetched.
    """
    from tccli.core.artifacts.paths import last_component
    from tccli.core.files import check_target

    if file is not None and target is not None:
        raise UsageError(f"both {file!r} and -o {target!r} say where to")
    path = file if file is not None else target
    if path == "-":
        if sys.stdout is None:
            raise LocalFileError("stdout is closed")
        return path
    if path is None:
        path = last_component(name)
    elif path.endswith("/") or os.path.isdir(path):
        path = os.path.join(path, last_component(name))
    check_target(path)
    return path


def _download_one(context: Context, source: Source, path: str, download_options: DownloadOptions) -> None:
    from tccli.cli.transfers.progress import format_summary, show_progress
    from tccli.core.transfer.download import download_to_file, download_to_stream
    from tccli.core.transfer.remote import RemoteFile

    transfer = context.transfer_context()
    started = time.monotonic()
    with show_progress(context, os.path.basename(path), transfer.progress):
        if path == "-":
            result = download_to_stream(RemoteFile(source, transfer), sys.stdout.buffer, download_options)
        else:
            result = download_to_file(RemoteFile(source, transfer), path, download_options)
    kept = (
        f", {transfer.progress.resumed_bytes} bytes of it from an earlier run"
        if transfer.progress.resumed_bytes
        else ""
    )
    where = "wrote it to stdout" if path == "-" else f"wrote {path}"
    context.note(f"{where}: {format_summary(result.size, time.monotonic() - started, result.verified)}{kept}")


def _target_paths(context: Context, names: Iterable[str], folder: str) -> tuple[dict[str, str], list[TcError]]:
    """
    Return where below *folder* each name has its place, and the errors of those that have none.
    """
    from tccli.core.artifacts.paths import resolve_below

    if folder == "-":
        raise UsageError("cannot write several artifacts to stdout", hint="give a directory with -o DIR")
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise UsageError(f"{folder} is not a directory")
    paths: dict[str, str] = {}
    failed: list[TcError] = []
    for name in names:
        try:
            paths[name] = resolve_below(folder, name)
        except TcError as error:
            failed.append(error)
            context.note(str(error))
    return paths, failed


def _download_many(
    context: Context, sources: Mapping[str, Source], folder: str, download_options: DownloadOptions
) -> None:
    """
    Download each source to the place below *folder* that its name says; one that fails does not keep the others.
    """
    from concurrent.futures import ThreadPoolExecutor
    from dataclasses import replace

    from tccli.cli.transfers.progress import format_summary, show_progress
    from tccli.core.transfer.context import TransferProgress
    from tccli.core.transfer.download import download_to_file
    from tccli.core.transfer.remote import RemoteFile
    from tccli.core.transfer.segments import MAX_CONNECTIONS

    paths, failed = _target_paths(context, sources, folder)
    transfer = context.transfer_context()
    each = replace(
        download_options, connections=download_options.connections or max(1, MAX_CONNECTIONS // len(sources))
    )
    total_progress = TransferProgress()
    total_progress.start(None)
    remotes = {
        name: RemoteFile(sources[name], replace(transfer, progress=TransferProgress(total_progress))) for name in paths
    }

    def download(name: str) -> DownloadResult:
        return download_to_file(remotes[name], paths[name], each)

    started = time.monotonic()
    verified: set[str] = set()
    with (
        ThreadPoolExecutor(min(MAX_PARALLEL_DOWNLOADS, len(sources))) as pool,
        show_progress(context, folder, total_progress),
    ):
        futures = [pool.submit(download, name) for name in paths]
        try:
            for future in futures:
                try:
                    verified.update(future.result().verified)
                except TcError as error:
                    failed.append(error)
                    context.note(str(error))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for remote in remotes.values():
                remote.stop()
            raise
    done = len(sources) - len(failed)
    total = format_summary(total_progress.done_bytes, time.monotonic() - started, tuple(sorted(verified)))
    context.note(f"wrote {done} file{'' if done == 1 else 's'} to {folder}: {total}")
    if failed:
        first = failed[0]
        first.message = f"{len(failed)} of {len(sources)} artifacts could not be fetched, such as {first.message}"
        raise first
