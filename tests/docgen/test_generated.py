"""
The files that are made from the tree of commands are up to date.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tccli.docgen import __main__ as documents

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """
    Path → text of all of them.
    """
    return documents.generate(str(CHECKOUT))


def test_committed_files_are_what_would_be_made(texts: dict[str, str]) -> None:
    """
    After a change of commands, methods or options: ``python -m tccli.docgen``.
    """
    assert [] == documents.find_stale(str(CHECKOUT), texts)


def _change(path: Path) -> None:
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")


@pytest.mark.parametrize(
    ("path", "spoil"),
    [
        pytest.param("completions/tc.bash", _change, id="changed"),
        pytest.param("completions/_tc", Path.unlink, id="gone"),
        pytest.param("completions/tc.tcsh", Path.touch, id="one too many"),
    ],
)
def test_check_lists_what_is_stale_and_writing_mends_it(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    texts: dict[str, str],
    path: str,
    spoil: Callable[[Path], None],
) -> None:
    """
    With exit code 1, and nothing is touched until it is to be written.
    """
    # The README is the same, so are the texts, which take a second.
    monkeypatch.setattr(documents, "generate", lambda _directory: texts)
    (tmp_path / "README.md").write_text((CHECKOUT / "README.md").read_text("utf-8"), "utf-8")
    assert 0 == documents.main([str(tmp_path)])
    assert 0 == documents.main([str(tmp_path), "--check"])
    capsys.readouterr()
    spoil(tmp_path / path)

    assert 1 == documents.main([str(tmp_path), "--check"])
    assert 1 == documents.main([str(tmp_path), "--check"])
    assert f"{path}\n" * 2 == capsys.readouterr().out
    assert 0 == documents.main([str(tmp_path)])
    assert 0 == documents.main([str(tmp_path), "--check"])
