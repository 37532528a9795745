"""
The configuration files: profiles in ``tc/profiles.toml``, and the Go client's ``taskcluster.yml``.
"""

from __future__ import annotations

import os
import re
import stat
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tccli.core.cache.paths import home_directory
from tccli.errors import ConfigurationError
from tccli.names import suggestion
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ACCOUNT_KEYS = ("rootUrl", "clientId", "accessToken", "certificate", "authorizedScopes")
"""Keys of profiles and of the Go client's configuration."""
SOURCE_KEYS = ("credential_command", "keyring", "valid_until")
"""Keys of profiles: where else credentials come from, and when they end."""
SIGN_IN_KEYS = ("scopes", "expires")
"""Keys of profiles for ``tc signin``: what a new client gets."""
LIST_KEYS = ("authorizedScopes", "scopes")
SECRET_KEYS = ("accessToken", "certificate")
PROFILE_OPTIONS = {
    "retries": "retries",
    "timeout": "timeout",
    "delayFactor": "delay_factor",
    "randomizationFactor": "randomization_factor",
    "maxDelay": "max_delay",
    "serviceDiscoveryScheme": "service_discovery",
    "traceId": "trace_id",
    "read_only": "read_only",
}
"""The other keys of profiles, as the JavaScript client names these options, and the option that each one is for."""
DEFAULT_PROFILE_KEY = "default_profile"
"""Above all profiles; its value is the name of one."""
EDIT_HINT = "tc profile edit opens it in an editor"


def profile_keys() -> tuple[str, ...]:
    """
    Return all keys of a profile.
    """
    return (*ACCOUNT_KEYS, *SOURCE_KEYS, *SIGN_IN_KEYS, *PROFILE_OPTIONS)


class ConfigFiles:
    """
    The configuration files, each read once, when it is first needed.

    Both are below ``$XDG_CONFIG_HOME`` or ``~/.config``, on every system: that is where the Go client looks.

    Attributes:
        profiles_path: ``tc/profiles.toml``: a section per profile.
        go_client_path: ``taskcluster.yml``, the Go client's file.
        exposed_paths: Of the files that were read and have credentials, those that others may read or write.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._fetched: dict[str, Mapping[str, Any]] = {}
        self._untrusted_place: tuple[str, str] | None = None
        directory = environ.get("XDG_CONFIG_HOME") or os.path.join(home_directory(environ), ".config")
        self.profiles_path = os.path.join(directory, "tc", "profiles.toml")
        self.go_client_path = os.path.join(directory, "taskcluster.yml")
        self.exposed_paths: list[str] = []

    @property
    def exist(self) -> bool:
        """
        Whether there is one of them.
        """
        return os.path.exists(self.profiles_path) or os.path.exists(self.go_client_path)

    @cached_property
    def profiles(self) -> Mapping[str, Mapping[str, Any]]:
        """
        The profiles by name.

        Raises:
            ConfigurationError: The file cannot be read or parsed.
        """
        return {name: content for name, content in self._document.items() if name != DEFAULT_PROFILE_KEY}

    @cached_property
    def _document(self) -> Mapping[str, Any]:
        if not os.path.lexists(self.profiles_path):
            return {}
        from tccli.core.config_reader import find_untrusted_place, read_file

        try:
            content, status = read_file(self.profiles_path)
        except FileNotFoundError:
            return {}
        document = parse_profiles(decode_profiles(content, self.profiles_path), self.profiles_path)
        self._untrusted_place = find_untrusted_place(self.profiles_path, status)
        self._check_mode(
            self.profiles_path, status.st_mode, (each for each in document.values() if isinstance(each, dict))
        )
        return document

    @property
    def default_name(self) -> str | None:
        """
        The name of the default profile: the one that the file names, else ``default`` if it exists, else None.

        Raises:
            ConfigurationError: The file cannot be read or parsed.
        """
        return self._document.get(DEFAULT_PROFILE_KEY) or ("default" if "default" in self._document else None)

    @cached_property
    def go_client(self) -> Mapping[str, Any]:
        """
        The ``config`` section of the Go client's file; empty without one.

        Raises:
            ConfigurationError: The file cannot be read or parsed.
        """
        if not os.path.lexists(self.go_client_path):
            return {}
        from tccli.core.config_reader import read_file
        from tccli.core.yaml import load

        try:
            data, status = read_file(self.go_client_path)
            content = load(data.decode())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ConfigurationError(f"cannot read {self.go_client_path}: {explain(error)}") from None
        section = content.get("config") if isinstance(content, dict) else None
        if not isinstance(section, dict):
            return {}
        self._check_mode(self.go_client_path, status.st_mode, [section])
        for key in section:
            # The Go client ignores other keys, but a misspelt one may be a limit.
            if key not in ACCOUNT_KEYS and suggestion(str(key), ACCOUNT_KEYS):
                raise unknown_key(str(key), self.go_client_path, ACCOUNT_KEYS)
        _check_types(section, self.go_client_path)
        return {key: value for key, value in section.items() if key in ACCOUNT_KEYS}

    def _check_mode(self, path: str, mode: int, sections: Iterable[Mapping[str, Any]]) -> None:
        # On Windows, modes tell nothing about others.
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO) and any(map(has_credentials, sections)):
            self.exposed_paths.append(path)

    def profile(self, name: str) -> Mapping[str, Any]:
        """
        Return a profile.

        Raises:
            ConfigurationError: There is no such profile, or a key is unknown or has a value of another type.
        """
        if name not in self.profiles:
            known = ", ".join(self.profiles) or "none"
            variable = " (TC_PROFILE)" if name == self._environ.get("TC_PROFILE") else ""
            raise ConfigurationError(
                f"no profile {name!r}{variable} in {self.profiles_path}", hint=f"there are: {known}"
            )
        profile = self.profiles[name]
        check_profile(profile, f"profile {name}")
        return profile

    def fetch_credentials(self, source: str, profile: Mapping[str, Any], root_url: str) -> Mapping[str, Any]:
        """
        Return the account keys of a profile whose credentials a command prints, or the keyring has; once for each run.

        Raises:
            ConfigurationError: There are none, or the program fails, or others could change which one it is.
        """
        if source not in self._fetched:
            from tccli.core import credential_sources

            if self._untrusted_place is not None:
                place, hint = self._untrusted_place
                action = "run the credential_command" if "credential_command" in profile else "use the keyring"
                raise ConfigurationError(f"cannot {action} of {source}: {place}", hint=hint)
            self._fetched[source] = credential_sources.fetch(profile, source, root_url, self._environ)
        return self._fetched[source]

    def default_profile(self) -> Mapping[str, Any]:
        """
        Return the default profile; empty without one.

        Raises:
            ConfigurationError: It has an unknown key.
        """
        return {} if self.default_name is None else self.profile(self.default_name)

    def defaults(self) -> list[tuple[str, Mapping[str, Any]]]:
        """
        Return the name and content of the default profile and of the Go client's configuration, if they exist.
        """
        found = ((f"profile {self.default_name}", self.default_profile()), (self.go_client_path, self.go_client))
        return [(source, content) for source, content in found if content]


def has_credentials(section: Mapping[str, Any]) -> bool:
    """
    Return whether a section has a secret itself, or names where one comes from.
    """
    return any(section.get(key) for key in ("accessToken", "certificate", "credential_command", "keyring"))


def check_profile(profile: Mapping[str, Any], source: str) -> None:
    """
    Check the keys of a profile, and the types of those that are not options.

    Args:
        source: Names the profile in messages.

    Raises:
        ConfigurationError: A key is unknown, has a value of another type, or excludes another one.
    """
    known = profile_keys()
    for key in profile:
        if key not in known:
            raise unknown_key(key, source, known)
    _check_types(profile, source)
    given = [key for key in ("accessToken", "credential_command", "keyring") if profile.get(key)]
    if len(given) > 1:
        raise ConfigurationError(f"{source} has {' and '.join(given)}", hint="credentials come from one of them")


def _check_types(section: Mapping[str, Any], source: str) -> None:
    """
    Raise ConfigurationError if a value that is not an option has another type, also if it is not used now.
    """
    for key, value in section.items():
        # YAML has null.
        wrong, hint = ("", "") if value is None else _describe_type(key, value)
        if wrong:
            raise ConfigurationError(f"{key} in {source} is not {wrong}", hint=hint)


def _describe_type(key: str, value: Any) -> tuple[str, str]:
    """
    Return what a value should be and is not, and what to do; empty if it is that, or if the key is that of an option.
    """
    if key in LIST_KEYS and not _is_list_of_strings(value):
        return "a list of scopes", ""
    if key == "credential_command" and not (value and (isinstance(value, str) or _is_list_of_strings(value))):
        return "a list of a program and its arguments", ""
    if key == "keyring" and not isinstance(value, bool):
        return "true or false", ""
    is_text = key in {*ACCOUNT_KEYS, "expires"} and key not in LIST_KEYS
    if is_text and not (isinstance(value, str) or (key == "certificate" and isinstance(value, dict))):
        return "a text", "write it in quotes"
    return "", ""


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def decode_profiles(content: bytes, path: str) -> str:
    """
    Return the text of a file of profiles.

    Raises:
        ConfigurationError: It is not UTF-8; the message has line and column.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        lines = content[: error.start].decode().split("\n")
        place = f"at line {len(lines)}, column {len(lines[-1]) + 1}"
        raise ConfigurationError(f"cannot read {path}: it is not UTF-8 ({place})", hint=EDIT_HINT) from None


def parse_profiles(text: str, path: str) -> dict[str, Any]:
    """
    Return the document of a file of profiles: a table for each profile, and perhaps the name of the default one.
    Its values are those of JSON; dates and times are texts.

    Args:
        path: Names the file in messages.

    Raises:
        ConfigurationError: It is malformed; the message has line and column.
    """
    import tomllib

    from tccli.core.config_reader import to_plain

    try:
        document: dict[str, Any] = to_plain(tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        lines = text.split("\n")
        end = f"at line {len(lines)}, column {len(lines[-1]) + 1}, the end of the file"
        reason = explain(error).replace("at end of document", end)
        raise ConfigurationError(f"cannot read {path}: {reason}", hint=EDIT_HINT) from None
    for key, value in document.items():
        reason, hint = "", "write [NAME] above it, with tc profile edit"
        if key == DEFAULT_PROFILE_KEY and not isinstance(value, str):
            reason, hint = f"{key} is not the name of a profile", EDIT_HINT
        elif key != DEFAULT_PROFILE_KEY and not isinstance(value, dict):
            reason = f"the key {key!r} is outside of a profile"
        elif not key.isprintable():
            reason, hint = f"{key!a} is not a name for a profile", EDIT_HINT
        if reason:
            raise ConfigurationError(f"cannot read {path}: {reason}{_find_key_place(text, key)}", hint=hint)
    return document


def _find_key_place(text: str, key: str) -> str:
    # Top-level keys are before the first table, or are tables of another kind: [[key]].
    found = re.search(rf"(?m)^[ \t]*(?:\[\[[ \t]*)?[\"\']?({re.escape(key)})(?![\w-])", text)
    if found is None:
        return ""
    line = text.count("\n", 0, found.start(1)) + 1
    return f" (at line {line}, column {found.start(1) - text.rfind(chr(10), 0, found.start(1))})"


def unknown_key(key: str, source: str, known: Sequence[str]) -> ConfigurationError:
    """
    Return the error for a key that is none of *known*.
    """
    hint = suggestion(key, known) or f"the keys are {', '.join(known)}"
    return ConfigurationError(f"unknown key {key!r} in {source}", hint=hint)
