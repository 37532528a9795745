"""
Running uploads: resuming an unfinished one, with its progress, limits and a summary.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tccli.cli.transfers.limits import enforce_limits, transfer_context
from tccli.cli.transfers.progress import format_summary, show_progress
from tccli.errors import NoAnswerError, ServiceError, TcError
from tccli.output import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from tccli.cli.context import Context
    from tccli.core.artifacts.upload_records import UploadRecord
    from tccli.core.calls import PreparedCall
    from tccli.core.client import Client
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.upload import Upload


def identify_upload(call: PreparedCall) -> dict[str, str]:
    """
    Return the id and the expiry of an upload, for the record and the result.
    """
    assert call.payload is not None
    return {name: call.payload.document[name] for name in ("uploadId", "expires")}


def choose_upload(
    context: Context, record: UploadRecord | None, upload_id: str | None, expires: str, version: str
) -> tuple[str, str]:
    """
    Return the upload id and the expiry: those of an unfinished upload, if there is one.
    """
    import slugid

    earlier = record.content if record is not None else {}
    if earlier and upload_id in {None, earlier["uploadId"]}:
        is_other = earlier.get("version", version) != version
        note = "; FILE has changed since, or is another one: all of its bytes are uploaded" if is_other else ""
        context.note(f"resuming the unfinished upload {earlier['uploadId']}, which expires {earlier['expires']}{note}")
        return earlier["uploadId"], earlier["expires"]
    return upload_id or str(slugid.nice()), expires


@contextmanager
def note_interruption(context: Context, record: UploadRecord | None) -> Iterator[None]:
    """
    When Ctrl-C or a failure ends the block, tell that the next run resumes, if it will.
    """
    hint = "run the same command again to resume the upload"
    try:
        yield
    except KeyboardInterrupt:
        if record is not None and record.content:
            context.note_interruption(f"interrupted; {hint}")
        raise
    except NoAnswerError as error:
        if not error.hint and record is not None and record.content:
            error.hint = hint
        raise


def explain_conflict(client: Client, name: str, upload: Upload, error: ServiceError) -> None:
    """
    Add to the error of an upload whether the object exists, and with the same bytes.
    """
    from tccli import references
    from tccli.core.artifacts.objects import read_hashes
    from tccli.core.transfer.upload import compute_digests

    if error.status != 409 or not error.code or error.hint:
        return
    try:
        hashes = read_hashes(name, client.call_json(references.method("object", "object"), [name]))
        is_same = compute_digests(upload.file, hashes) == hashes
    except TcError:
        error.hint = "the object exists, or another upload of it is not finished; --upload-id resumes one"
        return
    error.hint = f"the object is complete, with {'the same' if is_same else 'other'} bytes; objects do not change"


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


def run_object_upload(
    context: Context,
    client: Client,
    file: tuple[Upload, str],
    call: PreparedCall,
    record: UploadRecord | None,
    options: Mapping[str, Any],
) -> RunningUpload:
    """
    Upload an object, or resume its upload.

    Args:
        file: What is uploaded, and its name.
        call: From `prepare_upload`.
    """
    from tccli.core.artifacts.objects import resume_upload

    (upload, file_name), name = file, call.arguments.args[0]
    if record is not None and record.content.get("uploadId") not in {None, identify_upload(call)["uploadId"]}:
        # That of another upload remains.
        record = None
    with (
        note_interruption(context, record),
        report_transfer(context, client, options, f"uploaded {name}", file_name) as running,
    ):
        try:
            running.hashes = resume_upload(running.client, running.transfer, upload, call, record)
        except ServiceError as error:
            explain_conflict(running.client, name, upload, error)
            raise
    if record is not None:
        record.delete()
    return running


def run_artifact_upload(
    context: Context,
    client: Client,
    artifact: tuple[str, str, str],
    upload: Upload,
    given: tuple[dict[str, Any], str | None, str],
    options: Mapping[str, Any],
) -> RunningUpload:
    """
    Upload an artifact, or resume its upload.

    Args:
        given: The payload of ``createArtifact``, which gets what it lacks; the expiry, if the user gave one; the file.
    """
    from tccli.core.artifacts.creation import read_started_artifact, upload_artifact
    from tccli.core.artifacts.sources import fetch_task_expiry

    (content, expires, file), (task, run, name) = given, artifact
    with _artifact_record(context, client, artifact, content["storageType"]) as record:
        if record is not None and read_started_artifact(client, name, record) is not None:
            _, content["expires"] = choose_upload(context, record, None, "", upload.version)
            asked, content["contentType"] = content["contentType"], record.content["contentType"]
            if (expires or content["expires"], asked) != (content["expires"], content["contentType"]):
                context.note(f"the artifact remains {content['contentType']} and expires {content['expires']}")
            upload.content_type = content["contentType"]
        else:
            content["expires"] = expires or fetch_task_expiry(client, task)
        what = f"uploaded {name} of task {task} run {run}"
        with (
            note_interruption(context, record),
            report_transfer(context, client, options, what, os.path.basename(file)) as running,
        ):
            running.hashes = upload_artifact(running.client, running.transfer, artifact, upload, content, record)
        if record is not None:
            record.delete()
    return running


def _artifact_record(
    context: Context, client: Client, artifact: tuple[str, str, str], storage: str
) -> AbstractContextManager[UploadRecord | None]:
    from tccli.core.artifacts.upload_records import open_record
    from tccli.core.cache.paths import upload_directory

    if storage != "object":
        return nullcontext()
    return open_record(upload_directory(context.environ), client.account.root_url, "artifact", *artifact)
