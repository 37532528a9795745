"""
Checks of path arguments and query options against the patterns of the services.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from tccli import names
from tccli.errors import UsageError
from tccli.references import method_docs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tccli.references import Method

EXTRA_CHARACTERS = " \t\r\n'\"`,;.()[]<>\u2018\u2019\u201c\u201d"
"""What is copied with an id from a text."""
MAX_SHOWN_LENGTH = 60
SLUGID_LENGTH = 22


def matches_pattern(method: Method, name: str, value: str) -> bool:
    """
    Return whether a service accepts *value*, as far as it is known.

    Args:
        name: Of a path argument or a query option.
    """
    pattern = _find_pattern(method, name)
    return pattern is None or pattern.search(value) is not None


def check_parameters(method: Method, args: Sequence[str], query: Mapping[str, str]) -> None:
    """
    Raise UsageError if a value does not match the pattern that the service checks it against.
    """
    for name, value in zip(method.args, args, strict=True):
        if value or not method.may_be_empty(name):
            check_parameter(method, name, value, f"<{name}>")
    for name, value in query.items():
        check_parameter(method, name, value, f"--{names.kebab(name)}")


def check_parameter(method: Method, name: str, value: str, label: str) -> None:
    """
    Raise UsageError if *value* does not match the pattern that the service checks it against.

    Args:
        label: Names it in the message: ``<taskId>``, ``--limit``.
    """
    if not matches_pattern(method, name, value):
        hint = explain_extra(value, lambda inner: matches_pattern(method, name, inner))
        described = f"{_describe(method, name, value)}, not {show_value(value)}"
        raise UsageError(f"{method.id}: {label} must be {described}", hint=hint)


def trim_parameter(method: Method, name: str, value: str) -> str:
    """
    Return *value* without the white space around it, if the service would accept it only then.
    """
    trimmed = value.strip()
    is_better = trimmed != value and not matches_pattern(method, name, value)
    return trimmed if is_better and matches_pattern(method, name, trimmed) else value


def explain_extra(value: str, accepts: Callable[[str], bool]) -> str:
    """
    Return which characters around a value must be left out so that it is accepted: a hint, or nothing.
    """
    inner = value.strip(EXTRA_CHARACTERS)
    if inner in {"", value} or not accepts(inner):
        return ""
    extra = dict.fromkeys(value[: value.index(inner)] + value[value.index(inner) + len(inner) :])
    return f"leave out the {' and '.join(character for character in extra if not character.isspace())} around it"


def show_value(value: str) -> str:
    """
    Return a value in quotes, as messages have it; of a long one the beginning.
    """
    return repr(value if len(value) <= MAX_SHOWN_LENGTH else value[: MAX_SHOWN_LENGTH - 1] + "…")


@lru_cache(maxsize=256)
def _find_pattern(method: Method, name: str) -> re.Pattern[str] | None:
    pattern = _find_docs(method, name).pattern
    if pattern.endswith("$"):
        # Unlike Python's, the services' $ is not in front of a line feed at the end.
        pattern = f"{pattern[:-1]}\\Z"
    return re.compile(pattern, re.ASCII) if pattern else None


def _find_docs(method: Method, name: str) -> method_docs.ParameterDocs:
    if not method.reference.is_built_in:
        from tccli.references import deployment_docs

        # The same name may mean something else in another service's reference.
        if not deployment_docs.matches_built_in(method):
            return method_docs.ParameterDocs()
    return method_docs.load_parameter_docs(method, name)


def _describe(method: Method, name: str, value: str) -> str:
    from tccli.core.schemas.fields import SLUGID

    docs = _find_docs(method, name)
    if docs.pattern == SLUGID:
        return "a slugid (22 characters)" if len(value) != SLUGID_LENGTH else "a slugid, as tc slugid prints it"
    if docs.pattern == "^[1-9][0-9]*$":
        return "a whole number of at least 1"
    choices = re.fullmatch(r"\^\(?([\w|-]+)\)?\$", docs.pattern)
    if choices:
        return choices[1].replace("|", " or ")
    return f"of the form {docs.example}" if docs.example else f"a text that matches {docs.pattern}"
