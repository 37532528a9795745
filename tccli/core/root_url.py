"""
The root URL of the deployment, from an option, the environment, profiles and the Go client's configuration.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tccli.core.http.redact import redact_url
from tccli.core.http.urls import split_url
from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.config_files import ConfigFiles

PAGE = r"/(?:api|audit|auth|docs|hooks|provisioners|secrets|tasks|worker-manager)(?=/|$)"
"""Begins the paths of the web interface and of the API, which people copy with the root URL."""


def resolve_root_url(
    given: str | None, profile: str | None, environ: Mapping[str, str], files: ConfigFiles
) -> tuple[str, str]:
    """
    Return the deployment's root URL, and its source for messages. Credentials are not checked.

    Args:
        given: With an option.
        profile: The name of the profile that an option or a variable selects.

    Raises:
        ConfigurationError: No source has a root URL, or it is malformed.
    """
    if given is not None:
        return check_root_url(given, "--root-url"), "--root-url"
    if profile is not None:
        return _root_url_in(files.profile(profile), source := f"profile {profile}"), source
    if environ.get("TASKCLUSTER_ROOT_URL"):
        return check_root_url(environ["TASKCLUSTER_ROOT_URL"], "TASKCLUSTER_ROOT_URL"), "TASKCLUSTER_ROOT_URL"
    for source, content in files.defaults():
        if content.get("rootUrl"):
            return _root_url_in(content, source), source
    names = ", ".join(files.profiles)
    others = f", or choose a profile with --profile or tc profile use: {names}" if names else ""
    raise ConfigurationError("no root URL", hint=f"set TASKCLUSTER_ROOT_URL or give --root-url https://…{others}")


def check_root_url(url: str, source: str) -> str:
    """
    Return *url* without trailing slashes, its scheme and host in lower case, and without the scheme's own port.

    Args:
        source: The option or variable that it comes from, for messages.

    Raises:
        ConfigurationError: It has no scheme or host; it has credentials, a query or a fragment; or it is the address
            of a page or a method.
    """
    text = url.strip()
    try:
        base, host, path = split_url(text)
    except ValueError:
        raise _explain_root_url(text, source) from None
    if "?" in path or "#" in text:
        raise ConfigurationError(
            f"{source} is not a root URL: {redact_url(url)!r} has a query or fragment", hint=_suggest(text)
        )
    if re.search(PAGE, path):
        raise ConfigurationError(
            f"{source} is the address of a page or a method: {redact_url(text)!r}", hint=_suggest(text)
        )
    scheme = base.partition(":")[0].lower()
    host = host.lower().removesuffix(":443" if scheme == "https" else ":80")
    return f"{scheme}://{host}{path.rstrip('/')}"


def _explain_root_url(text: str, source: str) -> ConfigurationError:
    found = re.fullmatch(r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?(?:([^/?#\s]*)@)?([^/?#\s@]*)([!-~]*)", text)
    shown = redact_url(text)
    if not found or not found[3]:
        return ConfigurationError(f"{source} is not a root URL: {shown!r}", hint=_suggest(""))
    scheme, user, host, path = found.groups()
    slip = re.match(r"(?i)(https?):?/*(?=[^:/])(?<=[:/])", text)
    if slip and not (scheme and scheme.lower() in {"http", "https"}):
        hint = _suggest(f"{slip[1].lower()}://{redact_url(text[slip.end() :])}")
        return ConfigurationError(f"{source} has no scheme: {shown!r}", hint=hint)
    if scheme is None:
        return ConfigurationError(f"{source} has no scheme: {shown!r}", hint=_suggest(f"https://{host}{path}"))
    if scheme.lower() not in {"http", "https"}:
        message = f"{source} does not start with https:// or http://: {shown!r}"
        return ConfigurationError(message, hint=_suggest(f"https://{host}{path}"))
    if user is not None:
        hint = f"{_suggest(f'{scheme}://{host}')} and set TASKCLUSTER_CLIENT_ID"
        return ConfigurationError(f"{source} has credentials in it", hint=hint)
    message = f"{source} has no valid host and port: {shown!r}"
    try:
        ascii_host = host.encode("idna").decode()
    except UnicodeError:
        ascii_host = ""
    return ConfigurationError(message, hint=_suggest(f"{scheme}://{ascii_host}{path}"))


def _suggest(url: str) -> str:
    """
    Return the advice to write the root URL in *url*, if it has one that can be requested.
    """
    try:
        base, _, path = split_url(url)
    except ValueError:
        return "write https://HOST"
    return f"write {base}{re.split(PAGE, path.partition('?')[0])[0].rstrip('/')}"


def _root_url_in(content: Mapping[str, Any], source: str) -> str:
    if not content.get("rootUrl"):
        raise missing_root_url(source)
    return check_root_url(content["rootUrl"], f"rootUrl in {source}")


def missing_root_url(source: str) -> ConfigurationError:
    """
    Return the error for a profile or a file without a root URL.
    """
    hint = f"tc profile set {source.removeprefix('profile ')} rootUrl URL" if source.startswith("profile ") else ""
    return ConfigurationError(f"no rootUrl in {source}", hint=hint)
