"""
The entry point: ``tc`` and ``python -m tccli``.
"""

from tccli.cli.app import main

if __name__ == "__main__":
    main()
