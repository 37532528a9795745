"""
The storage host: where the bytes of objects and artifacts are, as S3 keeps them for a real deployment.

``files`` keeps them on disk, ``signing`` makes and checks URLs, ``ranges`` decides which bytes an answer has,
``faults`` are the ways in which it can be told to fail, and ``host`` speaks HTTP, in threads of its own so that it does
not slow the API.
"""
