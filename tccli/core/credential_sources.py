"""
Credentials that are not in a file: those that a command prints, and those in the keyring of the system.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tccli import strict_json
from tccli.core.threads import start_thread
from tccli.errors import ConfigurationError
from tccli.interrupts import interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    T = TypeVar("T")

TIMEOUT_SECONDS = 60.0
MAX_OUTPUT_BYTES = 1_000_000
MAX_DEPTH = 3
DEPTH_VARIABLE = "TC_CREDENTIAL_COMMAND_DEPTH"
"""Set for a credential command, which may be tc itself, with a profile that has a credential command."""


def fetch(profile: Mapping[str, Any], source: str, root_url: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """
    Return the keys of a profile, with the credentials from the source that it names.

    Args:
        source: Names the profile in messages.
        root_url: Without a trailing slash; the keyring has the token under it.

    Raises:
        ConfigurationError: There are none there, or the program or the keyring fails.
    """
    if "credential_command" in profile:
        return {**profile, **_run_command(profile["credential_command"], f"credential_command of {source}", environ)}
    client_id = profile.get("clientId")
    if not client_id:
        raise ConfigurationError(f"keyring is true in {source}, but clientId is not set")
    return {**profile, **read_keyring(root_url, client_id)}


def _run_command(command: str | list[str], what: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """
    Run a credential command without a shell and return what it prints, as keys of a profile.

    It has our environment and stderr, and no stdin, which may be a payload.
    """
    depth = environ.get(DEPTH_VARIABLE, "0")
    if not depth.isdecimal() or int(depth) >= MAX_DEPTH:
        raise ConfigurationError(f"cannot run the {what}: it runs tc with a profile that has one, and so on")
    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError as error:
        raise ConfigurationError(f"cannot read the {what}: {error}", hint="write a list of words") from None
    if not words or not words[0]:
        raise ConfigurationError(f"the {what} is empty", hint="write a list of a program and its arguments")
    program = os.path.expanduser(words[0])
    child_environ = {name: value for name, value in environ.items() if name != "TC_PROFILE"}
    child_environ[DEPTH_VARIABLE] = str(int(depth) + 1)
    process: subprocess.Popen[bytes] | None = None
    try:
        try:
            # If it is interrupted in between, the command runs, and nothing ends it.
            with interrupts:
                process = subprocess.Popen(  # noqa: S603 - it is what the user's own file names
                    [program, *words[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=child_environ
                )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigurationError(f"cannot run the {what}: {program}: {reason}") from None
        # A program that it started may keep stdout open; so its end is not waited for.
        output, code = run_with_timeout(partial(_read_output, process), what)
    except BaseException:
        if process is not None:
            process.kill()
            process.wait()
        raise
    if len(output) > MAX_OUTPUT_BYTES:
        raise ConfigurationError(f"the {what} printed more than {MAX_OUTPUT_BYTES} bytes")
    if code:
        ended = f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
        raise ConfigurationError(f"the {what} ({program}) {ended}")
    return _parse_output(output, what)


def _read_output(process: subprocess.Popen[bytes]) -> tuple[bytes, int]:
    assert process.stdout is not None
    with process.stdout as stdout:
        output = stdout.read(MAX_OUTPUT_BYTES + 1)
    if len(output) > MAX_OUTPUT_BYTES:
        process.kill()
    return output, process.wait()


def _parse_output(output: bytes, what: str) -> dict[str, Any]:
    # Messages have nothing of the output: it has secrets wherever it is malformed.
    expected = 'it must print {"clientId": …, "accessToken": …}, and perhaps certificate and expires'
    try:
        document = strict_json.loads_leniently(output)
    except strict_json.StrictJsonError:
        raise ConfigurationError(f"the {what} did not print JSON", hint=expected) from None
    if not isinstance(document, dict):
        raise ConfigurationError(f"the {what} did not print a JSON object", hint=expected)
    for name in ("clientId", "accessToken"):
        if not isinstance(document.get(name), str) or not document[name]:
            raise ConfigurationError(f"the {what} printed no {name}", hint=expected)
    found = {"clientId": document["clientId"], "accessToken": document["accessToken"], "certificate": None}
    for name, key, types in (("certificate", "certificate", str | dict), ("expires", "valid_until", str)):
        value = document.get(name)
        if value is not None and not isinstance(value, types):
            raise ConfigurationError(f"the {what} printed a {name} of another type", hint=expected)
        if value is not None:
            found[key] = value
    return found


def read_keyring(root_url: str, client_id: str) -> dict[str, Any]:
    """
    Return the access token, and perhaps the certificate, that the keyring has for a client.

    The name of the service is the root URL, that of the user the client id. The password is the access token, or a JSON
    object with ``accessToken`` and ``certificate``.

    Raises:
        ConfigurationError: It has none, or cannot be used.
    """
    password = _use_keyring(lambda keyring: keyring.get_password(root_url, client_id), "read")
    if not password:
        message = f"the keyring has no access token of {client_id} for {root_url}"
        raise ConfigurationError(message, hint="tc profile set NAME accessToken --keyring stores it")
    if not password.startswith("{"):
        return {"accessToken": password}
    try:
        document = strict_json.loads_leniently(password)
        return {name: document[name] for name in ("accessToken", "certificate")}
    except (strict_json.StrictJsonError, KeyError):
        raise ConfigurationError(
            f"cannot read what the keyring has of {client_id} for {root_url}: it is not an access token"
        ) from None


def check_keyring(root_url: str) -> None:
    """
    Check that there is a keyring that can be used.

    Raises:
        ConfigurationError: It cannot.
    """
    _use_keyring(lambda keyring: keyring.get_password(root_url, "tc"), "read")


def write_keyring(root_url: str, client_id: str, access_token: str, certificate: str | None = None) -> None:
    """
    Store an access token, and the certificate if there is one, in the keyring.

    Raises:
        ConfigurationError: The keyring cannot be used.
    """
    document = {"accessToken": access_token, "certificate": certificate}
    password = access_token if certificate is None else json.dumps(document)
    _use_keyring(lambda keyring: keyring.set_password(root_url, client_id, password), "write")


def delete_from_keyring(root_url: str, client_id: str) -> None:
    """
    Delete a client from the keyring, if it is there.

    Raises:
        ConfigurationError: The keyring cannot be used.
    """

    def delete(keyring: Any) -> None:
        if keyring.get_password(root_url, client_id) is not None:
            keyring.delete_password(root_url, client_id)

    _use_keyring(delete, "change")


def _use_keyring(function: Callable[[Any], T], verb: str) -> T:
    try:
        import keyring
    except ImportError:
        hint = "pip install 'taskcluster-cli[keyring]'"
        raise ConfigurationError("the package keyring is not installed", hint=hint) from None
    try:
        return run_with_timeout(lambda: function(keyring), "keyring")
    except (keyring.errors.KeyringError, OSError, RuntimeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ConfigurationError(f"cannot {verb} the keyring: {reason}") from None


def run_with_timeout(function: Callable[[], T], what: str) -> T:
    """
    Return what *function* returns, in another thread.

    Args:
        what: Names it in the message.

    Raises:
        ConfigurationError: It takes longer than a minute. The thread continues then.
    """
    results: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(function())
        except Exception as error:  # noqa: BLE001 - raised in the other thread
            errors.append(error)

    thread = start_thread(run)
    thread.join(TIMEOUT_SECONDS)
    if errors:
        raise errors[0]
    if not results:
        raise ConfigurationError(f"the {what} took longer than {TIMEOUT_SECONDS:.0f} s")
    return results[0]
