"""
``tc config``: print and change the configuration file of the Go client, taskcluster.yml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.directories import DirectoryGroup
from tccli.cli.options import HELP_OPTIONS

if TYPE_CHECKING:
    import click


class _ConfigGroup(DirectoryGroup):
    """
    ``tc config [KEY]`` is ``tc config get [KEY]``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        Add ``get`` if no word is a subcommand.
        """
        is_value = not args or "." in args[0] or args[0].startswith("-")
        # The name set is that of a subcommand here.
        if is_value and {*self.list_commands(ctx), *HELP_OPTIONS}.isdisjoint(args):
            args = ["get", *args]
        return super().parse_args(ctx, args)


command = _ConfigGroup(
    "config",
    help="Print and change the configuration file of the Go client, taskcluster.yml in $XDG_CONFIG_HOME or ~/.config. "
    "tc config prints all of it, and tc config KEY one value.\n\n"
    "Keys are config.rootUrl, config.clientId, config.accessToken, config.certificate and config.authorizedScopes.",
    examples=("tc config", "tc config config.rootUrl"),
)
