"""
What ``tc batch`` reports on stderr: failures that matter at once, numbers at the end, and the exit code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.batch.progress import Counts
from tccli.core.printable import escape_line_breaks
from tccli.errors import BrokenAnswerError, NegativeAnswerError, TcError, UsageError

if TYPE_CHECKING:
    from tccli.cli.batch.runner import BatchResult
    from tccli.cli.context import Context

JQ_HINT = "it gets id, status, and response or error: select(.response) leaves out failures, .response? allows them"


class Summary:
    """
    Counts the calls of a batch, and reports.

    Attributes:
        counts: So far.
    """

    def __init__(self, context: Context, *, is_dry: bool, stops_at_error: bool) -> None:
        self.counts = Counts()
        self._context = context
        self._is_dry = is_dry
        self._stops_at_error = stops_at_error
        self._first_failure: BatchResult | None = None
        self._misfits = 0
        self._is_told = False

    def report(self, line: str) -> None:
        """
        Print a line that ``--quiet`` does not suppress.
        """
        self._context.print_message(escape_line_breaks(f"tc: {line}"))

    def print_line(self, line: str) -> None:
        """
        Print a line that is worded already.
        """
        self._context.print_message(line)

    def count(self, result: BatchResult, *, is_first: bool) -> None:
        """
        Count a call that has ended, and report at once what the user should know before the summary.

        Args:
            is_first: Whether no call has succeeded before.
        """
        counts = self.counts
        counts.ended += 1
        if result.error is None:
            counts.cut_off += isinstance(result.content, dict) and bool(result.content.get("continuationToken"))
            return
        counts.failed += 1
        counts.bad += result.is_bad_input
        self._first_failure = self._first_failure or result
        if result.is_uncertain:
            counts.uncertain += 1
            self.report(f"{result.label} is uncertain: {result.error['message']}")
        elif result.is_unreachable and is_first and not self._is_told:
            # The summary may take a while, since each call is retried.
            self.report(f"{result.label}: {result.error['message']}")
        self._is_told = self._is_told or result.is_unreachable

    def report_misfit(self, error: BrokenAnswerError, result: BatchResult) -> None:
        """
        Report that ``--jq`` failed for a result, and what the result is.

        Raises:
            BrokenAnswerError: The call succeeded, with ``--fail-fast``.
        """
        end = "the call succeeded" if result.error is None else f"the call failed: {result.error['message']}"
        message = f"{result.label}: {error.message}{'' if self._is_dry else f'; {end}'}"
        # A failure of a call stops the batch anyway.
        if self._stops_at_error and result.error is None:
            raise BrokenAnswerError(message, hint=JQ_HINT)
        self._misfits += 1
        self.report(message)

    def finish(self, input_error: TcError | None, *, is_cut_short: bool) -> None:
        """
        Report the numbers.

        Args:
            input_error: Ended the input, or None.
            is_cut_short: Whether calls were not made because no first call has reached the deployment.

        Raises:
            NegativeAnswerError: Some calls failed.
            UsageError: Nothing was sent, because the input is wrong.
        """
        counts = self.counts
        if counts.cut_off:
            what = "result has" if counts.cut_off == 1 else "results have"
            self._context.note(f"{counts.cut_off} {what} a continuationToken: there are more pages")
        misfit = self._make_misfit()
        if misfit is not None and (input_error is not None or self._first_failure is not None):
            self.report(str(misfit))
        # What is wrong with the command line or with each line is another exit code.
        is_unsent = counts.ended == counts.bad or self._is_dry
        if input_error is not None:
            if counts.ended:
                self._context.note(f"stopped after {counts.describe()}")
            raise input_error if is_unsent else self._fail(input_error.message, input_error.hint)
        if self._first_failure is not None:
            is_usage = is_unsent and counts.bad == counts.failed
            raise self._describe_failures(self._first_failure, is_usage=is_usage, is_cut_short=is_cut_short)
        if misfit is not None:
            raise misfit
        self._context.note(f"{counts.describe()}{'; nothing was sent' if self._is_dry else ''}")

    def _make_misfit(self) -> BrokenAnswerError | None:
        if not self._misfits:
            return None
        what = "result" if self._misfits == 1 else "results"
        error = BrokenAnswerError(f"--jq does not fit {self._misfits} {what} of {self.counts.ended}", hint=JQ_HINT)
        error.counts = self.counts.as_document()
        return error

    def _describe_failures(self, such_as: BatchResult, *, is_usage: bool, is_cut_short: bool) -> TcError:
        counts = self.counts
        details = [
            f"{counts.uncertain} of them uncertain" if counts.uncertain else "",
            f"{counts.skipped} were done before" if counts.skipped else "",
            "the others were not made" if self._stops_at_error else "",
            "none succeeded, so the others were not made" if is_cut_short else "",
        ]
        in_brackets = ", ".join(filter(None, details))
        error = such_as.error or {}
        example = error["message"]
        if not example.startswith("line "):
            example = f"{such_as.label}: {example}"
        message = (
            f"{counts.failed} of {counts.ended} calls failed{f' ({in_brackets})' if in_brackets else ''}; "
            f"{'such as ' if counts.failed > 1 else ''}{example}"
        )
        hints = [error.get("hint"), "--keep-going makes them all" if is_cut_short else ""]
        return self._fail(message, "; ".join(filter(None, hints)), UsageError if is_usage else NegativeAnswerError)

    def _fail(self, message: str, hint: str, kind: type[TcError] = NegativeAnswerError) -> TcError:
        error = kind(message, hint=hint)
        error.counts = self.counts.as_document()
        return error
