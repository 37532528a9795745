"""
Any response to any command: mutated documents, types and statuses, in every format, on a terminal and off it.

``TC_FUZZ_COUNT=20000 pytest tests/cli/test_any_response.py`` is a long run; ``TC_FUZZ_SEED`` repeats a failed one.
"""

from __future__ import annotations

import json
import os
import pty
import random
import re
import sys
import threading
from datetime import UTC, datetime
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, Any
from unittest import mock

from tccli import references
from tccli.cli import app
from tccli.core.schemas.bundle import bundle
from tccli.core.schemas.examples.generate import NoExampleError, Randomness, generate_example
from tests.http_server import Received, Response, response
from tests.seeds import read_seed
from tests.terminals import read_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.http_server import ScriptedServer

METHODS = [method for name in references.service_names() for method in references.service(name).methods.values()]
OTHER_COMMANDS = [
    ["whoami"],
    ["scopes", "expand", "a"],
    ["scopes", "check", "queue", "task", "fN1SbArXTPSVFNUvaOlinQ"],
    ["version", "--service"],
    ["scopes", "required", "queue", "task", "fN1SbArXTPSVFNUvaOlinQ"],
    ["temp-credentials", "--scope", "a"],
    ["signed-url", "queue", "task", "fN1SbArXTPSVFNUvaOlinQ"],
    ["events", "list", "--reference", "SERVER/references/queue/v1/exchanges.json"],
    ["queue", "ping", "--reference", "SERVER/references/queue/v1/api.json"],
    ["references", "update"],
    # Without its note of what it compares.
    ["references", "diff", "--quiet"],
    ["validate-json", "SERVER/schema.json", "-"],
    ["group", "failures", "fN1SbArXTPSVFNUvaOlinQ"],
    ["group", "failures", "fN1SbArXTPSVFNUvaOlinQ", "--all-runs", "--lines", "0", "--limit", "2"],
]
TASK = "fN1SbArXTPSVFNUvaOlinQ"
TASK_COMMANDS = [
    ["group", "list", TASK],
    ["group", "list", TASK, "--sort", "duration", "--limit", "3"],
    ["group", "list", TASK, "--longer", "1s", "--name", "!a*"],
    ["group", "list", TASK, "--format-string", "{{.Task.Metadata.Name}} {{len .Status.Runs}}"],
    ["group", "status", TASK, "--by", "owner", "--exit-status"],
    ["group", "rerun", TASK, "--failed", "-f"],
    ["group", "rerun", TASK, "--state", "completed,failed", "--log-match", "a", "-n"],
    ["group", "cancel", TASK, "-f", "--seal"],
    ["group", "seal", TASK],
    ["group", "prioritize", TASK, "high"],
    ["group", "artifacts", TASK, "*"],
    ["group", "download", TASK, "*", "-n", "--all-runs"],
    ["task", "list", "a/b"],
    ["task", "status", TASK, "--max-age", "1d", "--exit-status"],
    ["task", "rerun", TASK],
    ["task", "rerun", TASK, "GrNYFKUiSHiRsIkwzFVSHw", "-f"],
    ["task", "cancel", TASK, "GrNYFKUiSHiRsIkwzFVSHw"],
    ["task", "prioritize", TASK, "low"],
    ["task", "retrigger", TASK, "--env", "A=1", "--set", "metadata.name=a"],
    ["task", "retrigger", TASK, "--times", "3", "--group", "new"],
    ["task", "run", "--queue", "a/b", "--", "true"],
]
COUNT = int(os.environ.get("TC_FUZZ_COUNT", "400"))
FORMATS = ["json", "jsonl", "yaml", "table", "raw"]
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What controls a terminal, but for tab and newline."""
COLOUR = re.compile("\x1b\\[[0-9;]*m")
EXACT = "number:"
"""A string with this prefix becomes a number of the same text."""
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    f"{EXACT}1e400",
    f"{EXACT}-0",
    f"{EXACT}1.10",
    f"{EXACT}{'9' * 5000}",
    f"{EXACT}NaN",
    "",
    "x" * 100_000,
    "a\x1b]0;b\x07\x9b\x7f\u202e\n\r",
    "\ud800",
    "\udfff\ud800",
    "[/red][bold]",
    [],
    {},
    [[]],
    [None],
    [{"a": 1}, 2],
    {"\ud800": {"\x1b": []}},
]
TYPES = ["application/json", "application/json; charset=utf-8", "text/html", "text/plain", "image/png", "\xff/;;", None]
STATUSES = [200] * 12 + [201, 204, 206, 301, 302, 303, 304, 307, 400, 401, 403, 404, 409, 410, 424, 429, 500, 501, 503]
BODIES = [b"", b"OK", b"null", b"[]", b"{", b"\xff", b"<html>", b"[" * 5000 + b"]" * 5000, b"\x00" * 9, b'"\\ud800"']


def mutate(draw: random.Random, document: Any) -> Any:
    """
    Return a document with another value, or one less, at any place.
    """
    if draw.random() < 0.3 or not isinstance(document, dict | list) or not document:
        return draw.choice(VALUES)
    keys = list(document) if isinstance(document, dict) else list(range(len(document)))
    key = draw.choice(keys)
    if draw.random() < 0.2:
        rest = [(each, document[each]) for each in keys if each != key]
        return dict(rest) if isinstance(document, dict) else [value for _, value in rest]
    changed = document.copy()
    changed[key] = mutate(draw, document[key])
    return changed


def generate_document(draw: random.Random, method: references.Method) -> Any:
    """
    Return a document that *method* may give.
    """
    if method.output is None:
        return {}
    schema = bundle(method.reference.schemas, method.output)
    try:
        return generate_example(schema, Randomness(datetime(2030, 1, 1, tzinfo=UTC), draw), full=draw.random() < 0.7)
    except NoExampleError:
        return [] if schema.get("type") == "array" else {}


def encode_exactly(document: Any) -> bytes:
    """
    Return JSON in which strings that begin with `EXACT` are numbers.
    """
    text = json.dumps(document)
    while (start := text.find(f'"{EXACT}')) >= 0:
        end = text.index('"', start + 1)
        text = text[:start] + text[start + len(EXACT) + 1 : end] + text[end + 1 :]
    return text.encode()


def draw_response(draw: random.Random, method: references.Method) -> Response:
    """
    Return a response to *method*: often almost right, sometimes not at all.
    """
    body = draw.choice(BODIES)
    if draw.random() < 0.8:
        document = generate_document(draw, method)
        for _ in range(draw.choice([0, 1, 1, 3])):
            document = mutate(draw, document)
        body = encode_exactly(document)
    status, kind = draw.choice(STATUSES), draw.choice(TYPES[:2] if draw.random() < 0.7 else TYPES)
    headers = {} if kind is None else {"Content_Type": kind}
    if draw.random() < 0.3:
        headers["Location"] = draw.choice(["https://a.example.com/b", "/c", "", "http://[::1", "a\x7fb"])
    return response(status, b"" if status in {204, 304} else body, **headers)


def find_method(received: Received) -> references.Method:
    """
    Return the method that a request is a call of.
    """
    path = received.target.partition("?")[0]
    for method in METHODS:
        route = re.sub("<[^>]+>", "[^/]+", method.route)
        if method.verb == received.verb and re.fullmatch(f"/api/{method.service}/{method.version}{route}", path):
            return method
    return references.method("queue", "ping")


def run_on_terminal(argv: list[str], env: Mapping[str, str], errors: Path, *, terminal: bool) -> tuple[Any, bytes]:
    """
    Return the exit code, or the exception, and the bytes on stdout, which is a terminal or a pipe.
    """
    ours, theirs = pty.openpty() if terminal else os.pipe()
    shown: list[bytes] = []
    reader = threading.Thread(target=lambda: shown.append(read_terminal(ours)))
    reader.start()
    try:
        with (
            os.fdopen(theirs, "w", encoding="utf-8") as stdout,
            errors.open("w", encoding="utf-8") as stderr,
            mock.patch.multiple(sys, stdin=TextIOWrapper(BytesIO()), stdout=stdout, stderr=stderr),
            mock.patch.dict(os.environ, env, clear=True),
        ):
            code: Any = app.run(argv)
    except Exception as error:  # noqa: BLE001 - main() makes exit code 70 of it
        code = repr(error)
    reader.join()
    return code, b"".join(shown)


def test_no_response_is_a_bug_of_ours(
    http_server: ScriptedServer, bare_environment: dict[str, str], tmp_path: Path
) -> None:
    """
    No exit code 70; UTF-8 on stdout; one line on stderr for an error, and at most one for a success. Nothing controls
    the terminal, on stderr also where that is a file.
    """
    seed = read_seed("TC_FUZZ_SEED")
    draw = random.Random(seed)
    env = {**bare_environment, **http_server.env, "TERM": "xterm", "TC_PAGER": "cat -"}
    wrong = []
    for _ in range(COUNT):
        method = draw.choice(METHODS)
        argv = [method.service, method.name, *("fN1SbArXTPSVFNUvaOlinQ" for _ in method.args)]
        argv += ["--data", "{}", "--no-validate"] if method.takes_payload else []
        argv += ["--paginate"] if method.is_paged and draw.random() < 0.5 else []
        if draw.random() < 0.1:
            argv = [word.replace("SERVER", http_server.url) for word in draw.choice(OTHER_COMMANDS)]
        options = ["--retries", "0", *(["--color", "never"] if draw.random() < 0.7 else [])]
        options += draw.choice([[], [], ["--jq", "."], ["-r"], ["--error-format", "json"]])
        options += draw.choice([[], *(["--format", name] for name in FORMATS)])
        http_server.respond_with(draw_response(draw, method))
        is_terminal = draw.random() < 0.4
        code, shown = run_on_terminal([*options, *argv], env, tmp_path / "stderr", terminal=is_terminal)
        lines = (tmp_path / "stderr").read_bytes().decode("utf-8", "surrogateescape")
        on_screen = COLOUR.sub("", shown.decode("utf-8", "replace").replace("\r\n", "\n")) if is_terminal else ""
        is_text = "badge" in argv or "raw" in options
        if (
            code not in range(10)
            or lines.count("\n") > 1
            or (code and lines.count("\n") != 1)
            or CONTROL.search(lines + on_screen)
            or (not is_text and shown.decode("utf-8", "replace").encode() != shown)
        ):
            wrong.append(f"{' '.join([*options, *argv])}: {code} {lines[:300]!r} {http_server._script}"[:1500])

    assert not wrong, f"TC_FUZZ_SEED={seed}\n" + "\n".join(wrong[:10])


def test_no_response_to_commands_for_tasks_is_a_bug_of_ours(
    http_server: ScriptedServer, bare_environment: dict[str, str], tmp_path: Path
) -> None:
    """
    The same, with a response to each of their calls that is almost right; they may print more lines on stderr.
    """
    seed = read_seed("TC_FUZZ_SEED")
    draw = random.Random(seed)
    env = {**bare_environment, **http_server.env, "TERM": "xterm", "TC_PAGER": "cat -"}
    http_server.respond_with(lambda received: draw_response(draw, find_method(received)))
    wrong = []
    for _ in range(COUNT // 2):
        argv = [*draw.choice(TASK_COMMANDS), "--retries", "0", "--color", "never"]
        if "--format-string" not in argv:
            argv += draw.choice([[], ["--jq", "."], *(["--format", name] for name in FORMATS)])
        is_terminal = draw.random() < 0.4
        code, shown = run_on_terminal(argv, env, tmp_path / "stderr", terminal=is_terminal)
        lines = (tmp_path / "stderr").read_bytes().decode("utf-8", "surrogateescape")
        on_screen = shown.decode("utf-8", "replace").replace("\r\n", "\n") if is_terminal else ""
        if code not in range(10) or (code and not lines) or CONTROL.search(lines + COLOUR.sub("", on_screen)):
            wrong.append(f"{' '.join(argv)}: {code} {lines[:600]!r}")

    assert not wrong, f"TC_FUZZ_SEED={seed}\n" + "\n".join(wrong[:10])
