"""
The download commands. ``tc download artifact`` and ``tc download-artifact`` are the same; so are those for objects.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.transfers.limits import transfer_options, write_request
from tccli.cli.types import file_name
from tccli.errors import BrokenAnswerError, LocalFileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tccli.core.client import Client, PreparedCall
    from tccli.core.transfer.options import DownloadOptions
    from tccli.output import Result

USAGE = "usage: tc download-artifact TASK [RUN] NAME [FILE]"


def _shared_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["-o", "--output", "target"],
            type=file_name,
            metavar="FILE|DIR|-",
            help="Write to FILE, below DIR, or to stdout (-).",
        ),
        click.Option(["--checksum"], metavar="sha256:HEX", help="Verify this digest, too; repeatable.", multiple=True),
        click.Option(
            ["--connections"],
            type=click.IntRange(1, 64),
            metavar="N",
            help="Use at most N connections (as many as help).",
        ),
        click.Option(
            ["--compressed"],
            is_flag=True,
            help="Do not decompress what is stored compressed; --checksum is that of the stored bytes then.",
        ),
        *transfer_options(),
    ]


def artifact_command(words: str) -> click.Command:
    """
    Return the command that downloads artifacts.

    Args:
        words: As the user types it: ``download-artifact`` or ``download artifact``.
    """
    return Command(
        words.rsplit(maxsplit=1)[-1],
        callback=with_context(_download_artifact),
        params=[
            click.Argument(["words"], nargs=-1, metavar="[TASK] [RUN] NAME [FILE]"),
            click.Option(
                ["--index", "index_path"], metavar="PATH", help="Take the task from the index, instead of TASK."
            ),
            *_shared_options(),
            click.Option(
                ["--managed-only"], is_flag=True, help="Reject artifacts that are stored outside of the deployment."
            ),
            click.Option(
                ["--list", "only_list"],
                is_flag=True,
                help="Print the names that match, without NAME all of them; download nothing.",
            ),
            click.Option(["--literal"], is_flag=True, help="NAME is not a pattern."),
        ],
        short_help="Download an artifact of a task, or all that match a pattern",
        examples=(
            f"tc {words} fN1SbArXTPSVFNUvaOlinQ public/build/target.tar.gz",
            f"tc {words} fN1SbArXTPSVFNUvaOlinQ 'public/build/*.gz' -o builds",
            f"tc {words} --index example.v1.nightly \\\n    public/build/target.tar.gz -o - | sha256sum",
        ),
        help=(
            "Download an artifact of a task, from its latest run unless RUN is given. TASK is a task id, or the URL of "
            "a task in the web interface. The URL of an artifact stands for task, run and name; FILE may follow it.\n\n"
            "NAME can be a pattern, such as 'public/build/*.apk'. Then all artifacts that match are downloaded, to the "
            "paths below a directory that their names give. * does not match a slash, ** does. A pattern without a "
            "slash, such as '*.zip', is that of the file name, at any depth. An artifact with exactly this name is the "
            "only match; with --literal, nothing else is looked for.\n\n"
            "The file appears when it is complete. Run the command again to resume a download that was interrupted. "
            "--format json prints what was downloaded: name, path, size, content type, hashes, seconds; an array for a "
            "pattern."
        ),
    )


def object_command(words: str) -> click.Command:
    """
    Return the command that downloads an object.

    Args:
        words: As the user types it: ``download-object`` or ``download object``.
    """
    return Command(
        words.rsplit(maxsplit=1)[-1],
        callback=with_context(_download_object),
        params=[
            click.Argument(["object_name"], metavar="NAME"),
            click.Argument(["file"], metavar="[FILE]", required=False),
            *_shared_options(),
        ],
        short_help="Download an object",
        examples=(f"tc {words} example/target.tar.gz", f"tc {words} example/target.tar.gz latest.tar.gz"),
        help=(
            "Download an object of the object service, and verify its hashes.\n\n"
            "The file appears when it is complete and verified. Run the command again to resume a download that was "
            "interrupted. --format json prints what was downloaded: name, path, size, content type, hashes, seconds."
        ),
    )


def _download_object(context: Context, object_name: str, file: str | None, target: str | None, **options: Any) -> None:
    from tccli.cli.addresses import replace_name
    from tccli.cli.transfers.run_download import Download, download_one
    from tccli.core.artifacts.objects import ObjectSource, prepare_download

    object_name = replace_name(context, "object", "download", object_name)
    download_options = _parse_options(options)
    path = _target_path(file, target or context.options.output, object_name)
    write = _result_writer(context, path, options)
    client = context.client()
    if options["dry_run"]:
        write_request(write, client, prepare_download(client, object_name))
        return
    source = ObjectSource(client, object_name)
    download_one(context, source, object_name, path, Download(download_options, options, write))


def _download_artifact(
    context: Context, words: tuple[str, ...], index_path: str | None, target: str | None, **options: Any
) -> None:
    from tccli.cli.transfers.run_download import Download, download_many, download_one
    from tccli.core.artifacts.paths import is_pattern
    from tccli.core.artifacts.sources import ArtifactSource, fetch_latest_run

    task, run, name, file = _artifact_words(words, by_index=index_path is not None, only_list=options["only_list"])
    target = target or context.options.output
    is_one = options["literal"] or not is_pattern(name)
    if options["only_list"]:
        _list_artifacts(context.replace(output=target), (task, run, name), index_path, options)
        return
    download_options = _parse_options(options)
    path = _target_path(file, target, name) if is_one else (target or file or ".")
    write = _result_writer(context, path, options)
    client = context.client()
    if options["dry_run"]:
        write_request(write, client, _first_call(client, task, run, name, index_path, is_one=is_one))
        return
    task, run = _resolve_task(client, task, run, index_path)
    download = Download(download_options, options, write)

    def source(each: str) -> ArtifactSource:
        return ArtifactSource(client, task, run, each, managed_only=options["managed_only"])

    if is_one:
        download_one(context, source(name), name, path, download)
        return
    # A rerun must not change the run between the list and the downloads.
    run = run or fetch_latest_run(client, task)
    found, _ = _find_artifacts(client, task, run, name)
    if found == [name]:
        download_one(context, source(name), name, _target_path(file, target, name, is_sent=True), download)
        return
    if download_options.hashes:
        raise UsageError("cannot verify --checksum: the pattern may match several artifacts")
    download_many(context, {each: source(each) for each in found}, path, download)


def _list_artifacts(
    context: Context, artifact: tuple[str, str | None, str], index_path: str | None, options: Mapping[str, Any]
) -> None:
    """
    Print the names that match, or with ``--format`` or ``--jq`` the queue's entries.
    """
    from tccli.output import Result

    task, run, name = artifact
    write = context.writer()
    client = context.client()
    if options["dry_run"]:
        write_request(write, client, _first_call(client, task, run, name, index_path, is_one=False))
        return
    task, run = _resolve_task(client, task, run, index_path)
    found, artifacts = _find_artifacts(client, task, run, name, literal=options["literal"])
    bare = context.options.format is None and not context.options.selects_parts
    write(Result(found, is_text=True) if bare else Result([[artifacts[each] for each in found]]))


def _find_artifacts(
    client: Client, task: str, run: str | None, name: str, *, literal: bool = False
) -> tuple[list[str], dict[str, Any]]:
    """
    Return the names that match, and the queue's entries of all artifacts by name.

    Raises:
        NotFoundError: None matches.
    """
    from tccli.core.artifacts.paths import match_names, suggest_pattern
    from tccli.core.artifacts.sources import list_artifacts
    from tccli.errors import NotFoundError

    artifacts = {artifact["name"]: artifact for artifact in list_artifacts(client, task, run)}
    found = [each for each in artifacts if each == name] if literal else match_names(name, artifacts)
    if not found:
        hint = suggest_pattern(name, artifacts)
        raise NotFoundError(f"no artifact of task {task} matches {name!r}", status=404, hint=hint)
    return found, artifacts


def _first_call(
    client: Client, task: str, run: str | None, name: str, index_path: str | None, *, is_one: bool
) -> PreparedCall:
    """
    Return the first call of a download, for ``--dry-run``.
    """
    from tccli import references
    from tccli.core.artifacts.sources import prepare_download, prepare_list

    if index_path is not None:
        return client.prepare(references.method("index", "findTask"), [index_path])
    task, run = _resolve_task(client, task, run, None)
    return prepare_download(client, task, run, name) if is_one else prepare_list(client, task, run)


def _result_writer(context: Context, path: str, options: Mapping[str, Any]) -> Callable[[Result], None] | None:
    """
    Return the function that writes the result as data, or None if it is not asked for.
    """
    shared = context.options
    if shared.format is None and shared.jq is None and not options["dry_run"]:
        return None
    if path == "-" and not options["dry_run"]:
        raise UsageError("cannot write both the bytes and --format or --jq to stdout", hint="give -o FILE")
    return context.replace(output=None).writer()


def _artifact_words(
    words: tuple[str, ...], *, by_index: bool, only_list: bool
) -> tuple[str, str | None, str, str | None]:
    """
    Return task, run, name and file. A second word that is a number is the run; after the address of an artifact, which
    has its run and name, the only other word is the file.
    """
    rest = list(words)
    task = "" if by_index else rest.pop(0) if rest else ""
    named = _named_artifact(task, has_name=bool(rest)) if not only_list else None
    has_run = bool(rest) and rest[0].isascii() and rest[0].isdigit() and not by_index and named is None
    run = rest.pop(0) if has_run and (len(rest) > 1 or only_list) else None
    if named is not None:
        rest.insert(0, named)
    if only_list and not rest and (task or by_index):
        rest = ["**"]
    if not rest or (not task and not by_index):
        missing = "NAME" if task or by_index else "TASK and NAME"
        raise UsageError(f"missing argument {missing}", hint=USAGE)
    if len(rest) > 2:
        raise UsageError(f"unexpected argument {rest[2]!r}", hint=USAGE)
    return task, run, rest[0], rest[1] if len(rest) == 2 else None


def _named_artifact(word: str, *, has_name: bool) -> str | None:
    """
    Return the name in the address of an artifact, or None.

    The address of a log's page is copied for its run, too: if a name follows, it is that of another artifact.
    """
    from tccli.core.addresses import is_address, parse_address

    address = parse_address(word) if is_address(word) else None
    if address is None or address.service != "queue" or (has_name and re.search(r"/runs/[0-9]+/logs/", word)):
        return None
    return address.values.get("name")


def _resolve_task(client: Client, task: str, run: str | None, index_path: str | None) -> tuple[str, str | None]:
    """
    Return the task id and the run of a task that is given by id, URL or index path.
    """
    from tccli import references
    from tccli.core.addresses import parse_task_address
    from tccli.core.parameters import check_parameter
    from tccli.core.response_fields import blame_response, read_field

    if index_path is not None:
        found = client.call_json(references.method("index", "findTask"), [index_path])
        task_id = read_field(f"index path {index_path}", found, "taskId", str)
        with blame_response(f"index path {index_path}"):
            check_parameter(references.method("queue", "task"), "taskId", task_id, "taskId")
        return task_id, None
    if not task.lower().startswith(("http://", "https://")):
        return task, run
    address = parse_task_address(task)
    if address is None:
        raise UsageError(f"{task} is not the address of a task", hint="it looks like https://HOST/tasks/TASK")
    if address.root_url != client.account.root_url:
        root_url = client.account.root_url
        raise UsageError(f"{task} is not a task of {root_url}", hint=f"give --root-url {address.root_url}")
    return address.task_id, run or address.run_id


def _parse_options(options: Mapping[str, Any]) -> DownloadOptions:
    from tccli.core.transfer.digests import parse_checksum
    from tccli.core.transfer.options import DownloadOptions

    hashes = dict(parse_checksum(text) for text in options["checksum"])
    return DownloadOptions(options["connections"], hashes, options["compressed"])


def _target_path(file: str | None, target: str | None, name: str, *, is_sent: bool = False) -> str:
    """
    Return the path to write to, or ``-`` for stdout. It is checked now, before anything is downloaded.

    Args:
        is_sent: Whether the service has been asked for the name.
    """
    from tccli.core.artifacts.paths import last_component
    from tccli.core.files import check_target

    if file is not None and target is not None:
        raise UsageError(f"cannot write to both {file!r} and -o {target!r}", hint="give one of them")
    path = file if file is not None else target
    if path == "-":
        if sys.stdout is None:
            raise LocalFileError("cannot write to stdout: it is closed")
        return path
    if path is None or path.endswith("/") or os.path.isdir(path):
        try:
            path = os.path.join(path or "", last_component(name))
        except UsageError as error:
            raise (BrokenAnswerError if is_sent else UsageError)(error.message, hint=error.hint) from None
    check_target(path)
    return path
