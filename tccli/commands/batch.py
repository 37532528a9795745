"""
``tc batch``: make many calls, from lines of stdin.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import click

from tccli import names
from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.types import DATA_FORMAT, file_name
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tccli.core.batch.calls import BadLine, BatchCall
    from tccli.core.batch.lines import BadRow, Line, Row
    from tccli.references import Method

MAX_JOBS = 1000
SECONDS_BY_UNIT = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
ROW_OPTIONS = ("data", "set_", "payload_from", "id_from", "query", "header", "csv", "tsv")
OPTIONS_BY_NEED = {
    "-j -P --max-procs --parallel --concurrency --concurrent --threads --workers --processes --procs": "write --jobs N",
    "-k --keep-order --ordered --sorted": "write --in-order",
    "--halt --halt-on-error --stop-on-error --exit-on-error --bail": "write --fail-fast",
    "--continue --continue-on-error --ignore-errors": "it is the default; --fail-fast stops",
    "--joblog --resume --resume-failed --checkpoint --state --retry-failed --rerun-failed --only-failed --failed "
    "--continue-from --start-at --start-from --skip-done": "write --journal FILE: run again, it skips what is done",
    "--touch --done --mark-done --skip --exclude --ignore --assume --settle --resolve": "write --journal FILE "
    "--assume-done ID, for a call that took effect",
    "--retry-uncertain --resend --redo --force": "write --journal FILE --assume-failed ID, for an uncertain call that "
    "had no effect, or --retry-unsafe for all of them",
    "-a -i --input --input-file --arg-file --file --from-file": "the lines are read from stdin: < FILE",
    "-d --delimiter --delim --colsep --separator --sep": "write --csv or --tsv; without them, blanks separate columns",
    "-I --replace": "columns have places: {1} is the first one, {NAME} that of a --header",
    "-n --noop --simulate --what-if": "write --dry-run to send nothing; each line is one call",
    "-l -L --max-args --max-lines": "each line is one call",
    "-0 --null --print0 --zero": "lines end with line feeds: tr '\\0' '\\n'",
    "--delay --throttle --rate-limit --qps --rps": "write --rate N/s",
    "--paginate --limit --continuation-token --all": "a call of a listing gets one page; write --query NAME=VALUE "
    "for options of the method",
    "--json --jsonl --ndjson": "without SERVICE METHOD, lines are JSON",
    "--payload --body": "write --data JSON, --data @FILE or --payload-from COLUMN",
}
"""What tc has instead of options of xargs, parallel and others."""
JOURNAL_EXAMPLE = """\
EXPIRES=$(tc from-now '1 year')
tc batch secrets set 'project/x/{1}' --set 'secret.token={2}' \\
  --set expires="$EXPIRES" --journal tokens.journal < tokens.txt"""
ROLES_EXAMPLE = """\
tc batch auth createRole 'project:x:{name}' --csv --header \\
  --data '{"scopes": ["{scope}"], "description": ""}' < roles.csv"""


class BatchCommand(Command):
    """
    A command that knows the options of programs like it.
    """

    def explain_missing_option(self, name: str) -> str:
        """
        Return what to write instead of an option of xargs or parallel.
        """
        # The case of short options matters.
        word = name if len(name) == 2 else f"--{names.fold(name.lstrip('-'))}"
        for spellings, advice in OPTIONS_BY_NEED.items():
            if word in {each if len(each) == 2 else f"--{names.fold(each[2:])}" for each in spellings.split()}:
                return advice
        return ""


def rate(value: str) -> float:
    """
    Return calls per second.
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(?:/([a-z]+))?", value.strip(), re.ASCII)
    if found is None or not float(found[1]) or found[2] not in {None, *SECONDS_BY_UNIT}:
        raise click.BadParameter(f"{value!r} is not a rate, such as 10/s, 30/m (in a minute) or 500/h (in an hour)")
    return float(found[1]) / SECONDS_BY_UNIT[found[2] or "s"]


def _batch(context: Context, words: tuple[str, ...], **options: Any) -> None:
    from tccli.cli.batch.assumed_ends import AssumedEnds
    from tccli.cli.batch.run import BatchOptions, run_batch
    from tccli.core.parallel import Schedule

    if words:
        read_calls = _make_reader(context, words, options)
    else:
        from tccli.core.batch.calls import parse_calls as read_calls

        for name in ROW_OPTIONS:
            if options[name]:
                option = name.replace("_", "-").strip("-")
                raise UsageError(f"--{option} needs SERVICE METHOD", hint="a line of JSON has all of its call")
    for name in ("assume_done", "assume_failed"):
        if options[name] and options["journal"] is None:
            raise UsageError(f"--{name.replace('_', '-')} needs --journal FILE", hint="it has what is uncertain")
    ends = AssumedEnds(options["assume_done"], options["assume_failed"])
    keep_going = options["keep_going"]
    schedule = Schedule(options["jobs"], options["in_order"], keep_going is False, options["rate"], reads_ahead=True)
    checks_schema, dry_run = not options["no_validate"], options["dry_run"]
    chosen = BatchOptions(schedule, options["journal"], checks_schema, dry_run, keep_going is None, ends)
    run_batch(context, read_calls, chosen)


def _make_reader(
    context: Context, words: Sequence[str], options: dict[str, Any]
) -> Callable[[Iterable[Line]], Iterator[BatchCall | BadLine]]:
    """
    Return a function that reads calls of one method; what is known about them is checked now.
    """
    from tccli.cli.inputs import read_data
    from tccli.cli.lookup import find_method, find_service
    from tccli.core.batch.rows import CallTemplate

    if options["csv"] and options["tsv"]:
        raise UsageError("--csv and --tsv are two formats; give one of them")
    try:
        find_service(context.library(), words[0])
        method = find_method(context.library(), words[0], words[1]) if words[1:] else None
    except UsageError as error:
        from tccli.cli.first_guesses import explain_batch_service

        error.hint = explain_batch_service(click.get_current_context(), words) or error.hint
        _suggest_redirection(error, words)
        raise
    if method is None:
        raise UsageError("METHOD is missing", hint="write tc batch SERVICE METHOD, or nothing for lines of JSON")
    data = options["data"]
    if data is not None and data.strip() in {"-", "@-"}:
        raise UsageError(f"{method.id}: stdin has the lines", hint="give the payload with --data JSON or --data @FILE")
    try:
        document = None if data is None else read_data(data, method.id, options["data_format"]).document
    except UsageError as error:
        if data is not None and re.search(r"[:\[,]\s*\{\w+\}", data):
            error.hint = 'a place stands in a string, "{1}"; for a number or other JSON, --set PATH:={1}'
        raise
    template = CallTemplate(
        method,
        words[2:],
        _read_query(method, options["query"]),
        document,
        options["set_"],
        options["payload_from"],
        options["id_from"],
        options["header"],
        data_is_typed=data is not None and not data.lstrip().startswith("@"),
    )
    try:
        template.check()
    except UsageError as error:
        _suggest_redirection(error, words[2:])
        raise
    read_only = None if options["dry_run"] else context.read_only()
    if read_only is not None:
        read_only.check(method)

    return lambda lines: template.read_calls(_split(lines, options), context.note)


def _suggest_redirection(error: UsageError, words: Sequence[str]) -> None:
    """
    Replace the hint if one of *words* is a file, and none has a place.
    """
    file = next((word for word in words if os.path.isfile(word)), None)
    if file is not None and not any("{" in word for word in words):
        import shlex

        error.hint = f"{file} is a file: to read its lines, write < {shlex.quote(file)}"


def _read_query(method: Method, settings: Sequence[str]) -> dict[str, str]:
    query = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        found = names.find(name, method.query)
        if not equals:
            raise UsageError(f"--query {setting!r} is not NAME=VALUE")
        if found is None:
            hint = names.suggestion(name, method.query) or f"tc {method.service} {method.name} --help lists them"
            raise UsageError(f"{method.id}: no query option {name!r}", hint=hint)
        query[found] = value
    return query


def _split(lines: Iterable[Line], options: dict[str, Any]) -> Iterator[Row | BadRow]:
    from tccli.core.batch.lines import split_csv, split_tsv, split_words

    if options["csv"]:
        return split_csv(lines)
    if options["tsv"]:
        return split_tsv(lines)
    column = options["payload_from"]
    if column is None:
        return split_words(lines)
    # JSON has blanks: the last column has the rest of the line.
    number = int(column) if re.fullmatch("[1-9][0-9]{,3}", column) else None
    return split_words(lines, max_columns=None if options["header"] else number, has_header=options["header"])


command = BatchCommand(
    "batch",
    callback=with_context(_batch),
    params=[
        click.Argument(["words"], nargs=-1, metavar="[SERVICE METHOD [ARG]...]"),
        click.Option(["--csv"], is_flag=True, help="Lines are CSV: commas, and quotes as in RFC 4180."),
        click.Option(["--tsv"], is_flag=True, help="Lines are TSV: tabs, and escapes as of jq's @tsv."),
        click.Option(["--header"], is_flag=True, help="The first line has the names of the columns."),
        click.Option(["--data"], metavar="JSON|@FILE", help="The payload of each call, with places."),
        click.Option(["--data-format"], **DATA_FORMAT),
        click.Option(
            ["--set", "set_"],
            metavar="PATH=TEXT|PATH:=JSON",
            multiple=True,
            help="Change the payload: a.b={1}; of a.b:={1}, the column is JSON, such as a number; repeatable.",
        ),
        click.Option(["--payload-from"], metavar="COLUMN", help="Take the payload, as JSON, from this column."),
        click.Option(["--id-from"], metavar="COLUMN", help="Name results by this column (default: by line number)."),
        click.Option(["--query"], metavar="NAME=TEXT", multiple=True, help="A query option, with places; repeatable."),
        click.Option(["--no-validate"], is_flag=True, help="Do not validate payloads against the schema."),
        click.Option(
            ["--jobs"],
            type=click.IntRange(1, MAX_JOBS),
            default=16,
            metavar="N",
            help="Make this many calls at a time (default 16).",
        ),
        click.Option(["--rate"], type=rate, metavar="N/s", help="Send at most this many requests a second; N/m, N/h."),
        click.Option(["--in-order"], is_flag=True, help="Write results in the order of the lines, not as they come."),
        click.Option(
            ["--keep-going/--fail-fast"], default=None, help="After a failure, make the other calls (default), or stop."
        ),
        click.Option(
            ["--journal"], type=file_name, metavar="FILE", help="Record what is done in FILE, to resume from it."
        ),
        click.Option(
            ["--assume-done"],
            metavar="ID|@FILE",
            multiple=True,
            help="Record in the journal that this call is done, by the id of its result; repeatable.",
        ),
        click.Option(
            ["--assume-failed"],
            metavar="ID|@FILE",
            multiple=True,
            help="Send this call again, which is uncertain: it had no effect; repeatable.",
        ),
        click.Option(["--dry-run"], is_flag=True, help="Print the requests and send nothing."),
    ],
    short_help="Make many calls, from lines of stdin",
    help="Make a call for each line of stdin, several at a time, and print a line of JSON for each.\n\n"
    "Without SERVICE METHOD, a line is JSON: service, method, and where they are needed args, query, payload and id. "
    "With SERVICE METHOD, the columns of a line are the arguments: words between blanks and tabs, or CSV or TSV. To "
    "use some of the columns, write ARG... with places: {1} is the first column, {NAME} the one of that name with "
    "--header. Places in ARG, --data, --set and --query are filled in after parsing, and only in strings, so that a "
    "column cannot change what is around it. {{1}} is the text {1}; other braces are text, but {} on "
    "the command line is an error, with {{}} for its text. A number is always a position, also if a column has it as "
    "its name. Places can be in keys of --data, but not in the PATH of --set. With --payload-from, the last word is "
    "the rest of the line.\n\n"
    "A result has id (that of the line, or its number), status, and response or error, as of --error-format json. "
    "Tasks, groups and others can be named in all forms that arguments of methods have. When a service asks one call "
    "to slow down, no call is sent meanwhile. A listing is one page; its continuationToken leads to the next one.\n\n"
    "With --journal, the same command with the same input resumes: what is done is skipped, and not printed again; "
    "what failed is sent again. A call that is not idempotent is recorded before it is sent. If its end is not known, "
    "it is uncertain: it is reported and not sent again. Check whether it took effect, and give --assume-done ID if it "
    "did, --assume-failed ID if it did not; a FILE has an id in each line (jq -r 'select(.error.uncertain).id'). "
    "--retry-unsafe sends all of them again.\n\n"
    "A journal is bound to the deployment and to the calls, also to the values of --set, --data and --query: what "
    "differs is named and refused. A time that the shell computes differs in each run, so compute it once, as in the "
    "last example. Lines may be added at the end, and the last ones left out; where lines have ids (--id-from), they "
    "may have any order.\n\n"
    "When as many calls as jobs, at least 5, fail in a row, at the start or later, since they get no response, or one "
    "that is not of a Taskcluster, or 401, or a 5xx after all retries, the others are not made, unless --keep-going is "
    "given. --jq gets each result; one that it does not fit is reported on stderr.\n\n"
    "The exit code is 0 if all calls succeeded, 1 if some failed, 2 if nothing was sent because the input is wrong, "
    "9 if only --jq failed.",
    examples=(
        "tc batch queue cancelTask < ids.txt",
        "tc batch --rate 10/s --journal calls.journal < calls.jsonl > out.jsonl",
        ROLES_EXAMPLE,
        JOURNAL_EXAMPLE,
    ),
)
