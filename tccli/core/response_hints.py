"""
What to do about an error response: the end of its message. Pure, but for the clock.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.printable import escape_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.account import Account
    from tccli.core.http.messages import Response

MAX_SCOPES_CHARACTERS = 600
MIN_SKEW_SECONDS = 30
"""Below this, a difference of clocks is not the reason for a time in the past."""
UNSATISFIED = re.compile(r"missing the following scopes:\s*```\s*(.*?)\s*```", re.DOTALL)
REQUIRED = re.compile(r"the following scope expression:\s*```\s*(.*?)\s*```", re.DOTALL)
UNAUTHORIZED = re.compile(r"do not satisfy authorizedScopes.*authorizedScopes are:\s*(.*)", re.DOTALL)


class _Hint(NamedTuple):
    """
    What to do about an error of some methods.

    Attributes:
        methods: Their ids, as a pattern.
        status: Of the response.
        message: A pattern of its text.
        advice: May name arguments of the path, such as ``{taskId}``.
    """

    methods: str
    status: int
    message: str
    advice: str


HINTS = (
    _Hint(
        r"hooks\.triggerHook(WithToken)?",
        403,
        "",
        "the hook creates the task with the scopes of its role, not with yours: "
        "add them to the role hook-id:{hookGroupId}/{hookId} (tc auth updateRole)",
    ),
    _Hint(
        r"queue\.createTask",
        400,
        "(created|deadline).*in the past",
        'give times from tc from-now: --set created="$(tc from-now 0s)" --set deadline="$(tc from-now 1h)"',
    ),
    _Hint(
        r"queue\.(rerunTask|scheduleTask)",
        409,
        "(?i)deadline|number of runs",
        "tc task retrigger {taskId} creates a copy of it, with a new id",
    ),
    _Hint(
        r"worker-manager\.(create|update)WorkerPool",
        400,
        "(?i)invalid provider",
        "tc worker-manager listProviders lists the providers of the deployment",
    ),
    _Hint(
        r"hooks\.(create|update)Hook",
        400,
        "do not match",
        "the payload has the hookGroupId and hookId of another hook: remove them from it, or change them",
    ),
    _Hint(r"hooks\.updateHook", 404, "", "tc hooks createHook creates a hook"),
    _Hint(
        r"queue\.createArtifact",
        403,
        "after it is resolved",
        "only a running run takes artifacts: create the artifact before the task is resolved",
    ),
    _Hint(
        r"queue\.createArtifact",
        409,
        "(?i)resolved",
        "only a running run takes artifacts: create the artifact before the task is resolved",
    ),
)
NOT_RETRIED = "not retried, because the call may have taken effect; --retry-unsafe retries it"


def suggest(
    response: Response,
    message: str,
    account: Account | None,
    *,
    method: str,
    arguments: Mapping[str, str],
    repeated: bool,
    is_service: bool,
) -> str:
    """
    Return what to do about an error response, or an empty string.

    Args:
        method: Its id, such as ``queue.task``.
        arguments: Of the call's path, by name.
        message: Its text, in one line.
        account: Where the request went, and with which credentials, if it was an API call.
        repeated: Whether the call was retried where that may help.
        is_service: Whether the response has the form of a Taskcluster service's error.
    """
    if is_service:
        for hint in HINTS:
            if (
                response.status == hint.status
                and re.fullmatch(hint.methods, method)
                and re.search(hint.message, message, re.DOTALL)
            ):
                advice = hint.advice.format_map({name: escape_line(value, 100) for name, value in arguments.items()})
                # With another clock, the times that tc from-now prints are in the past as well.
                skew = _measure_skew(response.headers.get("date", "")) if "tc from-now" in advice else None
                return _describe_skew(skew) if skew is not None and abs(skew) >= MIN_SKEW_SECONDS else advice
    if response.status == 401 and account is not None:
        return _suggest_credentials(message, account, response.headers.get("date", ""))
    if response.status == 403 and is_service and account is not None:
        return _suggest_scopes(account)
    if response.status >= 500 and response.status != 501 and not repeated:
        return NOT_RETRIED
    if response.status == 429:
        return "the service asks for fewer requests; wait, then try again"
    if response.status == 400 and re.search(
        r"(?i)plain HTTP request.* HTTPS port|http request.* https server", message
    ):
        return "write https:// in the root URL"
    if not is_service and account is not None and response.status < 500:
        return doubt_root_url(account)
    return ""


def doubt_root_url(account: Account) -> str:
    """
    Return the question to ask where the other side does not seem to be a Taskcluster.
    """
    if account.proxy_url is not None:
        return f"is TASKCLUSTER_PROXY_URL={account.proxy_url} the proxy of a task?"
    scheme, _, rest = account.root_url.partition("://")
    host, slash, _ = rest.partition("/")
    source = f" ({account.root_url_source})" if account.root_url_source else ""
    question = f"is {account.root_url}{source} the root URL of a Taskcluster?"
    return f"{question} most have no path: try {scheme}://{host}" if slash else question


def summarize_scopes(message: str) -> str:
    """
    Return the scopes that a 403 names, in one line: those that are missing, else those that are required.

    Args:
        message: As the service wrote it, with expressions between lines of three backticks.

    Returns:
        Empty if it names none.
    """
    for pattern, start in ((UNSATISFIED, "missing scopes"), (REQUIRED, "required scopes")):
        found = pattern.search(message)
        if found:
            return f"{start}: {escape_line(_format_expression(found[1]), MAX_SCOPES_CHARACTERS)}"
    return ""


def summarize_authentication(message: str) -> str:
    """
    Return the reason of a 401 in one line if the service lists scopes; else an empty string.
    """
    found = UNAUTHORIZED.search(message)
    if found is None:
        return ""
    return f"the credentials do not have all authorized scopes: {escape_line(found[1], MAX_SCOPES_CHARACTERS)}"


def _format_expression(text: str) -> str:
    from tccli import strict_json

    try:
        return _join(strict_json.loads(text.encode()))
    except (strict_json.StrictJsonError, UnicodeError):
        return text


def _join(expression: Any, *, is_nested: bool = False) -> str:
    """
    Return a scope expression as a phrase: ``a and (b or c)``.
    """
    for key, word in (("AllOf", " and "), ("AnyOf", " or ")):
        if isinstance(expression, dict) and isinstance(expression.get(key), list):
            parts = [_join(part, is_nested=True) for part in expression[key]]
            joined = word.join(parts)
            return f"({joined})" if is_nested and len(parts) > 1 else joined
    return str(expression)


def _suggest_credentials(message: str, account: Account, date: str) -> str:
    text = message.lower()
    source = f" ({account.credentials_source})" if account.credentials_source else ""
    client_id = account.credentials.client_id if account.credentials is not None else ""
    if "timestamp" in text:
        return _suggest_clock(date)
    if "start > now" in text:
        return f"the temporary credentials{source} are not valid yet; {_suggest_clock(date)}"
    if "expiry < now" in text or "access expired" in text:
        return f"the temporary credentials{source} have expired; make new ones with tc temp-credentials"
    if "has expired" in text:
        return f"the client{source} has expired; sign in again (tc signin), or extend it with tc auth updateClient"
    if "is disabled" in text:
        return f"the client{source} is disabled; its owner can enable it with tc auth enableClient {client_id}".rstrip()
    if "not found" in text or "no such client" in text:
        question = f"is the client id{source} spelled right, and is it a client of {account.root_url}?"
        return f"{question} Those of tc signin are deleted when they expire: sign in again"
    if "bad mac" in text or "ext.certificate.signature" in text:
        token = f"the access token{source.replace('CLIENT_ID', 'ACCESS_TOKEN')}"
        mismatch = f"{token} is not that of {client_id or 'the client'} at {account.root_url}"
        return f"{mismatch}: set both again, and the certificate if they are temporary"
    if account.credentials is None:
        return sign_in(account)
    return _suggest_fewer_scopes(text, source) or f"check the credentials{source}: tc help credentials"


def _suggest_fewer_scopes(text: str, source: str) -> str:
    if "authorized scopes" in text:
        return (
            f"authorize only scopes that the credentials{source} have: without authorized scopes, "
            "tc auth currentScopes prints them"
        )
    if "certificate scopes" in text:
        return (
            f"the temporary credentials{source} have scopes that the client which made them does not have: "
            "make new ones with fewer scopes"
        )
    return ""


def _suggest_scopes(account: Account) -> str:
    credentials = account.credentials
    if account.proxy_url is not None:
        return "in a task, requests have the scopes of the task"
    if credentials is None:
        return sign_in(account)
    if credentials.authorized_scopes is not None:
        return f"authorized scopes limit the credentials of {account.credentials_source or credentials.client_id}"
    if credentials.certificate is not None:
        return "temporary credentials have only the scopes that they were made with"
    return ""


def sign_in(account: Account) -> str:
    """
    Return how to get and give credentials, or why those of a file are not used.
    """
    if account.unused:
        return f"no credentials are used: {account.unused} (tc help credentials)"
    return (
        'no credentials are used: eval "$(tc signin)" signs in with a browser; or create a client at '
        f"{account.root_url}/auth/clients, and set its id and token (tc help credentials)"
    )


def _suggest_clock(date: str) -> str:
    skew = _measure_skew(date)
    return "check this machine's clock" if skew is None else _describe_skew(skew)


def _measure_skew(date: str) -> float | None:
    """
    Return by how many seconds the server's clock is ahead of this machine's, or None if its Date header is not a date.
    """
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None


def _describe_skew(skew: float) -> str:
    direction = "behind" if skew > 0 else "ahead of"
    return f"this machine's clock is {abs(skew):.0f} s {direction} the server's: set it right"


def name_arguments(arguments: Mapping[str, str], message: str, url: str) -> str:
    """
    Return the path arguments that a message about something missing does not show, as ``name project/x``.

    Args:
        url: In the same message; it shows what needs no percent-encoding.
    """
    hidden = (f"{name} {value}" for name, value in arguments.items() if value not in message and value not in url)
    return escape_line(", ".join(hidden), MAX_SCOPES_CHARACTERS)
