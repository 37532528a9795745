"""
The error of all templates.
"""

from __future__ import annotations


class TemplateError(Exception):
    """
    A template cannot be rendered; the message says where and why.

    Attributes:
        location: Path of the failed part of the template, such as ``.tasks[0]``.
    """

    def __init__(self, reason: str, kind: str = "TemplateError") -> None:
        super().__init__(reason)
        self.kind = kind
        self.location = ""

    def __str__(self) -> str:
        where = f" at template{self.location}" if self.location else ""
        return f"{self.kind}{where}: {self.args[0]}"
