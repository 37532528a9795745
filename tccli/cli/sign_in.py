"""
The conversation of a sign-in: the browser, the URL on the terminal, and the callback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.pasted_lines import read_lines
from tccli.core.signin.callback import CallbackError, CallbackServer
from tccli.errors import NegativeAnswerError, WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.cli.context import Context
    from tccli.core.signin.callback import Callback


def wait_for_callback(
    context: Context, server: CallbackServer, url: str, *, browser: bool | None, seconds: float
) -> Callback:
    """
    Open *url* in a browser, or print it, and return the credentials that come back.

    Args:
        server: Accepts the callback already.
        browser: Whether to open a browser; None means if there is one that the user sees.
        seconds: How long to wait.

    Raises:
        NegativeAnswerError: The user has ended the input.
        WaitTimeoutError: Nothing came in time.
    """
    reason = open_browser(context, url, browser=browser)
    if not reason:
        context.note(f"opened a browser; if it shows nothing, open this URL: {url}")
        found = server.wait(seconds)
    else:
        # Without it, the user cannot continue: --quiet does not hide it.
        context.print_message(f"tc: {reason}; open this URL in a browser:\n{url}")
        with read_lines(_make_taker(context, server), server.give_up, reads_pipe=browser is False) as reads:
            hint = "; elsewhere, paste here the URL that the browser cannot load at the end" if reads else ""
            context.note(f"waiting for a browser on this machine to load http://localhost:{server.port}{hint}")
            found = server.wait(seconds)
    if found is not None:
        context.redactor.add(found.access_token)
        return found
    if server.is_given_up:
        raise NegativeAnswerError("not signed in: the input has ended")
    raise WaitTimeoutError(
        f"not signed in: the browser has not come back within {seconds:g} s", hint="--wait DURATION waits longer"
    )


def open_browser(context: Context, url: str, *, browser: bool | None) -> str:
    """
    Open a browser; return why that was not possible, or an empty string.
    """
    from tccli.core.signin.browser import find_browsers, is_remote, open_url

    if browser is False:
        return "no browser is opened"
    if browser is None and is_remote(context.environ):
        return "no browser is opened over ssh (--browser opens one)"
    commands = find_browsers(context.environ)
    if not commands:
        return "no browser was found"
    if open_url(url, commands, context.environ):
        return ""
    return f"cannot open a browser: {commands[0][0]} failed"


def _make_taker(context: Context, server: CallbackServer) -> Callable[[str], None]:
    def take(line: str) -> None:
        try:
            server.accept_url(line)
        except CallbackError as error:
            text = str(error).removesuffix(".")
            context.print_message(f"tc: this is not the URL at the end of the sign-in: {text[:1].lower() + text[1:]}")

    return take
