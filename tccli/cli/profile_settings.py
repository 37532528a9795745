"""
What ``tc profile`` changes: keys and values as the command line has them, and what they replace.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from tccli import names
from tccli.core.config_files import LIST_KEYS, PROFILE_OPTIONS, SECRET_KEYS, profile_keys
from tccli.core.hawk import MAX_ACCESS_TOKEN_LENGTH
from tccli.errors import TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tccli.cli.context import Context

# A new value of a key replaces the values of these, which belonged to other credentials or name another source of them.
REPLACED = {
    "accessToken": ("certificate", "valid_until", "keyring", "credential_command"),
    "credential_command": ("accessToken", "certificate", "valid_until", "keyring"),
    "keyring": ("accessToken", "certificate", "valid_until", "credential_command"),
}


def find_key(word: str) -> str:
    """
    Return the key of profiles that *word* is a spelling of.

    Raises:
        UsageError: There is no such key.
    """
    known = profile_keys()
    found = names.find(word, known)
    if found is None:
        raise UsageError(f"no key {word!r}", hint=names.suggestion(word, known) or f"the keys are {', '.join(known)}")
    return found


def parse_settings(context: Context, profile: str, words: Sequence[str]) -> dict[str, Any]:
    """
    Return the values in ``KEY VALUE…``, ``KEY`` with the value on stdin, or ``KEY=VALUE…``.

    Raises:
        UsageError: A key is not known, a value is not valid, or it is a secret.
    """
    if names.find(words[0].partition("=")[0], profile_keys()) is None or "=" not in words[0]:
        key, values = find_key(words[0]), words[1:]
        if not values:
            values = _read_values(context, key, profile)
        elif key in SECRET_KEYS:
            raise _refuse_secret(key, profile)
        return {key: parse_value(key, values)}
    by_key: dict[str, list[str]] = {}
    for word in words:
        text, equals, value = word.partition("=")
        key = find_key(text)
        if not equals:
            raise UsageError(f"{word!r} is not KEY=VALUE")
        if key in SECRET_KEYS:
            raise _refuse_secret(key, profile)
        by_key.setdefault(key, []).append(value)
    return {key: parse_value(key, values) for key, values in by_key.items()}


def _refuse_secret(key: str, profile: str) -> UsageError:
    hint = f"give it on stdin: tc profile set {profile} {key} < FILE"
    return UsageError(f"{key} cannot be on the command line, which others can read", hint=hint)


def _read_values(context: Context, key: str, profile: str) -> list[str]:
    from tccli.cli.inputs import read_stdin

    if key in SECRET_KEYS and sys.stdin is not None and sys.stdin.isatty():
        import getpass

        try:
            text = getpass.getpass(f"{key} of profile {profile}: ", sys.stderr)
        except EOFError:
            raise UsageError(f"{key}: no value was given") from None
    else:
        text = read_stdin(f"profile set {profile} {key}", "value").decode("utf-8", "surrogateescape")
    if key in SECRET_KEYS:
        context.redactor.add(text.strip())
    lines = text.splitlines()
    return (
        [line for line in lines if line.strip()] if key in LIST_KEYS else [text.removesuffix("\n").removesuffix("\r")]
    )


def parse_value(key: str, values: Sequence[str]) -> Any:
    """
    Return a value as the file has it.

    Raises:
        UsageError: It is not valid. The message does not repeat a secret.
    """
    if key in LIST_KEYS:
        return _parse_scopes(key, values)
    if key == "credential_command":
        return _parse_command(values)
    if len(values) != 1:
        raise UsageError(f"{key} takes one value, not {len(values)}", hint="put it in quotes")
    text = values[0]
    if not text.strip():
        raise UsageError(f"the value of {key} is empty", hint="tc profile unset NAME KEY removes a key")
    try:
        return _parse_text(key, text)
    except TcError as error:
        raise UsageError(error.message, hint=error.hint) from None


def _parse_text(key: str, text: str) -> Any:
    from datetime import UTC, datetime, timedelta

    from tccli.core.hawk import CLIENT_ID, parse_certificate
    from tccli.core.root_url import check_root_url
    from tccli.core.times import format_timestamp, parse_instant, parse_offset

    if key == "rootUrl":
        return check_root_url(text, key)
    if key == "certificate":
        parse_certificate(text)
        return text
    if key == "clientId" and not CLIENT_ID.fullmatch(text):
        raise UsageError(f"{text!r} is not a client id")
    if key == "accessToken":
        _check_token(text)
    if key == "keyring" or (key == "read_only" and text.lower() in {"true", "false"}):
        if text.lower() not in {"true", "false"}:
            raise UsageError(f"{key} is true or false, not {text!r}")
        return text.lower() == "true"
    if key == "expires" and parse_offset(text) <= timedelta():
        raise UsageError(f"{key} must be an offset into the future, not {text!r}", hint="write it like '1 day'")
    if key == "valid_until":
        return format_timestamp(parse_instant(text, now=datetime.now(UTC)))
    if key in PROFILE_OPTIONS and re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    return text


def _check_token(text: str) -> None:
    if not re.fullmatch(r"[!-~]+", text):
        raise UsageError("the access token has a blank, a line break or another character that tokens do not have")
    if len(text) > MAX_ACCESS_TOKEN_LENGTH:
        raise UsageError(f"the access token has more than {MAX_ACCESS_TOKEN_LENGTH} characters")


def _parse_scopes(key: str, values: Sequence[str]) -> list[str]:
    scopes = [scope for value in values for scope in value.splitlines() if scope.strip()]
    if len(values) == 1 and values[0].lstrip().startswith("["):
        scopes = _parse_array(key, values[0])
    wrong = next((scope for scope in scopes if not re.fullmatch(r"[\x20-\x7e]+", scope)), None)
    if wrong is not None:
        raise UsageError(f"{wrong!r} is not a scope: printable ASCII only")
    return scopes


def _parse_command(values: Sequence[str]) -> str | list[str]:
    if len(values) > 1:
        return list(values)
    return _parse_array("credential_command", values[0]) if values[0].lstrip().startswith("[") else values[0]


def _parse_array(key: str, text: str) -> list[str]:
    from tccli import strict_json

    try:
        found = strict_json.loads(text)
    except strict_json.StrictJsonError as error:
        raise UsageError(f"{key}: a value that begins with [ is a JSON array, but {error}") from None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise UsageError(f"{key} is not a JSON array of strings")
    return found


def drop_replaced(before: Mapping[str, Any], changes: dict[str, Any]) -> list[str]:
    """
    Add to *changes* the removal of what new credentials replace, and return its keys.
    """
    replaced = [each for key, others in REPLACED.items() if changes.get(key) for each in others]
    dropped = [key for key in dict.fromkeys(replaced) if key in before and key not in changes]
    changes.update(dict.fromkeys(dropped))
    return dropped


def store_in_keyring(before: Mapping[str, Any], changes: dict[str, Any]) -> None:
    """
    Move the access token of *changes* to the keyring.

    Raises:
        UsageError: There is none, or the root URL or the client is not known.
        ConfigurationError: The keyring cannot be used.
    """
    from tccli.core.credential_sources import write_keyring
    from tccli.core.root_url import check_root_url

    if "accessToken" not in changes:
        raise UsageError("--keyring stores an access token", hint="tc profile set NAME accessToken --keyring < FILE")
    profile = {**before, **changes}
    missing = [key for key in ("rootUrl", "clientId") if not profile.get(key)]
    if missing:
        hint = "the keyring has the token under both; tc profile set NAME KEY VALUE sets them"
        raise UsageError(f"the profile has no {' and no '.join(missing)}", hint=hint)
    write_keyring(check_root_url(profile["rootUrl"], "rootUrl"), profile["clientId"], changes.pop("accessToken"))
    changes["keyring"] = True


def delete_from_keyring(profile: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> None:
    """
    Delete the credentials of a profile from the keyring, unless another profile uses them, too.

    Raises:
        ConfigurationError: The keyring cannot be used.
    """
    from tccli.core import credential_sources
    from tccli.core.root_url import check_root_url

    keys = ("keyring", "rootUrl", "clientId")
    if not all(profile.get(key) for key in keys) or any(
        all(other.get(key) == profile[key] for key in keys) for other in others
    ):
        return
    credential_sources.delete_from_keyring(check_root_url(profile["rootUrl"], "rootUrl"), profile["clientId"])


def note_overrides(context: Context, name: str) -> None:
    """
    Print a note if the default profile *name* is not used now, because the environment selects another account.
    """
    if context.environ.get("TC_PROFILE") not in {None, "", name}:
        context.note("TC_PROFILE selects another profile, which is used instead")
        return
    for variable in ("TASKCLUSTER_ROOT_URL", "TASKCLUSTER_CLIENT_ID"):
        if context.environ.get(variable) and not context.environ.get("TC_PROFILE"):
            context.note(f"{variable} is set in the environment, and overrides the default profile")
