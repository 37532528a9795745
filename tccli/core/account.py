"""
The account: root URL and credentials, from options, environment, profiles and the Go client's configuration.

Credentials are taken from one source as a set, never mixed. Credentials of a file are used only for the root URL in the
same section of that file.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.config_files import ConfigFiles, has_credentials
from tccli.core.hawk import CLIENT_ID, Credentials, parse_certificate
from tccli.core.http.redact import redact_url
from tccli.core.root_url import check_root_url, resolve_root_url
from tccli.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

FAKE_ROOT_URL = "https://taskcluster.invalid"
CREDENTIAL_VARIABLES = ("TASKCLUSTER_CLIENT_ID", "TASKCLUSTER_ACCESS_TOKEN", "TASKCLUSTER_CERTIFICATE")


class AccountOptions(NamedTuple):
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
        root_url_source: The option, variable or file that it comes from, for messages.
        credentials_source: The same of the credentials; empty without any.
        valid_until: When the credentials end, if their source has it; a certificate has its own end.
        unused: Why there are no credentials although a file has some or an option forbids them, or empty.
    """

    root_url: str
    proxy_url: str | None = None
    credentials: Credentials | None = None
    root_url_source: str = field(default="", compare=False)
    credentials_source: str = field(default="", compare=False)
    valid_until: datetime | None = field(default=None, compare=False)
    unused: str = field(default="", compare=False)


def is_sent_in_clear(account: Account) -> bool:
    """
    Return whether requests are signed and can be read on their way: over http, to another machine.
    """
    if account.credentials is None or not account.root_url.startswith("http://"):
        return False
    return not re.match(
        r"http://(?:localhost|[^/:]*\.localhost|127(?:\.[0-9]+){3}|\[::1\])\.?(?:[:/]|$)", account.root_url
    )


def list_variables(root_url: str, credentials: Credentials | None) -> dict[str, str]:
    """
    Return the variables of a root URL, if it is not empty, and of credentials.
    """
    variables = {"TASKCLUSTER_ROOT_URL": root_url} if root_url else {}
    if credentials is not None:
        variables |= {
            "TASKCLUSTER_CLIENT_ID": credentials.client_id,
            "TASKCLUSTER_ACCESS_TOKEN": credentials.access_token,
        }
        if credentials.certificate is not None:
            certificate = json.dumps(credentials.certificate, ensure_ascii=False, separators=(",", ":"))
            variables["TASKCLUSTER_CERTIFICATE"] = certificate
    return variables


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
        root_url, root_url_source = resolve_root_url(options.root_url, options.profile, environ, files)
    else:
        root_url, root_url_source = proxy_url or "", "TASKCLUSTER_PROXY_URL"
    credentials, source, valid_until = None, "--anonymous was given" if options.anonymous else "", None
    if proxy_url is None and not options.anonymous:
        credentials, source, valid_until = _credentials(options, environ, files, root_url)
    if options.authorized_scopes is not None:
        if credentials is None:
            raise UsageError("authorized scopes limit credentials, but there are no credentials", hint=source)
        credentials = replace(credentials, authorized_scopes=options.authorized_scopes)
    if credentials is None:
        return Account(root_url, proxy_url, None, root_url_source, unused=source)
    return Account(root_url, proxy_url, credentials, root_url_source, source, valid_until)


def _has_root_url(options: AccountOptions, environ: Mapping[str, str], files: ConfigFiles) -> bool:
    if options.root_url is not None or options.profile is not None or environ.get("TASKCLUSTER_ROOT_URL"):
        return True
    return any(content.get("rootUrl") for _, content in files.defaults())


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
) -> tuple[Credentials | None, str, datetime | None]:
    """
    Return the credentials, their source and their end, or None and why those of a file are not used.
    """
    candidates: Iterable[tuple[str, Mapping[str, Any]]]
    if options.profile is not None:
        candidates = [(f"profile {options.profile}", files.profile(options.profile))]
    else:
        client_id, access_token, certificate = (environ.get(name, "") for name in CREDENTIAL_VARIABLES)
        if client_id or access_token or certificate:
            found = _complete(client_id, access_token, certificate, CREDENTIAL_VARIABLES)
            return found, "TASKCLUSTER_CLIENT_ID", None
        candidates = files.defaults()
    unused = ""
    for source, content in candidates:
        if _is_for(content, root_url):
            is_elsewhere = content.get("credential_command") or content.get("keyring")
            complete = files.fetch_credentials(source, content, root_url) if is_elsewhere else content
            credentials = _credentials_in(complete, source)
            return credentials, source if credentials else f"{source} has none", parse_valid_until(complete, source)
        if has_credentials(content) and not unused:
            unused = f"those of {source} are for {redact_url(str(content.get('rootUrl')))}, not for {root_url}"
    return None, unused, None


def _credentials_in(content: Mapping[str, Any], source: str) -> Credentials | None:
    # Profiles have the same keys as the Go client's configuration.
    keys = ("clientId", "accessToken", "certificate")
    client_id, access_token, certificate = (_text(content.get(key)) for key in keys)
    if not (client_id or access_token or certificate):
        return None
    credentials = _complete(client_id, access_token, certificate, tuple(f"{key} in {source}" for key in keys))
    scopes = content.get("authorizedScopes")
    # An empty list is a limit, too.
    if scopes is not None:
        credentials = replace(credentials, authorized_scopes=tuple(scopes))
    return credentials


def parse_valid_until(content: Mapping[str, Any], source: str) -> datetime | None:
    """
    Return when the credentials of a profile end, or None if it does not have it.

    Raises:
        ConfigurationError: The value is not a timestamp.
    """
    value = content.get("valid_until")
    if value is None:
        return None
    from tccli.core.times import parse_timestamp

    try:
        # TOML has timestamps, too.
        return parse_timestamp(value if isinstance(value, str) else value.isoformat())
    except (UsageError, AttributeError):
        raise ConfigurationError(f"valid_until in {source} is not a timestamp") from None


def _complete(client_id: str, access_token: str, certificate: str, names: tuple[str, ...]) -> Credentials:
    for value, name, other in ((client_id, names[0], names[1]), (access_token, names[1], names[0])):
        if not value:
            given = other if (client_id or access_token) else names[2]
            raise ConfigurationError(f"{given} is set, but {name} is not", hint="set both, or use --anonymous")
        if value != value.strip():
            raise ConfigurationError(f"{name} has a blank or a line break at an end", hint="remove it")
    if not CLIENT_ID.fullmatch(client_id):
        wrong = CLIENT_ID.sub("", client_id)[0]
        raise ConfigurationError(
            f"{names[0]} is not a client id: it has the character {wrong!a}", hint="most services fail on that"
        )
    try:
        return Credentials(client_id, access_token, parse_certificate(certificate))
    except ConfigurationError as error:
        error.message = f"{names[2]}: {error.message}"
        raise


def _text(value: Any) -> str:
    # A certificate may be written as an object.
    return json.dumps(value) if isinstance(value, dict) else str(value or "")


def _is_for(content: Mapping[str, Any], root_url: str) -> bool:
    try:
        return check_root_url(str(content.get("rootUrl", "")), "rootUrl") == root_url
    except ConfigurationError:
        return False
