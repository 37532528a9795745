"""
Do the same for many tasks, a few at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tccli.errors import TcError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    T = TypeVar("T")
    R = TypeVar("R")

MAX_PARALLEL_CALLS = 10


def run_parallel(function: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[T, R | TcError]]:
    """
    Yield each item with its result or its error, in order. After an interruption, no further call is started.
    """
    from concurrent.futures import ThreadPoolExecutor

    def call(item: T) -> R | TcError:
        try:
            return function(item)
        except TcError as error:
            return error

    if len(items) == 1:
        yield items[0], call(items[0])
        return
    with ThreadPoolExecutor(min(MAX_PARALLEL_CALLS, len(items) or 1)) as pool:
        futures = [pool.submit(call, item) for item in items]
        try:
            for item, future in zip(items, futures, strict=True):
                yield item, future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
