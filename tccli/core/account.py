"""
Root URL and credentials, from options, environment, profiles and the Go client's configuration.

Credentials are taken from one source as a set, never mixed. Credentials of a file are used only for the root URL in the
same section of that file.
"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.hawk import CLIENT_ID, Credentials, parse_certificate
from tccli.core.http.redact import redact_url
from tccli.core.http.urls import split_url
from tccli.errors import ConfigurationError, UsageError
from tccli.names import suggestion
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FAKE_ROOT_URL = "https://taskcluster.invalid"
ACCOUNT_KEYS = ("rootUrl", "clientId", "accessToken", "certificate", "authorizedScopes")
"""Keys of profiles and of the Go client's configuration."""
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
PAGE = re.compile(r"/(?:api|audit|auth|docs|hooks|provisioners|secrets|tasks|worker-manager)(?=/|$)")
"""Begins the paths of the web interface and of the API, which people copy with the root URL."""
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
        unused: Why there are no credentials although a file has some or an option forbids them, or empty.
    """

    root_url: str
    proxy_url: str | None = None
    credentials: Credentials | None = None
    root_url_source: str = field(default="", compare=False)
    credentials_source: str = field(default="", compare=False)
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
        return {name: content for name, content in self._document.items() if name != DEFAULT_PROFILE_KEY}

    @cached_property
    def _document(self) -> Mapping[str, Any]:
        if not os.path.exists(self.profiles_path):
            return {}
        try:
            with open(self.profiles_path, "rb") as file:
                content = file.read()
                mode = os.fstat(file.fileno()).st_mode
        except OSError as error:
            raise ConfigurationError(f"cannot read {self.profiles_path}: {explain(error)}") from None
        document = parse_profiles(decode_profiles(content, self.profiles_path), self.profiles_path)
        self._check_mode(self.profiles_path, mode, (each for each in document.values() if isinstance(each, dict)))
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
        if not os.path.exists(self.go_client_path):
            return {}
        from tccli.core.yaml import load

        try:
            with open(self.go_client_path, encoding="utf-8") as file:
                content = load(file.read())
                mode = os.fstat(file.fileno()).st_mode
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"cannot read {self.go_client_path}: {explain(error)}") from None
        section = content.get("config") if isinstance(content, dict) else None
        if not isinstance(section, dict):
            return {}
        self._check_mode(self.go_client_path, mode, [section])
        for key in section:
            # The Go client ignores other keys, but a misspelt one may be a limit.
            if key not in ACCOUNT_KEYS and suggestion(str(key), ACCOUNT_KEYS):
                raise _unknown_key(str(key), self.go_client_path, ACCOUNT_KEYS)
        _check_types(section, self.go_client_path)
        return section

    def _check_mode(self, path: str, mode: int, sections: Iterable[Mapping[str, Any]]) -> None:
        # On Windows, modes tell nothing about others.
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO) and any(map(_has_credentials, sections)):
            self.exposed_paths.append(path)

    def profile(self, name: str) -> Mapping[str, Any]:
        """
        Return a profile.

        Raises:
            ConfigurationError: There is no such profile, or it has an unknown key.
        """
        if name not in self.profiles:
            known = ", ".join(self.profiles) or "none"
            raise ConfigurationError(f"no profile {name!r} in {self.profiles_path}", hint=f"there are: {known}")
        profile = self.profiles[name]
        unknown = next((key for key in profile if key not in ACCOUNT_KEYS and key not in PROFILE_OPTIONS), None)
        if unknown is not None:
            raise _unknown_key(unknown, f"profile {name}", (*ACCOUNT_KEYS, *PROFILE_OPTIONS))
        _check_types(profile, f"profile {name}")
        return profile

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
        raise ConfigurationError(f"cannot read {path}: it is not UTF-8 ({place})") from None


def parse_profiles(text: str, path: str) -> dict[str, Any]:
    """
    Return the document of a file of profiles: a table for each profile, and perhaps the name of the default one.

    Args:
        path: Names the file in messages.

    Raises:
        ConfigurationError: It is malformed; the message has line and column.
    """
    import tomllib

    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"cannot read {path}: {explain(error)}") from None
    for key, value in document.items():
        if key == DEFAULT_PROFILE_KEY and not isinstance(value, str):
            raise ConfigurationError(f"cannot read {path}: {key} is not the name of a profile")
        if key != DEFAULT_PROFILE_KEY and not isinstance(value, dict):
            raise ConfigurationError(
                f"cannot read {path}: the key {key!r} is outside of a profile", hint="write [NAME] above it"
            )
    return document


def _unknown_key(key: str, source: str, known: Sequence[str]) -> ConfigurationError:
    hint = suggestion(key, known) or f"the keys are {', '.join(known)}"
    return ConfigurationError(f"unknown key {key!r} in {source}", hint=hint)


def _check_types(section: Mapping[str, Any], source: str) -> None:
    """
    Raise ConfigurationError if a value that selects the account has another type, also if it is not used now.
    """
    for key in ACCOUNT_KEYS:
        value = section.get(key)
        if value is None:
            continue
        if key == "authorizedScopes":
            if not isinstance(value, list) or not all(isinstance(scope, str) for scope in value):
                raise ConfigurationError(f"{key} in {source} is not a list of scopes")
        elif not (isinstance(value, str) or (key == "certificate" and isinstance(value, dict))):
            raise ConfigurationError(f"{key} in {source} is not a text", hint="write it in quotes")


def resolve_root_url(options: AccountOptions, environ: Mapping[str, str], files: ConfigFiles | None = None) -> str:
    """
    Return the deployment's root URL. Credentials are not checked.

    Raises:
        ConfigurationError: No source has a root URL, or it is malformed.
    """
    return _find_root_url(options, environ, files or ConfigFiles(environ))[0]


def _find_root_url(options: AccountOptions, environ: Mapping[str, str], files: ConfigFiles) -> tuple[str, str]:
    """
    Return the root URL and its source.
    """
    if options.root_url is not None:
        return check_root_url(options.root_url, "--root-url"), "--root-url"
    if options.profile is not None:
        return _root_url_in(files.profile(options.profile), source := f"profile {options.profile}"), source
    if environ.get("TASKCLUSTER_ROOT_URL"):
        return check_root_url(environ["TASKCLUSTER_ROOT_URL"], "TASKCLUSTER_ROOT_URL"), "TASKCLUSTER_ROOT_URL"
    for source, content in files.defaults():
        if content.get("rootUrl"):
            return _root_url_in(content, source), source
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
        root_url, root_url_source = _find_root_url(options, environ, files)
    else:
        root_url, root_url_source = proxy_url or "", "TASKCLUSTER_PROXY_URL"
    credentials, source = None, "--anonymous was given" if options.anonymous else ""
    if proxy_url is None and not options.anonymous:
        credentials, source = _credentials(options, environ, files, root_url)
    if options.authorized_scopes is not None:
        if credentials is None:
            raise UsageError("authorized scopes limit credentials, but there are no credentials", hint=source)
        credentials = replace(credentials, authorized_scopes=options.authorized_scopes)
    if credentials is None:
        return Account(root_url, proxy_url, None, root_url_source, unused=source)
    return Account(root_url, proxy_url, credentials, root_url_source, credentials_source=source)


def _has_root_url(options: AccountOptions, environ: Mapping[str, str], files: ConfigFiles) -> bool:
    if options.root_url is not None or options.profile is not None or environ.get("TASKCLUSTER_ROOT_URL"):
        return True
    return any(content.get("rootUrl") for _, content in files.defaults())


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
    if PAGE.search(path):
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
    return f"write {base}{PAGE.split(path.partition('?')[0])[0].rstrip('/')}"


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
) -> tuple[Credentials | None, str]:
    """
    Return the credentials and their source, or None and why those of a file are not used.
    """
    candidates: Iterable[tuple[str, Mapping[str, Any]]]
    if options.profile is not None:
        candidates = [(f"profile {options.profile}", files.profile(options.profile))]
    else:
        client_id, access_token, certificate = (environ.get(name, "") for name in CREDENTIAL_VARIABLES)
        if client_id or access_token or certificate:
            found = _complete(client_id, access_token, certificate, CREDENTIAL_VARIABLES)
            return found, "TASKCLUSTER_CLIENT_ID"
        candidates = files.defaults()
    unused = ""
    for source, content in candidates:
        if _is_for(content, root_url):
            credentials = _credentials_in(content, source)
            return credentials, source if credentials else f"{source} has none"
        if _has_credentials(content) and not unused:
            unused = f"those of {source} are for {redact_url(str(content.get('rootUrl')))}, not for {root_url}"
    return None, unused


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


def _has_credentials(section: Mapping[str, Any]) -> bool:
    return bool(section.get("accessToken") or section.get("certificate"))


def _is_for(content: Mapping[str, Any], root_url: str) -> bool:
    try:
        return check_root_url(str(content.get("rootUrl", "")), "rootUrl") == root_url
    except ConfigurationError:
        return False


def _root_url_in(content: Mapping[str, Any], source: str) -> str:
    if not content.get("rootUrl"):
        raise ConfigurationError(f"no rootUrl in {source}")
    return check_root_url(content["rootUrl"], f"rootUrl in {source}")
