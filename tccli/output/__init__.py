"""
Output: results of commands to stdout or to a file, in one of the formats of ``formats``.
"""

from tccli.output.result import Entries, Pages, Result
from tccli.output.writer import Output

__all__ = ["Entries", "Output", "Pages", "Result"]
