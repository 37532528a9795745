"""
Why a task is in its state: what it waits for, or how it ended, and the next command to type.
"""

from __future__ import annotations

from tccli.core.tasks.causes.explain import Explanation, explain_task
from tccli.core.tasks.causes.model import Cause

__all__ = ["Cause", "Explanation", "explain_task"]
