"""
Signals for a child that runs in the foreground.
"""

from __future__ import annotations

import subprocess
import sys

from tests.processes import end_all

SCRIPT = """
import signal, threading, time
from tccli.core.child_process import SignalForwarder

def send():
    time.sleep(0.5)
    # As one that comes just before the main thread waits, it does not wake up that thread.
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

thread = threading.Thread(target=send, daemon=True)
with SignalForwarder() as forwarder:
    thread.start()
    print(forwarder.run(["sh", "-c", "trap 'exit 9' TERM; while true; do sleep 0.05; done"], {}))
assert signal.set_wakeup_fd(-1) == -1
assert {signal.SIG_DFL} == {signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1)}
"""


def test_a_signal_that_does_not_wake_up_the_main_thread() -> None:
    """
    It is forwarded nevertheless.
    """
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE) as process:
        try:
            output, _ = process.communicate(timeout=60)
        finally:
            end_all(process)
    assert (0, b"9\n") == (process.returncode, output)
