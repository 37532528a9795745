"""
Running uploads: resuming an unfinished one, with its progress, limits and a summary.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tccli.cli.transfers.limits import enforce_limits, transfer_context
from tccli.cli.transfers.progress import format_summary, show_progress
from tccli.errors import ServiceError
from tccli.output import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tccli.cli.context import Context
    from tccli.core.artifacts.upload_records import UploadRecord
    from tccli.core.client import Client, PreparedCall
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.upload import Upload


def identify_upload(call: PreparedCall) -> dict[str, str]:
    """
    Return the id and the expiry of an upload, for the record and the result.
    """
    assert call.payload is not None
    return {name: call.payload.document[name] for name in ("uploadId", "expires")}


def choose_upload(
    context: Context, record: UploadRecord | None, upload_id: str | None, expires: str
) -> tuple[str, str]:
    """
    Return the upload id and the expiry: those of an unfinished upload, if there is one.
    """
    import slugid

    earlier = record.content if record is not None else {}
    if earlier and upload_id in {None, earlier["uploadId"]}:
        context.note(f"resuming the unfinished upload {earlier['uploadId']}, which expires {earlier['expires']}")
        return earlier["uploadId"], earlier["expires"]
    return upload_id or str(slugid.nice()), expires


def resume_or_upload(
    context: Context, running: RunningUpload, upload: Upload, call: PreparedCall, record: UploadRecord | None
) -> None:
    """
    Upload the object, or finish an upload whose bytes are all stored.
    """
    from tccli.core.artifacts.objects import finish_upload, upload_object
    from tccli.core.transfer.upload import compute_digests

    def save(hashes: dict[str, str] | None = None) -> None:
        if record is not None:
            record.save({**identify_upload(call), **({"hashes": hashes} if hashes else {})})

    stored = record.content.get("hashes") if record is not None else None
    save(stored)
    try:
        running.hashes = upload_object(running.client, running.transfer, upload, call, save)
    except ServiceError as error:
        if record is not None and error.status < 500 and error.status != 429:
            record.delete()
        if error.status != 409:
            raise
        if not stored or compute_digests(upload.file, stored) != stored:
            error.hint = "the object exists, or another upload of it is not finished; --upload-id resumes one"
            raise
        # The earlier run asked to finish the upload, and did not get to know that it was.
        finish_upload(running.client, call, stored)
        running.hashes = stored
    except KeyboardInterrupt:
        if record is not None:
            context.note("interrupted; run the same command again to resume the upload")
        raise
    if record is not None:
        record.delete()


class RunningUpload:
    """
    An upload, and what it reports when it is complete.

    Attributes:
        client: For the calls of the upload, which a limit can end.
        hashes: Of the bytes that were sent.
    """

    def __init__(self, context: Context, client: Client, transfer: TransferContext, what: str) -> None:
        self.client = replace(client, cancellation=transfer.cancellation)
        self.transfer = transfer
        self.hashes: Mapping[str, str] = {}
        self._context = context
        self._what = what
        self._started = time.monotonic()

    def report(self, described: Mapping[str, Any], write: Callable[[Result], None] | None) -> None:
        """
        Print a summary, and write *described* with what is known now.
        """
        seconds = time.monotonic() - self._started
        progress = self.transfer.progress
        size = progress.total_bytes or 0
        verified = tuple(sorted(self.hashes)) or ("length",)
        self._context.note(f"{self._what}: {format_summary(size, seconds, verified, progress.wire_bytes)}")
        if write is not None:
            result = {"size": size, "hashes": dict(self.hashes), "verifiedBy": list(verified)}
            write(Result([{**described, **result, "seconds": round(seconds, 3)}]))


@contextmanager
def report_transfer(
    context: Context, client: Client, options: Mapping[str, Any], what: str, name: str
) -> Iterator[RunningUpload]:
    """
    Show the progress and enforce the limits until the end of the block.
    """
    transfer = transfer_context(context, options)
    running = RunningUpload(context, client, transfer, what)
    with (
        show_progress(context, name, transfer.progress),
        enforce_limits(context, options, transfer.progress, transfer.cancellation.cancel),
    ):
        yield running
