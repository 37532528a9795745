"""
Signals for a child that runs in the foreground.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.processes import end_all

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import os, signal, sys, threading, time
from tccli.core.child_process import SignalForwarder

TRAP = "trap 'exit 9' TERM; : > $1; while true; do sleep 0.05; done"

def send():
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.01)
    # Until the main thread waits.
    time.sleep(0.2)
    # As one that comes just before the main thread waits, it does not wake up that thread.
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

thread = threading.Thread(target=send, daemon=True)
with SignalForwarder() as forwarder:
    thread.start()
    print(forwarder.run(["sh", "-c", TRAP, "sh", sys.argv[1]], {"PATH": os.defpath}))
assert signal.set_wakeup_fd(-1) == -1
assert {signal.SIG_DFL} == {signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1)}
"""


def test_a_signal_that_does_not_wake_up_the_main_thread(tmp_path: Path) -> None:
    """
    It is forwarded nevertheless.
    """
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "ready")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            output, _ = process.communicate(timeout=60)
        finally:
            end_all(process)
    assert (0, b"9\n") == (process.returncode, output)
