"""
``tc events``: list the events of services, and print how to bind to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli import names
from tccli.cli.command import Group
from tccli.cli.context import Context, with_context
from tccli.cli.lookup import find_service
from tccli.cli.options import split_options
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.group(
    cls=Group,
    name="events",
    examples=("tc events list queue", "tc events bind queue taskFailed --taskGroupId fN1SbArXTPSVFNUvaOlinQ"),
)
def command() -> None:
    """
    List the exchanges to which services publish, and print the routing-key pattern to bind a queue with.
    """


@command.command(
    "list",
    short_help="List services, exchanges and their routing keys",
    examples=("tc events list", "tc events list queue --format jsonl"),
)
@click.argument("service", required=False)
@with_context
def list_exchanges(context: Context, service: str | None) -> None:
    """
    List the exchanges of SERVICE, or of all services, with the words of their routing keys in order.
    """
    from tccli.output import Result

    write = context.writer(is_list=True)
    library = context.library()
    services = library.service_names() if service is None else [find_service(library, service)]
    found: list[dict[str, Any]] = [
        {
            "service": exchange.service,
            "event": exchange.name,
            "exchange": exchange.exchange,
            "keys": [key.name for key in exchange.keys if key.constant is None],
            "summary": exchange.summary,
        }
        for name in services
        for exchange in library.service(name).exchanges.values()
    ]
    write(Result([found], is_table=True))


@command.command(
    "bind",
    short_help="Print the exchange and the routing-key pattern for an event",
    context_settings={"ignore_unknown_options": True},
    examples=(
        "tc events bind queue taskFailed --taskGroupId fN1SbArXTPSVFNUvaOlinQ",
        "tc events bind queue taskPending --provisionerId proj-example \\\n  --workerType linux",
        "tc events bind queue taskCompleted 'primary.#' --jq .exchange",
    ),
)
@click.argument("service")
@click.argument("exchange")
@click.argument("keys", nargs=-1, type=click.UNPROCESSED, metavar="[PATTERN | --KEY VALUE...]")
@click.option("--with-keys", is_flag=True, help="Print the keys too, in order, as routingKeyReference.")
@with_context
def bind(context: Context, service: str, exchange: str, keys: tuple[str, ...], *, with_keys: bool) -> None:
    """
    Print the exchange and the routing-key pattern for messages with the given keys, such as --taskGroupId ID.

    A key that is not given matches anything. tc events list shows the keys. Instead of keys, a finished PATTERN can be
    given, such as 'primary.#'; it is checked. The result can be put into the bindings of a hook as it is.
    """
    from tccli.cli.addresses import replace_keys
    from tccli.core.events import check_pattern, describe_keys, routing_key_pattern
    from tccli.output import Result

    write = context.writer()
    library = context.library()
    service = find_service(library, service)
    exchanges = library.service(service).exchanges
    found = names.find(exchange, exchanges)
    if found is None:
        hint = names.suggestion(exchange, exchanges) or f"list them with: tc events list {service}"
        raise UsageError(f"no event {exchange!r} in {service}", hint=hint)
    chosen = exchanges[found]
    patterns, options = split_options(keys)
    if patterns and (options or len(patterns) > 1):
        word = patterns[0] if options else patterns[1]
        raise UsageError(f"unexpected argument {word!r}", hint="give one PATTERN, or keys as --KEY VALUE")
    if patterns:
        check_pattern(chosen, pattern := patterns[0])
    else:
        pattern = routing_key_pattern(chosen, replace_keys(context, _unique(options)))
    binding: dict[str, Any] = {"exchange": chosen.exchange, "routingKeyPattern": pattern}
    if with_keys:
        binding["routingKeyReference"] = describe_keys(chosen)
    write(Result([binding]))


def _unique(options: Sequence[tuple[str, str]]) -> dict[str, str]:
    keys = dict(options)
    if len(keys) < len(options):
        twice = next(name for name in keys if [each for each, _ in options].count(name) > 1)
        raise UsageError(f"--{twice} is given twice")
    return keys
