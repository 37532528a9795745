"""
Documents from paths, file: URLs and hosts.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from tccli.core.documents import MAX_REDIRECTS, path_from_url, read_document, read_file
from tccli.errors import BrokenAnswerError, NotFoundError, TcError, UsageError
from tests.http_server import ScriptedServer, json_response, response
from tests.transfer_env import transfer_context

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("a.json", '{"a": 1}', {"a": 1}, id="JSON"),
        pytest.param("a.yml", "a: on", {"a": "on"}, id="YAML"),
        pytest.param("a.YAML", "a: 1", {"a": 1}, id="YAML in capitals"),
        pytest.param("a%20b #c.json", "[]", [], id="a name that a URL would escape"),
    ],
)
def test_reads_paths_and_their_urls(tmp_path: Path, name: str, text: str, expected: object) -> None:
    """
    The same document, and the URL to which references in it are relative.
    """
    path = tmp_path / name
    path.write_text(text)

    for source in (str(path), path.as_uri(), path.as_uri().replace("file:///", "FILE://localhost/")):
        assert (expected, path.as_uri()) == tuple(read_document(source))


def test_reads_a_pipe_by_path_only(tmp_path: Path) -> None:
    """
    A URL may come from a document, and must not make the reader wait.
    """
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=["[1]"])
    writer.start()

    assert [1] == read_document(str(path)).content
    writer.join()
    with pytest.raises(UsageError, match="not a regular file"):
        read_document(path.as_uri())


@pytest.mark.parametrize("url", ["file://host/a.json", "file:a.json", "file:", "file:///a%00b", "file://[::1]/a"])
def test_other_file_urls_are_errors(url: str) -> None:
    """
    They name no file of this machine.
    """
    with pytest.raises(UsageError):
        path_from_url(url)


@pytest.mark.parametrize("name", ["", "missing", "a\0b", ".", "x" * 300])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, name: str) -> None:
    """
    Whatever the system has against it.
    """
    with pytest.raises(UsageError):
        read_file(name and f"{tmp_path}/{name}")


def test_a_large_file_is_an_error(tmp_path: Path) -> None:
    """
    It is not read whole.
    """
    path = tmp_path / "a"
    path.write_bytes(b"12345")

    assert b"12345" == read_file(str(path), max_bytes=5)
    with pytest.raises(UsageError, match="larger"):
        read_file(str(path), max_bytes=4)


def test_yaml_only_where_it_is_accepted(tmp_path: Path) -> None:
    """
    References are JSON.
    """
    path = tmp_path / "a.yml"
    path.write_text("a: b")

    with pytest.raises(UsageError):
        read_document(str(path), formats=["json"])


def test_follows_redirects(http_server: ScriptedServer) -> None:
    """
    The document's URL is the last one; a fragment is not sent.
    """
    http_server.respond_with(response(302, location="/b?x=1#y"), json_response([1]))

    document = read_document(f"{http_server.url}/a#fragment", connect=transfer_context)

    assert ([1], f"{http_server.url}/b?x=1") == tuple(document)
    assert ["/a", "/b?x=1"] == [request.target for request in http_server.requests]
    assert not any("authorization" in request.headers for request in http_server.requests)


@pytest.mark.parametrize(
    "location", ["http://[::1", "//[/x", "ftp://x/", "file:///etc/passwd", "http://127.0.0.1:99999/", "http:///x", ""]
)
def test_a_redirect_to_nowhere_is_the_hosts_fault(http_server: ScriptedServer, location: str) -> None:
    """
    Nothing but http: and https: URLs is followed.
    """
    http_server.respond_with(*[response(302, location=location)] * (MAX_REDIRECTS + 1))

    with pytest.raises(BrokenAnswerError):
        read_document(f"{http_server.url}/a", connect=transfer_context)


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        pytest.param([response(302, location="/a")] * (MAX_REDIRECTS + 1), BrokenAnswerError, id="a circle"),
        pytest.param([response(200, b"<html>")], BrokenAnswerError, id="HTML"),
        pytest.param([response(404)], NotFoundError, id="not found"),
        pytest.param([response(302)], TcError, id="a redirect without a location"),
    ],
)
def test_a_failed_fetch_is_an_error(http_server: ScriptedServer, steps: list[object], error: type[TcError]) -> None:
    """
    Of the kind that decides the exit code.
    """
    http_server.respond_with(*steps)  # type: ignore[arg-type]

    with pytest.raises(error):
        read_document(f"{http_server.url}/a", connect=transfer_context)
