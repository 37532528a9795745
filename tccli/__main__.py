"""
The entry point: ``tc`` and ``python -m tccli``.
"""

# Not signal: its definition of enumerations takes a fortieth of a start.
import _signal as signal  # type: ignore[import-not-found]
import sys

SECOND_TRY_SECONDS = 0.01


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
        from tccli.cli import app

        app.main(interrupts=interrupts)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BaseException:
        # Imports of C modules and definitions of classes make another error of it.
        if interrupts:
            raise SystemExit(130) from None
        raise


if __name__ == "__main__":
    main()
