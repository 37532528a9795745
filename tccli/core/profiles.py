"""
Changes to the file of profiles, ``profiles.toml``: keys of a profile, whole profiles, the default profile.

Comments and the order of keys stay. A change is written completely or not at all, and of two changes at once, none is
lost. The file is for its owner only.
"""

from __future__ import annotations

import os
import re
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tccli.core.config_files import DEFAULT_PROFILE_KEY, decode_profiles, parse_profiles
from tccli.core.config_reader import read_file, to_plain
from tccli.core.files import atomic_write, check_target, lock_directory, make_private_directory
from tccli.errors import ConfigurationError, LocalFileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

PROFILE_NAME = re.compile(r"\w[\w.@+:/-]{0,99}")


def check_name(name: str) -> None:
    """
    Check the name of a profile that is to be written.

    Raises:
        UsageError: It is not one.
    """
    if not PROFILE_NAME.fullmatch(name) or name == DEFAULT_PROFILE_KEY:
        raise UsageError(f"{name!r} is not a name for a profile", hint="it takes letters, digits and _.@+:/-")


def set_values(path: str, name: str, values: Mapping[str, Any]) -> None:
    """
    Set keys of a profile, which is created if there is none of that name.

    Args:
        values: By key, as TOML has them; None removes a key. They are not checked.

    Raises:
        UsageError: *name* cannot be the name of a profile.
        ConfigurationError: The file cannot be read, parsed or written; it is unchanged then.
    """
    change_profile(path, name, lambda _: values)


def change_profile(
    path: str, name: str, prepare: Callable[[dict[str, Any]], Mapping[str, Any]], *, creates: bool = True
) -> None:
    """
    Set keys of a profile to what depends on the others. No other process changes the file meanwhile.

    Args:
        prepare: Takes the profile, and returns values as `set_values` takes them. It is called once.
        creates: Whether a profile is created if there is none of that name.

    Raises:
        UsageError: *name* cannot be the name of a new profile.
        ConfigurationError: The file cannot be read, parsed or written; it is unchanged then.
    """
    if creates:
        check_name(name)
    change_file(path, _make_change(path, name, prepare, creates=creates))


def check_values(path: str, name: str, values: Mapping[str, Any]) -> None:
    """
    Check that :func:`set_values` can do its work, for callers that do something before that cannot be undone.

    Raises:
        UsageError: *name* cannot be the name of a profile.
        ConfigurationError: The file cannot be read, parsed or written, or this change of it is not supported.
    """
    check_name(name)
    directory = os.path.dirname(path)
    make_private_directory(directory)
    with lock_directory(directory):
        _edit(read_text(path), path, _make_change(path, name, lambda _: values))
        check_target(os.path.realpath(path))


def _make_change(
    path: str, name: str, prepare: Callable[[dict[str, Any]], Mapping[str, Any]], *, creates: bool = True
) -> Callable[[MutableMapping[str, Any]], None]:
    prepared: list[Mapping[str, Any]] = []

    def change(document: MutableMapping[str, Any]) -> None:
        if not creates:
            check_exists(document, path, name)
        profile = document.setdefault(name, {})
        if not prepared:
            prepared.append(prepare(to_plain(profile)))
        for key, value in prepared[0].items():
            if value is None:
                profile.pop(key, None)
            else:
                profile[key] = value

    return change


def remove_profile(path: str, name: str) -> None:
    """
    Remove a profile. If it is the default one, there is no default any more.

    Raises:
        ConfigurationError: There is no such profile, or the file cannot be read, parsed or written.
    """

    def change(document: MutableMapping[str, Any]) -> None:
        check_exists(document, path, name)
        del document[name]
        if document.get(DEFAULT_PROFILE_KEY) == name:
            del document[DEFAULT_PROFILE_KEY]

    change_file(path, change)


def set_default(path: str, name: str | None) -> None:
    """
    Make a profile the default one, or none with None.

    Raises:
        ConfigurationError: There is no such profile, or the file cannot be read, parsed or written.
    """

    def change(document: MutableMapping[str, Any]) -> None:
        if name is None:
            document.pop(DEFAULT_PROFILE_KEY, None)
            return
        check_exists(document, path, name)
        document[DEFAULT_PROFILE_KEY] = name

    change_file(path, change)


def check_exists(document: Mapping[str, Any], path: str, name: str) -> None:
    """
    Check that there is a profile.

    Raises:
        ConfigurationError: There is none of that name.
    """
    if not isinstance(document.get(name), dict):
        known = ", ".join(key for key, value in document.items() if isinstance(value, dict)) or "none"
        raise ConfigurationError(f"no profile {name!r} in {path}", hint=f"there are: {known}")


def change_file(path: str, change: Callable[[MutableMapping[str, Any]], None]) -> None:
    """
    Change the document in the file; a file that does not exist is an empty document.

    Args:
        change: Changes the document in place. It is called twice: for the text with its comments, and for plain values,
            which the new text is compared with.

    Raises:
        ConfigurationError: The file cannot be read, parsed or written; it is unchanged then.
    """
    directory = os.path.dirname(path)
    make_private_directory(directory)
    with lock_directory(directory):
        before = read_text(path)
        after = _edit(before, path, change)
        if after != before:
            write_text(path, after)


def read_text(path: str) -> str:
    """
    Return the text of the file; empty if it does not exist.

    Raises:
        ConfigurationError: It cannot be read, or is not UTF-8.
    """
    try:
        return decode_profiles(read_file(path)[0], path)
    except FileNotFoundError:
        return ""


def write_text(path: str, text: str) -> None:
    """
    Replace the file. The caller has locked its directory.

    Raises:
        LocalFileError: It cannot be written.
    """
    with atomic_write(path, private=True) as file:
        file.write(text.encode())
    # What a writer that was killed has left has secrets, too; any other writer would have the lock.
    target = os.path.realpath(path)
    directory, prefix = os.path.dirname(target), f".{os.path.basename(target)}."
    for name in os.listdir(directory):
        if name.startswith(prefix):
            with suppress(OSError):
                os.unlink(os.path.join(directory, name))


def _edit(text: str, path: str, change: Callable[[MutableMapping[str, Any]], None]) -> str:
    parse_profiles(text, path)
    expected = tomllib.loads(text)
    change(expected)
    # Its import takes longer than a start.
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        change(document)
        changed = tomlkit.dumps(document)
        changed.encode()
        if tomllib.loads(changed) == expected:
            return changed
        reason = "its form is not supported"
    except UnicodeEncodeError:
        raise UsageError(f"cannot change {path}: the value is not valid UTF-8") from None
    except LookupError:
        # tomlkit loses its way in the dotted keys of a table that has no header.
        reason = "its form is not supported"
    except (TOMLKitError, ValueError, TypeError, AttributeError) as error:
        reason = str(error)
    raise LocalFileError(f"cannot change {path}: {reason}", hint="tc profile edit opens it in an editor")
