"""
Running a download, with its progress and a summary.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tccli.cli.transfers.limits import enforce_limits, transfer_context
from tccli.cli.transfers.progress import describe_verification, format_size, format_summary, show_progress
from tccli.cli.transfers.terminal_output import open_stdout
from tccli.core.transfer.download import download_to_file, download_to_stream
from tccli.core.transfer.remote import RemoteFile
from tccli.core.transfer.resume import partial_path
from tccli.errors import NoAnswerError
from tccli.output import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tccli.cli.context import Context
    from tccli.core.tasks.log_follow import RunLog
    from tccli.core.transfer.context import TransferContext, TransferProgress
    from tccli.core.transfer.options import DownloadOptions, DownloadResult
    from tccli.core.transfer.source import Source


class Download(NamedTuple):
    """
    How the user wants to download.

    Attributes:
        options: For each file.
        limits: The options of `transfer_options`.
        write: Writes the result as data, or None.
    """

    options: DownloadOptions
    limits: Mapping[str, Any]
    write: Callable[[Result], None] | None


def download_one(
    context: Context,
    source: Source,
    name: str,
    path: str,
    download: Download,
    open_log: Callable[[TransferContext], RunLog | None] = lambda _: None,
) -> None:
    """
    Download *source* to *path*, or to stdout if *path* is ``-``; print a summary.

    Args:
        name: Of the artifact or object, for the result.
        open_log: Returns the log that is to be followed instead, if there is one. It is called if the source is at an
            address that a task has stored.
    """
    transfer = transfer_context(context, download.limits)
    remote = RemoteFile(source, transfer)
    log: RunLog | None = None

    def stop() -> None:
        remote.stop()
        if log is not None:
            log.remote.stop()

    if context.is_go_client and path != "-":
        print_text(f"Downloading `{name}`{_describe_run(source)} to `{path}`")
    started = time.monotonic()
    with (
        note_interruption(context, [path]),
        show_progress(context, os.path.basename(path), transfer.progress),
        enforce_limits(context, download.limits, transfer.progress, stop),
    ):
        if remote.locate().is_reference:
            log = open_log(transfer)
            # It may have moved meanwhile.
            remote.forget_location()
        if log is not None:
            result = _download_log(log, path, download.options)
        elif path == "-":
            with open_stdout() as out:
                result = download_to_stream(remote, out, download.options)
        else:
            result = download_to_file(remote, path, download.options)
    seconds = time.monotonic() - started
    _print_summary(context, path, result, seconds, transfer.progress)
    if download.write is not None:
        download.write(Result([describe_download(name, path, result, seconds)]))


def _print_summary(
    context: Context, path: str, result: DownloadResult, seconds: float, progress: TransferProgress
) -> None:
    if result.was_complete:
        line = f"{path} is already complete: {format_size(result.size)}, {describe_verification(result.verified)}"
        if context.is_go_client:
            print_text(line)
        else:
            context.note(line)
        return
    summary = format_summary(result.size, seconds, result.verified, progress.wire_bytes)
    resumed = progress.resumed_bytes
    summary += f", resumed after {resumed} bytes from an earlier run" if resumed else ""
    if context.is_go_client and path != "-":
        print_text(
            f"Downloaded {result.size} bytes of type {result.content_type} in {seconds:.3f}s (including API calls)"
        )
    else:
        context.note(f"wrote {'to stdout' if path == '-' else path}: {summary}")


def _download_log(log: RunLog, path: str, options: DownloadOptions) -> DownloadResult:
    from tccli.core.files import atomic_write
    from tccli.core.tasks.log_download import download_log

    with open_stdout() if path == "-" else atomic_write(path) as out:
        return download_log(log, out, options.hashes)


def _describe_run(source: Source) -> str:
    """
    Return where an artifact is from, in the words of the Go client; nothing for an object.
    """
    task_id, run_id, _ = source.identity.get("artifact", ("", None, ""))
    run = "latest run" if run_id is None else f"run {run_id}"
    return f" from {run} of task {task_id}" if task_id else ""


def print_text(line: str) -> None:
    """
    Print a line to stdout, as the Go client does about downloads.
    """
    from tccli.core.printable import escape_controls

    click.echo(escape_controls(line))


def describe_download(name: str, path: str, result: DownloadResult, seconds: float) -> dict[str, Any]:
    """
    Return what was downloaded, as data.
    """
    return {
        "name": name,
        "path": path,
        "size": result.size,
        "contentType": result.content_type,
        "hashes": dict(result.digests),
        "verifiedBy": list(result.verified),
        "alreadyComplete": result.was_complete,
        "seconds": round(seconds, 3),
    }


@contextmanager
def note_interruption(context: Context, paths: Iterable[str]) -> Iterator[None]:
    """
    When Ctrl-C or a limit ends the block, tell that the next run resumes, if it will.
    """
    hint = "run the same command again to resume"
    try:
        yield
    except KeyboardInterrupt:
        if _has_partial(paths):
            context.note_interruption(f"interrupted; {hint}")
        raise
    except NoAnswerError as error:
        if not error.hint and _has_partial(paths):
            error.hint = hint
        raise


def _has_partial(paths: Iterable[str]) -> bool:
    return any(os.path.exists(partial_path(os.path.realpath(path))) for path in paths if path != "-")
