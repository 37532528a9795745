"""
Worker processes: forked from this one, they make calls that this one sends them, each in several threads.

What a call takes is mostly Python code, of which a process runs one thread at a time. Workers use further processors.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import socket
import stat
import struct
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NoReturn, Self

from tccli.core.lifeline import end_with_parent
from tccli.core.threads import ThreadError, start_thread
from tccli.interrupts import ENDING_SIGNALS, block_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from tccli.core.http.deadline import Cancellation

LENGTH = struct.Struct("=Q")
MAX_READ_BYTES = 1 << 16
MAX_STANDARD_STREAM = 2
"""The descriptor of stderr."""
MESSAGE_NUMBER = -1
"""What stands instead of a call's number where a worker sends a line for people."""


class Channel:
    """
    Sends and receives documents over a socket, several at once. Threads may send; one receives.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._received = bytearray()
        self._lock = threading.Lock()

    def send(self, documents: list[Any]) -> None:
        """
        Send documents.

        Raises:
            OSError: The other side has ended, or `end` was called.
        """
        text = pickle.dumps(documents, pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self._sock.sendall(LENGTH.pack(len(text)) + text)

    def receive(self) -> list[Any]:
        """
        Return the documents that have come, at least one; none at the end.
        """
        documents: list[Any] = []
        while not documents:
            try:
                data = self._sock.recv(MAX_READ_BYTES)
            except OSError:
                return []
            if not data:
                return []
            self._received += data
            for part in self._split():
                documents += part
        return documents

    def _split(self) -> Iterator[list[Any]]:
        place, received = 0, self._received
        while len(received) - place >= LENGTH.size:
            end = place + LENGTH.size + LENGTH.unpack_from(received, place)[0]
            if end > len(received):
                break
            yield pickle.loads(received[place + LENGTH.size : end])  # noqa: S301 - of a process of ours
            place = end
        del received[:place]

    def end(self) -> None:
        """
        End what is sent to the other side. What it sends can still be received.
        """
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """
        Close the socket.
        """
        self._sock.close()


class Worker:
    """
    A worker process, as its parent sees it.
    """

    def __init__(self, pid: int, channel: Channel, lifeline: int) -> None:
        self.channel = channel
        self._pid: int | None = pid
        self._lifeline = lifeline
        self._lock = threading.Lock()

    def close(self) -> None:
        """
        Close what this process has of it.
        """
        self.channel.close()
        os.close(self._lifeline)

    def kill(self) -> str:
        """
        End the process, if it has not ended, and return how it has: by which signal, or with which exit code.
        """
        with self._lock:
            if self._pid is None:
                return ""
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            pid, self._pid = self._pid, None
            try:
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            except ChildProcessError:
                # Something else has waited for it: a caller that ignores SIGCHLD, or waits for all children.
                return "an unknown exit code"
        return f"signal {-status}" if status < 0 else f"exit code {status}"


class WorkerPool:
    """
    A context with worker processes, which end with it, or with this process.

    Create it before there are threads: what they have locked would remain so in the workers.

    Args:
        count: The number of workers.
        prepare: Is called in each worker, with its number from 0 and a function that sends a line for people to the
            parent. Returns the function that makes calls, whose arguments and results are pickled, and the handle that
            ends those that run.
        threads: The most calls of a worker at a time.
        close: Is called in each worker first: closes what only the parent may have open.
    """

    def __init__(
        self,
        count: int,
        prepare: Callable[[int, Callable[[str], None]], tuple[Callable[[Any], Any], Cancellation]],
        *,
        threads: int,
        close: Callable[[], None],
    ) -> None:
        self.workers: list[Worker] = []
        self._prepare = prepare
        self.threads = threads
        self._close = close
        try:
            for number in range(count):
                self._start(number)
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def _start(self, number: int) -> None:
        parent = os.getpid()
        ours, theirs = socket.socketpair()
        # Never written to: its end tells that this process has ended.
        watched, lifeline = os.pipe()
        with block_signals():
            try:
                pid = os.fork()
                if not pid:
                    try:
                        ours.close()
                        os.close(lifeline)
                        end_with_parent(watched, parent)
                        self._serve(number, theirs)
                    finally:
                        os._exit(0)
                self.workers.append(Worker(pid, Channel(ours), lifeline))
            except BaseException:
                ours.close()
                os.close(lifeline)
                raise
            finally:
                os.close(watched)
                theirs.close()

    def _serve(self, number: int, sock: socket.socket) -> NoReturn:
        # The parent takes them, and ends its workers.
        for each in ENDING_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
        for worker in self.workers:
            worker.close()
        self._close()
        _close_pipes_of_caller()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            if stream is not None:
                os.dup2(null, stream.fileno())
        sys.stdin = sys.stdout = sys.stderr = None
        # What there is by now is not garbage, and its memory is shared.
        gc.freeze()
        channel = Channel(sock)
        function, cancellation = self._prepare(number, lambda line: channel.send([(MESSAGE_NUMBER, line, "")]))
        _Threads(channel, function, cancellation, self.threads).run()
        os._exit(0)

    def end(self) -> None:
        """
        End the calls of the workers at once; each of them sends the results.
        """
        for worker in self.workers:
            worker.channel.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for worker in self.workers:
            worker.kill()


def _close_pipes_of_caller() -> None:
    """
    Close pipes and sockets that the caller of this program has left open: another program may wait for their end.

    Descriptors that Python opens are closed in programs that it executes, and these are not. Files stay, since a path
    such as /dev/fd/5 may name one.
    """
    with suppress(OSError):
        for number in map(int, os.listdir("/proc/self/fd")):
            # The one of the listing is closed by now.
            with suppress(OSError):
                mode = os.fstat(number).st_mode
                is_pipe = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
                if number > MAX_STANDARD_STREAM and is_pipe and os.get_inheritable(number):
                    os.close(number)


class _Threads:
    """
    The threads of a worker: each makes one call after the other, and sends its result.
    """

    def __init__(
        self, channel: Channel, function: Callable[[Any], Any], cancellation: Cancellation, max_threads: int
    ) -> None:
        self._channel = channel
        self._function = function
        self._cancellation = cancellation
        self._max_threads = max_threads
        self._calls: SimpleQueue[Any] = SimpleQueue()
        self._open_calls = 0
        self._lock = threading.Lock()

    def run(self) -> None:
        """
        Make calls until the end of the channel, when those that run are cancelled, and those that wait fail.

        What comes is received at once: the parent, which may wait until it has sent a call, must not wait for one.
        """
        threads: list[threading.Thread] = []
        while calls := self._channel.receive():
            with self._lock:
                self._open_calls += len(calls)
            for call in calls:
                self._calls.put(call)
            while len(threads) < min(self._open_calls, self._max_threads):
                try:
                    threads.append(start_thread(self._work))
                except ThreadError:
                    break
            while not threads and not self._calls.empty():
                self._make(self._calls.get())
        self._cancellation.cancel()
        for _ in threads:
            self._calls.put(None)
        for thread in threads:
            thread.join()

    def _work(self) -> None:
        try:
            while (call := self._calls.get()) is not None:
                self._make(call)
        finally:
            if call is not None:
                # The result cannot be sent: the parent must not wait for it.
                os._exit(1)

    def _make(self, call: tuple[int, Any]) -> None:
        self._channel.send([self._answer(*call)])
        with self._lock:
            self._open_calls -= 1

    def _answer(self, number: int, argument: Any) -> tuple[int, Any, str]:
        try:
            return number, self._function(argument), ""
        except MemoryError:
            # The end of this process frees it.
            raise
        except Exception:  # noqa: BLE001 - raised again in the parent
            import traceback

            return number, None, traceback.format_exc()
