"""
Go templates: what they print, and which are wrong.
"""

from __future__ import annotations

from typing import Any

import pytest

from tccli import references
from tccli.core.schemas.bundle import bundle
from tccli.core.tasks.go_template import compile_template
from tccli.errors import BrokenAnswerError, UsageError
from tccli.strict_json import ExactNumber

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
        "payload": {"env": {"A": "1"}, "size": ExactNumber("1e400")},
        "extra": {"b": "2", "a": "1"},
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
        ('{{(printf "%03d|%.1f" 7 2.25)}} {{index .Task.Tags "kind"}}{{index .Task.Tags "other"}}', "007|2.2 test"),
        ('{{index .Status.Runs 1 "state"}}{{eq true 1}}{{lt 1 2.5}}', "pendingfalsetrue"),
        ("{{range .Task.Extra}}{{.}}{{end}}", "12"),
        ("{{.Task.Payload}}", '{"env":{"A":"1"},"size":1e400}'),
        ("{{if false}}" + "{{else if false}}" * 99 + "{{else}}b{{end}}", "b"),
        ("{{" + "(" * 100 + ".Status.TaskID" + ")" * 100 + "}}", "t"),
        ("{{if true}}" * 100 + "a" + "{{end}}" * 100, "a"),
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
        ("{{" + "(" * 3000 + "1" + ")" * 3000 + "}}", "100 levels"),
        ("{{if true}}" * 3000 + "{{end}}" * 3000, "100 levels"),
        ("{{if true}}" + "{{else if true}}" * 3000 + "{{end}}", "100 levels"),
        ("{{1" + " | not" * 3000 + "}}", "100 levels"),
        ("{{" + '"' * 60, "end"),
        ("{{" + "1" * 5000 + "}}", "too large"),
        ("{{9223372036854775808}}", "too large"),
        ('{{printf "%1000001d" 1}}', "1000000"),
        ('{{printf "%.9999999999s" .Status.TaskID}}', "1000000"),
        ('{{printf (print "%" 1000001 "d") 1}}', "1000000"),
        ("{{printf .Status.RetriesLeft}}", "format"),
        ('{{printf "%d" "x"}}', "%d"),
        ('{{index .Status.Runs "0"}}', "index .Status.Runs"),
        ("{{index .Task.Tags 0}}", "index .Task.Tags"),
        ("{{index .Status.TaskID 0}}", "index .Status.TaskID"),
        ("{{lt .Status.RetriesLeft .Status.State}}", "lt .Status.RetriesLeft"),
        ("{{gt .Status 1}}", "gt .Status"),
        ("{{range .Status.State}}{{end}}", "range .Status.State"),
        ("{{index .Status.Runs -1}}", "index .Status.Runs -1"),
        ("{{index .Status.Runs 1.5}}", "1.5 is not a position"),
        ('{{printf "%x" .Status.State}}', "%x takes a number"),
        ('{{printf "%d" true}}', "%d takes a number"),
    ],
)
def test_a_wrong_template_is_named(template: str, named: str) -> None:
    """
    When it is compiled, not when the first document comes.
    """
    with pytest.raises(UsageError, match="--format-string") as caught:
        compile_template(template, SCHEMA)

    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ("{{index .Status.Runs 5}}", "index .Status.Runs 5: the list has 2 entries"),
        ("{{(index .Task.Routes 0)}}", "index .Task.Routes 0"),
        ("{{index .Task.Payload.env.A 0}}", "index .Task.Payload.env.A 0"),
        ("{{len .Task.Payload.size}}", "len .Task.Payload.size"),
        ("{{lt .Task.Payload.env 1}}", "lt .Task.Payload.env 1"),
        ('{{printf "%d" .Task.Payload.env.A}}', ".Task.Payload.env.A"),
        ('{{printf (print "%" .Status.RetriesLeft 999999 "d") 1}}', "1000000"),
        ('{{printf .Status.TaskID "x"}}', "printf .Status.TaskID"),
        ("{{range .Task.Payload.env.A}}{{end}}", "range .Task.Payload.env.A"),
    ],
)
def test_a_document_that_does_not_fit_names_the_expression(template: str, named: str) -> None:
    """
    In our own words, as an error of the response, not of the command line.
    """
    render = compile_template(template, SCHEMA)

    with pytest.raises(BrokenAnswerError, match="does not fit") as caught:
        render(ENTRY)

    assert named in str(caught.value)
