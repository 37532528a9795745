"""
The entry point: ``tc`` and ``python -m tccli``.
"""

# Not signal: its definition of enumerations takes a fortieth of a start.
import _signal as signal  # type: ignore[import-not-found]
import gc
import os
import sys
from contextlib import suppress

from tccli.interrupts import ENDING_SIGNALS, interrupts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, TextIO

SECOND_TRY_SECONDS = 0.01
MIN_COLLECTION_OBJECTS = 10_000
"""New objects after which the garbage collector runs. A command makes few cycles, but imports make many objects."""


def catch_late_interrupts() -> None:
    """
    Let Ctrl-C end the process also where no code receives the KeyboardInterrupt.

    Python ignores exceptions in callbacks of weak references and in finalizers, which imports use as well: there, it is
    raised again a little later. Before and after a command, nothing catches it.
    """

    def interrupt(_number: int, _frame: object) -> None:
        interrupts.interrupt()

    def report(unraisable: "sys.UnraisableHookArgs") -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt) and hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, interrupt)
            signal.setitimer(signal.ITIMER_REAL, SECOND_TRY_SECONDS)
        else:
            sys.__unraisablehook__(unraisable)

    def end_if_interrupted(*error: "Any") -> None:
        if issubclass(error[0], KeyboardInterrupt):
            end_by_signal()
        sys.__excepthook__(*error)

    sys.unraisablehook = report
    sys.excepthook = end_if_interrupted


def end_by_signal() -> "NoReturn":
    """
    End as the first signal would have ended the process, so that its parent sees why. Ctrl-C is exit code 130.
    """
    restore_signals()
    number = interrupts.numbers[0] if interrupts.numbers else signal.SIGINT
    if number != signal.SIGINT:
        if sys.stdout is not None:
            with suppress(OSError):
                sys.stdout.flush()
        signal.raise_signal(number)
    end(128 + number)


def restore_signals() -> None:
    """
    Let a signal end what is left after the command, and interrupt nothing.
    """
    for number in ENDING_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


def reset_inherited_signals() -> None:
    """
    Undo what the caller has left, and what would make the results of commands wrong.

    Where SIGCHLD is ignored, the system drops the exit codes of commands, and Python takes that as success. A blocked
    signal would neither interrupt this process nor end its workers together with it.
    """
    number = getattr(signal, "SIGCHLD", None)
    if number is not None and signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def run() -> None:
    """
    Run the command line and raise its exit code, also when Ctrl-C comes before all modules are imported.

    SIGTERM and SIGHUP, such as of a CI system's time limit and of a terminal that is closed, end it as Ctrl-C does:
    what is incomplete is removed.
    """
    catch_late_interrupts()
    reset_inherited_signals()
    # A shell starts background jobs with Ctrl-C ignored, and nohup a command with SIGHUP ignored: that stays so.
    for number in ENDING_SIGNALS:
        if signal.getsignal(number) in {signal.default_int_handler, signal.SIG_DFL}:
            signal.signal(number, interrupts.receive)
    try:
        if not all(map(is_blocking, (sys.stdout, sys.stderr))):
            from tccli.cli.waiting_streams import make_streams_wait

            make_streams_wait()
        # Modules stay until the end, so to look for garbage among them is in vain. It takes an eighth of a start.
        gc.disable()
        from tccli.cli import app

        if hasattr(gc, "freeze"):
            gc.freeze()
        gc.set_threshold(MIN_COLLECTION_OBJECTS)
        gc.enable()
        app.main()
    except KeyboardInterrupt:
        end_by_signal()
    except BaseException:
        # Imports of C modules and definitions of classes make another error of it.
        if interrupts.numbers:
            end_by_signal()
        raise


def is_blocking(stream: "TextIO | None") -> bool:
    """
    Return whether writes to a standard stream wait for its reader; True on Windows, and for a stream that is closed.
    """
    return stream is None or os.name != "posix" or os.get_blocking(stream.fileno())


def main() -> None:
    """
    Run the command line, and end the process.
    """
    try:
        run()
    except SystemExit as error:
        if isinstance(error.code, int):
            end(error.code)
        raise


def end(code: int) -> "NoReturn":
    """
    End the process as the interpreter does, but leave all objects as they are: a thread that waits for one of them when
    it is freed crashes.
    """
    restore_signals()
    if (atexit := sys.modules.get("atexit")) is not None:
        atexit._run_exitfuncs()  # noqa: SLF001 - the interpreter calls it, and nothing else does
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
    # On Windows, commands that crashed have codes that are larger than what it takes.
    os._exit((code + (1 << 31)) % (1 << 32) - (1 << 31))


if __name__ == "__main__":
    main()
