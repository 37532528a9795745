"""
References over the network: those of a deployment, or of a single document.

They are public, so requests carry no credentials. Everything is validated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tccli import strict_json
from tccli.core.http.decompress import decompress
from tccli.core.http.messages import Request, Response
from tccli.core.http.redact import redact_text
from tccli.core.http.retry import send_with_retries
from tccli.core.http.urls import show_url, split_url
from tccli.core.responses import service_error
from tccli.errors import BrokenAnswerError, NotFoundError, UsageError
from tccli.references.importing.errors import InvalidReferenceError
from tccli.references.importing.schemas import FILE_NAME
from tccli.references.importing.validate import (
    MAX_DOCUMENT_BYTES,
    MAX_ENTRIES,
    REFERENCE_PATH,
    VERSION,
    split_rollup,
    validate_documents,
)
from tccli.references.json_schema import find_references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tccli.core.http.retry import RetryPolicy
    from tccli.core.http.transport import StreamingTransport

MAX_TOTAL_BYTES = 2 * MAX_DOCUMENT_BYTES
"""For all documents together."""
SCHEMA_KEYS = ("input", "output", "schema")
SCHEMA_PATH = re.compile(rf"schemas/[a-z][a-z0-9_-]*/{VERSION}/{FILE_NAME}")


class Fetcher:
    """
    Fetches public documents.

    Args:
        report: Prints a line about a retry.
    """

    def __init__(self, transport: StreamingTransport, policy: RetryPolicy, report: Callable[[str], None]) -> None:
        self._transport = transport
        self._policy = policy
        self._report = report
        self._left = MAX_TOTAL_BYTES

    def fetch_json(self, url: str) -> Any:
        """
        Return the JSON document at *url*. Redirects are not followed.

        Raises:
            ServiceError: The response is an error.
            NoAnswerError: There was no response, after the retries.
            BrokenAnswerError: It is too large, a redirect, or not strict JSON.
        """
        response = send_with_retries(
            self, lambda: Request("GET", url, {}), self._policy, idempotent=True, report=self._report
        )
        if 300 <= response.status < 400:
            target = redact_text(response.headers.get("location", "nowhere"))
            raise BrokenAnswerError(f"{redact_text(url)}: redirects to {target!a}, and redirects are not followed")
        if not 200 <= response.status < 300:
            raise service_error("references", url, response)
        try:
            return strict_json.loads(response.body)
        except strict_json.StrictJsonError as error:
            raise BrokenAnswerError(f"{redact_text(url)}: not valid JSON: {error}") from None

    def send(self, request: Request) -> Response:
        """
        Send one attempt. The size of the response is limited.
        """
        with self._transport.stream(request) as stream:
            body = stream.read(MAX_DOCUMENT_BYTES + 1)
        if 200 <= stream.status < 300:
            if len(body) > MAX_DOCUMENT_BYTES:
                raise BrokenAnswerError(f"{redact_text(request.url)} is larger than {MAX_DOCUMENT_BYTES >> 20} MiB")
            encoding = stream.headers.get("content-encoding", "")
            body = decompress(body, encoding, MAX_DOCUMENT_BYTES, redact_text(request.url))
            self._left -= len(body)
            if self._left < 0:
                raise BrokenAnswerError(
                    f"{redact_text(request.url)}: all documents together are larger than {MAX_TOTAL_BYTES >> 20} MiB"
                )
        return Response(stream.status, stream.headers, body, stream.via)


def fetch_references_at(fetcher: Fetcher, url: str, skip: Callable[[str], None] | None = None) -> dict[str, Any]:
    """
    Return the validated references at *url*: an ``api.json``, an ``exchanges.json`` or a roll-up.

    Args:
        skip: As for :func:`validate_documents`.

    Raises:
        UsageError: *url* is not an http: URL.
        ServiceError, NoAnswerError, BrokenAnswerError: It cannot be fetched, or is not valid.
    """
    try:
        split_url(url)
    except ValueError as error:
        raise UsageError(f"cannot fetch {show_url(url)}: {error}", hint="write https://HOST/PATH") from None
    if "#" in url:
        raise UsageError(f"cannot fetch {show_url(url)}: it has a fragment", hint="write https://HOST/PATH")
    return _validate(fetcher.fetch_json(url), redact_text(url), skip)


def fetch_references(fetcher: Fetcher, root_url: str, skip: Callable[[str], None] | None = None) -> dict[str, Any]:
    """
    Return the validated references of a deployment: its roll-up, or the documents of its manifest.

    Args:
        skip: As for :func:`validate_documents`.

    Raises:
        ServiceError, NoAnswerError, BrokenAnswerError: They cannot be fetched, or are not valid.
    """
    url = f"{root_url}/references/references.json"
    try:
        rollup = fetcher.fetch_json(url)
    except NotFoundError:
        url = f"{root_url}/references/manifest.json"
        rollup = [{"filename": name, "content": content} for name, content in _fetch_by_manifest(fetcher, root_url)]
    return _validate(rollup, url, skip)


def _validate(document: Any, where: str, skip: Callable[[str], None] | None) -> dict[str, Any]:
    try:
        return validate_documents(split_rollup(document), skip)
    except InvalidReferenceError as error:
        raise BrokenAnswerError(f"{where}: {error}") from None


def _fetch_by_manifest(fetcher: Fetcher, root_url: str) -> Iterator[tuple[str, Any]]:
    # The documents that the manifest names, and the schemas that they refer to.
    manifest = fetcher.fetch_json(f"{root_url}/references/manifest.json")
    paths = manifest.get("references") if isinstance(manifest, dict) else None
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise BrokenAnswerError(f"{root_url}/references/manifest.json: no list of references")
    pending: list[str] = []
    for path in dict.fromkeys(path.removeprefix(root_url).removeprefix("/") for path in paths):
        if REFERENCE_PATH.fullmatch(path) and re.fullmatch("[a-z0-9_/.-]+", path):
            content = fetcher.fetch_json(f"{root_url}/{path}")
            yield path, content
            pending += _schemas_of(content)
    pending = list(dict.fromkeys(pending))
    seen = set(pending)
    while pending:
        path = pending.pop()
        if len(seen) > MAX_ENTRIES:
            raise BrokenAnswerError(f"{root_url}/references/manifest.json: more than {MAX_ENTRIES} schemas")
        try:
            content = fetcher.fetch_json(f"{root_url}/{path}")
        except NotFoundError:
            continue
        yield path, content
        directory = path.rpartition("/")[0]
        files = _referenced_files(content)
        pending += (new := {f"{directory}/{file}" for file in files} - seen)
        seen |= new


def _schemas_of(content: Any) -> list[str]:
    if not isinstance(content, dict) or not isinstance(content.get("entries"), list):
        return []
    service = content.get("serviceName")
    named = [entry.get(key) for entry in content["entries"] if isinstance(entry, dict) for key in SCHEMA_KEYS]
    paths = [f"schemas/{service}/{name.removesuffix('#')}" for name in named if isinstance(name, str)]
    return list(dict.fromkeys(path for path in paths if SCHEMA_PATH.fullmatch(path)))


def _referenced_files(schema: Any) -> set[str]:
    # Of what a schema refers to, the files in its own directory.
    names = {str(reference).partition("#")[0].removeprefix("./") for reference in find_references(schema)}
    return {name for name in names if re.fullmatch(FILE_NAME, name)}
