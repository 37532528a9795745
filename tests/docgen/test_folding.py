"""
Lines of examples are folded where the shell, JSON or jq let them be, and nowhere else.
"""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.docgen.man.folding import folded


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        pytest.param("tc queue ping", "tc queue ping", id="short"),
        pytest.param(
            "tc queue task ABC --jq .status.state -r",
            "tc queue task ABC \\\n    --jq .status.state -r",
            id="before an option rather than its value",
        ),
        pytest.param("tc queue tasks | xargs -n1 echo again", "tc queue tasks |\n  xargs -n1 echo again", id="pipe"),
        pytest.param(
            """tc x y --data '{"a": "one", "bc": 3}'""",
            """tc x y --data '{"a": "one",\n  "bc": 3}'""",
            id="JSON, but not in its strings",
        ),
        pytest.param(
            "echo 'do not break these words apart'", "echo \\\n    'do not break these words apart'", id="quoted words"
        ),
        pytest.param(
            'echo "$(tc from-now 1 year)" and more words',
            'echo "$(tc from-now 1 year)" \\\n    and more words',
            id="in double quotes, only in substitutions",
        ),
        pytest.param(
            """x --data '{"until": "'"$(tc from-now 1 day)"'", "b": 2}'""",
            """x --data '{"until":\n  "'"$(tc from-now 1 day)"'",\n  "b": 2}'""",
            id="JSON that is pieced together",
        ),
        pytest.param(
            'cat <<END\n{"a": "b c d e f g h i j", "k": 1}\nEND\necho a',
            'cat <<END\n{"a": "b c d e f g h i j",\n  "k": 1}\nEND\necho a',
            id="here-document",
        ),
    ],
)
def test_folds_where_it_may(example: str, expected: str) -> None:
    """
    At 30 columns.
    """
    assert expected == folded(example, 30)


WORDS = st.lists(st.text("ab-,", min_size=1, max_size=12), min_size=1, max_size=12)


@given(WORDS, WORDS, st.integers(10, 40))
def test_the_shell_reads_the_same_words(bare: list[str], quoted: list[str], width: int) -> None:
    """
    However narrow the page is.
    """
    example = f"printf '%s\\n' {' '.join(bare)} '{' '.join(quoted)}' \"{' '.join(quoted)}\""
    outputs = {
        subprocess.run(["bash", "-c", lines], capture_output=True, check=True).stdout
        for lines in (example, folded(example, width))
    }

    assert 1 == len(outputs)
