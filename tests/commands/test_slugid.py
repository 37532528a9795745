"""
``tc slugid``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
import slugid
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.conftest import CommandLine

UUIDS = st.uuids(version=4)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("options", [[], ["--v4"]], ids=["nice", "v4"])
def test_prints_slugids(tc: CommandLine, options: list[str]) -> None:
    """
    As many as were asked for, each another, each a version 4 UUID; a nice one never begins with a dash.
    """
    slugs = tc("slugid", *options, "--count", "500").stdout.splitlines()

    assert 500 == len(set(slugs))
    assert {22} == set(map(len, slugs))
    assert {4} == {slugid.decode(slug).version for slug in slugs}
    assert options or all(slug[0].isalpha() for slug in slugs)
    assert not options or not all(slug[0] in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef" for slug in slugs)


@QUICK
@given(UUIDS)
def test_encodes_and_decodes(tc: CommandLine, uuid: UUID) -> None:
    """
    Both ways, as the library does.
    """
    slug = tc("slugid", "encode", str(uuid)).stdout.strip()

    assert uuid == slugid.decode(slug)
    assert f"{uuid}\n" == tc("slugid", "decode", "--", slug).stdout


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        pytest.param(["encode", "x"], "'x' is not a UUID", id="no UUID"),
        pytest.param(["encode", "00000000-0000-1000-8000-000000000000"], "not a version 4", id="version 1"),
        pytest.param(["encode", "00000000-0000-0000-0000-000000000000"], "not a version 4", id="nil"),
        pytest.param(["encode", uuid4().hex], "8-4-4-4-12", id="no dashes"),
        pytest.param(["encode", "{" + str(uuid4()) + "}"], "8-4-4-4-12", id="braces"),
        pytest.param(["decode", "x"], "'x' is not a slugid", id="too short"),
        pytest.param(["decode", "A" * 23], "is not a slugid", id="too long"),
        pytest.param(["decode", "A" * 22], "not a version 4", id="nil slug"),
        pytest.param(["decode", slugid.nice()[:-1] + "/"], "is not a slugid", id="another alphabet"),
        pytest.param(["decode", slugid.nice()[:-1] + "B"], "last character", id="bits beyond a UUID"),
        pytest.param(["decode", slugid.nice() + "\n"], "is not a slugid", id="newline"),
        pytest.param(["--count", "0"], "--count", id="none"),
        pytest.param(["--count", "x"], "--count", id="no number"),
        pytest.param(["encod", "x"], "did you mean encode", id="near miss"),
    ],
)
def test_refuses(tc: CommandLine, argv: list[str], line: str) -> None:
    """
    In one line.
    """
    result = tc("slugid", *argv)

    assert (2, b"") == (result.exit_code, result.output)
    assert 1 == result.stderr.count("\n")
    assert line in result.stderr


def test_prints_in_every_format(tc: CommandLine) -> None:
    """
    Bare by itself, a string as JSON.
    """
    assert '"' not in tc("slugid").stdout
    assert tc("slugid", "--format", "json").stdout.startswith('"')
    assert '"' not in tc("slugid", "--format", "json", "-r").stdout
