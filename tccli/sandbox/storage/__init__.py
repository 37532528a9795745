"""
The storage host, which serves the bytes of objects and artifacts, as S3 does for a real deployment.

``files`` stores them on disk, ``signing`` signs and checks URLs, ``ranges`` and ``responses`` plan a response,
``faults`` are injected failures, and ``host`` and ``connection`` serve HTTP, in threads of their own so that the API
stays fast.
"""
