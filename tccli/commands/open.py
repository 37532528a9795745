"""
``tc open``: open the page of a task, a group, a hook, a worker or a pool in a browser.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, TASK_HELP, newest_option
from tccli.cli.types import Choice
from tccli.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from tccli.core.client import Client

KINDS = ("task", "group", "hook", "worker", "pool")


def _open(
    context: Context, word: str, name: str | None, *, kind: str | None, newest: bool, browser: bool | None
) -> None:
    from tccli.cli.artifact_urls import find_latest_run
    from tccli.cli.sign_in import open_browser
    from tccli.core.addresses import is_address
    from tccli.core.web_pages import make_page_url
    from tccli.output import Result

    write = context.writer()
    client = context.client()
    if name is not None and kind is None and not is_address(word):
        # What else has the id is not asked for.
        kind = "task"
    kind, parts = _find(context, client, word, kind, newest=newest)
    if name is not None:
        if kind != "task":
            raise UsageError(f"a {kind} has no artifacts: NAME is for a task")
        kind, parts = "artifact", [*parts, find_latest_run(client, parts[0]), name]
    url = make_page_url(context.root_url(), kind, parts)
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    problem = open_browser(context, url, browser=browser) if is_terminal else "stdout is not a terminal"
    if problem:
        if is_terminal and browser is not False:
            context.note(problem)
        write(Result([url], is_text=True))
    else:
        context.note(f"opened {url}")


def _find(context: Context, client: Client, word: str, kind: str | None, *, newest: bool) -> tuple[str, list[str]]:
    """
    Return what a word names, and its parts for `make_page_url`.
    """
    from tccli.core.addresses import is_address
    from tccli.core.tasks import names

    if is_address(word) and not names.is_github(word):
        found, word = _read_address(context, word)
        kind = kind or found
    parts = word.split("/")
    if kind is None and (names.is_github(word) or word.startswith(names.INDEX_PREFIX) or len(parts) == 1):
        return _find_task_or_group(context, client, word, newest=newest)
    if kind == "task":
        from tccli.cli.tasks.names import resolve_one

        return kind, [resolve_one(context, client, word, newest=newest)[0]]
    if kind == "group":
        from tccli.cli.tasks.names import resolve_group

        return kind, [_find_group(word) or resolve_group(context, client, word, newest=newest)]
    if kind == "worker" or (kind is None and len(parts) == 4):
        if len(parts) != 4 or not all(parts):
            raise UsageError(f"{word!r} does not name a worker", hint="write PROVISIONER/WORKER-TYPE/GROUP/ID")
        return "worker", parts
    if kind == "hook" and len(parts) >= 2:
        return kind, word.split("/", 1)
    if kind is None and len(parts) == 2 and all(parts):
        return _find_hook_or_pool(client, word)
    if kind == "pool" and len(parts) == 2 and all(parts):
        return kind, [word]
    raise UsageError(
        f"{word!r} names no {kind or 'task, group, hook, worker or pool'}",
        hint="an id, PROVISIONER/WORKER-TYPE, HOOK-GROUP/HOOK or an address does",
    )


def _read_address(context: Context, word: str) -> tuple[str, str]:
    from tccli.cli.addresses import check_deployment
    from tccli.core.addresses import parse_address

    address = parse_address(word, context.library())
    values = address.values if address else {}
    for kind, keys in (
        ("task", ("taskId",)),
        ("group", ("taskGroupId",)),
        ("hook", ("hookGroupId", "hookId")),
        ("worker", ("provisionerId", "workerType", "workerGroup", "workerId")),
        ("pool", ("workerPoolId",)),
    ):
        if address is not None and all(key in values for key in keys):
            check_deployment(context, word, address)
            return kind, "/".join(values[key] for key in keys)
    raise UsageError(f"{word} is not the address of a task, a group, a hook, a worker or a pool")


def _find_task_or_group(context: Context, client: Client, word: str, *, newest: bool) -> tuple[str, list[str]]:
    from tccli.cli.tasks.names import resolve_group, resolve_one
    from tccli.core.tasks.names import is_github
    from tccli.core.tasks.queue import fetch_status

    if is_github(word):
        return "group", [resolve_group(context, client, word, newest=newest)]
    task_id, _ = resolve_one(context, client, word, newest=newest)
    if not re.fullmatch("[A-Za-z0-9_-]{22}", word):
        return "task", [task_id]
    try:
        fetch_status(client, task_id)
    except NotFoundError:
        from tccli.core.tasks.queue import list_group

        # Raises an error if it is not a group either.
        next(list_group(client, task_id), None)
        return "group", [task_id]
    return "task", [task_id]


def _find_group(word: str) -> str | None:
    """
    Return the group of the task that a word names by its label; None for other words.
    """
    from tccli.core.tasks.names import split_label

    labelled = split_label(word)
    return None if labelled is None else labelled[0]


def _find_hook_or_pool(client: Client, word: str) -> tuple[str, list[str]]:
    from tccli import references
    from tccli.errors import ServiceError

    found = []
    for kind, method, parts in (
        ("pool", references.method("worker-manager", "workerPool"), [word]),
        ("hook", references.method("hooks", "hook"), word.split("/", 1)),
    ):
        try:
            client.call_json(method, parts)
            found.append((kind, parts))
        except ServiceError as error:
            if not isinstance(error, NotFoundError):
                raise UsageError(f"cannot tell whether {word} is a hook or a pool: {error}", hint="give --as") from None
    if not found:
        raise NotFoundError(f"there is neither a worker pool nor a hook named {word}", status=404)
    if len(found) > 1:
        raise UsageError(f"{word} is a worker pool and a hook", hint="give --as pool or --as hook")
    return found[0]


command = Command(
    "open",
    callback=with_context(_open),
    params=[
        click.Argument(["word"], metavar="WHAT"),
        click.Argument(["name"], metavar="[NAME]", required=False),
        click.Option(["--as", "kind"], type=Choice(KINDS), metavar="KIND", help=f"WHAT is a {', '.join(KINDS)}."),
        click.Option(["--browser/--no-browser"], default=None, help="Open a browser, or print the address."),
        newest_option(),
    ],
    short_help="Open the page of a task, a group, a hook, a worker or a pool in a browser",
    help="Open the page of a task, a group, a hook, a worker or a pool in a browser; with NAME, that of an artifact of "
    "a task. Off a terminal, the address is printed instead.\n\n"
    "WHAT is a TASK, a GROUP, HOOK-GROUP/HOOK, PROVISIONER/WORKER-TYPE for a pool, or PROVISIONER/WORKER-TYPE/GROUP/ID "
    f"for a worker.\n\n{TASK_HELP}\n\n{GROUP_HELP}",
    examples=("tc open fN1SbArXTPSVFNUvaOlinQ", "tc open --as group fN1SbArXTPSVFNUvaOlinQ"),
)
