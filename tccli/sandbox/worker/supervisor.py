"""
Runs a command for the worker, and ends it with all that it started when the worker goes away, however that happens.

A program of its own: ``python guard.py FD FOLDER COMMAND...``. FD is the reading end of a pipe whose other end only the
worker holds, so it ends with the worker, and nobody else is left to remove FOLDER then. A byte in the pipe ends the
command, too, but leaves the folder to the worker.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main(descriptor: int, folder: str, words: list[str]) -> int:
    """
    Run a command and return its exit code: 128 and the signal's number if one ended it, 127 if there is none.
    """
    try:
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - what it is for
    except (OSError, ValueError) as error:
        sys.stderr.write(f"cannot run {words[0]!r}: {error}\n")
        return 127

    def end() -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)

    is_told = threading.Event()

    def watch() -> None:
        asked = os.read(descriptor, 1)
        is_told.set()
        end()
        if not asked:
            shutil.rmtree(folder, ignore_errors=True)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    status = child.wait()
    if is_told.is_set():
        watcher.join()
    # What it left running in the background.
    end()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
