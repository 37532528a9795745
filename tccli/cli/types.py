"""
What the values of options mean, beside text and numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli import names
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_TRACE_ID = 256
LONGEST_TIMEOUT = 366 * 86_400


class OneOf(click.ParamType):  # type: ignore[type-arg]  # which older versions of click do not take
    """
    The value of an option that is one of a few, in any spelling.
    """

    name = "choice"

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = choices

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """
        Return the choice that *value* is a spelling of.
        """
        found = names.find(value, self.choices)
        if found is None:
            self.fail(f"{value!r} is not one of {', '.join(self.choices)}", param, ctx)
        return found


def one_of(*choices: str) -> OneOf:
    """
    Return what reads the value of an option that is one of *choices*.
    """
    return OneOf(choices)


DATA_FORMAT: dict[str, Any] = {
    "type": one_of("json", "yaml"),
    "metavar": "FORMAT",
    "help": "json or yaml; the default is YAML for .yml and .yaml files, else JSON.",
}
"""Attributes of the option ``--data-format``."""


def duration(value: str) -> float:
    """
    Return the seconds that the value of an option says.
    """
    from tccli.core.times import parse_duration

    try:
        return parse_duration(value)
    except UsageError as error:
        raise click.BadParameter(str(error)) from None


def timeout(value: str) -> float:
    """
    Return the seconds that the value of an option says, which are more than none.
    """
    seconds = duration(value)
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise click.BadParameter(f"{value!r} is not a time to wait: longer than nothing, at most a year")
    return seconds


def scope_list(value: str) -> list[str]:
    """
    Return the scopes in a JSON array.
    """
    import json

    try:
        scopes = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{value!r} is not JSON ({error})") from None
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise click.BadParameter(f"{value!r} is not an array of strings")
    return scopes


def trace_id(value: str) -> str:
    """
    Return what goes out as a header: printable ASCII.
    """
    if not value.isascii() or not value.isprintable() or not 0 < len(value) <= LARGEST_TRACE_ID:
        raise click.BadParameter(f"{value!r} cannot go out as a header: printable ASCII, at most {LARGEST_TRACE_ID}")
    return value
