"""
Running the downloads of a pattern: many at the same time, each to its path below a directory.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tccli.cli.transfers.limits import enforce_limits, transfer_context
from tccli.cli.transfers.progress import format_summary, show_progress
from tccli.cli.transfers.run_download import describe_download, note_interruption
from tccli.core.artifacts.paths import TargetDirectory, find_directories
from tccli.core.files import concerns_all_files, sync_directory
from tccli.core.parallel import Schedule, run_parallel
from tccli.core.transfer.context import TransferProgress
from tccli.core.transfer.download import download_to_path
from tccli.core.transfer.remote import RemoteFile
from tccli.core.transfer.segments import MAX_CONNECTIONS
from tccli.errors import NoAnswerError, TcError, UsageError
from tccli.output import Entries, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from tccli.cli.context import Context
    from tccli.cli.transfers.run_download import Download
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.options import DownloadOptions, DownloadResult
    from tccli.core.transfer.source import Source

MAX_PARALLEL_DOWNLOADS = 40
"""How many artifacts of a pattern are downloaded at the same time."""
MAX_JOIN_SECONDS = 0.5


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


def raise_first(failed: Sequence[TcError], total: int, untried: int = 0) -> None:
    """
    Raise the first of the errors of so many artifacts, if there are any.

    Args:
        untried: How many artifacts were not downloaded because of an error that concerns all files.
    """
    if failed:
        first = next(filter(concerns_all_files, failed), failed[0])
        which = "" if untried else "the first error: "
        first.message = f"cannot download {len(failed) + untried} of {total} artifacts; {which}{first.message}"
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


class _Failures:
    """
    The errors of artifacts, which are reported as they come. One that concerns all files ends the downloads, and is the
    last one: the rest would be requested in vain.

    Args:
        refused: Were reported.
        stop: Ends all downloads.
    """

    def __init__(self, context: Context, refused: Sequence[TcError], stop: Callable[[], None]) -> None:
        self.errors = [*refused]
        self.is_full = False
        self._context = context
        self._stop = stop

    def add(self, error: TcError) -> None:
        """
        Add an error.
        """
        if self.is_full:
            # It was stopped.
            return
        self.errors.append(error)
        self.is_full = concerns_all_files(error)
        if self.is_full:
            # It is the error of the command, which is printed at the end.
            self._stop()
        else:
            self._context.note(str(error))


class _Results:
    """
    What was downloaded: sums, and every result only where all are written as data.

    Attributes:
        complete_count: Files that were complete already.
        count: Files that were written.
        size: Bytes that were written.
        verified: What was verified of all that were written.
    """

    def __init__(self, *, stores_all: bool) -> None:
        self.complete_count = 0
        self.count = 0
        self.size = 0
        self.verified: set[str] = set()
        self._stores_all = stores_all
        self._all: dict[str, tuple[DownloadResult, float]] = {}

    def add(self, name: str, result: DownloadResult, seconds: float) -> None:
        """
        Add the result of a file.
        """
        if self._stores_all:
            self._all[name] = result, seconds
        if result.was_complete:
            self.complete_count += 1
            return
        self.verified = self.verified.intersection(result.verified) if self.count else set(result.verified)
        self.count += 1
        self.size += result.size

    def describe_counts(self, directory: str) -> str:
        """
        Return how many files were written below *directory*, as text.
        """
        written = f"wrote {self.count} file{'' if self.count == 1 else 's'} to {directory}"
        return f"{written}, {self.complete_count} already complete" if self.complete_count else written

    def describe(self, names: Iterable[str], directory: str) -> Iterator[dict[str, Any]]:
        """
        Yield the results as data, in the order of *names*.
        """
        for name in names:
            if name in self._all:
                yield describe_download(name, os.path.join(directory, name), *self._all[name])


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
    jobs = max(1, min(MAX_PARALLEL_DOWNLOADS, len(names)))
    transfer = transfer_context(context, download.limits)
    transfer = replace(transfer, buffer_bytes=transfer.buffer_bytes // jobs)
    connections = download.options.connections or max(1, MAX_CONNECTIONS // jobs)
    total_progress = TransferProgress()
    total_progress.start(None)
    options = replace(download.options, connections=connections, syncs_directory=False)
    downloads = _Downloads(transfer, options, total_progress)
    results = _Results(stores_all=download.write is not None)
    failures = _Failures(context, refused, downloads.stop)

    def run(name: str) -> tuple[DownloadResult, float]:
        started = time.monotonic()
        result = downloads.download(make_source(name), target.find_path(name))
        return result, time.monotonic() - started

    started = time.monotonic()
    try:
        # All directories are created first, so that what cannot be written is known before anything is requested.
        writable = _prepare(target, names, failures)
        with (
            note_interruption(context, map(target.find_path, writable)),
            show_progress(context, directory, total_progress),
            enforce_limits(context, download.limits, total_progress, downloads.stop) as check,
        ):
            for name, result in run_parallel(run, writable, schedule=Schedule(jobs=jobs, in_order=False)):
                if isinstance(result, TcError):
                    check()
                    failures.add(result)
                else:
                    results.add(name, *result)
        _sync_directories(map(target.find_path, writable))
    finally:
        # After Ctrl-C or at a limit.
        downloads.stop()
        downloads.join()
        if results.count + results.complete_count < len(names):
            target.remove_empty()
    seconds = time.monotonic() - started
    counts = results.describe_counts(directory)
    if results.count or (not failures.errors and not results.complete_count):
        rate = format_summary(results.size, seconds, tuple(sorted(results.verified)), total_progress.wire_bytes)
        context.note(f"{counts}: {rate}")
    elif results.complete_count:
        context.note(counts)
    if download.write is not None:
        download.write(Result(pages=Entries(results.describe(names, directory))))
    total = len(names) + len(refused)
    untried = total - len(failures.errors) - results.count - results.complete_count
    raise_first(failures.errors, total, untried)


def _prepare(target: TargetDirectory, names: Collection[str], failures: _Failures) -> Sequence[str]:
    """
    Return the names of files that can be written.
    """
    prepared = []
    for name in names:
        try:
            target.prepare(name)
        except TcError as error:
            failures.add(error)
            if failures.is_full:
                return []
        else:
            prepared.append(name)
    taken = find_directories(prepared, target.path)
    for refused in taken.values():
        failures.add(refused)
    return [name for name in prepared if name not in taken] if taken else prepared


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
