"""
The entry point: ``tc`` and ``python -m tccli``.
"""

# Not signal: its definition of enumerations takes a fortieth of a start.
import _signal as signal  # type: ignore[import-not-found]
import gc
import sys

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


def exempt_from_collections() -> None:
    """
    Take all objects of this moment from the garbage collector. Those without references are still freed.
    """
    if hasattr(gc, "freeze"):
        gc.freeze()


def main() -> None:
    """
    Run the command line and exit, also when Ctrl-C comes before all modules are imported.
    """
    interrupts: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    # A shell starts background jobs with Ctrl-C ignored: that stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
        raise_later()
    try:
        # Modules stay until the end, so to look for garbage among them is in vain. It takes an eighth of a start.
        gc.disable()
        from tccli.cli import app

        exempt_from_collections()
        gc.set_threshold(MIN_COLLECTION_OBJECTS)
        gc.enable()
        app.main(interrupts=interrupts)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BaseException:
        # Imports of C modules and definitions of classes make another error of it.
        if interrupts:
            raise SystemExit(130) from None
        raise
    finally:
        # The interpreter looks for garbage when it ends, which frees memory that the system takes back anyway.
        exempt_from_collections()


if __name__ == "__main__":
    main()
