"""
``tc url``: print the URL of an API call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.methods import method_tree
from tccli.cli.tasks.options import TASK_HELP, newest_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.calls import MethodArguments
    from tccli.references import Method


USAGE = "usage: tc url artifact TASK [RUN] NAME"


def _options() -> list[click.Option]:
    return [click.Option(["--internal"], is_flag=True, help="The URL for this machine: by proxy or service discovery.")]


def _print_url(context: Context, method: Method, arguments: MethodArguments, options: Mapping[str, Any]) -> None:
    from tccli.core.calls import prepare_call
    from tccli.output import Result

    write = context.writer()
    if options["internal"]:
        call = context.client().prepare(method, *arguments)
    else:
        call = prepare_call(context.root_url(), method, *arguments)
    write(Result([call.url], is_text=True))


def _print_artifact_url(context: Context, words: tuple[str, ...], *, newest: bool, internal: bool) -> None:
    from tccli.cli.artifact_urls import find_artifact, make_url_call

    client = context.client()
    task_id, run, name = find_artifact(context, client, words, USAGE, newest=newest)
    method, arguments = make_url_call(task_id, run, name)
    _print_url(context, method, arguments, {"internal": internal})
    if not name.startswith("public/"):
        context.note(f"the URL needs a signature: tc signed-url artifact {' '.join(words)} adds one")


def _artifact_command() -> click.Command:
    return Command(
        "artifact",
        callback=with_context(_print_artifact_url),
        params=[
            click.Argument(["words"], nargs=-1, metavar="TASK [RUN] NAME"),
            newest_option(),
            *_options(),
        ],
        short_help="Print the URL of an artifact",
        help="Print the URL of an artifact, which redirects to its content: of the latest run, whichever that is when "
        f"the URL is fetched, unless RUN is given.\n\n{TASK_HELP}",
        examples=("tc url artifact fN1SbArXTPSVFNUvaOlinQ public/build/target.tar.gz",),
    )


command = method_tree(
    "url",
    _print_url,
    _options,
    "Print the URL of an API call or of an artifact, unsigned.",
    commands=(_artifact_command(),),
    examples=(
        "tc url artifact fN1SbArXTPSVFNUvaOlinQ public/build/target.tar.gz",
        "tc url queue task fN1SbArXTPSVFNUvaOlinQ",
        "tc url queue listTaskGroup fN1SbArXTPSVFNUvaOlinQ --limit 10",
    ),
)
