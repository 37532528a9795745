"""
Values in profiles: options that the command line does not give, and the check of all values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.options import global_options
from tccli.core.config_files import PROFILE_OPTIONS, check_profile, has_credentials
from tccli.core.read_only import parse_read_only
from tccli.errors import ConfigurationError, UsageError

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
        if key not in profile:
            continue
        if name == "read_only":
            # The mode of an option does not override that of a profile; see Context.read_only.
            parse_read_only(profile[key], f"{key} in {source}")
            continue
        value, option = profile[key], known[name]
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ConfigurationError(f"invalid {key} in {source}: it is not a number or a string")
        try:
            values[name] = option.type.convert(str(value), option, None)
        except click.BadParameter as error:
            raise ConfigurationError(f"invalid {key} in {source}: {error.message}") from None
    return values


def check_values(profile: Mapping[str, Any], source: str) -> None:
    """
    Check all keys and values of a profile, as the commands that use them do.

    Args:
        source: Names the profile in messages.

    Raises:
        ConfigurationError: A key is unknown, or a value is not valid.
    """
    from datetime import UTC, datetime

    from tccli.core.account import parse_valid_until
    from tccli.core.root_url import check_root_url
    from tccli.core.signin.url import parse_expires, parse_scopes

    check_profile(profile, source)
    read_options(profile, source)
    if profile.get("rootUrl"):
        check_root_url(profile["rootUrl"], f"rootUrl in {source}")
    parse_valid_until(profile, source)
    try:
        parse_scopes(profile.get("scopes", ()))
        if profile.get("expires"):
            parse_expires(profile["expires"], now=datetime.now(UTC))
    except UsageError as error:
        raise ConfigurationError(f"in {source}: {error.message}", hint=error.hint) from None


def describe_problem(profile: Mapping[str, Any], source: str) -> str | None:
    """
    Return why a profile cannot be used, and what to do; None if it can.
    """
    from tccli.core.root_url import missing_root_url

    try:
        check_values(profile, source)
    except ConfigurationError as error:
        return str(error)
    if has_credentials(profile) and not profile.get("rootUrl"):
        return str(missing_root_url(source))
    return None
