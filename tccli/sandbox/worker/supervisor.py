"""
Program that runs a command for the worker, and kills it with its children when the worker ends for any reason.

Usage: ``python supervisor.py FD DIRECTORY COMMAND...``. FD is the reading end of a pipe, whose only writing end is the
worker's. So the pipe closes when the worker dies, and the supervisor then deletes DIRECTORY. A byte in the pipe kills
the command, too, but leaves DIRECTORY to the worker.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main(descriptor: int, directory: str, words: list[str]) -> int:
    """
    Run a command and return its exit code: 128 + N if signal N killed it, 127 if it cannot be started.
    """
    try:
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - the task's command
    except (OSError, ValueError) as error:
        sys.stderr.write(f"cannot run {words[0]!r}: {error}\n")
        return 127

    def kill_group() -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)

    is_stopped = threading.Event()

    def watch() -> None:
        asked = os.read(descriptor, 1)
        is_stopped.set()
        kill_group()
        if not asked:
            shutil.rmtree(directory, ignore_errors=True)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    status = child.wait()
    # The worker may have died just now, too; the end of the program would end the watcher.
    ended = select.poll()
    ended.register(descriptor)
    if is_stopped.is_set() or ended.poll(0):
        watcher.join()
    # Kill background processes that the command left.
    kill_group()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
