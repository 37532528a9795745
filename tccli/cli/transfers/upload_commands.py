"""
The upload commands. ``tc upload artifact`` and ``tc upload-artifact`` are the same; so are those for objects.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.transfers.limits import enforce_limits, transfer_context, transfer_options, write_request
from tccli.cli.types import Choice
from tccli.errors import UsageError
from tccli.output import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tccli.core.client import Client
    from tccli.core.transfer.context import TransferContext

REASONS = (
    "file-missing-on-worker",
    "invalid-resource-on-worker",
    "too-large-file-on-worker",
    "file-not-readable-on-worker",
)
USAGE = "usage: tc upload-artifact [TASK RUN] NAME FILE"


def artifact_command(words: str) -> click.Command:
    """
    Return the command that creates artifacts.

    Args:
        words: As the user types it: ``upload-artifact`` or ``upload artifact``.
    """
    return Command(
        words.rsplit(maxsplit=1)[-1],
        callback=with_context(_upload_artifact),
        params=[
            click.Argument(["words"], nargs=-1, metavar="[TASK RUN] NAME [FILE]"),
            click.Option(
                ["--storage"],
                type=Choice(["s3", "object"]),
                default="s3",
                metavar="STORAGE",
                help="Store the bytes in s3 (the default) or object.",
            ),
            click.Option(["--link"], metavar="NAME", help="Create a link to another artifact of the task."),
            click.Option(["--reference"], metavar="URL", help="Create a reference to a URL."),
            click.Option(
                ["--error"],
                type=Choice(REASONS),
                metavar="REASON",
                help=f"Create an error artifact: {', '.join(REASONS)}.",
            ),
            click.Option(["--message"], metavar="TEXT", help="Explain the --error."),
            click.Option(
                ["--expires"],
                metavar="WHEN",
                help="An offset, seconds or a timestamp (default: when the task expires).",
            ),
            _content_type(),
            *transfer_options(),
        ],
        short_help="Upload a file as an artifact of a run",
        examples=(
            f"echo 'All is well.' > report.txt\ntc {words} fN1SbArXTPSVFNUvaOlinQ 0 public/report.txt report.txt",
            f"echo 'All is well.' |\n    tc {words} fN1SbArXTPSVFNUvaOlinQ 0 public/report.txt -",
            f"tc {words} fN1SbArXTPSVFNUvaOlinQ 0 public/latest \\\n    --link public/build/target.tar.gz",
        ),
        help=(
            "Upload FILE, or stdin if FILE is -, as an artifact of a run.\n\n"
            "Inside a task, TASK and RUN default to the variables TASK_ID and RUN_ID. With --link, --reference or "
            "--error, the artifact has no bytes, and no FILE is given."
        ),
    )


def object_command(words: str) -> click.Command:
    """
    Return the command that uploads an object.

    Args:
        words: As the user types it: ``upload-object`` or ``upload object``.
    """
    return Command(
        words.rsplit(maxsplit=1)[-1],
        callback=with_context(_upload_object),
        params=[
            click.Argument(["file"], metavar="FILE"),
            click.Argument(["object_name"], metavar="NAME"),
            click.Option(
                ["--project-id"], metavar="PROJECT", required=True, help="The project that the object belongs to."
            ),
            click.Option(
                ["--expires"],
                metavar="WHEN",
                default="1 year",
                help="An offset, seconds or a timestamp (default: 1 year).",
            ),
            _content_type(),
            *transfer_options(),
        ],
        short_help="Upload a file as an object",
        examples=(f"echo 'All is well.' > report.txt\ntc {words} report.txt example/report.txt --project-id example",),
        help="Upload FILE, or stdin if FILE is -, as an object, with the hashes of the bytes that were sent.",
    )


def _content_type() -> click.Option:
    return click.Option(
        ["--content-type"], metavar="TYPE", help="The content type (default: guessed from the name of FILE)."
    )


def _upload_object(context: Context, file: str, object_name: str, **options: Any) -> None:
    import slugid

    from tccli.core.artifacts.objects import prepare_upload, upload_object
    from tccli.core.transfer.upload import open_upload

    expires = _parse_expiry(options["expires"])
    write = _result_writer(context, options)
    _note_terminal_input(context, file)
    with open_upload(file, options["content_type"], sys.stdin.buffer if sys.stdin else None) as upload:
        client = context.client()
        call = prepare_upload(
            client, object_name, upload, project_id=options["project_id"], expires=expires, upload_id=slugid.nice()
        )
        if options["dry_run"]:
            write_request(write, client, call)
            return
        with _report_transfer(context, client, options, f"uploaded {object_name}", os.path.basename(file)) as running:
            running.hashes = upload_object(running.client, running.transfer, upload, call)
    running.report({"name": object_name, "contentType": upload.content_type, "expires": expires}, write)


def _upload_artifact(context: Context, words: tuple[str, ...], **options: Any) -> None:
    from tccli.core.artifacts.sources import create_artifact, fetch_task_expiry, prepare_creation, upload_artifact
    from tccli.core.transfer.upload import open_upload

    content = _linked_content(options)
    task, run, name, file = _artifact_words(words, has_file=content is None)
    expires = _parse_expiry(options["expires"]) if options["expires"] is not None else None
    write = _result_writer(context, options)
    client = context.client()
    if content is None:
        _note_terminal_input(context, file)
    stdin = sys.stdin.buffer if sys.stdin else None
    with open_upload(file, options["content_type"], stdin) if content is None else nullcontext() as upload:
        if upload is not None:
            content = {"storageType": options["storage"], "contentType": upload.content_type}
        assert content is not None
        if options["dry_run"]:
            # Nothing is sent, so the default is not known.
            content = {**content, **({"expires": expires} if expires else {})}
            write_request(write, client, prepare_creation(client, (task, run, name), content))
            return
        expires = expires or fetch_task_expiry(client, task)
        content["expires"] = expires
        described = {"name": name, "taskId": task, "runId": run, **content}
        if upload is None:
            create_artifact(client, (task, run, name), content)
            context.note(f"created {name} of task {task} run {run} ({content['storageType']})")
            if write is not None:
                write(Result([described]))
            return
        what = f"uploaded {name} of task {task} run {run}"
        with _report_transfer(context, client, options, what, os.path.basename(file)) as running:
            running.hashes = upload_artifact(running.client, running.transfer, (task, run, name), upload, content)
    running.report(described, write)


def _result_writer(context: Context, options: Mapping[str, Any]) -> Callable[[Result], None] | None:
    """
    Return the function that writes the result as data, or None if it is not asked for.
    """
    shared = context.options
    asked = (shared.format, shared.jq, shared.output) != (None, None, None) or options["dry_run"]
    return context.writer() if asked else None


def _note_terminal_input(context: Context, file: str) -> None:
    """
    Tell a user who types the bytes how to end them.
    """
    if file == "-" and sys.stdin is not None and sys.stdin.isatty():
        context.note("reading from the terminal; press Ctrl-D to end the input")


def _artifact_words(words: tuple[str, ...], *, has_file: bool) -> tuple[str, str, str, str]:
    """
    Return task, run, name and file; inside a task, the first two have defaults.
    """
    own = 2 if has_file else 1
    if len(words) not in {own, own + 2}:
        expected = "NAME and FILE" if has_file else "NAME"
        raise UsageError(f"got {len(words)} arguments, but expected {expected}, or TASK, RUN, {expected}", hint=USAGE)
    if len(words) == own:
        task, run = os.environ.get("TASK_ID", ""), os.environ.get("RUN_ID", "")
        if not task or not run:
            missing = "RUN_ID" if task else "TASK_ID"
            raise UsageError(
                f"missing arguments TASK and RUN: {missing} is not set, as it is inside a task", hint=USAGE
            )
        words = (task, run, *words)
    return words[0], words[1], words[2], words[3] if has_file else ""


def _linked_content(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """
    Return the content of an artifact that has no bytes, or None if it has a file.
    """
    given = [kind for kind in ("link", "reference", "error") if options[kind] is not None]
    if len(given) > 1:
        raise UsageError(f"--{' and --'.join(given)} exclude each other")
    if (options["message"] is None) == (given == ["error"]):
        raise UsageError("--error and --message must be given together")
    if not given:
        return None
    kind = given[0]
    if kind == "link":
        return {"storageType": "link", "artifact": options["link"]}
    if kind == "error":
        return {"storageType": "error", "reason": options["error"], "message": options["message"]}
    from tccli.core.transfer.upload import DEFAULT_CONTENT_TYPE, check_content_type

    content_type = DEFAULT_CONTENT_TYPE if options["content_type"] is None else options["content_type"]
    return {"storageType": "reference", "url": options["reference"], "contentType": check_content_type(content_type)}


def _parse_expiry(text: str) -> str:
    from datetime import UTC, datetime

    from tccli.core.times import format_timestamp, parse_instant

    now = datetime.now(UTC)
    instant = parse_instant(text, now=now)
    if instant <= now:
        raise UsageError(f"--expires {text!r} is in the past")
    return format_timestamp(instant)


class _RunningUpload:
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
        from tccli.cli.transfers.progress import format_summary

        seconds = time.monotonic() - self._started
        progress = self.transfer.progress
        size = progress.total_bytes or 0
        verified = tuple(sorted(self.hashes)) or ("length",)
        self._context.note(f"{self._what}: {format_summary(size, seconds, verified, progress.wire_bytes)}")
        if write is not None:
            result = {"size": size, "hashes": dict(self.hashes), "verifiedBy": list(verified)}
            write(Result([{**described, **result, "seconds": round(seconds, 3)}]))


@contextmanager
def _report_transfer(
    context: Context, client: Client, options: Mapping[str, Any], what: str, name: str
) -> Iterator[_RunningUpload]:
    """
    Show the progress and enforce the limits until the end of the block.
    """
    from tccli.cli.transfers.progress import show_progress

    transfer = transfer_context(context, options)
    running = _RunningUpload(context, client, transfer, what)
    with (
        show_progress(context, name, transfer.progress),
        enforce_limits(context, options, transfer.progress, transfer.cancellation.cancel),
    ):
        yield running
