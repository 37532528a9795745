"""
The configuration of the Go client, ``taskcluster.yml``: what its keys mean, and changes to the file.

Source: the Go client's ``config`` package.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.config_reader import read_file
from tccli.core.files import atomic_write, lock_directory, make_private_directory
from tccli.core.hawk import CLIENT_ID
from tccli.core.root_url import check_root_url
from tccli.core.yaml import dump, load
from tccli.errors import ConfigurationError, TcError, UsageError
from tccli.names import suggestion
from tccli.reasons import explain
from tccli.strict_json import StrictJsonError, loads_leniently

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECTION = "config"


class Key(NamedTuple):
    """
    A key of the configuration.

    Attributes:
        description: A sentence.
        variable: The environment variable that overrides it, or empty.
        default: Its value if it is not set.
        is_secret: Whether its value is masked.
    """

    description: str
    variable: str = ""
    default: Any = ""
    is_secret: bool = False


KEYS = {
    "rootUrl": Key("Root URL of the deployment", "TASKCLUSTER_ROOT_URL"),
    "clientId": Key("Client id for signing requests", "TASKCLUSTER_CLIENT_ID"),
    "accessToken": Key("Access token for signing requests", "TASKCLUSTER_ACCESS_TOKEN", is_secret=True),
    "certificate": Key(
        "Certificate of temporary credentials, as a text of JSON", "TASKCLUSTER_CERTIFICATE", None, is_secret=True
    ),
    "authorizedScopes": Key("Scopes that requests are limited to, as a JSON array", default=None),
}


def parse_key(text: str) -> str:
    """
    Return the name in ``config.NAME``.

    Raises:
        UsageError: There is no such key.
    """
    section, dot, name = text.partition(".")
    if not (section and dot and name):
        hint = f"did you mean {SECTION}.{text}?" if text in KEYS else f"keys are {', '.join(map(full_name, KEYS))}"
        raise UsageError(f"invalid key {text!r}: it must have the form {SECTION}.OPTION", hint=hint)
    if section != SECTION or name not in KEYS:
        hint = suggestion(text, map(full_name, KEYS)) or f"keys are {', '.join(map(full_name, KEYS))}"
        raise UsageError(f"no configuration key {text!r}", hint=hint)
    return name


def full_name(name: str) -> str:
    """
    Return a key as the command line spells it.
    """
    return f"{SECTION}.{name}"


def parse_value(name: str, text: str) -> Any:
    """
    Return the value to store for a key.

    Raises:
        UsageError: It is not valid for the key. The message does not repeat a secret.
    """
    _check_text(name, text)
    if name == "rootUrl":
        try:
            return check_root_url(text, full_name(name))
        except TcError as error:
            raise UsageError(error.message, hint=error.hint) from None
    if name not in {"certificate", "authorizedScopes"}:
        return text
    try:
        value = loads_leniently(text)
    except StrictJsonError as error:
        raise UsageError(f"invalid value for {full_name(name)}: it is not JSON: {error}") from None
    if name == "certificate":
        if not isinstance(value, dict):
            raise UsageError(f"invalid value for {full_name(name)}: it is not a JSON object")
        return text
    if not isinstance(value, list) or not all(isinstance(scope, str) for scope in value):
        raise UsageError(f"invalid value for {full_name(name)}: it is not a JSON array of scopes")
    return value


def _check_text(name: str, text: str) -> None:
    key = full_name(name)
    if not text.strip():
        raise UsageError(f"the value of {key} is empty", hint=f"tc config reset {key} deletes it")
    if name not in {"certificate", "authorizedScopes"} and not text.isprintable():
        raise UsageError(f"the value of {key} has a line break or another character that is not printable")
    if name == "clientId" and not re.fullmatch(CLIENT_ID, text):
        raise UsageError(f"{text!r} is not a client id")


def read_values(path: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """
    Return the value of each key: of the environment, else of the file, else the default.

    Raises:
        ConfigurationError: The file cannot be read or parsed.
    """
    section = _section(_load_file(path), path)
    return {
        name: environ.get(key.variable) or section.get(name, key.default) if key.variable else section.get(name)
        for name, key in sorted(KEYS.items())
    }


def change_file(path: str, change: Callable[[dict[str, Any]], None]) -> None:
    """
    Change the section ``config`` of the file; the rest of it stays. Of two changes at once, none is lost.

    Args:
        change: Changes the section in place.

    Raises:
        ConfigurationError: The file cannot be read, parsed or written.
    """
    directory = os.path.dirname(path)
    make_private_directory(directory)
    with lock_directory(directory):
        content = _load_file(path)
        section = _section(content, path)
        change(section)
        with atomic_write(path, private=True) as file:
            file.write(dump({**content, SECTION: section}).encode())


def _load_file(path: str) -> dict[str, Any]:
    try:
        content = load(read_file(path)[0].decode())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ConfigurationError(f"cannot read {path}: {explain(error)}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"cannot read {path}: it is not a mapping")
    return content


def _section(content: Mapping[str, Any], path: str) -> dict[str, Any]:
    section = content.get(SECTION) or {}
    if not isinstance(section, dict):
        raise ConfigurationError(f"cannot read {path}: {SECTION} is not a mapping")
    return dict(section)
