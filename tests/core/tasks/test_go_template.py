"""
Go templates: what they print, and which are wrong.
"""

from __future__ import annotations

from typing import Any

import pytest

from tccli import references
from tccli.core.schemas.bundle import bundle
from tccli.core.tasks.go_template import compile_template
from tccli.errors import UsageError

METHOD = references.method("queue", "listTaskGroup")
SCHEMA = bundle(METHOD.reference.schemas, str(METHOD.output))["properties"]["tasks"]["items"]
ENTRY: dict[str, Any] = {
    "status": {
        "taskId": "t",
        "state": "failed",
        "retriesLeft": 5,
        "runs": [{"runId": 0, "state": "failed", "reasonResolved": "failed"}, {"runId": 1, "state": "pending"}],
    },
    "task": {
        "metadata": {"name": "<a> & 'b'", "owner": "o@example.com"},
        "dependencies": ["x", "y"],
        "tags": {"kind": "test"},
        "payload": {"env": {"A": "1"}},
    },
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", ""),
        ("plain } text", "plain } text"),
        ("{{ .Status.TaskID }}\t{{.Status.State}}", "t\tfailed"),
        ("{{.Task.Metadata.Name}}", "<a> & 'b'"),
        ("{{len .Status.Runs}} {{ len .Task.Metadata.Name }}", "2 9"),
        ('{{printf "%s-%s" .Status.TaskID .Status.State}}', "t-failed"),
        ('{{printf "%-4s|%5d|%q|%v|100%%" .Status.TaskID .Status.RetriesLeft .Status.State true}}', None),
        ('{{.Status.State | printf "<%s>"}}', "<failed>"),
        ("{{.Status.Runs | len}}", "2"),
        ("{{.Task.Dependencies}}", "[x y]"),
        ("{{.Task.Tags.kind}}{{.Task.Tags.other}}", "test"),
        ("{{(index .Status.Runs 1).State}}", None),
        ("{{with index .Status.Runs 1}}{{.State}}{{.ReasonResolved}}{{end}}", "pending"),
        ("{{range .Status.Runs}}{{.RunID}}={{.State}},{{$.Status.TaskID}};{{end}}", "0=failed,t;1=pending,t;"),
        ('{{if eq .Status.State "failed" "exception"}}bad{{else}}good{{end}}', "bad"),
        ("{{if .Task.Routes}}a{{else if .Task.Dependencies}}b{{else}}c{{end}}", "b"),
        ("a  {{- /* a comment */ -}}  b {{- .Status.TaskID -}} c", "abtc"),
        ('{{`raw \\t`}}{{"tab\\t"}}{{"}}"}}', "raw \\ttab\t}}"),
        ("{{not (and true false)}} {{or nil 3}}", "true 3"),
        ("{{.Task.Metadata}}", '{"name":"<a> & \'b\'","owner":"o@example.com"}'),
    ],
)
def test_renders(template: str, expected: str | None) -> None:
    """
    Fields by Go's names, texts, pipelines, functions and blocks; nothing is escaped.
    """
    if expected is None:
        expected = 't   |    5|"failed"|true|100%' if "printf" in template else ""
        if not expected:
            # A field of a value in parentheses is not in our part of the language.
            with pytest.raises(UsageError):
                compile_template(template, SCHEMA)
            return
    assert expected == compile_template(template, SCHEMA)(ENTRY)


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ("{{", "end"),
        ("{{ .Status.TaskID", "end"),
        ("{{}}", "empty"),
        ("{{ .Nosuch }}", "'Nosuch'"),
        ("{{ .Status.Taskid }}", "'Taskid'"),
        ("{{range .Status.Runs}}{{.Nosuch}}{{end}}", "'Nosuch'"),
        ("{{ nosuch .Status }}", "'nosuch'"),
        ("{{ len }}", "len"),
        ("{{ len .Status.RetriesLeft }}", "len"),
        ('{{ printf "%s" }}', "printf"),
        ('{{ printf "%y" 1 }}', "'%y'"),
        ("{{ .Status.TaskID .Status.State }}", "arguments"),
        ("{{if true}}a", "end"),
        ("{{end}}", "end"),
        ("{{else}}", "else"),
        ("{{ (len .Status.Runs }}", ")"),
        ("{{ @ }}", "'@'"),
    ],
)
def test_a_wrong_template_is_named(template: str, named: str) -> None:
    """
    When it is compiled, not when the first document comes.
    """
    with pytest.raises(UsageError, match="--format-string") as caught:
        compile_template(template, SCHEMA)

    assert named in str(caught.value)
