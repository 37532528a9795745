"""
Running downloads: one, or all that match a pattern, with their progress and a summary.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tccli.cli.transfers.progress import format_summary, show_progress
from tccli.core.artifacts.paths import resolve_below
from tccli.core.transfer.context import TransferProgress
from tccli.core.transfer.download import download_to_file, download_to_stream
from tccli.core.transfer.remote import RemoteFile
from tccli.core.transfer.resume import partial_path
from tccli.core.transfer.segments import MAX_CONNECTIONS
from tccli.errors import TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tccli.cli.context import Context
    from tccli.core.transfer.options import DownloadOptions, DownloadResult
    from tccli.core.transfer.remote import Source

MAX_PARALLEL_DOWNLOADS = 40
"""How many artifacts of a pattern are downloaded at the same time."""


def download_one(context: Context, source: Source, path: str, download_options: DownloadOptions) -> None:
    """
    Download *source* to *path*, or to stdout if *path* is ``-``; print a summary.
    """
    transfer = context.transfer_context()
    started = time.monotonic()
    with _note_interruption(context, [path]), show_progress(context, os.path.basename(path), transfer.progress):
        if path == "-":
            result = download_to_stream(RemoteFile(source, transfer), sys.stdout.buffer, download_options)
        else:
            result = download_to_file(RemoteFile(source, transfer), path, download_options)
    summary = format_summary(result.size, time.monotonic() - started, result.verified)
    resumed = transfer.progress.resumed_bytes
    summary += f", resumed after {resumed} bytes from an earlier run" if resumed else ""
    context.note(f"wrote {'to stdout' if path == '-' else path}: {summary}")


@contextmanager
def _note_interruption(context: Context, paths: Iterable[str]) -> Iterator[None]:
    """
    When Ctrl-C ends the block, tell that the next run resumes, if it will.
    """
    try:
        yield
    except KeyboardInterrupt:
        if any(os.path.exists(partial_path(path)) for path in paths if path != "-"):
            context.note("interrupted; run the same command again to resume")
        raise


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


def download_many(
    context: Context, sources: Mapping[str, Source], directory: str, download_options: DownloadOptions
) -> None:
    """
    Download each source to its path below *directory*. When one fails, the others are downloaded nevertheless.
    """
    from concurrent.futures import ThreadPoolExecutor

    paths, failed = _target_paths(context, sources, directory)
    transfer = context.transfer_context()
    parallel = min(MAX_PARALLEL_DOWNLOADS, len(sources))
    each = replace(download_options, connections=download_options.connections or max(1, MAX_CONNECTIONS // parallel))
    total_progress = TransferProgress()
    total_progress.start(None)
    buffer_bytes = transfer.buffer_bytes // parallel
    remotes = {
        name: RemoteFile(
            sources[name], replace(transfer, progress=TransferProgress(total_progress), buffer_bytes=buffer_bytes)
        )
        for name in paths
    }

    def download(name: str) -> DownloadResult:
        return download_to_file(remotes[name], paths[name], each)

    started = time.monotonic()
    verified: set[str] = set()
    with (
        _note_interruption(context, paths.values()),
        ThreadPoolExecutor(parallel) as pool,
        show_progress(context, directory, total_progress),
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
    context.note(f"wrote {done} file{'' if done == 1 else 's'} to {directory}: {total}")
    if failed:
        first = failed[0]
        first.message = f"cannot download {len(failed)} of {len(sources)} artifacts; the first error: {first.message}"
        raise first
