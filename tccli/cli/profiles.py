"""
Options in profiles: what the command line does not give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.options import global_options
from tccli.core.config_files import PROFILE_OPTIONS
from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_options(profile: Mapping[str, Any], source: str) -> dict[str, Any]:
    """
    Return the values of options in a profile, by the attributes of ``Options``.

    Args:
        source: Names the profile in messages.

    Raises:
        ConfigurationError: A value is not valid.
    """
    known = {option.name: option for option in global_options()}
    values = {}
    for key, name in PROFILE_OPTIONS.items():
        # The mode of an option does not override that of a profile; see Context.read_only.
        if key not in profile or name == "read_only":
            continue
        value, option = profile[key], known[name]
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ConfigurationError(f"invalid {key} in {source}: it is not a number or a string")
        try:
            values[name] = option.type.convert(str(value), option, None)
        except click.BadParameter as error:
            raise ConfigurationError(f"invalid {key} in {source}: {error.message}") from None
    return values
