"""
JSON-e and dates, compared with what JavaScript makes of them.

The vectors are the output of json-e 4.8.2 and of ``Date`` in Node.js 20.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.sandbox import templates
from tccli.sandbox.http.json_text import dumps
from tccli.sandbox.javascript import dates
from tests.vectors import load

EXPRESSIONS = st.text("0123456789.+-*/=!<>&|()[]{},:'\" xlo${}", max_size=30)


def test_templates_render_as_in_javascript() -> None:
    """
    Numbers, text, truth, equality, places in lists, functions, times and every operator.
    """
    vectors = load("json-e")
    wrong = []
    for case in vectors["cases"]:
        try:
            result = dumps(templates.render(case["template"], vectors["context"]))
        except templates.TemplateError:
            result = "error"
        if result != (expected := "error" if "is_error" in case else dumps(case["result"])):
            wrong.append((case["template"], expected, result))

    assert not wrong


def test_dates_are_parsed_as_in_javascript() -> None:
    """
    ISO 8601, and what else ``Date.parse`` takes or refuses.
    """
    wrong = [(text, date) for text, date in load("javascript-dates").items() if date != dates.to_iso(dates.parse(text))]

    assert not wrong


@given(EXPRESSIONS, st.text("0123456789:-+./ TZ(JanpmGMT", max_size=20))
def test_no_expression_and_no_date_is_a_bug(expression: str, date: str) -> None:
    """
    Each renders to JSON, or is an error of the template.
    """
    for template in (expression, {"$eval": expression}, {"$fromNow": "1 day", "from": date}, {"$json": expression}):
        with suppress(templates.TemplateError):
            json.loads(dumps(templates.render(template, {"now": "2026-01-01T00:00:00Z", "x": 1, "l": [1], "o": {}})))


@pytest.mark.parametrize("template", ["[" * 20_000 + "]" * 20_000, "${" + "(" * 20_000, {"$eval": "!" * 20_000}])
def test_deep_expressions_are_errors(template: Any) -> None:
    """
    Of the template, not of the sandbox.
    """
    context = {"now": "2026-01-01T00:00:00Z"}
    with pytest.raises(templates.TemplateError):
        templates.render(template if isinstance(template, dict) else {"$eval": template}, context)
