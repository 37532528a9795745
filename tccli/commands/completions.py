"""
``tc completions``: print completion scripts for bash, zsh, fish and PowerShell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tccli import names
from tccli.cli.command import Command
from tccli.cli.context import Context, get_context
from tccli.errors import TcError, UsageError

if TYPE_CHECKING:
    from tccli.core.client import Client
    from tccli.core.completion.values import CompletionRequest, Value

SHELLS = ("bash", "zsh", "fish", "powershell")
# The rest of a second goes into starting.
DEFAULT_TIMEOUT = "700ms"

INSTALLATION = """
\b
In every session, by a line in
  ~/.bashrc                   eval "$(tc completions bash)"
  ~/.zshrc, below compinit    eval "$(tc completions zsh)"
  ~/.config/fish/config.fish  tc completions fish | source
  $PROFILE                    tc completions powershell |
                                Out-String | Invoke-Expression
"""


@click.command(
    cls=Command,
    name="completions",
    prints_data=False,
    epilog=INSTALLATION,
    examples=(
        "tc completions bash | head -1",
        "tc completions bash tc.bash",
        "bash -c 'eval \"$(tc completions bash)\"'",
    ),
)
@click.argument("words", nargs=-1, metavar="SHELL [FILE]")
@click.option("--no-descriptions", is_flag=True, hidden=True, expose_value=False)
@click.option("--values", "kind", metavar="KIND", hidden=True)
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], kind: str | None) -> None:
    """
    Print the completion script for SHELL: bash, zsh, fish or powershell.

    The script completes services, methods, options and their values for the references in use, without starting tc.
    Names of secrets, hooks, artifacts and the like are requested from the deployment and cached for a minute. If there
    is no response within TC_COMPLETION_TIMEOUT (default 700ms), none are offered.

    With FILE, write the script to it.

    A package may have installed the script where the shell finds it; then no configuration is needed.
    """
    context = get_context(ctx)
    if kind is not None:
        _print_values(context, kind, words)
        return
    # A second shell is not meant as a file.
    is_complete = len(words) == 1 or (len(words) == 2 and words[1] not in SHELLS)
    shell = names.find(words[0], SHELLS) if is_complete else None
    if shell is None:
        what = "missing SHELL" if not words else f"unknown shell {' '.join(words)!r}"
        raise UsageError(f"completions: {what}", hint=f"use one of {', '.join(SHELLS)}")
    from tccli.cli import command_tree
    from tccli.cli.completion import scripts

    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    text = scripts.script(shell, command_tree.build_tree(root, context))
    if context.is_go_client:
        text = scripts.add_name(shell, text, context.program)
    if len(words) == 1:
        click.echo(text, nl=False)
        return
    from tccli.core.files import atomic_write

    with atomic_write(words[1]) as file:
        file.write(text.encode())


def _print_values(context: Context, kind: str, words: tuple[str, ...]) -> None:
    """
    Print the values that begin with the last word, each with a tab and a description; nothing if they are not known.
    """
    from tccli.core.completion.values import Value, filter_by_prefix

    *before, prefix = words or ("",)
    try:
        if kind == "profile":
            found = [Value(name) for name in sorted(context.config_files().profiles)]
        else:
            found = _load_values(context, kind, before, prefix)
    except TcError:
        return
    lines = ("\t".join(filter(None, value)) for value in filter_by_prefix(found, prefix))
    click.echo("".join(f"{line}\n" for line in lines).encode(), nl=False)


def _load_values(context: Context, kind: str, before: list[str], prefix: str) -> list[Value]:
    """
    Return values from the cache, else from the deployment.
    """
    import time

    from tccli.core.cache.completion import CompletionCache
    from tccli.core.cache.paths import cache_directory
    from tccli.core.completion.values import CompletionRequest
    from tccli.core.times import parse_duration

    seconds = parse_duration(context.environ.get("TC_COMPLETION_TIMEOUT") or DEFAULT_TIMEOUT)
    client = context.replace(timeout=seconds, retries=0, verbose=0, quiet=True).client()
    account = client.account
    who = account.credentials
    identity = [account.root_url, account.proxy_url, who and who.client_id, who and who.authorized_scopes]
    cache = CompletionCache(cache_directory(context.environ), identity, time.time())
    task = _task_id(before[0]) if kind in {"artifact", "run"} and before else None
    if task is not None:
        cache.record_task(task)
    recent = dict.fromkeys(filter(None, [_task_id(context.environ.get("TASK_ID", "")), *cache.recent_tasks()]))
    group = _task_id(context.environ.get("TASK_GROUP_ID", "")) or ""
    request = CompletionRequest(kind, tuple(before), prefix, tuple(recent), group).without_prefix()
    if not kind.startswith("task"):
        request = request._replace(recent_tasks=(), group="")
    found = cache.load(request)
    if found is None:
        found, complete = _fetch_values(client, request, seconds)
        cache.store(request, found, complete=complete)
    return found


def _task_id(word: str) -> str | None:
    from tccli.core.addresses import parse_task_address

    address = parse_task_address(word)
    return address and address.task_id


def _fetch_values(client: Client, request: CompletionRequest, seconds: float) -> tuple[list[Value], bool]:
    """
    Return the values that the deployment returned in time, and whether these are all.
    """
    import threading

    from tccli.core.completion.values import list_values
    from tccli.core.threads import ThreadError, start_thread

    found: list[Value] = []
    done = threading.Event()

    def fetch() -> None:
        try:
            found.extend(list_values(client, request))
            done.set()
        except Exception:  # noqa: BLE001, S110 - after Tab, a message would garble the command line
            pass

    try:
        start_thread(fetch).join(seconds)
    except ThreadError:
        return [], False
    return list(found), done.is_set()
