"""
Which deployment, and as whom: options, environment, profile and the Go client's configuration become one account.

Credentials are taken from one source as a set, never mixed. Those of a file belong to the root URL that stands beside
them, and are not used for another one.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tccli.core.hawk import Credentials, parse_certificate
from tccli.core.http.redact import redact_url
from tccli.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

FAKE_ROOT_URL = "https://taskcluster.invalid"
HOST_AND_PORT = r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?)(?::([0-9]{1,5}))?"
"""A host as names are looked up: other alphabets are written in Punycode."""


@dataclass(frozen=True, slots=True)
class AccountOptions:
    """
    What the command line says about the account; None where it says nothing.
    """

    root_url: str | None = None
    profile: str | None = None
    anonymous: bool = False
    proxy: bool | None = None
    authorized_scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """
    Where requests go, and who makes them.

    Attributes:
        root_url: Of the deployment, without a slash at the end: URLs for other people are built on it.
        proxy_url: Where requests go instead, inside a task; the proxy adds its own credentials.
        credentials: None where requests are anonymous, or are the proxy's to sign.
    """

    root_url: str
    proxy_url: str | None = None
    credentials: Credentials | None = None


def root_url(options: AccountOptions, environ: Mapping[str, str]) -> str:
    """
    Return the deployment's root URL; nothing about credentials is looked at.

    Raises:
        ConfigurationError: There is none, or it is malformed.
    """
    if options.root_url is not None:
        return check_root_url(options.root_url, "--root-url")
    if options.profile is not None:
        return _file_root_url(_profile(options.profile, environ), f"profile {options.profile}")
    if environ.get("TASKCLUSTER_ROOT_URL"):
        return check_root_url(environ["TASKCLUSTER_ROOT_URL"], "TASKCLUSTER_ROOT_URL")
    for name, content in _files(environ):
        if content.get("rootUrl"):
            return _file_root_url(content, name)
    raise ConfigurationError("no root URL", hint="set TASKCLUSTER_ROOT_URL or give --root-url https://…")


def account(options: AccountOptions, environ: Mapping[str, str], *, sends: bool = True) -> Account:
    """
    Return the account that the command line and the environment describe.

    Args:
        sends: Whether requests will be made with it. If not, it may do without a root URL, which is then empty.

    Raises:
        ConfigurationError: Something is missing or malformed.
        UsageError: Authorized scopes are asked for, but there is nobody whose scopes they would limit.
    """
    proxy_url = _proxy_url(options, environ)
    if _names_a_root_url(options, environ) or (proxy_url is None and sends):
        root = root_url(options, environ)
    else:
        root = proxy_url or ""
    unsigned = proxy_url is not None or options.anonymous
    credentials = None if unsigned else _credentials(options, environ, root)
    if options.authorized_scopes is not None:
        if credentials is None:
            raise UsageError("authorized scopes limit credentials, and there are none")
        credentials = replace(credentials, authorized_scopes=options.authorized_scopes)
    return Account(root_url=root, proxy_url=proxy_url, credentials=credentials)


def _names_a_root_url(options: AccountOptions, environ: Mapping[str, str]) -> bool:
    if options.root_url is not None or options.profile is not None or environ.get("TASKCLUSTER_ROOT_URL"):
        return True
    return any(content.get("rootUrl") for _, content in _files(environ))


def check_root_url(url: str, source: str) -> str:
    """
    Return *url* without slashes at its end.

    Raises:
        ConfigurationError: It is not the root of a deployment.
    """
    found = re.fullmatch(r"(?:(https?)://)?(?:([^/?#\s]*)@)?([^/?#\s@]*)([!-~]*)", url.strip())
    if not found or not found[3] or re.search("[?#]", found[4]):
        raise ConfigurationError(f"{source} is not a root URL: {redact_url(url)!r}", hint="write https://HOST")
    if not found[1]:
        raise ConfigurationError(
            f"{source} has no scheme: {redact_url(url)!r}", hint=f"write https://{found[3]}{found[4]}"
        )
    if found[2] is not None:
        raise ConfigurationError(
            f"{source} has credentials in it", hint=f"write {found[1]}://{found[3]} and set TASKCLUSTER_CLIENT_ID"
        )
    port = re.fullmatch(HOST_AND_PORT, found[3])
    if not port or int(port[1] or 1) not in range(1, 65536):
        raise ConfigurationError(f"{source} has no valid host and port: {redact_url(url)!r}")
    return f"{found[1]}://{found[3]}{found[4].rstrip('/')}"


def _proxy_url(options: AccountOptions, environ: Mapping[str, str]) -> str | None:
    """
    Return the proxy's URL if requests go through it: when asked to, or in a task when nobody is named.
    """
    url = environ.get("TASKCLUSTER_PROXY_URL")
    if options.proxy is False:
        return None
    if options.proxy:
        if not url:
            raise ConfigurationError("--proxy, but TASKCLUSTER_PROXY_URL is not set", hint="it is set inside a task")
        return check_root_url(url, "TASKCLUSTER_PROXY_URL")
    named = options.anonymous or options.root_url is not None or options.profile is not None
    if not url or named or environ.get("TASKCLUSTER_CLIENT_ID") or environ.get("TASKCLUSTER_ACCESS_TOKEN"):
        return None
    return check_root_url(url, "TASKCLUSTER_PROXY_URL")


def _credentials(options: AccountOptions, environ: Mapping[str, str], root: str) -> Credentials | None:
    if options.profile is not None:
        content = _profile(options.profile, environ)
        return _from_file(content, f"profile {options.profile}") if _belongs(content, root) else None
    names = ("TASKCLUSTER_CLIENT_ID", "TASKCLUSTER_ACCESS_TOKEN", "TASKCLUSTER_CERTIFICATE")
    client_id, access_token, certificate = (environ.get(name, "") for name in names)
    if client_id or access_token or certificate:
        return _complete(client_id, access_token, certificate, names)
    for name, content in _files(environ):
        if _belongs(content, root):
            return _from_file(content, name)
    return None


def _from_file(content: Mapping[str, Any], source: str) -> Credentials | None:
    """
    Read the credentials of a profile or of the Go client's configuration: the same keys in both.
    """
    keys = ("clientId", "accessToken", "certificate")
    client_id, access_token, certificate = (str(content.get(key) or "") for key in keys)
    if not (client_id or access_token or certificate):
        return None
    credentials = _complete(client_id, access_token, certificate, tuple(f"{key} in {source}" for key in keys))
    scopes = content.get("authorizedScopes")
    if scopes:
        if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
            raise ConfigurationError(f"authorizedScopes in {source} is not a list of scopes")
        credentials = replace(credentials, authorized_scopes=tuple(scopes))
    return credentials


def _complete(client_id: str, access_token: str, certificate: str, names: tuple[str, ...]) -> Credentials:
    for value, name, other in ((client_id, names[0], names[1]), (access_token, names[1], names[0])):
        if not value:
            given = other if (client_id or access_token) else names[2]
            raise ConfigurationError(f"{given} is set, but {name} is not", hint="set both, or use --anonymous")
    return Credentials(client_id, access_token, parse_certificate(certificate))


def _belongs(content: Mapping[str, Any], root: str) -> bool:
    return str(content.get("rootUrl", "")).rstrip("/") == root


def _files(environ: Mapping[str, str]) -> list[tuple[str, Mapping[str, Any]]]:
    """
    Return the configuration files that hold for everyone, best first: the default profile, the Go client's file.
    """
    found = []
    default = _profiles(environ).get("default")
    if default:
        found.append(("profile default", default))
    go_client = _config_path(environ, "taskcluster.yml")
    if os.path.exists(go_client):
        found.append((go_client, _go_config(go_client)))
    return found


def profile_names(environ: Mapping[str, str]) -> list[str]:
    """
    Return the names of the profiles that there are.

    Raises:
        ConfigurationError: Their file is malformed.
    """
    return sorted(_profiles(environ))


def _profile(name: str, environ: Mapping[str, str]) -> Mapping[str, Any]:
    profiles = _profiles(environ)
    if name not in profiles:
        path = _config_path(environ, "tc", "profiles.toml")
        raise ConfigurationError(f"no profile {name!r} in {path}", hint=f"there are: {', '.join(profiles) or 'none'}")
    return profiles[name]


def _profiles(environ: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    path = _config_path(environ, "tc", "profiles.toml")
    if not os.path.exists(path):
        return {}
    import tomllib

    try:
        with open(path, "rb") as file:
            content = tomllib.load(file)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from None
    if not all(isinstance(profile, dict) for profile in content.values()):
        raise ConfigurationError(f"{path} has keys outside of a profile", hint="write [NAME] above them")
    return content


def _go_config(path: str) -> Mapping[str, Any]:
    """
    Read the ``config`` section of the Go client's ``taskcluster.yml``.
    """
    from tccli.core.yaml import load

    try:
        with open(path, encoding="utf-8") as file:
            content = load(file.read())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from None
    section = content.get("config") if isinstance(content, dict) else None
    return section if isinstance(section, dict) else {}


def _file_root_url(content: Mapping[str, Any], source: str) -> str:
    url = content.get("rootUrl")
    if not isinstance(url, str):
        raise ConfigurationError(f"no rootUrl in {source}")
    return check_root_url(url, f"rootUrl in {source}")


def _config_path(environ: Mapping[str, str], *names: str) -> str:
    """
    Return a path below ``$XDG_CONFIG_HOME``, else ``~/.config``: where the Go client looks on every system.
    """
    base = environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, *names)
