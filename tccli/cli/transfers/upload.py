"""
The commands that upload: ``tc upload artifact`` and ``tc upload-artifact`` are one, and so for objects.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.types import Choice
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
        words: How it is called: in one word, or as a command of a group.
    """
    return Command(
        words.rsplit(maxsplit=1)[-1],
        prints_data=False,
        callback=with_context(_upload_artifact),
        params=[
            click.Argument(["words"], nargs=-1, metavar="[TASK RUN] NAME [FILE]"),
            click.Option(
                ["--storage"],
                type=Choice(["s3", "object"]),
                default="s3",
                metavar="STORAGE",
                help="Where its bytes go: s3 (the default) or object.",
            ),
            click.Option(["--link"], metavar="NAME", help="Make a link to another artifact of the task; no FILE."),
            click.Option(["--reference"], metavar="URL", help="Make a reference to an address; no FILE."),
            click.Option(
                ["--error"],
                type=Choice(REASONS),
                metavar="REASON",
                help=f"Say why there is no such artifact; no FILE: {', '.join(REASONS)}.",
            ),
            click.Option(["--message"], metavar="TEXT", help="With --error: what happened."),
            click.Option(["--expires"], metavar="WHEN", help="An offset, seconds or a timestamp (when the task does)."),
            _content_type(),
        ],
        short_help="Upload a file as an artifact of a run",
        examples=(
            f"echo 'All is well.' > report.txt\ntc {words} fN1SbArXTPSVFNUvaOlinQ 0 public/report.txt report.txt",
            f"echo 'All is well.' | tc {words} fN1SbArXTPSVFNUvaOlinQ 0 public/report.txt -",
            f"tc {words} fN1SbArXTPSVFNUvaOlinQ 0 public/latest --link public/build/target.tar.gz",
        ),
        help=(
            "Upload FILE, or stdin for -, as an artifact of a run.\n\n"
            "Inside a task, TASK_ID and RUN_ID say which run it is. With --link, --reference or --error there is no "
            "FILE."
        ),
    )


def object_command(words: str) -> click.Command:
    """
    Return the command that uploads an object.

    Args:
        words: How it is called: in one word, or as a command of a group.
    """
    return Command(
        words.rsplit(maxsplit=1)[-1],
        prints_data=False,
        callback=with_context(_upload_object),
        params=[
            click.Argument(["file"], metavar="FILE"),
            click.Argument(["object_name"], metavar="NAME"),
            click.Option(["--project-id"], metavar="PROJECT", required=True, help="To which it belongs."),
            click.Option(
                ["--expires"], metavar="WHEN", default="1 year", help="An offset, seconds or a timestamp (1 year)."
            ),
            _content_type(),
        ],
        short_help="Upload a file as an object",
        examples=(f"echo 'All is well.' > report.txt\ntc {words} report.txt example/report.txt --project-id example",),
        help="Upload FILE, or stdin for -, as an object; its hashes are computed of exactly what is sent.",
    )


def _content_type() -> click.Option:
    return click.Option(["--content-type"], metavar="TYPE", help="Else guessed by the file's name.")


def _upload_object(
    context: Context, file: str, object_name: str, project_id: str, expires: str, content_type: str | None
) -> None:
    import slugid

    from tccli.core.artifacts.objects import upload_object
    from tccli.core.transfer.upload import open_upload

    until = _parse_expiry(expires)
    _note_terminal_input(context, file)
    with open_upload(file, content_type, sys.stdin.buffer if sys.stdin else None) as upload:
        client, transfer = context.client(), context.transfer_context()
        with _report_transfer(context, transfer, f"uploaded {object_name}", os.path.basename(file)) as verified:
            digests = upload_object(
                client,
                transfer,
                object_name,
                upload,
                project_id=project_id,
                expires=until,
                upload_id=slugid.nice(),
            )
            verified.extend(digests)


def _upload_artifact(context: Context, words: tuple[str, ...], **options: Any) -> None:
    from tccli.core.artifacts.sources import create_artifact, fetch_task_expiry, upload_artifact
    from tccli.core.transfer.upload import open_upload

    content = _linked_content(options)
    task, run, name, file = _artifact_words(words, has_file=content is None)
    expires = _parse_expiry(options["expires"]) if options["expires"] is not None else None
    client = context.client()
    if content is not None:
        expires = expires or fetch_task_expiry(client, task)
        create_artifact(client, task, run, name, {**content, "expires": expires})
        context.note(f"created {name} of task {task} run {run} ({content['storageType']})")
        return
    _note_terminal_input(context, file)
    with open_upload(file, options["content_type"], sys.stdin.buffer if sys.stdin else None) as upload:
        expires = expires or fetch_task_expiry(client, task)
        transfer = context.transfer_context()
        with _report_transfer(
            context, transfer, f"uploaded {name} of task {task} run {run}", os.path.basename(file)
        ) as verified:
            digests = upload_artifact(
                client, transfer, (task, run, name), upload, storage=options["storage"], expires=expires
            )
            verified.extend(digests)


def _note_terminal_input(context: Context, file: str) -> None:
    """
    Say so when the bytes are to be typed.
    """
    if file == "-" and sys.stdin is not None and sys.stdin.isatty():
        context.note("reading from the terminal; Ctrl-D ends it")


def _artifact_words(words: tuple[str, ...], *, has_file: bool) -> tuple[str, str, str, str]:
    """
    Tell task, run, name and file apart; inside a task the first two are known.
    """
    own = 2 if has_file else 1
    if len(words) not in {own, own + 2}:
        what = "NAME and FILE" if has_file else "NAME"
        raise UsageError(f"expected {what}, or TASK, RUN, {what}; got {len(words)} arguments", hint=USAGE)
    if len(words) == own:
        task, run = os.environ.get("TASK_ID", ""), os.environ.get("RUN_ID", "")
        if not task or not run:
            missing = "RUN_ID" if task else "TASK_ID"
            raise UsageError(f"{missing} is not set, as it is inside a task, so TASK and RUN are needed", hint=USAGE)
        words = (task, run, *words)
    return words[0], words[1], words[2], words[3] if has_file else ""


def _linked_content(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """
    Return what an artifact without bytes is made of, or None for one that has them.
    """
    given = [kind for kind in ("link", "reference", "error") if options[kind] is not None]
    if len(given) > 1:
        raise UsageError(f"an artifact is one thing, not --{' and --'.join(given)}")
    if (options["message"] is None) == (given == ["error"]):
        raise UsageError("--error and --message go together")
    if not given:
        return None
    kind = given[0]
    if kind == "link":
        return {"storageType": "link", "artifact": options["link"]}
    if kind == "error":
        return {"storageType": "error", "reason": options["error"], "message": options["message"]}
    from tccli.core.transfer.upload import DEFAULT_CONTENT_TYPE

    content_type = options["content_type"] or DEFAULT_CONTENT_TYPE
    return {"storageType": "reference", "url": options["reference"], "contentType": content_type}


def _parse_expiry(text: str) -> str:
    from datetime import UTC, datetime

    from tccli.core.times import format_timestamp, parse_instant

    now = datetime.now(UTC)
    instant = parse_instant(text, now=now)
    if instant <= now:
        raise UsageError(f"--expires {text!r} is in the past")
    return format_timestamp(instant)


@contextmanager
def _report_transfer(context: Context, transfer: TransferContext, what: str, name: str) -> Iterator[list[str]]:
    """
    Show progress while the context lasts, and say at its end what the transfer came to.

    Returns:
        A list for the names of what was verified.
    """
    from tccli.cli.transfers.progress import format_summary, show_progress

    started = time.monotonic()
    verified: list[str] = []
    with show_progress(context, name, transfer.progress):
        yield verified
    checked = tuple(sorted(verified)) or ("length",)
    context.note(f"{what}: {format_summary(transfer.progress.total_bytes or 0, time.monotonic() - started, checked)}")
