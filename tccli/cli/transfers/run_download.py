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
from tccli.core.artifacts.paths import TargetDirectory
from tccli.core.files import sync_directory
from tccli.core.parallel import Schedule, run_parallel
from tccli.core.transfer.context import TransferProgress
from tccli.core.transfer.download import download_to_file, download_to_path, download_to_stream
from tccli.core.transfer.remote import RemoteFile
from tccli.core.transfer.resume import partial_path
from tccli.core.transfer.segments import MAX_CONNECTIONS
from tccli.errors import NoAnswerError, TcError, UsageError
from tccli.output import Entries, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from tccli.cli.context import Context
    from tccli.core.tasks.log_follow import RunLog
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.options import DownloadOptions, DownloadResult
    from tccli.core.transfer.source import Source

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
        _note_interruption(context, [path]),
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
    return any(os.path.exists(partial_path(os.path.realpath(path))) for path in paths if path != "-")


def check_directory(directory: str) -> None:
    """
    Check that files can be written below a directory, which need not exist.

    Raises:
        UsageError: It is stdout or a file.
    """
    if directory == "-":
        raise UsageError("cannot write several artifacts to stdout", hint="give a directory with -o DIR")
    if os.path.exists(directory) and not os.path.isdir(directory):
        raise UsageError(f"cannot write to {directory}: it is not a directory")


def raise_first(failed: Sequence[TcError], total: int) -> None:
    """
    Raise the first of the errors of so many artifacts, if there are any.
    """
    if failed:
        first = failed[0]
        first.message = f"cannot download {len(failed)} of {total} artifacts; the first error: {first.message}"
        raise first


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
            return download_to_path(remote, path, self._options)
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


class _Results:
    """
    What was downloaded: sums, and every result only where all are written as data.
    """

    def __init__(self, *, stores_all: bool) -> None:
        self.count = 0
        self.size = 0
        self.verified: set[str] = set()
        self._stores_all = stores_all
        self._all: dict[str, tuple[DownloadResult, float]] = {}

    def add(self, name: str, result: DownloadResult, seconds: float) -> None:
        """
        Add the result of a file.
        """
        self.verified = self.verified.intersection(result.verified) if self.count else set(result.verified)
        self.count += 1
        self.size += result.size
        if self._stores_all:
            self._all[name] = result, seconds

    def describe(self, names: Iterable[str], directory: str) -> Iterator[dict[str, Any]]:
        """
        Yield the results as data, in the order of *names*.
        """
        for name in names:
            if name in self._all:
                yield _describe(name, os.path.join(directory, name), *self._all[name])


def download_many(
    context: Context,
    names: Collection[str],
    make_source: Callable[[str], Source],
    directory: str,
    download: Download,
    refused: Sequence[TcError] = (),
) -> None:
    """
    Download what each name stands for to that path below *directory*. When one fails, the others are downloaded
    nevertheless. Of each, little more than its name is stored.

    Args:
        names: All are different, and in order, so that those in the same directory follow each other.
        make_source: Called when a download begins.
        refused: The errors of artifacts that have no path, which were reported.
    """
    check_directory(directory)
    target = TargetDirectory(directory)
    failed = [*refused]

    def fail(error: TcError) -> None:
        failed.append(error)
        context.note(str(error))

    jobs = max(1, min(MAX_PARALLEL_DOWNLOADS, len(names)))
    transfer = transfer_context(context, download.limits)
    transfer = replace(transfer, buffer_bytes=transfer.buffer_bytes // jobs)
    connections = download.options.connections or max(1, MAX_CONNECTIONS // jobs)
    total_progress = TransferProgress()
    total_progress.start(None)
    options = replace(download.options, connections=connections, syncs_directory=False)
    downloads = _Downloads(transfer, options, total_progress)
    results = _Results(stores_all=download.write is not None)

    def run(name: str) -> tuple[DownloadResult, float]:
        started = time.monotonic()
        result = downloads.download(make_source(name), target.find_path(name))
        return result, time.monotonic() - started

    started = time.monotonic()
    try:
        # All directories are created first: of a file and a directory with the same path, the directory is.
        writable = list(_prepare(target, names, fail))
        with (
            _note_interruption(context, map(target.find_path, writable)),
            show_progress(context, directory, total_progress),
            enforce_limits(context, download.limits, total_progress, downloads.stop) as check,
        ):
            for name, result in run_parallel(run, writable, schedule=Schedule(jobs=jobs, in_order=False)):
                if isinstance(result, TcError):
                    check()
                    fail(result)
                else:
                    results.add(name, *result)
        _sync_directories(map(target.find_path, writable))
    finally:
        # After Ctrl-C or at a limit.
        downloads.stop()
        downloads.join()
        if results.count < len(names):
            target.remove_empty()
    seconds = time.monotonic() - started
    total = format_summary(results.size, seconds, tuple(sorted(results.verified)), total_progress.wire_bytes)
    if results.count or not failed:
        context.note(f"wrote {results.count} file{'' if results.count == 1 else 's'} to {directory}: {total}")
    if download.write is not None:
        download.write(Result(pages=Entries(results.describe(names, directory))))
    raise_first(failed, len(names) + len(refused))


def _prepare(target: TargetDirectory, names: Iterable[str], fail: Callable[[TcError], None]) -> Iterator[str]:
    """
    Yield the names of files that can be written.
    """
    for name in names:
        try:
            target.prepare(name)
        except TcError as error:
            fail(error)
        else:
            yield name


def _sync_directories(paths: Iterable[str]) -> None:
    """
    Wait until the names of files are on the disk.
    """
    latest = ""
    for path in paths:
        directory = os.path.dirname(path)
        if directory != latest:
            sync_directory(directory)
            latest = directory
