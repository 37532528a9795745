"""
Which references a command line is about.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import references
from tccli.cli.library import active_library
from tccli.cli.options import Options, peek_options
from tccli.core.cache.references import store
from tccli.core.config_files import ConfigFiles
from tccli.references.importing import merge
from tccli.references.importing.validate import split_rollup, validate_documents
from tests.references.documents import rollup

if TYPE_CHECKING:
    from pathlib import Path

    from tccli.core.reference_fetch import Fetcher

ROOT = "https://tc.example.com"
OTHER = "https://other.example.com"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([], (None, None, []), id="nothing"),
        pytest.param(["--root-url", "x", "queue", "ping"], ("x", None, []), id="before the command"),
        pytest.param(["queue", "ping", "--root-url=x=y"], ("x=y", None, []), id="after it"),
        pytest.param(["--rootUrl", "x", "--ROOT_URL=y"], ("y", None, []), id="spellings, of which the last counts"),
        pytest.param(["--profile", "p", "--profile="], (None, "", []), id="an empty value"),
        pytest.param(["--reference", "a", "x", "--Reference=b"], (None, None, ["a", "b"]), id="several"),
        pytest.param(["--reference", "--root-url", "x"], (None, None, ["--root-url"]), id="a value like an option"),
        pytest.param(["--root-url"], (None, None, []), id="no value"),
        pytest.param(["x", "--", "--root-url", "x"], (None, None, []), id="after the end of options"),
        pytest.param(["-root-url", "x", "root-url", "--root-urls", "x"], (None, None, []), id="other words"),
    ],
)
def test_reads_the_words(words: list[str], expected: tuple[Any, ...]) -> None:
    """
    As click does, before it does.
    """
    options = peek_options(words)

    assert expected == (options.root_url, options.profile, options.reference)


@given(words=st.lists(st.text(max_size=8) | st.sampled_from(["--", "--root-url", "--reference=", "--profile", "-q"])))
def test_any_words_can_be_read(words: list[str]) -> None:
    """
    What is wrong with them is said by click.
    """
    assert isinstance(peek_options(words), Options)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """
    An environment in which references of a deployment are kept.
    """
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    texts = merge.convert_documents(validate_documents(split_rollup(rollup())), references.built_in())
    store(environ, ROOT, texts, now=1_893_553_445)
    (tmp_path / "config" / "tc").mkdir(parents=True)
    return environ


def no_fetcher() -> Fetcher:
    """
    Fail: nothing is to be fetched.
    """
    raise AssertionError("something is to be fetched")


def is_used(words: list[str], environ: dict[str, str]) -> bool:
    """
    Tell whether the kept references are used.
    """
    notes: list[str] = []
    files = ConfigFiles(environ)
    library = active_library(peek_options(words), environ, lambda: files, no_fetcher, notes.append)
    names = library.service_names()
    assert [] == notes
    assert set(references.service_names()) <= set(names)
    return "greet" in names


@pytest.mark.parametrize(
    ("words", "root_url", "expected"),
    [
        pytest.param([], ROOT, True, id="the environment's"),
        pytest.param([], f"{ROOT}//", True, id="with slashes at its end"),
        pytest.param([], OTHER, False, id="another one's"),
        pytest.param(["queue", "ping", "--root-url", ROOT], OTHER, True, id="an option's"),
        pytest.param(["--root-url", OTHER], ROOT, False, id="an option's, which goes first"),
        pytest.param(["--root-url", "nonsense"], ROOT, False, id="an option's that is malformed"),
        pytest.param(["--profile", "here"], OTHER, True, id="a profile's"),
        pytest.param(["--profile", "there"], ROOT, False, id="a profile's, which goes before the environment"),
        pytest.param(["--profile", "nowhere"], ROOT, False, id="a profile's that there is not"),
        pytest.param([], "", True, id="the default profile's"),
    ],
)
def test_kept_references_are_for_their_root_url(
    environ: dict[str, str],
    tmp_path: Path,
    words: list[str],
    root_url: str,
    expected: bool,
) -> None:
    """
    Which is found as it is for calls: option, profile, environment, configuration.
    """
    profiles = f'[default]\nrootUrl = "{ROOT}"\n[here]\nrootUrl = "{ROOT}/"\n[there]\nrootUrl = "{OTHER}"\n'
    (tmp_path / "config" / "tc" / "profiles.toml").write_text(profiles)

    assert expected == is_used(words, {**environ, "TASKCLUSTER_ROOT_URL": root_url})


def test_the_configuration_of_the_go_client(environ: dict[str, str], tmp_path: Path) -> None:
    """
    Counts, too; one that cannot be read is left to what needs it.
    """
    path = tmp_path / "config" / "taskcluster.yml"
    path.write_text(json.dumps({"config": {"rootUrl": ROOT}}))
    assert is_used([], environ)
    path.write_text("{")
    assert not is_used([], environ)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["queue", "-q"], True, id="short"),
        pytest.param(["--QUIET", "queue"], True, id="long"),
        pytest.param(["queue", "-Q"], False, id="short options are case-sensitive"),
        pytest.param(["--", "-q"], False, id="after the end of options"),
    ],
)
def test_peeks_at_quiet(words: list[str], expected: bool) -> None:
    """
    Notes about the references are printed before click has parsed the command line.
    """
    assert expected == peek_options(words).quiet
