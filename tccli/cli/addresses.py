"""
Web addresses in place of ids: the address of a task, a group, an artifact … is replaced by what it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.core.addresses import is_address, parse_address
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.cli.context import Context
    from tccli.core.addresses import Address
    from tccli.references import Method

ID_ARGUMENTS = frozenset({"taskId", "taskGroupId"})


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
        if value is None and len(args) < len(method.args) and is_address(word):
            _check_name(context, address, method, method.args[len(args)], word)
        args.append(word if value is None else value)
        while value is not None and missing > 0:
            value = _value_for(context, address, method, len(args), word)
            if value is not None:
                args.append(value)
                missing -= 1
    return args


def trim_ids(method: Method, words: Sequence[str]) -> list[str]:
    """
    Return the path arguments of *method* without white space around ids and addresses. That of other names stays.
    """
    from tccli.core.parameters import trim_parameter

    return [
        word.strip() if argument in ID_ARGUMENTS or is_address(word.strip()) else trim_parameter(method, argument, word)
        for argument, word in zip(method.args, words, strict=False)
    ]


def replace_name(context: Context, service: str, method: str, word: str) -> str:
    """
    Return the first path argument of a method for a word that may be an address.

    Raises:
        UsageError: As `replace_addresses`.
    """
    from tccli import references

    return replace_addresses(context, references.method(service, method), [word])[0]


def replace_keys(context: Context, keys: Mapping[str, str]) -> dict[str, str]:
    """
    Return the keys of a message with addresses replaced by what each key names.

    Raises:
        UsageError: As `replace_addresses`.
    """
    from tccli import names

    replaced = dict(keys)
    for name, word in keys.items():
        address = parse_address(word, context.library()) if is_address(word) else None
        found = names.find(name, address.values) if address is not None else None
        if address is not None and found is not None:
            check_deployment(context, word, address)
            replaced[name] = address.values[found]
        elif is_address(word):
            raise UsageError(f"--{name}: {word} is not the address of a {name}", hint="give an id")
    return replaced


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
    if address is None or place >= len(method.args):
        return None
    value = address.value_for(method, method.args[place])
    if value is not None:
        check_deployment(context, word, address)
    return value


def _check_name(context: Context, address: Address | None, method: Method, argument: str, word: str) -> None:
    """
    Check an address that does not name what an argument stands for: a name may have any characters, but few are URLs.

    Raises:
        UsageError: The argument cannot have this value, or the address is of the deployment in use.
    """
    from tccli.core.parameters import matches_pattern

    is_free = matches_pattern(method, argument, word)
    if address is None and not is_free:
        return
    root_url = "" if context.fake_path is not None else context.account(sends=False).root_url.lower()
    is_here = bool(root_url) and f"{word.lower()}/".startswith(f"{root_url}/")
    if address is not None and (is_here or not is_free):
        found = ", ".join(address.values)
        raise UsageError(
            f"{method.id}: <{argument}>: {word} names something else ({found})", hint=_suggest(argument, address)
        )
    if is_here:
        raise UsageError(f"{method.id}: <{argument}>: {word} is not the address of a {argument}", hint="give the name")
    context.note(f"{method.id}: <{argument}>: {word} is sent as a name, as it is")


def _suggest(argument: str, address: Address) -> str:
    if argument == "taskGroupId" and "taskId" in address.values:
        return f"tc task group {address.values['taskId']} prints the group of the task"
    return ""
