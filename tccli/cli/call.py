"""
What the command of a method does: it reads the payload, calls the method, and writes the answer.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tccli.cli import inputs
from tccli.core import payload as payloads
from tccli.errors import UsageError
from tccli.output import Answer, Pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.cli.context import Context
    from tccli.cli.methods import Values
    from tccli.core.client import Client
    from tccli.core.http.messages import Response
    from tccli.core.payload import Payload
    from tccli.references import Method


def call(context: Context, method: Method, values: Values) -> None:
    """
    Call *method* and write its answer.
    """
    write = context.writer()
    client = context.client()
    # Arguments are checked before the payload is read: reading may wait for a person.
    client.url(method, values.args, values.query, internal=True)
    payload = _payload(method, values.options)
    if values.options["dry_run"]:
        write(_dry_run(client, method, values, payload))
    elif values.options.get("paginate"):
        write(Answer(pages=Pages(client.pages(method, values.args, values.query, payload))))
    else:
        write(_answer(method, client.call(method, values.args, values.query, payload)))


def _payload(method: Method, options: Mapping[str, Any]) -> Payload | None:
    """
    Read, change and check the payload of a method that takes one.
    """
    if not method.takes_payload:
        return None
    found = _read_payload(method, options["data"], options["data_format"], changed=bool(options["set_"]))
    if options["set_"]:
        found = payloads.with_settings(found.document if found else None, options["set_"])
    assert found is not None
    payloads.check(method, found, validate=not options["no_validate"])
    return found


def _read_payload(method: Method, data: str | None, data_format: str | None, *, changed: bool) -> Payload | None:
    """
    Return the payload as given, or None where ``--set`` makes all of it.
    """
    if data is not None and not data.startswith("@"):
        return inputs.parse(data.encode("utf-8", "surrogateescape"), "--data", data_format=data_format)
    if data is not None and data != "@-":
        from tccli.core.documents import read_file

        return inputs.parse(read_file(data[1:]), data[1:], data_format=data_format)
    text = b""
    if sys.stdin is not None and not (changed and data is None and sys.stdin.isatty()):
        text = inputs.read_stdin(method.id)
    if not text.strip():
        if changed:
            return None
        raise UsageError(f"{method.id}: no payload", hint="give JSON on stdin, or --data JSON, or --data @FILE")
    return inputs.parse(text, "stdin", data_format=data_format)


def _dry_run(client: Client, method: Method, values: Values, payload: Payload | None) -> Answer:
    from tccli.core.http.redact import redact_document, redact_header, redact_text

    request = client.request(method, values.args, values.query, payload)
    shown: dict[str, Any] = {
        "verb": request.verb,
        "url": redact_text(request.url),
        "headers": {name: redact_header(name, value) for name, value in request.headers.items()},
    }
    if payload is not None:
        shown["payload"] = redact_document(payload.document)
    return Answer([shown])


def _answer(method: Method, response: Response) -> Answer:
    """
    Return what an answer says: a document, a place, text, or nothing.
    """
    from tccli.core.responses import document

    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if method.output is not None or kind.endswith("json"):
        if response.body or response.status == 200 or (method.output is not None and response.status != 204):
            return Answer([document(method, response)], raw=response.body)
    elif response.status >= 300 and "location" in response.headers:
        return Answer([response.headers["location"]], is_text=True)
    if not response.body:
        return Answer()
    return Answer([response.body.decode("utf-8", "replace")], raw=response.body, is_text=True)
