"""
``python -m tccli``.
"""

from tccli.app import main

main()
