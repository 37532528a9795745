"""
YAML, read as the services read it, and written so that every reader gives the same document.
"""

from tccli.core.yaml.loader import load
from tccli.core.yaml.scalars import YamlError
from tccli.core.yaml.writer import dump

__all__ = ["YamlError", "dump", "load"]
