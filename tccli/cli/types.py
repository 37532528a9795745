"""
Types of option values.
"""

from __future__ import annotations

import os
from typing import Any

import click

from tccli import names
from tccli.errors import UsageError

MAX_TRACE_ID_LENGTH = 256
MAX_COUNT_DIGITS = 9
MAX_TIMEOUT_SECONDS = 366 * 86_400


class Choice(click.Choice):  # type: ignore[type-arg]  # not generic in older versions of click
    """
    One of several words, in any spelling.
    """

    def normalize_choice(self, choice: Any, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's name
        """
        Return the choice that a word is a spelling of, or the word itself.
        """
        return names.find(str(choice), self.choices) or str(choice)

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's name
        """
        Return the message for another word, with what may be meant.
        """
        hint = names.suggestion(str(value), self.choices)
        return f"{value!r} is not one of {', '.join(self.choices)}{'; ' if hint else ''}{hint}"


class SortKey(Choice):
    """
    What a list is sorted by: one of several words, with ``-`` in front for the reverse order.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """
        Return the word, with ``-`` in front if it was given.
        """
        is_reverse = str(value).startswith("-") and names.find(str(value)[1:], self.choices) is not None
        return f"-{super().convert(str(value)[1:], param, ctx)}" if is_reverse else super().convert(value, param, ctx)

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """
        Return the message for another word.
        """
        return f"{super().get_invalid_choice_message(value, ctx)}; -KEY reverses the order"


class RunNumber(click.IntRange):
    """
    The number of a run, for ``-r``, which prints strings without quotes in other commands.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """
        Return the number.
        """
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            hint = "write --raw-strings for strings without quotes"
            self.fail(f"{value!r} is not the number of a run; {hint}", param, ctx)


class ModeFlag(click.Option):
    """
    A flag that restricts, and that has a weaker mode: ``--read-only``, ``--read-only=with-secrets``.

    The value stands after ``=`` only. Of several, the strongest counts.

    Args:
        mode: The word of the weaker mode.
    """

    def __init__(self, *args: Any, mode: str, **attributes: Any) -> None:
        super().__init__(*args, **{**attributes, "is_flag": True, "type": str})
        self.mode = mode


class RequiredOption(click.Option):
    """
    An option that must be given. For its mark in help, click would look for a translation, which takes milliseconds.
    """

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes, required=True)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """
        Return the row of help with the mark.
        """
        record = super().get_help_record(ctx)
        return None if record is None else (record[0], f"{record[1]}  [required]")

    def get_help_extra(self, ctx: click.Context) -> Any:
        """
        Return what click adds to the help text, without the mark.
        """
        extra = super().get_help_extra(ctx)
        extra.pop("required", None)
        return extra


DATA_FORMAT: dict[str, Any] = {
    "type": Choice(["json", "yaml"]),
    "metavar": "FORMAT",
    "help": "json or yaml; the default is YAML for .yml and .yaml files, else JSON.",
}
"""Attributes of the option ``--data-format``."""


def file_name(value: str) -> str:
    """
    Return a name that is not empty: an unset variable of a script must not choose another file.
    """
    if not value:
        raise click.BadParameter("the name of the file is empty")
    return value


def directory_name(value: str) -> str:
    """
    Return the name of a directory, which need not exist.
    """
    # Not click.Path, which looks for a translation of its own name.
    if os.path.exists(value) and not os.path.isdir(value):
        raise click.BadParameter(f"{value!r} is not a directory")
    return value


def column_names(value: str) -> list[str]:
    """
    Return the names between the commas.
    """
    columns = [name.strip() for name in value.split(",")]
    if not all(columns):
        raise click.BadParameter(f"{value!r} must be names of properties, separated by commas")
    return columns


def retry_count(value: str) -> int:
    """
    Return a whole number of at least 0.
    """
    if not (value.isascii() and value.isdigit() and len(value) <= MAX_COUNT_DIGITS):
        raise click.BadParameter(f"{value!r} is not a whole number of at least 0")
    return int(value)


def fraction(value: str) -> float:
    """
    Return a number from 0 to 1.
    """
    try:
        number = float(value)
    except ValueError:
        number = -1
    if not 0 <= number <= 1:
        raise click.BadParameter(f"{value!r} is not a number from 0 to 1")
    return number


def duration(value: str) -> float:
    """
    Return seconds.
    """
    from tccli.core.times import parse_duration

    try:
        return parse_duration(value)
    except UsageError as error:
        raise click.BadParameter(str(error)) from None


def timeout(value: str) -> float:
    """
    Return seconds, more than 0 and at most a year.
    """
    return check_timeout(duration(value), value)


def check_timeout(seconds: float, text: str = "") -> float:
    """
    Return the time limit of a request: more than 0 seconds and at most a year.

    Args:
        text: As it was written.
    """
    if not 0 < seconds <= MAX_TIMEOUT_SECONDS:
        message = f"{text or f'{seconds:g} s'!r} is not more than 0 s and at most a year"
        raise click.BadParameter(message, param_hint=None if text else "'--timeout'")
    return seconds


def span(value: str) -> float:
    """
    Return seconds: of a duration, or of an offset such as 1d.
    """
    from tccli.core.times import parse_span

    try:
        return parse_span(value).total_seconds()
    except UsageError as error:
        raise click.BadParameter(str(error)) from None


def scope_list(value: str) -> list[str]:
    """
    Return the scopes in a JSON array.
    """
    from tccli.strict_json import StrictJsonError, loads_leniently

    try:
        scopes = loads_leniently(value)
    except StrictJsonError as error:
        raise click.BadParameter(f"{value!r} is not JSON: {error}") from None
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise click.BadParameter(f"{value!r} is not a JSON array of strings")
    return scopes


def trace_id(value: str) -> str:
    """
    Return a value that can be sent in a header.
    """
    if not value.isascii() or not value.isprintable() or not 0 < len(value) <= MAX_TRACE_ID_LENGTH:
        limit = f"1 to {MAX_TRACE_ID_LENGTH} printable ASCII characters"
        raise click.BadParameter(f"{value!r} cannot be sent in a header: it must be {limit}")
    return value
