"""
The upload commands. ``tc upload artifact`` and ``tc upload-artifact`` are the same; so are those for objects.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.transfers.limits import transfer_options, write_request
from tccli.cli.types import Choice, RequiredOption
from tccli.errors import UsageError
from tccli.output import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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
            "--error, the artifact has no bytes, and no FILE is given.\n\n"
            "With --storage object, run the command again after an interruption: it finds the upload's id in the cache "
            "directory, and keeps the artifact's expiry and content type."
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
            RequiredOption(["--project-id"], metavar="PROJECT", help="The project that the object belongs to."),
            click.Option(
                ["--expires"],
                metavar="WHEN",
                help="An offset, seconds or a timestamp (default: 1 year).",
            ),
            _content_type(),
            click.Option(
                ["--upload-id"],
                metavar="SLUGID",
                help="The id of the upload (default: a new one, or that of an unfinished upload of this name).",
            ),
            *transfer_options(),
        ],
        short_help="Upload a file as an object",
        examples=(f"echo 'All is well.' > report.txt\ntc {words} report.txt example/report.txt --project-id example",),
        help=(
            "Upload FILE, or stdin if FILE is -, as an object, with the hashes of the bytes that were sent.\n\n"
            "The service reserves NAME for the first upload of it. Run the command again after an interruption: it "
            "finds the upload's id in the cache directory, and keeps the expiry of the first run."
        ),
    )


def _content_type() -> click.Option:
    return click.Option(
        ["--content-type"], metavar="TYPE", help="The content type (default: guessed from the name of FILE)."
    )


def _upload_object(context: Context, file: str, object_name: str, **options: Any) -> None:
    from tccli.cli.addresses import replace_name
    from tccli.cli.transfers.run_upload import choose_upload, identify_upload, run_object_upload
    from tccli.core.artifacts.objects import prepare_upload
    from tccli.core.artifacts.upload_records import open_record
    from tccli.core.cache.paths import upload_directory
    from tccli.core.schemas.fields import SLUGID
    from tccli.core.transfer.upload import open_upload

    object_name = replace_name(context, "object", "createUpload", object_name)
    expires, project_id = _parse_expiry(options["expires"] or "1 year"), options["project_id"]
    if options["upload_id"] is not None and not re.fullmatch(SLUGID, options["upload_id"]):
        raise UsageError(f"--upload-id {options['upload_id']!r} is not a slugid", hint="tc slugid prints one")
    write = _result_writer(context, options)
    _check_order(file, object_name, "usage: tc upload-object FILE NAME")
    _note_terminal_input(context, file)
    with open_upload(file, options["content_type"], sys.stdin.buffer if sys.stdin else None) as upload:
        client = context.client()
        directory = upload_directory(context.environ)
        with open_record(directory, client.account.root_url, project_id, object_name) as record:
            asked = expires
            upload_id, expires = choose_upload(context, record, options["upload_id"], asked, upload.version)
            if options["expires"] and expires != asked:
                context.note(f"--expires is not applied: the upload was started with {expires}, which cannot change")
            call = prepare_upload(
                client, object_name, upload, project_id=project_id, expires=expires, upload_id=upload_id
            )
            if options["dry_run"]:
                write_request(write, client, call)
                return
            client.check_allowed(call.method)
            running = run_object_upload(context, client, (upload, os.path.basename(file)), call, record, options)
    running.report({"name": object_name, "contentType": upload.content_type, **identify_upload(call)}, write)


def _upload_artifact(context: Context, words: tuple[str, ...], **options: Any) -> None:
    from tccli import references
    from tccli.cli.transfers.run_upload import run_artifact_upload
    from tccli.core.artifacts.creation import create_artifact, prepare_creation
    from tccli.core.artifacts.sources import fetch_task_expiry, prepare_task
    from tccli.core.transfer.upload import open_upload

    content = _linked_content(options)
    task, run, name, file = _artifact_words(words, has_file=content is None)
    expires = _parse_expiry(options["expires"]) if options["expires"] is not None else None
    write = _result_writer(context, options)
    client = context.client()
    if content is None:
        _check_order(file, name, USAGE)
        _note_terminal_input(context, file)
    stdin = sys.stdin.buffer if sys.stdin else None
    with open_upload(file, options["content_type"], stdin) if content is None else nullcontext() as upload:
        if upload is not None:
            content = {"storageType": options["storage"], "contentType": upload.content_type}
        assert content is not None
        if options["dry_run"]:
            # Without --expires, the task is asked first for the default.
            call = (
                prepare_creation(client, (task, run, name), {**content, "expires": expires})
                if expires
                else prepare_task(client, task)
            )
            write_request(write, client, call)
            return
        client.check_allowed(references.method("queue", "createArtifact"))
        if upload is not None:
            running = run_artifact_upload(context, client, (task, run, name), upload, (content, expires, file), options)
        else:
            content["expires"] = expires or fetch_task_expiry(client, task)
            create_artifact(client, (task, run, name), content)
            context.note(f"created {name} of task {task} run {run} ({content['storageType']})")
    described = {"name": name, "taskId": task, "runId": run, **content}
    if upload is not None:
        running.report(described, write)
    elif write is not None:
        write(Result([described]))


def _result_writer(context: Context, options: Mapping[str, Any]) -> Callable[[Result], None] | None:
    """
    Return the function that writes the result as data, or None if it is not asked for.
    """
    shared = context.options
    asked = (shared.format, shared.jq, shared.output) != (None, None, None) or options["dry_run"]
    return context.writer() if asked else None


def _check_order(file: str, name: str, usage: str) -> None:
    """
    Raise UsageError if name and file are in the wrong order, as far as that can be seen.
    """
    if file != "-" and not os.path.lexists(file) and os.path.isfile(name):
        raise UsageError(f"cannot read {file}: there is no such file, but {name} is one", hint=usage)


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

    from tccli.core.times import format_timestamp, parse_expiry

    return format_timestamp(parse_expiry(text, now=datetime.now(UTC)))
