"""
The user's editor: which one it is, and to run it on a file.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tccli.errors import ConfigurationError, UsageError
from tccli.interrupts import interrupts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.cli.context import Context


def find_editor(context: Context, what: str, hint: str) -> list[str]:
    """
    Return the command of ``VISUAL`` or ``EDITOR``, or at a terminal an editor that is installed.

    Args:
        what: What would be edited, for the message.
        hint: What to do without an editor.

    Raises:
        ConfigurationError: There is none.
    """
    import shlex
    import shutil

    for name in ("VISUAL", "EDITOR"):
        value = context.environ.get(name, "")
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise ConfigurationError(f"cannot read {name}: {error}") from None
        if words:
            return words
    found = next((name for name in ("sensible-editor", "vi", "nano") if shutil.which(name)), None)
    if found is None or not is_terminal():
        raise ConfigurationError(f"cannot edit {what}: no editor is set", hint=hint)
    return [found]


def is_terminal() -> bool:
    """
    Return whether stdin is a terminal.
    """
    return sys.stdin is not None and sys.stdin.isatty()


def run_editor(editor: list[str], path: str) -> None:
    """
    Run an editor on a file to its end.

    Raises:
        ConfigurationError: It cannot be run, or ends with another exit code than 0.
    """
    import subprocess

    process: subprocess.Popen[bytes] | None = None
    try:
        # If it is interrupted in between, the editor runs, and nothing ends it.
        with interrupts:
            process = subprocess.Popen([*editor, path])  # noqa: S603 - the user's own editor
        code = process.wait()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"cannot run the editor {editor[0]}: {reason}") from None
    except BaseException:
        if process is not None:
            process.kill()
            process.wait()
        raise
    if code:
        raise ConfigurationError(f"the editor {editor[0]} ended with exit code {code}; nothing was changed")


def edit_document(context: Context, document: Any, what: str, check: Callable[[Any], None]) -> Any:
    """
    Return a document as it was edited in the user's editor, as YAML.

    The file is the user's only. If the text is not accepted, the file stays.

    Args:
        what: Names the document in messages.
        check: Raises `UsageError` for a document that is not valid.

    Raises:
        UsageError: The document is empty or not valid.
        ConfigurationError: There is no editor, or it failed.
    """
    from tccli.core.documents import read_file
    from tccli.core.payload import parse
    from tccli.core.yaml import dump

    editor = find_editor(context, what, "set EDITOR")
    descriptor, path = tempfile.mkstemp(prefix="tc-", suffix=".yml")
    stays = False
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(dump(document))
        with context.suspend_time():
            run_editor(editor, path)
        text = read_file(path)
        if not text.strip():
            raise UsageError(f"{what} is empty", hint="nothing was done")
        try:
            edited = parse(text, path, what, "yaml").document
            check(edited)
        except UsageError as error:
            stays = True
            raise UsageError(error.message, hint=f"nothing was done, and your text is in {path}") from None
        return edited
    finally:
        if not stays:
            with suppress(OSError):
                os.unlink(path)
