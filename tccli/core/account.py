"""
Root URL and credentials, from options, environment, profiles and the Go client's configuration.

Credentials are taken from one source as a set, never mixed. Credentials of a file are used only for the root URL in the
same section of that file.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tccli.core.hawk import CLIENT_ID, Credentials, parse_certificate
from tccli.core.http.redact import redact_url
from tccli.core.http.urls import is_valid_host
from tccli.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FAKE_ROOT_URL = "https://taskcluster.invalid"
CREDENTIAL_VARIABLES = ("TASKCLUSTER_CLIENT_ID", "TASKCLUSTER_ACCESS_TOKEN", "TASKCLUSTER_CERTIFICATE")


@dataclass(frozen=True, slots=True)
class AccountOptions:
    """
    The command-line options that select the account. None means not given.
    """

    root_url: str | None = None
    profile: str | None = None
    anonymous: bool = False
    proxy: bool | None = None
    authorized_scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """
    Where requests are sent, and with which credentials.

    Attributes:
        root_url: Of the deployment, without a trailing slash. URLs for other people are built on it.
        proxy_url: Inside a task, requests are sent here instead; the proxy adds its own credentials.
        credentials: None if requests are anonymous or signed by the proxy.
    """

    root_url: str
    proxy_url: str | None = None
    credentials: Credentials | None = None


def is_sent_in_clear(account: Account) -> bool:
    """
    Return whether requests are signed and can be read on their way: over http, to another machine.
    """
    if account.credentials is None or not account.root_url.startswith("http://"):
        return False
    return not re.match(
        r"http://(?:localhost|[^/:]*\.localhost|127(?:\.[0-9]+){3}|\[::1\])\.?(?:[:/]|$)", account.root_url
    )


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
        directory = environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
        self.profiles_path = os.path.join(directory, "tc", "profiles.toml")
        self.go_client_path = os.path.join(directory, "taskcluster.yml")
        self.exposed_paths: list[str] = []

    @cached_property
    def profiles(self) -> Mapping[str, Mapping[str, Any]]:
        """
        The profiles by name.

        Raises:
            ConfigurationError: The file cannot be read or parsed.
        """
        if not os.path.exists(self.profiles_path):
            return {}
        import tomllib

        try:
            with open(self.profiles_path, "rb") as file:
                content = tomllib.load(file)
                mode = os.fstat(file.fileno()).st_mode
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"cannot read {self.profiles_path}: {error}") from None
        if not all(isinstance(profile, dict) for profile in content.values()):
            raise ConfigurationError(
                f"cannot read {self.profiles_path}: keys outside of a profile", hint="write [NAME] above them"
            )
        self._check_mode(self.profiles_path, mode, content.values())
        return content

    @cached_property
    def go_client(self) -> Mapping[str, Any]:
        """
        The ``config`` section of the Go client's file; empty without one.

        Raises:
            ConfigurationError: The file cannot be read or parsed.
        """
        if not os.path.exists(self.go_client_path):
            return {}
        from tccli.core.yaml import load

        try:
            with open(self.go_client_path, encoding="utf-8") as file:
                content = load(file.read())
                mode = os.fstat(file.fileno()).st_mode
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"cannot read {self.go_client_path}: {error}") from None
        section = content.get("config") if isinstance(content, dict) else None
        if not isinstance(section, dict):
            return {}
        self._check_mode(self.go_client_path, mode, [section])
        return section

    def _check_mode(self, path: str, mode: int, sections: Iterable[Mapping[str, Any]]) -> None:
        # On Windows, modes tell nothing about others.
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO) and any(map(_has_credentials, sections)):
            self.exposed_paths.append(path)

    def profile(self, name: str) -> Mapping[str, Any]:
        """
        Return a profile.

        Raises:
            ConfigurationError: There is no such profile; the hint lists the others.
        """
        if name not in self.profiles:
            known = ", ".join(self.profiles) or "none"
            raise ConfigurationError(f"no profile {name!r} in {self.profiles_path}", hint=f"there are: {known}")
        return self.profiles[name]

    def defaults(self) -> list[tuple[str, Mapping[str, Any]]]:
        """
        Return the name and content of the default profile and of the Go client's configuration, if they exist.
        """
        found = (("profile default", self.profiles.get("default", {})), (self.go_client_path, self.go_client))
        return [(source, content) for source, content in found if content]


def resolve_root_url(options: AccountOptions, environ: Mapping[str, str], files: ConfigFiles | None = None) -> str:
    """
    Return the deployment's root URL. Credentials are not checked.

    Raises:
        ConfigurationError: No source has a root URL, or it is malformed.
    """
    files = files or ConfigFiles(environ)
    if options.root_url is not None:
        return check_root_url(options.root_url, "--root-url")
    if options.profile is not None:
        return _root_url_in(files.profile(options.profile), f"profile {options.profile}")
    if environ.get("TASKCLUSTER_ROOT_URL"):
        return check_root_url(environ["TASKCLUSTER_ROOT_URL"], "TASKCLUSTER_ROOT_URL")
    for source, content in files.defaults():
        if content.get("rootUrl"):
            return _root_url_in(content, source)
    raise ConfigurationError("no root URL", hint="set TASKCLUSTER_ROOT_URL or give --root-url https://…")


def resolve_account(
    options: AccountOptions, environ: Mapping[str, str], files: ConfigFiles | None = None, *, sends: bool = True
) -> Account:
    """
    Return the account that options, environment and files describe, in that order.

    Args:
        files: Read from *environ*'s directories if not given.
        sends: Whether requests will be sent. If not, the root URL may be missing; it is empty then.

    Raises:
        ConfigurationError: Something is missing or malformed.
        UsageError: Authorized scopes were given, but there are no credentials that they could limit.
    """
    files = files or ConfigFiles(environ)
    proxy_url = _proxy_url(options, environ)
    if _has_root_url(options, environ, files) or (proxy_url is None and sends):
        root_url = resolve_root_url(options, environ, files)
    else:
        root_url = proxy_url or ""
    unsigned = proxy_url is not None or options.anonymous
    credentials = None if unsigned else _credentials(options, environ, files, root_url)
    if options.authorized_scopes is not None:
        if credentials is None:
            raise UsageError("authorized scopes limit credentials, but there are no credentials")
        credentials = replace(credentials, authorized_scopes=options.authorized_scopes)
    return Account(root_url=root_url, proxy_url=proxy_url, credentials=credentials)


def _has_root_url(options: AccountOptions, environ: Mapping[str, str], files: ConfigFiles) -> bool:
    if options.root_url is not None or options.profile is not None or environ.get("TASKCLUSTER_ROOT_URL"):
        return True
    return any(content.get("rootUrl") for _, content in files.defaults())


def check_root_url(url: str, source: str) -> str:
    """
    Return *url* without trailing slashes.

    Args:
        source: The option or variable that it comes from, for messages.

    Raises:
        ConfigurationError: It has no scheme or host, or has credentials, a query or a fragment.
    """
    found = re.fullmatch(r"(?:(https?)://)?(?:([^/?#\s]*)@)?([^/?#\s@]*)([!-~]*)", url.strip())
    if not found or not found[3] or re.search("[?#]", found[4]):
        raise ConfigurationError(f"{source} is not a root URL: {redact_url(url)!r}", hint="write https://HOST")
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url.strip())
    if not found[1] and scheme:
        raise ConfigurationError(f"{source} does not start with https:// or http://: {redact_url(url)!r}")
    if not found[1]:
        raise ConfigurationError(
            f"{source} has no scheme: {redact_url(url)!r}", hint=f"write https://{found[3]}{found[4]}"
        )
    if found[2] is not None:
        raise ConfigurationError(
            f"{source} has credentials in it", hint=f"write {found[1]}://{found[3]} and set TASKCLUSTER_CLIENT_ID"
        )
    if not is_valid_host(found[3]):
        raise ConfigurationError(f"{source} has no valid host and port: {redact_url(url)!r}")
    return f"{found[1]}://{found[3]}{found[4].rstrip('/')}"


def _proxy_url(options: AccountOptions, environ: Mapping[str, str]) -> str | None:
    """
    Return the task proxy's URL if requests go through it: with ``--proxy``, or in a task if nothing selects an account.
    """
    url = environ.get("TASKCLUSTER_PROXY_URL")
    if options.proxy is False:
        return None
    if options.proxy:
        if not url:
            raise ConfigurationError("--proxy, but TASKCLUSTER_PROXY_URL is not set", hint="it is set inside a task")
        return check_root_url(url, "TASKCLUSTER_PROXY_URL")
    selected = options.anonymous or options.root_url is not None or options.profile is not None
    if not url or selected or environ.get("TASKCLUSTER_CLIENT_ID") or environ.get("TASKCLUSTER_ACCESS_TOKEN"):
        return None
    return check_root_url(url, "TASKCLUSTER_PROXY_URL")


def _credentials(
    options: AccountOptions, environ: Mapping[str, str], files: ConfigFiles, root_url: str
) -> Credentials | None:
    if options.profile is not None:
        content = files.profile(options.profile)
        return _credentials_in(content, f"profile {options.profile}") if _is_for(content, root_url) else None
    client_id, access_token, certificate = (environ.get(name, "") for name in CREDENTIAL_VARIABLES)
    if client_id or access_token or certificate:
        return _complete(client_id, access_token, certificate, CREDENTIAL_VARIABLES)
    for source, content in files.defaults():
        if _is_for(content, root_url):
            return _credentials_in(content, source)
    return None


def _credentials_in(content: Mapping[str, Any], source: str) -> Credentials | None:
    # Profiles have the same keys as the Go client's configuration.
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
    if not CLIENT_ID.fullmatch(client_id):
        wrong = CLIENT_ID.sub("", client_id)[0]
        raise ConfigurationError(
            f"{names[0]} is not a client id: it has the character {wrong!a}", hint="most services fail on that"
        )
    return Credentials(client_id, access_token, parse_certificate(certificate))


def _has_credentials(section: Mapping[str, Any]) -> bool:
    return bool(section.get("accessToken") or section.get("certificate"))


def _is_for(content: Mapping[str, Any], root_url: str) -> bool:
    return str(content.get("rootUrl", "")).rstrip("/") == root_url


def _root_url_in(content: Mapping[str, Any], source: str) -> str:
    url = content.get("rootUrl")
    if not isinstance(url, str):
        raise ConfigurationError(f"no rootUrl in {source}")
    return check_root_url(url, f"rootUrl in {source}")
