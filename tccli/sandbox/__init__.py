"""
A Taskcluster deployment in one process, for trying things out and for tests.

A request goes through ``app`` (HTTP), ``pipeline`` (the order of checks), ``signature`` and ``accounts`` (who asks, and
what may they do) to a handler in ``services``; what it leaves behind is in ``store``, and bytes are on a host of their
own, ``storage``. ``server`` runs all of it on loopback ports.
"""
