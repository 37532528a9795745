"""
Output of the commands for tasks and groups: lines, or the objects that they stand for if a format was chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from tccli.cli.context import Context
    from tccli.core.http.deadline import Cancellation

    T = TypeVar("T")


def writes_objects(context: Context) -> bool:
    """
    Return whether objects are printed instead of lines, because a format was chosen, or parts of them.
    """
    options = context.options
    return options.format is not None or options.selects_parts


def make_line_writer(
    context: Context, *, waits: bool = False, is_list: bool = False, is_template: bool = False
) -> Callable[[Iterable[tuple[str, Any]]], None]:
    """
    Return a function that writes pairs of a line and an object: the lines, or the objects if a format was chosen.

    The objects are a list, whose elements are written as they come. After an interruption, the function may be called
    once more: the pair that it was writing is continued, if it is the first one.

    Args:
        waits: Whether pairs come one by one over a long time. Each is then written out at once,
            and without a pager, which would show them at the end.
        is_list: Whether the filter, if there is one, is checked now: nothing else than pairs is written. Else it is
            checked before the first pair.
        is_template: Whether the user chose the form of the lines. Other lines are one line each, whoever chose the
            names in them.
    """
    if waits and context.options.pager is None:
        context = context.replace(pager=False)
    write = context.writer(is_list=is_list)
    written = None
    if waits:
        from tccli.output.live_stream import WrittenPart

        written = WrittenPart()

    def write_pairs(pairs: Iterable[tuple[str, Any]]) -> None:
        check_list_filter(context)
        from tccli.core.printable import escape_line_breaks
        from tccli.output import Entries, Result

        if written is not None:
            pairs = written.count_each(pairs)
        if writes_objects(context):
            try:
                pages = Entries(each for _, each in pairs)
            except KeyboardInterrupt:
                if waits and context.options.output in {None, "-"}:
                    # The list that was begun.
                    write(Result(pages=Entries(()), is_live=True))
                raise
            write(Result(pages=pages, is_live=waits, written=written))
        else:
            lines = (line if is_template else escape_line_breaks(line) for line, _ in pairs)
            write(Result(lines, is_text=True, is_live=waits, written=written))

    return write_pairs


def check_list_filter(context: Context) -> None:
    """
    Check that the filter, if there is one, takes a list, before anything is waited for or done.

    Raises:
        UsageError: It takes an object.
    """
    if context.options.jq is not None:
        from tccli.output.filter import compile_filter

        compile_filter(context.options.jq).check_list()


def make_value_writer(context: Context) -> Callable[[str, Any], None]:
    """
    Return a function that writes a line, or its object if a format was chosen.
    """
    write = context.writer()

    def write_value(line: str, document: Any) -> None:
        from tccli.output import Result

        write(Result([document]) if writes_objects(context) else Result([line], is_text=True))

    return write_value


def write_each(
    context: Context,
    write: Callable[[Generator[tuple[str, Any]]], None],
    function: Callable[[T], tuple[str, Any]],
    items: Iterable[T],
    count: int,
    cancellation: Cancellation | None = None,
) -> None:
    """
    Write the line and the object that *function* returns for each item, several at a time.

    Args:
        count: The number of items.
        cancellation: Of the client that *function* uses.

    Raises:
        TcError: The first error; the other items are done nevertheless.
    """
    from tccli.cli.partial_failures import PartialFailures
    from tccli.core.parallel import run_parallel

    failures = PartialFailures(context, prints=count > 1)
    write(failures.leave_out(result for _, result in run_parallel(function, items, cancellation=cancellation)))
    failures.raise_summary(f"{failures.number} of {count} failed")
