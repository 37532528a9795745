"""
``tc url``: the URL of an API call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tccli.cli.methods import Values, method_tree

if TYPE_CHECKING:
    from tccli.cli.context import Context
    from tccli.references import Method


def _options() -> list[click.Option]:
    return [click.Option(["--internal"], is_flag=True, help="As this machine reaches it: proxy or service discovery.")]


def _print_url(context: Context, method: Method, values: Values) -> None:
    from tccli.core.client import route_url
    from tccli.output import Answer

    write = context.writer()
    if values.options["internal"]:
        url = context.client().url(method, values.args, values.query, internal=True)
    else:
        url = route_url(context.root_url(), method, values.args, values.query)
    write(Answer([url], is_text=True))


command = method_tree(
    "url",
    _print_url,
    _options,
    "Print the URL of an API call, unsigned.",
    examples=(
        "tc url queue task fN1SbArXTPSVFNUvaOlinQ",
        "tc url queue listTaskGroup fN1SbArXTPSVFNUvaOlinQ --limit 10",
    ),
)
