"""
Web addresses in place of ids: the address of a task, a group, an artifact … is replaced by what it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.core.addresses import is_address, parse_address
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.cli.context import Context
    from tccli.core.addresses import Address
    from tccli.references import Method


def replace_addresses(context: Context, method: Method, words: Sequence[str]) -> list[str]:
    """
    Return the path arguments of *method* with addresses replaced.

    If there are fewer words than arguments, an address also gives the arguments that follow.

    Raises:
        UsageError: An address is of another deployment, or does not name what the argument stands for.
    """
    args: list[str] = []
    missing = len(method.args) - len(words)
    for word in words:
        address = parse_address(word, context.library()) if is_address(word) else None
        value = _value_for(context, address, method, len(args), word)
        args.append(word if value is None else value)
        while value is not None and missing > 0:
            value = _value_for(context, address, method, len(args), word)
            if value is not None:
                args.append(value)
                missing -= 1
    return args


def check_deployment(context: Context, word: str, address: Address) -> None:
    """
    Raise UsageError if an address is not of the deployment in use.
    """
    if context.fake_path is None:
        root_url = context.account(sends=False).root_url
        if root_url.lower() != address.root_url.lower():
            there = f"another deployment than {root_url}" if root_url else "a deployment, and there is no root URL"
            raise UsageError(f"{word} is the address of {there}", hint=f"give --root-url {address.root_url}")


def _value_for(context: Context, address: Address | None, method: Method, place: int, word: str) -> str | None:
    from tccli.core.parameters import matches_pattern

    if address is None or place >= len(method.args):
        return None
    argument = method.args[place]
    value = address.value_for(method, argument)
    if value is not None:
        check_deployment(context, word, address)
    elif not matches_pattern(method, argument, word) and place == 0:
        found = ", ".join(address.values)
        raise UsageError(f"{method.id}: <{argument}>: {word} names something else ({found})")
    return value
