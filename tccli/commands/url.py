"""
``tc url``: print the URL of an API call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.methods import method_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.cli.context import Context
    from tccli.core.client import MethodArguments
    from tccli.references import Method


def _options() -> list[click.Option]:
    return [click.Option(["--internal"], is_flag=True, help="The URL for this machine: by proxy or service discovery.")]


def _print_url(context: Context, method: Method, arguments: MethodArguments, options: Mapping[str, Any]) -> None:
    from tccli.core.client import prepare_call
    from tccli.output import Result

    write = context.writer()
    if options["internal"]:
        call = context.client().prepare(method, *arguments)
    else:
        call = prepare_call(context.root_url(), method, *arguments)
    write(Result([call.url], is_text=True))


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
