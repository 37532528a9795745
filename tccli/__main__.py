"""
Where the process starts: ``tc``, and ``python -m tccli``.
"""

import gc

# A start makes many objects and drops few: looking for circles among them, seven hundred at a time, takes a twentieth
# of it. A long listing or a sandbox is still cleaned up after.
gc.set_threshold(20_000)

from tccli.cli.app import main  # noqa: E402 - what it imports are the objects

if __name__ == "__main__":
    main()
