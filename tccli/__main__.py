"""
The entry point: ``tc`` and ``python -m tccli``.
"""


def main() -> None:
    """
    Run the command line and exit, also when Ctrl-C comes before all modules are imported.
    """
    try:
        from tccli.cli import app

        app.main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
