"""
What to write instead of what people try first. It is imported only for an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from tccli import names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ARTIFACTS_ADVICE = (
    'docker-worker: --set \'payload.artifacts:={"public/x": {"type": "file", "path": "/x"}}\'; '
    'generic-worker: --set \'payload.artifacts:=[{"name": "public/x", "type": "file", "path": "x"}]\''
)
FOLLOW_ADVICE = "write tc group logs GROUP -f, which follows the logs until the group is settled"
ONCE_ADVICE = "it selects tasks once, and these change; write tc group list GROUP … | tc task wait -"
ASKS_ADVICE = "tc asks once for all tasks, unless --force is given; tc task commands have it"
TEXT_ADVICE = "the output is the text of logs; tc task why TASK --format json has the line that tells most"
OPTIONS_BY_COMMAND: Mapping[str, Mapping[str, str]] = {
    "task log": {
        "-a --all-runs --all --runs --every-run": "write -r N for one run; tc task status -a lists the runs",
        "--format --json --jq --columns": TEXT_ADVICE,
    },
    "group logs": {
        "-a --all-runs --all --runs --every-run -r --run": "write tc task log TASK -r N for the log of another run",
        "--format --json --jq --columns": TEXT_ADVICE,
    },
    "task status": {"-w --watch --follow --wait": "write tc task wait TASK, or tc task log TASK for its log"},
    "group status": {"-w --watch --follow --wait": "write tc group watch GROUP"},
    "group list": {"-w --watch --follow --wait": "write tc group watch GROUP"},
    "group wait": {"--log --logs --follow -f": FOLLOW_ADVICE, "--limit --log-match": ONCE_ADVICE},
    "group watch": {"--log --logs --follow -f": FOLLOW_ADVICE, "--limit --log-match": ONCE_ADVICE},
    "group artifacts": {"--all-runs": "tc group download GROUP PATTERN --all-runs -n prints those of all runs"},
    "group rerun": {"-c --confirm": ASKS_ADVICE},
    "group cancel": {"-c --confirm": ASKS_ADVICE},
    "group prioritize": {"-c --confirm": ASKS_ADVICE},
    "task run": {
        "--artifact --artifacts --upload --download --save": ARTIFACTS_ADVICE,
        "--volume --mount --cache": "write --set 'payload.cache:=JSON' (docker-worker) or --set 'payload.mounts:=JSON'",
        "--scope --scopes": "write --set 'scopes:=[\"SCOPE\"]'",
        "--route --routes": "write --set 'routes:=[\"ROUTE\"]'",
        "--priority": "write --set priority=LEVEL",
        "--max-run-time": "write --set payload.maxRunTime:=SECONDS",
        "--deadline": "write --set deadline=\"$(tc from-now '2 days')\"",
        "--image": "IMAGE is an argument, in front of COMMAND",
        "--detach --no-wait": "it is the default; --wait waits",
        "--follow": "write --log",
    },
    "slugid": {"-n -c --n --number --num --amount --repeat": "write --count N"},
    "slugid generate": {"-c --count --n --number --num --amount --repeat": "write tc slugid --count N"},
}
ARGUMENTS_BY_OPTION = {
    "PATTERN": "pattern glob include artifact artifacts match matching filter file files",
    "NAME": "name artifact",
    "TASK": "task task-id tasks task-ids id ids",
    "GROUP": "group group-id task-group task-group-id id",
    "LEVEL": "priority",
}
"""Names of options that are tried for arguments, beside the name of the argument."""
OPTIONS_BY_TRIED_NAME = {
    "--dry-run": "-n noop dryrun preview simulate what-if",
    "--force": "-y yes assume-yes no-confirm no-input",
    "--state": "-s status",
    "--timeout": "-t max-wait wait-time",
    "--output": "-d dir directory to out dest destination output-dir out-dir",
    "--tail": "lines last head",
    "--grep": "filter search match",
    "--name": "label filter match task-name",
    "--log": "-f -F follow logs tail stream",
    "--follow": "-F stream",
    "--expires": "-e ttl for expires-in expiry valid validity duration",
    "--times": "count number copies repeat",
    "--no-browser": "print url no-open",
    "--limit": "-l max top first head",
    "--for": "until condition",
    "--owner": "user author creator",
    "--queue": "pool worker-pool task-queue",
    "--sort": "order order-by sort-by",
    "--columns": "field fields",
    "--exit-status": "exit-code check fail",
    "--max-age": "since age newer-than younger-than",
}
"""Names that are tried for options, where the command has the option and not the name; the first one counts."""
ADVICE_BY_TRIED_NAME = (
    ("--sort", "reverse desc descending asc ascending", "--sort -KEY reverses the order"),
    (
        "--columns",
        "no-header no-headers noheader noheaders skip-header",
        "--jq '.[] | [.a, .b] | @tsv' --raw-strings prints rows without a header, with a and b for fields",
    ),
    ("--for", "-i interval poll poll-interval every", "the pauses between looks grow by themselves; --timeout ends it"),
)
"""Of an option that the command has: names that are tried beside it, and what to write."""
FORMATS = frozenset({"json", "jsonl", "yaml", "table", "raw", "markdown"})
IDS_ARGUMENTS = frozenset({"TASK", "GROUP"})
ROW_FORMATS = ("csv", "tsv")


def explain_option(ctx: click.Context, name: str) -> str:
    """
    Return what to write instead of an option that the command does not have, or nothing.
    """
    table = OPTIONS_BY_COMMAND.get(_name_command(ctx), {})
    folded = _fold_option(name)
    for spellings, advice in table.items():
        if folded in map(_fold_option, spellings.split()):
            return advice
    if isinstance(ctx.command, click.Group):
        return ""
    renamed = _find_other_name(ctx, folded)
    if name == "-n" and renamed:
        return renamed
    words = _list_argument_words(ctx)
    if len(name) == 2:
        # What begins with - may be a part of a COMMAND.
        found = [] if "COMMAND" in words else [word for word in words if word[0].lower() == name[1]]
        found = found if len(found) == 1 else []
    else:
        found = [
            word
            for word in words
            if folded in {names.fold(each) for each in (word, *ARGUMENTS_BY_OPTION.get(word, "").split())}
        ]
    if not found:
        return renamed
    usage = " ".join(piece for piece in ctx.command.collect_usage_pieces(ctx) if piece != "[OPTIONS]")
    return f"{found[0]} is an argument, which is written without a name: {ctx.command_path} {usage}"


def _find_other_name(ctx: click.Context, folded: str) -> str:
    own = [param for param in ctx.command.params if isinstance(param, click.Option)]
    shared = [param for param in ctx.command.get_params(ctx) if isinstance(param, click.Option)]
    if folded in FORMATS and any("--format" in param.opts for param in shared):
        return f"write --format {folded}"
    # Of the options that all commands have, only those for the output are meant by another name.
    output = [param for param in shared if {"--output", "--columns"}.intersection(param.opts)]
    for option, tried in OPTIONS_BY_TRIED_NAME.items():
        if folded in map(_fold_option, tried.split()):
            for param in (*own, *output):
                if option in (*param.opts, *param.secondary_opts):
                    return f"write {option}" + ("" if param.is_flag or not param.metavar else f" {param.metavar}")
    known = {spelling for param in (*own, *output) for spelling in param.opts}
    for option, tried, advice in ADVICE_BY_TRIED_NAME:
        if option in known and folded in map(_fold_option, tried.split()):
            return advice
    return ""


def _fold_option(word: str) -> str:
    # The case of short options matters.
    return word if len(word) == 2 else names.fold(word.lstrip("-"))


def explain_value(ctx: click.Context | None, param: click.Parameter, message: str) -> str:
    """
    Return what to write instead of a value that an option does not have: a text to append, or nothing.
    """
    if param.name == "format":
        for word in ROW_FORMATS:
            if f"'{word}'" in message.lower():
                known = [spelling for each in ctx.command.params for spelling in each.opts] if ctx else []
                reads = f"--{word} reads such lines; " if f"--{word}" in known else ""
                return f"; {reads}--raw-strings --jq '[.a, .b] | @{word}' prints them, with a and b for fields"
    return ""


def explain_batch_service(ctx: click.Context, words: Sequence[str]) -> str:
    """
    Return what to write if the words for a method are those of a command, or nothing.
    """
    root = ctx.find_root()
    command, path = root.command, []
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        found = command.get_command(root, word)
        if found is None:
            break
        command = found
        path.append(word)
    if not path:
        return ""
    line = " ".join([root.command_path, *path])
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    for each in arguments:
        if IDS_ARGUMENTS.intersection(re.findall(r"[A-Z]+", str(each.metavar))[:1]):
            how = f"{line} -" if _takes_many(each) else f"xargs -n 1 {line}"
            return f"{line} is a command of its own; for ids on stdin, write {how}"
    return f"{line} is a command of its own; this one calls methods of services"


def _takes_many(param: click.Parameter) -> bool:
    return str(param.metavar).endswith("...")


def _list_argument_words(ctx: click.Context) -> list[str]:
    arguments = [param for param in ctx.command.params if isinstance(param, click.Argument)]
    words = [word for each in arguments for word in re.findall(r"[A-Z][A-Z-]+", str(each.metavar))]
    return list(dict.fromkeys(words))


def _name_command(ctx: click.Context) -> str:
    return ctx.command_path.removeprefix(ctx.find_root().command_path).strip()
