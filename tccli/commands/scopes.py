"""
``tc scopes``: show which scopes a call needs, and whether you have them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from tccli.cli.command import Group
from tccli.cli.context import Context, with_context
from tccli.cli.types import DATA_FORMAT, RequiredOption
from tccli.errors import NegativeAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tccli.core.scopes import Expression
    from tccli.output import Result

    F = TypeVar("F", bound=Callable[..., Any])

CALL = {"ignore_unknown_options": True}
INDENT = "  "


def call_parameters(function: F) -> F:
    """
    Add the parameters of a command about a call.
    """
    add_words = click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[ARG]... [--QUERY-OPTION VALUE]...")
    add_data = click.option(
        "--data", metavar="JSON|@FILE|@-", help="The payload, if the scopes depend on it; @- reads stdin."
    )
    function = add_words(add_data(click.option("--data-format", **DATA_FORMAT)(function)))
    return click.argument("service")(click.argument("method")(function))


@click.group(cls=Group, name="scopes")
def command() -> None:
    """
    Print which scopes a call needs, check whether you have them, and expand roles.

    To read about scopes: tc help scopes.
    """


@command.command(
    "required",
    short_help="Print which scopes a call needs",
    context_settings=CALL,
    examples=(
        "tc scopes required secrets get project/example/token",
        'tc scopes required queue createTask \\\n  --data \'{"taskQueueId": "proj-example/linux"}\'',
    ),
)
@call_parameters
@with_context
def required(
    context: Context, service: str, method: str, words: tuple[str, ...], data: str | None, data_format: str | None
) -> None:
    """
    Print the scope expression that a call of SERVICE METHOD must satisfy, with its arguments filled in.

    Nothing is sent. Unknown values are printed as <name>: arguments that are not given, fields of the payload, and what
    only the deployment knows, such as the scheduler of a task. auth updateClient and updateRole need only the scopes
    that they add, so the result is an upper bound for them; tc scopes check compares with the scopes that are there.
    """
    from tccli.cli.scope_check import parse_scope_check
    from tccli.core.scopes import required as required_scopes
    from tccli.output import Result

    write = context.writer()
    call = parse_scope_check(context.library(), service, method, words, data, data_format)
    known = call.parameters()
    expression = required_scopes.required_scopes(call.method, known)
    missing = [name for name in required_scopes.missing_parameters(call.method, known) if name not in call.method.args]
    if missing:
        reason, hint = call.explain_missing(missing)
        context.note(f"{call.method.id}: {reason}{f'; {hint}' if hint else ''}")
    write(Result([expression], to_text=lambda _columns: _format(expression)))


@command.command(
    "satisfied",
    short_help="Check whether scopes satisfy others",
    examples=(
        "tc scopes satisfied --have 'secrets:get:example/*' \\\n  --need secrets:get:example/token",
        'tc scopes satisfied --have a:b \\\n  --need \'{"AnyOf": ["a:b", "c:d"]}\' && echo enough',
    ),
)
@click.option("--have", multiple=True, metavar="SCOPE", help="A scope you have, or a JSON array; repeatable.")
@click.option(
    "--need",
    cls=RequiredOption,
    multiple=True,
    metavar="SCOPE",
    help="A scope you need, or a JSON expression; repeatable.",
)
@click.option("--expand", is_flag=True, help="Expand the roles in --have with the deployment.")
@with_context
def satisfied(context: Context, have: tuple[str, ...], need: tuple[str, ...], *, expand: bool) -> None:
    """
    Check whether the scopes of --have satisfy those of --need. If not, print what is missing and exit with 1.

    Without --expand, nothing is sent and assume:… is an ordinary scope.
    """
    from tccli.core.scopes.required import check_expression

    write = context.writer()
    held_scopes = _parse_scopes(have)
    expression = check_expression([_parse_value(written) for written in need])
    if expand:
        held_scopes = _expand(context, held_scopes)
    _report(write, held_scopes, expression, "scopes satisfied")


@command.command(
    "expand",
    short_help="Expand the roles among scopes",
    examples=("tc scopes expand assume:project:example --format jsonl -r",),
)
@click.argument("scopes", nargs=-1, required=True, metavar="SCOPE...")
@with_context
def expand_scopes(context: Context, scopes: tuple[str, ...]) -> None:
    """
    Print the scopes and all scopes that their roles add in the deployment in use.
    """
    from tccli.output import Result

    write = context.writer()
    expanded = _expand(context, _parse_scopes(scopes))
    write(Result([expanded], to_text=lambda _columns: "".join(f"{scope}\n" for scope in expanded)))


@command.command(
    "check",
    short_help="Check whether your credentials are enough for a call",
    context_settings=CALL,
    examples=(
        "tc scopes check secrets get project/example/token",
        "tc scopes check queue cancelTask fN1SbArXTPSVFNUvaOlinQ && echo 'I may'",
    ),
)
@call_parameters
@with_context
def check(
    context: Context, service: str, method: str, words: tuple[str, ...], data: str | None, data_format: str | None
) -> None:
    """
    Check whether the credentials in use are enough for a call of SERVICE METHOD.

    If not, print what is missing and exit with 1.

    The call is not made. The scopes of the credentials are requested from the deployment, and so is the task, client or
    role that the call is about if the scopes depend on it.
    """
    from tccli.cli.scope_check import parse_scope_check, parse_scopes
    from tccli.core.scopes import required as required_scopes

    write = context.writer()
    library = context.library()
    call = parse_scope_check(context.library(), service, method, words, data, data_format)
    client = context.client()
    client.prepare(call.method, list(call.args.values()), call.query)
    known = call.parameters() | call.fetch_parameters(client, library)
    missing = required_scopes.missing_parameters(call.method, known)
    if missing:
        reason, hint = call.explain_missing(missing)
        raise UsageError(f"{call.method.id}: {reason}", hint=hint)
    held_scopes = parse_scopes(client.call_json(library.method("auth", "currentScopes"), []))
    _report(write, held_scopes, required_scopes.required_scopes(call.method, known), call.method.id)


def _expand(context: Context, scopes: Sequence[str]) -> list[str]:
    from tccli.cli.scope_check import parse_scopes
    from tccli.core.payload import encode

    method = context.library().method("auth", "expandScopes")
    return parse_scopes(context.client().call_json(method, [], payload=encode({"scopes": list(scopes)})))


def _parse_value(written: str) -> Any:
    # A value that starts like JSON is JSON; anything else is a scope.
    if not written.lstrip().startswith(("{", "[", '"')):
        return written
    from tccli.strict_json import StrictJsonError, loads_leniently

    try:
        return loads_leniently(written)
    except StrictJsonError as error:
        raise UsageError(
            f"{written!r} is not JSON: {error}", hint="write a scope that starts like this as JSON"
        ) from None


def _parse_scopes(written: Sequence[str]) -> list[str]:
    from tccli.core.scopes.required import check_expression

    found: list[str] = []
    for each in written:
        document = _parse_value(each)
        scopes = document if isinstance(document, list) else [document]
        if not all(isinstance(scope, str) for scope in scopes):
            raise UsageError(f"{each!r} is neither a scope nor an array of scopes")
        check_expression(scopes)
        found += scopes
    return found


def _report(write: Callable[[Result], None], held_scopes: Sequence[str], expression: Expression, what: str) -> None:
    from tccli.core.scopes import find_missing
    from tccli.output import Result

    missing = find_missing(held_scopes, expression)
    document = {"satisfied": missing is None, "missing": missing}
    write(Result([document], to_text=lambda _columns: "satisfied\n" if missing is None else _format(missing)))
    if missing is not None:
        raise NegativeAnswerError(f"{what}: scopes are missing")


def _format(expression: Any) -> str:
    # All lines are needed; of those below "one of", one is enough.
    lines = _format_lines(expression)
    return "".join(f"{line}\n" for line in lines) if lines else "no scopes needed\n"


def _format_lines(expression: Any, *, nested: bool = False) -> list[str]:
    from tccli.cli.help import methods

    match expression:
        case {"AllOf": [only]} | {"AnyOf": [only]} if "for" not in only or isinstance(only, str):
            return _format_lines(only, nested=nested)
        case {"AllOf": parts} if not nested:
            return [line for part in parts for line in _format_lines(part, nested=True)]
        case {"AllOf": parts}:
            return ["all of", *_indent(parts)]
        case {"AnyOf": parts}:
            return ["one of", *_indent(parts)]
        case {"if": condition, "then": then, **rest}:
            return [
                f"if {methods.format_condition(condition)}",
                *_indent([then]),
                *(["else", *_indent([rest["else"]])] if "else" in rest else []),
            ]
        case _:
            return [methods.format_scopes(expression)]


def _indent(parts: Sequence[Any]) -> list[str]:
    return [INDENT + line for part in parts for line in _format_lines(part, nested=True)]
