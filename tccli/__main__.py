"""
The entry point: ``tc`` and ``python -m tccli``.
"""

# Not signal: its definition of enumerations takes a fortieth of a start.
import _signal as signal  # type: ignore[import-not-found]
import gc
import os
import sys
from contextlib import suppress

from tccli.interrupts import interrupts

ENDING_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
SECOND_TRY_SECONDS = 0.01
MIN_COLLECTION_OBJECTS = 10_000
"""New objects after which the garbage collector runs. A command makes few cycles, but imports make many objects."""


def raise_later() -> None:
    """
    Raise KeyboardInterrupt again a little later when it was raised where Python ignores exceptions.

    Such places are callbacks of weak references and finalizers, which imports use as well.
    """

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def report(unraisable: "sys.UnraisableHookArgs") -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt) and hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, interrupt)
            signal.setitimer(signal.ITIMER_REAL, SECOND_TRY_SECONDS)
        else:
            sys.__unraisablehook__(unraisable)

    sys.unraisablehook = report


def end_by_signal(number: int) -> None:
    """
    End as the signal would have ended the process, so that its parent sees why. Ctrl-C is exit code 130.
    """
    if number != signal.SIGINT:
        if sys.stdout is not None:
            with suppress(OSError):
                sys.stdout.flush()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
    raise SystemExit(128 + number)


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
    reset_inherited_signals()
    # A shell starts background jobs with Ctrl-C ignored, and nohup a command with SIGHUP ignored: that stays so.
    for number in ENDING_SIGNALS:
        if signal.getsignal(number) in {signal.default_int_handler, signal.SIG_DFL}:
            signal.signal(number, interrupts.receive)
    raise_later()
    try:
        # Modules stay until the end, so to look for garbage among them is in vain. It takes an eighth of a start.
        gc.disable()
        from tccli.cli import app

        if hasattr(gc, "freeze"):
            gc.freeze()
        gc.set_threshold(MIN_COLLECTION_OBJECTS)
        gc.enable()
        app.main()
    except KeyboardInterrupt:
        end_by_signal(interrupts.numbers[0] if interrupts.numbers else signal.SIGINT)
    except BaseException:
        # Imports of C modules and definitions of classes make another error of it.
        if interrupts.numbers:
            end_by_signal(interrupts.numbers[0])
        raise


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


def end(code: int) -> None:
    """
    End the process as the interpreter does, but leave all objects as they are: a thread that waits for one of them when
    it is freed crashes.
    """
    # The command is done: a signal ends what is left, and interrupts nothing.
    for number in ENDING_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if (atexit := sys.modules.get("atexit")) is not None:
        atexit._run_exitfuncs()  # noqa: SLF001 - the interpreter calls it, and nothing else does
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
