"""
``--format table`` and ``--columns``: tables that fit, and that do not depend on how a listing arrived.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from tccli.output import Pages, Result
from tccli.output.columns import find_value, rank_columns, select_columns
from tccli.output.formats import table
from tccli.output.result import RenderOptions
from tests.http_server import json_response

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine
    from tests.http_server import ScriptedServer

TASK_ID = "fN1SbArXTPSVFNUvaOli{}Q"
STATES = ["completed", "unscheduled", "failed"]


def entry(number: int) -> dict[str, Any]:
    """
    Return an entry of ``queue.listTaskGroup``.
    """
    common = {"provisionerId": "proj-fx", "workerType": f"linux-{number}", "taskQueueId": f"proj-fx/linux-{number}"}
    runs = [{"runId": run, "state": "completed", "workerId": f"w-{number}-{run}"} for run in range(2)]
    return {
        "status": {
            "taskId": TASK_ID.format(number),
            **common,
            "expires": "2027-11-29T03:00:00.000Z",
            "state": STATES[number % 3],
            "runs": runs,
        },
        "task": {
            **common,
            "dependencies": [TASK_ID.format(number + 1), TASK_ID.format(number + 2)],
            "payload": {"command": ["/bin/sh", "-c", "long " * 2000], "artifacts": [{"name": "a"}]},
            "metadata": {"name": f"test-{number}/opt a rather long name of a task", "description": "text\n" * 500},
            "extra": {},
        },
    }


def render(result: Result, width: int | None = None, **options: Any) -> list[str]:
    """
    Return the lines of a table.
    """
    out = io.BytesIO()
    table.render(result, out, RenderOptions(width=width, pretty=width is not None, **options))
    return out.getvalue().decode().splitlines()


@pytest.mark.parametrize("width", [50, 60, 80, 120, None])
def test_columns_fit(width: int | None) -> None:
    """
    Ids are whole, names and states are there, nested data is not.
    """
    lines = render(Result([{"tasks": [entry(number) for number in range(3)]}], is_page=True), width)

    assert all(len(line) <= (width or 120) for line in lines)
    assert ["taskId", "name", "state"] == lines[0].split()[:3]
    rows = lines[1 if width is None else 2 :]
    assert 3 == len(rows)
    for number, row in enumerate(rows):
        assert row.startswith(TASK_ID.format(number))
        assert f"test-{number}/opt" in row
        assert STATES[number] in row
    assert not any("runs" in line or "long long" in line or "artifacts" in line for line in lines)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("columns", [None, ["taskId", "metadata.name"]])
def test_a_listing_has_one_form(count: int, columns: list[str] | None) -> None:
    """
    As a page, as pages and as an array: a line for the names, and a line for each entry, even for a single one.
    """
    entries = [entry(number) for number in range(count)]
    page = render(Result([{"id": "g", "tasks": entries}], is_page=True), 80, columns=columns)
    pages = Pages(iter([{"id": "g", "tasks": entries[:1]}, {"id": "g", "tasks": entries[1:]}]))

    assert count + 2 == len(page)
    assert page == render(Result(pages=pages), 80, columns=columns)
    assert page == render(Result([entries]), 80, columns=columns)
    assert page == render(Result([{"tasks": entries}]), 80, columns=columns)


def test_paginate_gives_the_same_table(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    With a filter and without.
    """
    http_server.respond_with(json_response({"taskGroupId": "g", "tasks": [entry(number) for number in range(3)]}))
    for words in ([], ["--jq", ".tasks[].status"], ["--jq", ".tasks"], ["--columns", "taskId,state"]):
        argv = ["queue", "listTaskGroup", TASK_ID.format(1), "--format", "table", *words]
        found = {tc(*argv, *more, env=http_server.env).stdout for more in ([], ["--paginate"])}
        assert 1 == len(found)
        assert 4 == found.pop().count("\n")


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([[{"a": 1}, {"a": 2}]], ["a", "1", "2"]),
        ([{"a": 1}, {"a": 2}], ["a", "1", "2"]),
        ([{"a": 1}], ["a", "1"]),
        ([[{"a": 1}], [{"a": 2}, {"a": 3}]], ["a", "1", "2", "3"]),
        ([["x", "y"]], ["value", "x", "y"]),
        (["x", "y"], ["value", "x", "y"]),
        (["x"], ["value", "x"]),
        ([["a", 1], ["b", 2]], ["a  1", "b  2"]),
        ([[["a", 1], ["b", 2]]], ["a  1", "b  2"]),
        ([[["a", 1]]], ["a  1"]),
        ([[["a"], ["b", None, True]]], ["a", "b  true"]),
        ([], []),
        ([[]], []),
        ([{}], ["value", "{}"]),
        ([{"a": [{"b": 1}]}], ["value", '{"a":[{"b":1}]}']),
        ([1, {"a": 1}], ["value", "1", '{"a":1}']),
    ],
)
def test_what_a_filter_yields_is_a_listing(documents: list[Any], expected: list[str]) -> None:
    """
    The elements of an array are rows. Arrays of plain values are rows where there are several.
    """
    assert expected == render(Result(iter(documents), is_filtered=True))


def test_a_document_has_a_line_for_each_property() -> None:
    """
    With the path that --columns takes; on a terminal, long values are folded.
    """
    document = {"a": {"b": "x y " * 20, "c": [{"d": 1}, {"d": [2]}]}, "e": "1\n2"}

    assert [f"a.b      {'x y ' * 20}".rstrip(), "a.c.0.d  1", "a.c.1.d  [2]", "e        1", "         2"] == render(
        Result([document])
    )
    lines = render(Result([document]), 40)
    assert all(len(line) <= 40 for line in lines)
    assert 20 == sum(line.count("x y") for line in lines)
    assert ["a.c.0.d  1", "e        1", "         2"] == render(Result([document]), 40, columns=["a.c.0.d", "e"])


def test_columns_are_paths_or_their_ends() -> None:
    """
    In the order in which they were asked for, in any case, with positions in lists; whole off a terminal.
    """
    result = Result([[entry(1), entry(2)]])
    columns = ["STATE", "taskid", "runs.-1.workerId", "status.runs.0.runId", "dependencies", "description"]
    lines = render(result, columns=columns)

    assert columns == lines[0].split()
    assert ["failed", TASK_ID.format(2), "w-2-1", "0", TASK_ID.format(3), TASK_ID.format(4), "text"] == (
        lines[2].split()[:7]
    )
    assert 500 == lines[2].count("text")
    shortened = render(result, 100, columns=["state", "taskId", "name", "description"])
    assert all(len(line) <= 100 for line in shortened)
    # Ids are whole as long as there are texts to shorten.
    assert TASK_ID.format(2) in shortened[3]
    assert 2 == shortened[3].count("…")


@pytest.mark.parametrize(
    "order", [["taskId", "name", "state", "reason", "queue", "owner"], ["owner", "name", "taskId"]]
)
def test_rows_of_a_narrow_terminal_are_whole_and_so_are_ids(order: list[str]) -> None:
    """
    All columns that were asked for are there.
    """
    task_id = "CrkW_yIJQrWyhu8ldXN-8A"
    values = {"name": "lint js (eslint)", "state": "unscheduled", "reason": "deadline-exceeded", "taskId": task_id}
    row = {**values, "queue": "proj-example/linux-large", "owner": "somebody@example.com"}
    lines = render(Result([[row, row]]), 60, columns=order)

    assert max(map(len, lines)) <= 60
    assert all(name in lines[0] for name in order)
    assert all(task_id in line for line in lines[-2:])


def test_a_column_that_does_not_exist_is_noted() -> None:
    """
    Its name and the nearest one, once; the column is empty, so that optional properties do not change the table.
    """
    notes: list[str] = []
    lines = render(Result([[entry(1), entry(2)]]), columns=["taskId", "stat"], note=notes.append)

    assert ["taskId", "stat"] == lines[0].split()
    assert [TASK_ID.format(1)] == lines[1].split()
    assert 1 == len(notes)
    assert "'stat'" in notes[0]
    assert "state" in notes[0]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--columns", ""], "--columns"),
        (["--columns", "a,,b"], "a,,b"),
        (["--columns", "a", "--format", "jsonl"], "jsonl"),
    ],
)
def test_columns_are_checked_first(tc: CommandLine, http_server: ScriptedServer, words: list[str], named: str) -> None:
    """
    Nothing is sent.
    """
    result = tc("secrets", "list", *words, env=http_server.env)

    assert (2, "") == (result.exit_code, result.stdout)
    assert named in result.stderr
    assert 1 == result.stderr.count("\n")
    assert [] == http_server.requests


def test_a_file_gets_the_table_that_a_pipe_gets(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    And COLUMNS sets its width.
    """
    http_server.respond_with(json_response({"taskGroupId": "g", "tasks": [entry(1)]}))
    argv = ["queue", "listTaskGroup", TASK_ID.format(1), "--format", "table"]
    env = {**http_server.env, "COLUMNS": "60"}
    assert 0 == tc(*argv, "-o", str(tmp_path / "a"), env=env).exit_code

    assert tc(*argv, env=env).stdout == (tmp_path / "a").read_text("utf-8")
    assert 60 >= max(map(len, (tmp_path / "a").read_text("utf-8").splitlines()))


@pytest.mark.parametrize("width", [40, None])
def test_cells_are_measured_as_a_terminal_shows_them(width: int | None) -> None:
    """
    Wide characters, control characters and lone surrogates: columns are aligned, and nothing steers the terminal.
    """
    names = ["日本語", "\x1b[2J", "\ud800", "a\tb\nc", "é"]
    lines = render(Result([[{"name": name, "size": number} for number, name in enumerate(names)]]), width)

    starts = {cell_len(line.rsplit(" ", 1)[0]) for line in lines[-len(names) :]}
    assert 1 == len(starts)
    assert not any("\x1b" in line or "\t" in line for line in lines)
    assert len(names) + (1 if width is None else 2) == len(lines)


def test_repetitions_and_empty_columns_are_left_out() -> None:
    """
    A column says something that no other one of its name does; the header is the end of a path that --columns takes.
    """
    entries = [
        {"a": {"id": n, "x": None}, "b": {"id": n, "x": ""}, "c": {"id": -n, "deep": {"er": {"x": 1}}}} for n in (1, 2)
    ]

    assert [("id", [1, 2]), ("c.id", [-1, -2])] == [column[:2] for column in rank_columns(entries)]


def test_names_can_contain_dots() -> None:
    """
    The whole name goes first.
    """
    document = {"a.b": {"c.d": 1}, "a": {"b": 2}, "a.x": None}

    assert [1, {"c.d": 1}, None] == [find_value(document, path) for path in ("a.b.c.d", "a.b", "a.x")]


def test_tables_of_tc_itself_are_folded(tc: CommandLine) -> None:
    """
    Their texts are whole: the words of routing keys are what people look for.
    """
    whole = json.loads(tc("events", "list", "queue").stdout)
    lines = render(Result([whole], is_table=True), 100)

    assert all(len(line) <= 100 for line in lines)
    text = " ".join(" ".join(lines).split())
    assert not [each["summary"] for each in whole if any(word not in text for word in each["summary"].split())]
    assert "…" not in text


def test_key_columns_are_left_out_last() -> None:
    """
    In the order of the document, also where another column looks like an id; off a terminal, long cells are cut.
    """
    path = "/api/auth/v1/clients/" + "x" * 90
    calls = [
        {"time": f"2026-11-28T09:36:3{n}.123Z", "verb": "GET", "path": path, "clientId": f"a/client-{n}", "status": n}
        for n in (1, 2)
    ]
    result = Result([calls], is_table=True, key_columns=("verb", "status", "path"))

    assert ["verb", "path", "status"] == render(result, 40)[0].split()
    assert ["time", "verb", "path", "clientId", "status"] == render(result, None)[0].split()
    assert all(len(line) <= 120 for line in render(result, None))


def test_an_empty_listing_has_no_table() -> None:
    """
    Not even names: they are those of its entries.
    """
    assert [] == render(Result([{"tasks": []}], is_page=True), 80)
    assert [] == render(Result([[]]), 80)


@pytest.mark.parametrize(
    ("argv", "column"),
    [
        (["validate", "queue", "createTask", "--columns", "path"], "path"),
        (["find", "rerun", "--columns", "summary"], "summary"),
        (["events", "list", "--columns", "event"], "event"),
        (["slugid", "--columns", "value"], "value"),
    ],
)
def test_columns_select_from_any_result(tc: CommandLine, argv: list[str], column: str) -> None:
    """
    Also where a command prints text by default.
    """
    result = tc(*argv, stdin="{}")
    lines = result.stdout.splitlines()

    assert "--columns" not in result.stderr
    assert [column] == lines[0].split()
    assert len(lines) > 1


def test_what_identifies_an_entry_is_first() -> None:
    """
    Whatever the order of its properties: then the state or the schedule, and times, which are whole or left out.
    """
    common = {"created": "2026-11-28T01:02:03.456Z", "description": "a text of many words " * 4}
    roles = [{**common, "roleId": f"hook-id:project-fx/nightly-{number}", "scopes": ["a:b"]} for number in range(2)]
    hooks = [
        {
            "bindings": [],
            "hookGroupId": "project-fx",
            "metadata": {"description": common["description"] + str(number), "name": f"Nightly build {number}"},
            "schedule": [f"0 0 {number} * * *"],
            "hookId": f"nightly-{number}",
        }
        for number in range(2)
    ]
    for width in (60, 80, 120):
        assert ["roleId", "created"] == render(Result([roles]), width)[0].split()[:2]
        assert "hook-id:project-fx/nightly-0  2026-11-28T01:02:03" in render(Result([roles]), width)[2]
        assert ["hookId", "name", "schedule"] == render(Result([hooks]), width)[0].split()[:3]
    group = Result([[entry(number) for number in range(2)]])
    assert ["taskId", "state"] == render(group, 40)[0].split()


def test_secrets_are_not_in_tables() -> None:
    """
    Unless they are asked for.
    """
    claims = [{"credentials": {"accessToken": f"t-{number}", "clientId": f"c-{number}"}} for number in range(2)]

    assert "t-0" not in "\n".join(render(Result([claims]), 80))
    assert "t-0" in "\n".join(render(Result([claims]), 80, columns=["accessToken"]))


def test_headers_can_be_given_to_columns() -> None:
    """
    Also shortened ones, positions that count from the end, and those of plain values.
    """
    entries = [
        {"status": {"runs": [{"state": f"s-{run}", "routes": ["a", f"r-{run}"]} for run in range(count)]}, "n": count}
        for count in (1, 3)
    ]
    notes: list[str] = []
    columns = ["runs.-1.state", "RUNS.0.state", "runs.-1.routes.-1"]
    lines = render(Result([entries]), columns=columns, note=notes.append)
    assert [["s-0", "s-0", "r-0"], ["s-2", "s-0", "r-2"]] == [line.split() for line in lines[1:]]
    assert ["runs.-1.sate"] == render(Result([entries]), columns=["runs.-1.sate"], note=notes.append)[0].split()
    assert 1 == len(notes)

    # An object of the same name as the end of the path would be shown instead.
    shadowed = [{"a": {"task": {"id": n}}, "task": {"id": n + 5}, "b": n} for n in range(2)]
    for column in rank_columns(shadowed):
        assert [column.values] == [each.values for each in select_columns(shadowed, [column.name])[0]]

    scopes = Result([{"scopes": ["a", "b"]}])
    assert ["scopes", "a", "b"] == render(scopes)
    assert ["scopes", "a", "b"] == render(scopes, columns=["scopes"])
    assert ["value", "a", "b"] == render(scopes, columns=["value"])


def test_tables_of_tc_itself_fit(tc: CommandLine) -> None:
    """
    COLUMNS counts off a terminal, too; words are not broken.
    """
    whole = json.loads(tc("events", "list").stdout)
    words = {word for each in whole for value in each.values() for word in str(value).split()}
    for width in (60, 80, 100):
        lines = tc("events", "list", "--format", "table", env={"COLUMNS": str(width)}).stdout.splitlines()
        assert width >= max(map(len, lines))
        assert not [word for line in lines[1:] for word in line.split() if not any(word in known for known in words)]


def test_an_error_in_json_is_its_message() -> None:
    """
    In a table that must be fitted: such a text, as hooks.listLastFires has it, begins with what says nothing.
    """
    error = json.dumps({"name": "Error", "message": "Client ID a lacks scopes", "stack": "x" * 300}, indent=2)
    others = ["{", '{"message": 1}', '{"message": ""}', '{"message": "a"']
    fires = [{"taskId": str(number), "error": text} for number, text in enumerate([error, *others])]
    rows = render(Result([{"lastFires": fires}]), 40)[2:]

    assert ["0 Client ID a lacks scopes", *(f"{n} {text}" for n, text in enumerate(others, 1))] == [
        " ".join(row.split()) for row in rows
    ]
