"""
Edit the file of profiles in an editor.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tccli.cli.editor import find_editor, is_terminal, make_copy, run_editor
from tccli.cli.questions import ask
from tccli.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from tccli.cli.context import Context

TEMPLATE = """\
# Profiles of tc. "tc help credentials" describes the keys; "tc --profile example …" uses this one.

# [example]
# rootUrl = "https://tc.example.com"
# clientId = "project/example/ci"
# accessToken = "…"
"""


def edit_profiles(context: Context) -> None:
    """
    Open a copy of the file in the editor, check it, and replace the file with it.

    Raises:
        UsageError: The copy is not valid, or the file was changed meanwhile; the message names the copy, which stays.
        ConfigurationError: There is no editor, it fails, or a file cannot be read or written.
    """
    from tccli.core.files import lock_directory, make_private_directory
    from tccli.core.profiles import read_text, write_text

    editor = find_editor(context, "the profiles", "set EDITOR, or use tc profile set")
    path = context.config_files().profiles_path
    directory = os.path.dirname(path)
    make_private_directory(directory)
    before = read_text(path)
    start = before or TEMPLATE
    # The name ends as editors know the format, and begins so that no other writer takes it for its own.
    with make_copy(start, directory, "edit-", ".toml", newline="") as copy:
        try:
            after = _edit_until_valid(context, editor, (path, copy.path), start)
        except _InvalidCopyError as error:
            copy.stays = error.is_changed
            where = f", and your text is in {copy.path}" if copy.stays else ""
            raise UsageError(error.message, hint=f"nothing was changed{where}") from None
        if after == start:
            context.note("nothing was changed")
            return
        with lock_directory(directory):
            if read_text(path) != before:
                copy.stays = True
                hint = f"your text is in {copy.path}"
                raise UsageError(f"{path} was changed by another process meanwhile", hint=hint)
            write_text(path, after)
        context.note(f"changed {path}")


class _InvalidCopyError(Exception):
    def __init__(self, message: str, *, is_changed: bool) -> None:
        super().__init__(message)
        self.message = message
        self.is_changed = is_changed


def _edit_until_valid(context: Context, editor: list[str], paths: tuple[str, str], start: str) -> str:
    """
    Return the text of the copy when it is valid. At a terminal, one that is not can be edited again.

    Args:
        paths: Of the file and of its copy.
    """
    from tccli.cli.profiles import check_values
    from tccli.core.config_files import DEFAULT_PROFILE_KEY, EDIT_HINT, parse_profiles
    from tccli.core.profiles import check_exists, read_text

    path, copy = paths
    while True:
        run_editor(editor, copy)
        text = None
        try:
            text = read_text(copy)
            document = parse_profiles(text, path)
            for name, profile in document.items():
                if name != DEFAULT_PROFILE_KEY:
                    check_values(profile, f"profile {name}")
            if document.get(DEFAULT_PROFILE_KEY):
                check_exists(document, path, document[DEFAULT_PROFILE_KEY])
        except ConfigurationError as error:
            # The message names the file that the copy is for.
            message = str(error).removesuffix(f"; {EDIT_HINT}").replace(copy, path)
            if not (is_terminal() and _asks_again(context, message)):
                raise _InvalidCopyError(message, is_changed=text != start) from None
            continue
        return text


def _asks_again(context: Context, message: str) -> bool:
    context.print_message(f"tc: {message}")
    try:
        return ask(context, "edit again?", sys.stdin, "", default=True)
    except (UsageError, KeyboardInterrupt):
        # The text stays, and the message tells where.
        return False
