"""
Running downloads: one, or all that match a pattern, with their progress and a summary.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tccli.cli.transfers.limits import enforce_limits, transfer_context
from tccli.cli.transfers.progress import format_summary, show_progress
from tccli.cli.transfers.terminal_output import open_stdout
from tccli.core.artifacts.paths import resolve_below
from tccli.core.parallel import Schedule, run_parallel
from tccli.core.transfer.context import TransferProgress
from tccli.core.transfer.download import download_to_file, download_to_stream
from tccli.core.transfer.remote import RemoteFile
from tccli.core.transfer.resume import partial_path
from tccli.core.transfer.segments import MAX_CONNECTIONS
from tccli.errors import NoAnswerError, TcError, UsageError
from tccli.output import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tccli.cli.context import Context
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.options import DownloadOptions, DownloadResult
    from tccli.core.transfer.remote import Source

MAX_PARALLEL_DOWNLOADS = 40
"""How many artifacts of a pattern are downloaded at the same time."""
MAX_JOIN_SECONDS = 0.5


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


def download_one(context: Context, source: Source, name: str, path: str, download: Download) -> None:
    """
    Download *source* to *path*, or to stdout if *path* is ``-``; print a summary.

    Args:
        name: Of the artifact or object, for the result.
    """
    transfer = transfer_context(context, download.limits)
    remote = RemoteFile(source, transfer)
    if context.is_go_client and path != "-":
        print_text(f"Downloading `{name}`{_describe_run(source)} to `{path}`")
    started = time.monotonic()
    with (
        _note_interruption(context, [path]),
        show_progress(context, os.path.basename(path), transfer.progress),
        enforce_limits(context, download.limits, transfer.progress, remote.stop),
    ):
        if path == "-":
            with open_stdout() as out:
                result = download_to_stream(remote, out, download.options)
        else:
            result = download_to_file(remote, path, download.options)
    seconds = time.monotonic() - started
    summary = format_summary(result.size, seconds, result.verified, transfer.progress.wire_bytes)
    resumed = transfer.progress.resumed_bytes
    summary += f", resumed after {resumed} bytes from an earlier run" if resumed else ""
    if context.is_go_client and path != "-":
        print_text(
            f"Downloaded {result.size} bytes of type {result.content_type} in {seconds:.3f}s (including API calls)"
        )
    else:
        context.note(f"wrote {'to stdout' if path == '-' else path}: {summary}")
    if download.write is not None:
        download.write(Result([_describe(name, path, result, seconds)]))


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


def _describe(name: str, path: str, result: DownloadResult, seconds: float) -> dict[str, Any]:
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
        "seconds": round(seconds, 3),
    }


@contextmanager
def _note_interruption(context: Context, paths: Iterable[str]) -> Iterator[None]:
    """
    When Ctrl-C or a limit ends the block, tell that the next run resumes, if it will.
    """
    hint = "run the same command again to resume"
    try:
        yield
    except KeyboardInterrupt:
        if _has_partial(paths):
            context.note(f"interrupted; {hint}")
        raise
    except NoAnswerError as error:
        if not error.hint and _has_partial(paths):
            error.hint = hint
        raise


def _has_partial(paths: Iterable[str]) -> bool:
    return any(os.path.exists(partial_path(path)) for path in paths if path != "-")


def _target_paths(context: Context, names: Iterable[str], directory: str) -> tuple[dict[str, str], list[TcError]]:
    """
    Return the path below *directory* for each name, and the errors of names that cannot have one.
    """
    if directory == "-":
        raise UsageError("cannot write several artifacts to stdout", hint="give a directory with -o DIR")
    if os.path.exists(directory) and not os.path.isdir(directory):
        raise UsageError(f"cannot write to {directory}: it is not a directory")
    paths: dict[str, str] = {}
    failed: list[TcError] = []
    for name in names:
        try:
            paths[name] = resolve_below(directory, name)
        except TcError as error:
            failed.append(error)
            context.note(str(error))
    return paths, failed


class _Downloads:
    """
    Downloads that run at the same time, each to its path. Memory depends on their number at a time.
    """

    def __init__(self, transfer: TransferContext, options: DownloadOptions, progress: TransferProgress) -> None:
        self._transfer = transfer
        self._options = options
        self._progress = progress
        self._running: set[RemoteFile] = set()
        self._is_stopped = False
        self._changed = threading.Condition()

    def download(self, source: Source, path: str) -> DownloadResult:
        """
        Download a file; raise NoAnswerError if the downloads are stopped.
        """
        remote = RemoteFile(source, replace(self._transfer, progress=TransferProgress(self._progress)))
        with self._changed:
            if self._is_stopped:
                raise NoAnswerError(f"{source.name}: the download was stopped")
            self._running.add(remote)
        try:
            return download_to_file(remote, path, self._options)
        finally:
            with self._changed:
                self._running.discard(remote)
                self._changed.notify_all()

    def stop(self) -> None:
        """
        Make all downloads end at once, also those that have not begun.
        """
        with self._changed:
            self._is_stopped = True
            running = list(self._running)
        for remote in running:
            remote.stop()

    def join(self) -> None:
        """
        Wait until the files of stopped downloads are closed, but not longer than a user would.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._running, MAX_JOIN_SECONDS)


def download_many(context: Context, sources: Mapping[str, Source], directory: str, download: Download) -> None:
    """
    Download each source to its path below *directory*. When one fails, the others are downloaded nevertheless.
    """
    paths, failed = _target_paths(context, sources, directory)
    jobs = min(MAX_PARALLEL_DOWNLOADS, len(sources))
    transfer = transfer_context(context, download.limits)
    transfer = replace(transfer, buffer_bytes=transfer.buffer_bytes // jobs)
    connections = download.options.connections or max(1, MAX_CONNECTIONS // jobs)
    total_progress = TransferProgress()
    total_progress.start(None)
    downloads = _Downloads(transfer, replace(download.options, connections=connections), total_progress)
    results: dict[str, dict[str, Any]] = {}

    def run(name: str) -> dict[str, Any]:
        started = time.monotonic()
        result = downloads.download(sources[name], paths[name])
        return _describe(name, os.path.join(directory, name), result, time.monotonic() - started)

    started = time.monotonic()
    with _note_interruption(context, paths.values()):
        try:
            with (
                show_progress(context, directory, total_progress),
                enforce_limits(context, download.limits, total_progress, downloads.stop) as check,
            ):
                for name, result in run_parallel(run, paths, schedule=Schedule(jobs=jobs, in_order=False)):
                    if isinstance(result, TcError):
                        check()
                        failed.append(result)
                        context.note(str(result))
                    else:
                        results[name] = result
        finally:
            # After Ctrl-C or at a limit.
            downloads.stop()
            downloads.join()
    done = [results[name] for name in sources if name in results]
    verified = set.intersection(*(set(result["verifiedBy"]) for result in done)) if done else set()
    size = sum(result["size"] for result in done)
    seconds = time.monotonic() - started
    total = format_summary(size, seconds, tuple(sorted(verified)), total_progress.wire_bytes)
    context.note(f"wrote {len(done)} file{'' if len(done) == 1 else 's'} to {directory}: {total}")
    if download.write is not None:
        download.write(Result([done]))
    if failed:
        first = failed[0]
        first.message = f"cannot download {len(failed)} of {len(sources)} artifacts; the first error: {first.message}"
        raise first
