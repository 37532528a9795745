"""
Run one API call: read the payload, send the call, write the response.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Any

from tccli.cli import inputs
from tccli.core import payload as payloads
from tccli.errors import LocalFileError, TcError, UsageError
from tccli.output import Pages, Result
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.cli.context import Context
    from tccli.core.calls import MethodArguments, PreparedCall
    from tccli.core.client import Client
    from tccli.core.http.messages import Response
    from tccli.core.http.redact import Redactor
    from tccli.core.payload import Payload
    from tccli.references import Method


def run_call(context: Context, method: Method, arguments: MethodArguments, options: Mapping[str, Any]) -> None:
    """
    Call *method* and write the response.

    Args:
        options: The options of the command, such as ``data`` and ``dry_run``.
    """
    write = context.writer()
    client = context.client()
    # Arguments are checked before the payload is read: reading may wait for a person to type.
    call = client.prepare(method, *arguments)
    if not options["dry_run"]:
        client.check_allowed(method)
    # Servers repeat what they receive.
    context.redactor.add_document({**dict(zip(method.args, arguments.args, strict=True)), **arguments.query})
    if method.takes_payload:
        found = read_payload(method, options)
        context.redactor.add_document(found.document)
        call = call.with_payload(found, edits=options["set_"], checks_schema=not options["no_validate"])
    if options["dry_run"]:
        write(dry_run(client, call, context.redactor))
    elif options.get("paginate"):
        write(Result(pages=Pages(client.paginate(call))))
    else:
        response = client.send(call)
        result = read_result(client, call, response)
        try:
            write(result)
        except (TcError, OSError) as error:
            raise _after_success(error) from None
        _report_omissions(context, call, response, result)


def _after_success(error: TcError | OSError) -> TcError | OSError:
    """
    Return the error of what failed after a call, which must not read as if the call had failed.
    """
    if isinstance(error, OSError):
        if error.errno == errno.EPIPE:
            return error
        name = "the output" if error.filename is None else os.fsdecode(error.filename)
        error = LocalFileError(f"cannot write {name}: {explain(error)}")
    if "succeeded" not in error.hint:
        error.hint = "; ".join(filter(None, [error.hint, "the call itself succeeded"]))
    return error


def read_payload(method: Method, options: Mapping[str, Any]) -> Payload:
    """
    Return the payload that the options give, changed by those of ``--set``; without any it is read from stdin.

    Raises:
        UsageError: There is none, or it is not a document.
    """
    found = _read_payload(method, options["data"], options["data_format"], changed=bool(options["set_"]))
    if options["set_"]:
        from tccli.core.edits import apply_edits

        found = payloads.encode(apply_edits(found.document if found else None, options["set_"]))
    assert found is not None
    return found


def _read_payload(method: Method, data: str | None, data_format: str | None, *, changed: bool) -> Payload | None:
    """
    Return the payload as it was given, or None if ``--set`` makes all of it.
    """
    if data is not None and data != "@-":
        return inputs.read_data(data, method.id, data_format)
    text = b""
    if sys.stdin is not None and not (changed and data is None and sys.stdin.isatty()):
        text = inputs.read_stdin(method.id)
    if not text.strip():
        if changed:
            return None
        raise UsageError(f"{method.id}: no payload", hint="give JSON on stdin, or --data JSON, or --data @FILE")
    return payloads.parse(text, "stdin", data_format=data_format)


def dry_run(client: Client, call: PreparedCall, redactor: Redactor | None = None) -> Result:
    """
    Return the request of a call, without its secrets.
    """
    from tccli.core.http.redact import Redactor

    return Result([describe_request(client, call, redactor or Redactor({}))])


def describe_request(client: Client, call: PreparedCall, redactor: Redactor) -> dict[str, Any]:
    """
    Return the request of a call as a document, without its secrets.
    """
    from tccli.core.http.redact import redact_header

    request = client.build_request(call)
    shown: dict[str, Any] = {
        "verb": request.verb,
        "url": redactor.redact_text(request.url),
        "headers": {name: redact_header(name, value) for name, value in request.headers.items()},
    }
    if call.payload is not None:
        shown["payload"] = redactor.redact_document(call.payload.document)
    return shown


def _report_omissions(context: Context, call: PreparedCall, response: Response, result: Result) -> None:
    """
    Report what a success leaves out: further pages, or a notification that the service did not send.
    """
    from tccli.core.responses import NOTIFICATION_METHODS

    method = call.method
    if method.id in NOTIFICATION_METHODS and response.status == 204:
        context.note(f"{method.id}: nothing was sent: the service drops repeated messages and limits their rate")
    document = next(iter(result.documents), None) if result.is_page else None
    if isinstance(document, dict) and document.get("continuationToken"):
        context.note(f"{method.id}: there are more pages; --paginate fetches all of them")


def read_result(client: Client, call: PreparedCall, response: Response) -> Result:
    """
    Return the content of a response: a JSON document, the target of a redirect, text, an image, or nothing.
    """
    from tccli.core.responses import content_type, is_json_type, parse_document

    method = call.method
    if method.output is None and response.status >= 300:
        return Result([response.headers["location"]], is_text=True)
    if method.output is None and not response.body:
        return Result()
    kind = content_type(response)
    is_text = response.body.strip() == b"OK" if kind in {"", "text/plain"} else not is_json_type(kind)
    if method.output is None and is_text:
        return Result([response.body.decode("utf-8", "replace")], raw=response.body, is_text=True)
    document = parse_document(method, call.url, response, client.account)
    return Result([document], raw=response.body, is_page=method.is_paged)
