"""
Which deployment, and as whom.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.account import Account, AccountOptions, resolve_account
from tccli.core.config_files import ConfigFiles
from tccli.core.hawk import Credentials
from tccli.core.root_url import check_root_url, resolve_root_url
from tccli.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

ROOT = "https://tc.example.com"
OTHER = "https://other.example.com"
SIGNED_IN = {"TASKCLUSTER_ROOT_URL": ROOT, "TASKCLUSTER_CLIENT_ID": "me", "TASKCLUSTER_ACCESS_TOKEN": "t"}
PROXY = "http://taskcluster"
IN_TASK = {"TASKCLUSTER_PROXY_URL": PROXY, "TASKCLUSTER_ROOT_URL": ROOT}
CERTIFICATE = {"version": 1, "scopes": [], "start": 1, "expiry": 2, "seed": "s", "signature": "x"}
ME = Credentials("me", "t")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """
    The folder of configuration files.
    """
    (tmp_path / "tc").mkdir()
    return tmp_path


def profiles(config: Path, text: str) -> dict[str, str]:
    """
    Write profiles; return the environment that leads to them.
    """
    (config / "tc" / "profiles.toml").write_text(text)
    return {"XDG_CONFIG_HOME": str(config)}


def go_client(config: Path, text: str) -> dict[str, str]:
    """
    Write the Go client's configuration; return the environment that leads to it.
    """
    (config / "taskcluster.yml").write_text(text)
    return {"XDG_CONFIG_HOME": str(config)}


@pytest.mark.parametrize(
    ("options", "environ", "expected"),
    [
        pytest.param(AccountOptions(), SIGNED_IN, Account(ROOT, None, ME), id="environment"),
        pytest.param(AccountOptions(anonymous=True), SIGNED_IN, Account(ROOT), id="anonymous"),
        pytest.param(AccountOptions(), {"TASKCLUSTER_ROOT_URL": ROOT + "//"}, Account(ROOT), id="nobody"),
        pytest.param(AccountOptions(OTHER), SIGNED_IN, Account(OTHER, None, ME), id="option before environment"),
        pytest.param(AccountOptions(), IN_TASK, Account(ROOT, PROXY), id="in a task"),
        pytest.param(
            AccountOptions(), {"TASKCLUSTER_PROXY_URL": PROXY}, Account(PROXY, PROXY), id="in a task, no root URL"
        ),
        pytest.param(AccountOptions(), {**IN_TASK, **SIGNED_IN}, Account(ROOT, None, ME), id="in a task, signed in"),
        pytest.param(AccountOptions(proxy=True), {**IN_TASK, **SIGNED_IN}, Account(ROOT, PROXY), id="proxy asked for"),
        pytest.param(AccountOptions(proxy=False), IN_TASK, Account(ROOT), id="no proxy"),
        pytest.param(AccountOptions(anonymous=True), IN_TASK, Account(ROOT), id="in a task, anonymous"),
        pytest.param(AccountOptions(OTHER), IN_TASK, Account(OTHER), id="in a task, another deployment"),
        pytest.param(
            AccountOptions(authorized_scopes=()),
            SIGNED_IN,
            Account(ROOT, None, Credentials("me", "t", None, ())),
            id="authorized scopes, none",
        ),
        pytest.param(
            AccountOptions(),
            {**SIGNED_IN, "TASKCLUSTER_CERTIFICATE": json.dumps(CERTIFICATE)},
            Account(ROOT, None, Credentials("me", "t", CERTIFICATE)),
            id="certificate",
        ),
        pytest.param(
            AccountOptions(),
            {**SIGNED_IN, "TASKCLUSTER_CERTIFICATE": ""},
            Account(ROOT, None, ME),
            id="empty certificate",
        ),
    ],
)
def test_describes_the_account(
    tmp_path: Path, options: AccountOptions, environ: dict[str, str], expected: Account
) -> None:
    """
    Option before environment; the proxy in a task when nobody is named.
    """
    assert expected == resolve_account(options, {"XDG_CONFIG_HOME": str(tmp_path), **environ})


@pytest.mark.parametrize(
    ("options", "environ", "said"),
    [
        pytest.param(AccountOptions(), {}, "no root URL; set TASKCLUSTER_ROOT_URL", id="no root URL"),
        pytest.param(
            AccountOptions(),
            {**SIGNED_IN, "TASKCLUSTER_ACCESS_TOKEN": ""},
            "TASKCLUSTER_ACCESS_TOKEN is not",
            id="no token",
        ),
        pytest.param(
            AccountOptions(), {**SIGNED_IN, "TASKCLUSTER_CLIENT_ID": ""}, "TASKCLUSTER_CLIENT_ID is not", id="no client"
        ),
        pytest.param(
            AccountOptions(),
            {"TASKCLUSTER_ROOT_URL": ROOT, "TASKCLUSTER_CERTIFICATE": "{}"},
            "TASKCLUSTER_CERTIFICATE is set, but TASKCLUSTER_CLIENT_ID is not",
            id="certificate alone",
        ),
        pytest.param(
            AccountOptions(),
            {**SIGNED_IN, "TASKCLUSTER_CERTIFICATE": "x"},
            "TASKCLUSTER_CERTIFICATE: invalid certificate: not JSON",
            id="certificate not JSON",
        ),
        pytest.param(
            AccountOptions(),
            {**SIGNED_IN, "TASKCLUSTER_ACCESS_TOKEN": "t\n"},
            "TASKCLUSTER_ACCESS_TOKEN has a blank or a line break at an end",
            id="token with a line break",
        ),
        pytest.param(
            AccountOptions(),
            {**SIGNED_IN, "TASKCLUSTER_CLIENT_ID": " me"},
            "TASKCLUSTER_CLIENT_ID has a blank",
            id="client id with a blank",
        ),
        pytest.param(AccountOptions(proxy=True), SIGNED_IN, "TASKCLUSTER_PROXY_URL is not set", id="no proxy there"),
        pytest.param(AccountOptions(profile="x"), SIGNED_IN, "no profile 'x'", id="no such profile"),
        pytest.param(
            AccountOptions(), {"TASKCLUSTER_PROXY_URL": "taskcluster"}, "PROXY_URL has no scheme", id="bad proxy"
        ),
    ],
)
def test_a_missing_setting_is_named(
    tmp_path: Path, options: AccountOptions, environ: dict[str, str], said: str
) -> None:
    """
    By name, and what to do.
    """
    with pytest.raises(ConfigurationError) as caught:
        resolve_account(options, {"XDG_CONFIG_HOME": str(tmp_path), **environ})

    assert said in str(caught.value)


def test_authorized_scopes_need_credentials(tmp_path: Path) -> None:
    """
    A limit that would not be kept is refused.
    """
    with pytest.raises(UsageError, match="authorized scopes"):
        resolve_account(AccountOptions(ROOT, authorized_scopes=("a",)), {"XDG_CONFIG_HOME": str(tmp_path)})


def test_a_profile_brings_both(config: Path) -> None:
    """
    Root URL and credentials, whatever the environment says.
    """
    environ = profiles(config, f'[work]\nrootUrl = "{OTHER}/"\nclientId = "w"\naccessToken = "wt"\n')

    assert Account(OTHER, None, Credentials("w", "wt")) == resolve_account(
        AccountOptions(profile="work"), {**environ, **SIGNED_IN}
    )


def test_a_profile_may_limit_scopes_and_carry_a_certificate(config: Path) -> None:
    """
    With the keys of the Go client.
    """
    environ = profiles(
        config,
        f'[work]\nrootUrl = "{ROOT}"\nclientId = "w"\naccessToken = "wt"\nauthorizedScopes = ["a"]\n'
        f"certificate = '{json.dumps(CERTIFICATE)}'\n",
    )

    assert (
        Credentials("w", "wt", CERTIFICATE, ("a",))
        == resolve_account(AccountOptions(profile="work"), environ).credentials
    )


def test_no_authorized_scopes_are_a_limit(config: Path) -> None:
    """
    An empty list allows nothing.
    """
    environ = profiles(
        config, f'[default]\nrootUrl = "{ROOT}"\nclientId = "w"\naccessToken = "t"\nauthorizedScopes = []\n'
    )

    assert Credentials("w", "t", None, ()) == resolve_account(AccountOptions(), environ).credentials


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("authorisedScopes", "did you mean authorizedScopes?"),
        ("rootURL", "did you mean rootUrl?"),
        ("authorized_scopes", "did you mean authorizedScopes?"),
        ("xyzzy", "the keys are rootUrl, "),
    ],
)
def test_an_unknown_key_is_an_error(config: Path, key: str, hint: str) -> None:
    """
    It may be a misspelt limit.
    """
    environ = profiles(config, f'[default]\nrootUrl = "{ROOT}"\n"{key}" = []\n[other]\nrootUrl = "{ROOT}"\n')

    for options in (AccountOptions(), AccountOptions(profile="default")):
        with pytest.raises(ConfigurationError, match=f"unknown key '{key}' in profile default") as caught:
            resolve_account(options, environ)
        assert hint in str(caught.value)
    assert Account(ROOT) == resolve_account(AccountOptions(profile="other"), environ)


def test_the_default_profile_is_used_without_a_name(config: Path) -> None:
    """
    And not mixed with what the environment says.
    """
    environ = profiles(config, f'[default]\nrootUrl = "{ROOT}"\nclientId = "d"\naccessToken = "dt"\n')

    assert Account(ROOT, None, Credentials("d", "dt")) == resolve_account(AccountOptions(), environ)
    assert Account(ROOT, None, ME) == resolve_account(AccountOptions(), {**environ, **SIGNED_IN})


@pytest.mark.parametrize(
    "options", [AccountOptions(OTHER), AccountOptions(OTHER, profile="default")], ids=["default", "named"]
)
def test_credentials_of_a_file_belong_to_its_root_url(config: Path, options: AccountOptions) -> None:
    """
    They are not sent to another deployment.
    """
    environ = profiles(config, f'[default]\nrootUrl = "{ROOT}"\nclientId = "d"\naccessToken = "dt"\n')

    assert Account(OTHER) == resolve_account(options, environ)


@pytest.mark.parametrize(
    "written", ["https://tc.example.com:443/", "HTTPS://TC.Example.com", " https://tc.example.com "]
)
def test_credentials_of_a_file_apply_however_its_root_url_is_written(config: Path, written: str) -> None:
    """
    It is the same deployment.
    """
    environ = profiles(config, f'[default]\nrootUrl = "{written}"\nclientId = "d"\naccessToken = "dt"\n')

    for options in (AccountOptions(), AccountOptions("https://tc.example.com")):
        found = resolve_account(options, environ)
        assert ("https://tc.example.com", Credentials("d", "dt")) == (found.root_url, found.credentials)
        assert "profile default" == found.credentials_source


def test_a_certificate_may_be_an_object(config: Path) -> None:
    """
    In the Go client's file, as in a profile.
    """
    text = f"config: {{rootUrl: '{ROOT}', clientId: g, accessToken: gt, certificate: {json.dumps(CERTIFICATE)}}}"

    assert Account(ROOT, None, Credentials("g", "gt", CERTIFICATE)) == resolve_account(
        AccountOptions(), go_client(config, text)
    )


def test_files_are_read_once(config: Path) -> None:
    """
    For the references, the root URL and the credentials of one run.
    """
    environ = profiles(config, f'[default]\nrootUrl = "{ROOT}"\nclientId = "d"\naccessToken = "dt"\n')
    files = ConfigFiles(environ)
    assert (ROOT, "profile default") == resolve_root_url(None, None, environ, files)
    (config / "tc" / "profiles.toml").unlink()

    assert Account(ROOT, None, Credentials("d", "dt")) == resolve_account(AccountOptions(), environ, files)


def test_reads_the_go_clients_configuration(config: Path) -> None:
    """
    Its ``config`` section, last of all.
    """
    environ = go_client(config, f"config:\n  rootUrl: {ROOT}\n  clientId: g\n  accessToken: gt\n")

    assert Account(ROOT, None, Credentials("g", "gt")) == resolve_account(AccountOptions(), environ)
    assert Account(ROOT, None, ME) == resolve_account(AccountOptions(), {**environ, **SIGNED_IN})


def test_a_misspelt_key_of_the_go_clients_file_is_an_error(config: Path) -> None:
    """
    Keys that are not like one of its own are ignored, as that client does.
    """
    text = f"config: {{rootUrl: '{ROOT}', %s: []}}"
    with pytest.raises(ConfigurationError, match="authorizedScopes"):
        resolve_account(AccountOptions(), go_client(config, text % "authorisedScopes"))

    assert Account(ROOT) == resolve_account(AccountOptions(), go_client(config, text % "xyzzy"))


def test_without_a_configuration_folder_home_is_looked_at(tmp_path: Path) -> None:
    """
    As the Go client does.
    """
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "taskcluster.yml").write_text(f"config: {{rootUrl: '{ROOT}'}}")

    files = ConfigFiles({"HOME": str(tmp_path)})

    assert (ROOT, files.go_client_path) == resolve_root_url(None, None, {}, files)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[", "cannot read", id="not TOML"),
        pytest.param("a=" + "[" * 20_000, "nested too deep", id="nested"),
        pytest.param("rootUrl = 'x'", "'rootUrl' is outside of a profile", id="no profile"),
        pytest.param("[default]\nrootUrl = 3", "rootUrl in profile default is not a text", id="no text"),
        pytest.param("[default]\nrootUrl = ['https://h']", "rootUrl in profile default is not a text", id="list"),
        pytest.param("[default]\nrootUrl = 0", "rootUrl in profile default is not a text", id="zero"),
        pytest.param("[default]\nrootUrl='https://h'\nclientId=[1]", "clientId in profile default", id="client list"),
        pytest.param("[default]\nrootUrl='https://h'\ncertificate=2020-01-01", "certificate in profile", id="date"),
        pytest.param("[default]\nrootUrl='https://h'\nauthorizedScopes='a'", "not a list", id="scopes alone"),
        pytest.param("[default]\nrootUrl='https://h'\nauthorizedScopes=[1]", "not a list", id="scopes of numbers"),
        pytest.param("[default]\nrootUrl = 'x'", "rootUrl in profile default has no scheme", id="no scheme"),
        pytest.param(
            "[default]\nrootUrl = 'https://h'\nclientId = 'c'", "accessToken in profile default is not", id="half"
        ),
        pytest.param(
            "[default]\nrootUrl='https://h'\nclientId='c'\naccessToken='t'\nauthorizedScopes='a'",
            "not a list of scopes",
            id="scopes as text",
        ),
    ],
)
def test_an_error_in_profiles_is_named(config: Path, text: str, said: str) -> None:
    """
    And in which file or profile.
    """
    with pytest.raises(ConfigurationError) as caught:
        resolve_account(AccountOptions(), profiles(config, text))

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["config: [", "\x00", "a: b: c"])
def test_an_error_in_the_go_clients_file_is_named(config: Path, text: str) -> None:
    """
    In one line.
    """
    with pytest.raises(ConfigurationError, match=r"cannot read .*taskcluster\.yml") as caught:
        resolve_account(AccountOptions(), go_client(config, text))

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "config:", "config: 1", "other: {}"])
def test_a_go_clients_file_may_say_nothing(config: Path, text: str) -> None:
    """
    Then it is as if it were not there.
    """
    assert Account(ROOT, None, ME) == resolve_account(AccountOptions(), {**go_client(config, text), **SIGNED_IN})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h", "https://h"),
        (" https://h/// ", "https://h"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://h/below/", "https://h/below"),
        ("HTTPS://H.Example/Below", "https://h.example/Below"),
        ("https://h:443/", "https://h"),
        ("http://h:80", "http://h"),
        ("http://h:443", "http://h:443"),
        ("http://[::FFFF]:80", "http://[::ffff]"),
    ],
)
def test_takes_root_urls(url: str, expected: str) -> None:
    """
    Without the slashes at the end.
    """
    assert expected == check_root_url(url, "--root-url")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("", "is not a root URL", id="empty"),
        pytest.param("tc.example.com", "has no scheme: 'tc.example.com'; write https://tc.example.com", id="no scheme"),
        pytest.param("ftp://h/x", "write https://h/x", id="another scheme"),
        pytest.param("https:/h", "write https://h", id="one slash"),
        pytest.param("https//h", "write https://h", id="no colon"),
        pytest.param("http:h", "write http://h", id="no slash"),
        pytest.param("https://h/x?a=b", "write https://h/x", id="path and query"),
        pytest.param("https://t\u00e4st.example/x", "write https://xn--tst-qla.example/x", id="a name beyond ASCII"),
        pytest.param("https://[::1", "host and port", id="half an address"),
        pytest.param("https://[1.2.3.4]", "host and port", id="IPv4 in brackets"),
        pytest.param(f"https://{'a.' * 130}com", "host and port", id="name too long"),
        pytest.param("https://", "is not a root URL", id="no host"),
        pytest.param("https://me:hunter2@h", "has credentials in it", id="credentials"),
        pytest.param("https://:hunter2@h", "has credentials in it", id="password"),
        pytest.param("me:hunter2@h", "has no scheme", id="credentials and no scheme"),
        pytest.param("https://h?a=b", "is not a root URL", id="query"),
        pytest.param("https://h#b", "is not a root URL", id="fragment"),
        pytest.param("https://h h", "is not a root URL", id="blank"),
        pytest.param("https://h/tasks/groups/A?x", "write https://h", id="page and query"),
        pytest.param("https://h/tasks/A", "page or a method: 'https://h/tasks/A'; write https://h", id="page"),
        pytest.param("https://h/x/api/queue/v1", "; write https://h/x", id="method"),
        pytest.param("https://h/hooks/", "; write https://h", id="list of hooks"),
        pytest.param("h/secrets/a", "has no scheme: 'h/secrets/a'; write https://h", id="page without a scheme"),
        pytest.param("ftp://[::1/x", "; write https://HOST", id="half an address and another scheme"),
        pytest.param("[::1/x", "; write https://HOST", id="half an address without a scheme"),
        pytest.param("http:/127.0.0.1:abc/x", "; write https://HOST", id="wrong port and one slash"),
        pytest.param("https://me@[::1/", "write https://HOST", id="half an address and credentials"),
        pytest.param("https://h:99999", "host and port", id="port too high"),
        pytest.param("https://h:x", "host and port", id="port no number"),
        pytest.param("https://a..b", "host and port", id="empty label"),
        pytest.param(f"https://{'a' * 64}.com", "host and port", id="label too long"),
        pytest.param("https://\u202eh", "host and port", id="letters that turn around"),
        pytest.param("https://h\0", "host and port", id="NUL"),
        pytest.param("https://h\udcff", "host and port", id="not UTF-8"),
        pytest.param("https://h/\u00e9", "is not a root URL", id="path beyond ASCII"),
        pytest.param("https://h:0", "host and port", id="port 0"),
        pytest.param("https://h\nX: y", "is not a root URL", id="newline"),
    ],
)
def test_refuses_what_is_no_root_url(url: str, said: str) -> None:
    """
    Without repeating a password.
    """
    with pytest.raises(ConfigurationError) as caught:
        check_root_url(url, "--root-url")

    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30) | st.text("htps:/@.[]?#x1 ", max_size=30))
def test_any_root_url_is_taken_or_refused(url: str) -> None:
    """
    What is taken is taken again, unchanged.
    """
    try:
        checked = check_root_url(url, "--root-url")
    except ConfigurationError:
        return

    assert checked == check_root_url(checked, "--root-url")
    assert not checked.endswith("/")


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys([*SIGNED_IN, *IN_TASK, "TASKCLUSTER_CERTIFICATE"], st.text(max_size=9))
    )
)
def test_any_environment_makes_an_account_or_an_error(tmp_path_factory: Any, environ: dict[str, str]) -> None:
    """
    Credentials are whole, or there are none.
    """
    empty = tmp_path_factory.getbasetemp() / "empty"
    try:
        made = resolve_account(AccountOptions(ROOT), {"XDG_CONFIG_HOME": str(empty), **environ})
    except ConfigurationError:
        return

    assert made.credentials is None or (made.credentials.client_id and made.credentials.access_token)
