"""
The number of files that this process may have open: each connection of a batch is one.
"""

from __future__ import annotations

from tccli.errors import UsageError

OTHER_FILES = 64
"""That a process has open besides its connections: modules, standard streams, the journal."""


def allow_connections(jobs: int) -> None:
    """
    Allow this process as many open files as it needs.

    Raises:
        UsageError: The system does not allow that.
    """
    try:
        import resource
    except ImportError:
        return
    needed = jobs + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft in {resource.RLIM_INFINITY, -1} or soft >= needed:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (ValueError, OSError):
        limit = soft if hard in {resource.RLIM_INFINITY, -1} else hard
        message = f"--jobs {jobs} needs {needed} open files, and this process may have {limit}"
        fewer = f"give --jobs {limit - OTHER_FILES}, or " if limit > OTHER_FILES else ""
        raise UsageError(message, hint=f"{fewer}raise the limit: ulimit -n") from None
