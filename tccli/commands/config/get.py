"""
``tc config get``: print values of the configuration, or one of them.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.options import output_file_option
from tccli.cli.types import Choice


def _get(context: Context, key: str | None, output_format: str, *, show_secrets: bool) -> None:
    from tccli.core import go_config
    from tccli.core.http.redact import MASK
    from tccli.output import Output, Result
    from tccli.output.text import dump_json

    name = None if key is None else go_config.parse_key(key)
    write = Output(output_format, context.options.output).prepare()
    read_only = context.read_only() if show_secrets else None
    if read_only is not None:
        read_only.check_secrets("print credentials", "they can be used without tc")
    values = go_config.read_values(context.config_files().go_client_path, context.environ)
    masked = [each for each, found in go_config.KEYS.items() if found.is_secret and values[each] and not show_secrets]
    values |= dict.fromkeys(masked, MASK)
    shown = {go_config.SECTION: values} if name is None else values[name]
    if output_format == "json":
        write = Output("raw", context.options.output).prepare()
        write(Result([dump_json(shown, pretty=True)]))
    else:
        write(Result([shown]))
    if name in masked:
        context.note(f"{key} is masked; --show-secrets prints it")


command = Command(
    "get",
    callback=with_context(_get),
    params=[
        click.Argument(["key"], metavar="[KEY]", required=False),
        click.Option(
            ["-f", "--format", "output_format"],
            type=Choice(["yaml", "json"]),
            default="yaml",
            metavar="FORMAT",
            help="yaml (default) or json.",
        ),
        output_file_option(),
        click.Option(["--show-secrets"], is_flag=True, help="Do not mask the access token and the certificate."),
    ],
    prints_data=False,
    short_help="Print values of the configuration",
    help="Print all values, or that of KEY: of the environment, else of the file. Secrets are masked.",
    examples=("tc config get config.rootUrl", "tc config get -f json"),
)
