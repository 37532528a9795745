"""
The user's editor: which one it is, the file for it, and to run it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tccli.errors import ConfigurationError, LocalFileError, UsageError
from tccli.interrupts import interrupts
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    Run an editor on a file to its end. Meanwhile, Ctrl-C is for the editor only.

    Raises:
        ConfigurationError: It cannot be run, or ends with another exit code than 0.
        KeyboardInterrupt: It was ended by Ctrl-C, or this process was asked to end.
    """
    import signal
    import subprocess

    from tccli.core.child_process import end_child

    process: subprocess.Popen[bytes] | None = None
    with _restore_keyboard_handlers() as numbers:
        try:
            # If it is interrupted in between, the editor runs, and nothing ends it.
            with interrupts:
                process = subprocess.Popen([*editor, path])  # noqa: S603 - the user's own editor
                # Not earlier: the editor would ignore them, too.
                for number in numbers:
                    signal.signal(number, signal.SIG_IGN)
            code = process.wait()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigurationError(f"cannot run the editor {editor[0]}: {reason}") from None
        except BaseException:
            if process is not None:
                end_child(process)
            raise
    # Shells report a signal as 128 and its number.
    if code in {-signal.SIGINT, 128 + signal.SIGINT}:
        raise KeyboardInterrupt
    if code:
        raise ConfigurationError(f"the editor {editor[0]} ended with exit code {code}; nothing was changed")


@contextmanager
def _restore_keyboard_handlers() -> Iterator[list[int]]:
    """
    Yield the signals that a terminal sends to its whole foreground group. At the end, their handlers are as before.
    """
    import signal

    handlers = {}
    if hasattr(signal, "SIGQUIT"):
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT)}

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    try:
        try:
            yield [*handlers]
        finally:
            restore()
    finally:
        # An interruption may have come before they were restored.
        restore()


class Copy:
    """
    A file for an editor.

    Attributes:
        stays: Whether it is not removed at the end.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.stays = False

    def remove(self) -> None:
        """
        Remove it, unless it stays or was removed.
        """
        if not self.stays:
            with suppress(OSError):
                os.unlink(self.path)


@contextmanager
def make_copy(text: str, directory: str, prefix: str, suffix: str, newline: str | None = None) -> Iterator[Copy]:
    """
    Create a file with a text, which only its owner may read. It is removed at the end of the block.

    Raises:
        LocalFileError: It cannot be written.
    """
    from tccli.core.files import choose_name, open_for_owner

    copy = Copy(choose_name(directory, prefix, suffix))
    try:
        try:
            try:
                with open(copy.path, "x", encoding="utf-8", newline=newline, opener=open_for_owner) as file:
                    file.write(text)
            except OSError as error:
                raise LocalFileError(f"cannot write to {directory}: {explain(error)}") from None
            yield copy
        finally:
            copy.remove()
    finally:
        # An interruption may have come before it was removed.
        copy.remove()


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
    with make_copy(dump(document), tempfile.gettempdir(), "tc-", ".yml") as copy:
        with context.suspend_time():
            run_editor(editor, copy.path)
        text = read_file(copy.path)
        if not text.strip():
            raise UsageError(f"{what} is empty", hint="nothing was done")
        try:
            edited = parse(text, copy.path, what, "yaml").document
            check(edited)
        except UsageError as error:
            copy.stays = True
            raise UsageError(error.message, hint=f"nothing was done, and your text is in {copy.path}") from None
        return edited
