"""
A Taskcluster deployment in one process, for experiments and tests.

A request passes through ``app`` (HTTP), ``pipeline`` (the checks, in the services' order) and ``auth`` (signatures and
scopes) to a handler in ``services``. State is in ``store``; the bytes of artifacts and objects are served by
``storage``, an HTTP server of its own. ``server`` runs both on loopback ports.
"""
