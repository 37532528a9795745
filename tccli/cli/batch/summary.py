"""
What ``tc batch`` reports on stderr: failures that matter at once, numbers at the end, and the exit code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.batch.failures import Failures
from tccli.cli.batch.progress import Counts
from tccli.core.printable import escape_line_breaks
from tccli.errors import BrokenAnswerError, NegativeAnswerError, TcError, UsageError

if TYPE_CHECKING:
    from tccli.cli.batch.reachability import Reachability
    from tccli.cli.batch.runner import BatchResult
    from tccli.cli.context import Context

RESUME_HINT = "run it again with the same journal to resume"
JQ_HINT = "it gets id, status, and response or error: select(.response) leaves out failures, .response? allows them"


class Summary:
    """
    Counts the calls of a batch, and reports.

    Attributes:
        counts: So far.
    """

    def __init__(self, context: Context, *, is_dry: bool, stops_at_error: bool, has_journal: bool) -> None:
        self.counts = Counts()
        self._context = context
        self._is_dry = is_dry
        self._stops_at_error = stops_at_error
        self._has_journal = has_journal
        self._failures = Failures()
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
        is_reported = True
        if result.is_uncertain:
            counts.uncertain += 1
            # Alone, the message of a call that an earlier run has sent says it as well.
            message = result.error["message"].replace(": uncertain: ", ": ", 1)
            self.report(f"{result.label} is uncertain: {message}")
        elif result.is_unreachable and is_first and not self._is_told:
            # The summary may take a while, since each call is retried.
            self.report(f"{result.label}: {result.error['message']}")
        else:
            is_reported = False
        self._failures.add(result, is_reported=is_reported)
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

    def report_end(
        self, what: str, *, is_interruption: bool, unwritten: int, unanswered: int, is_appended: bool
    ) -> None:
        """
        Report how far the calls came that something has ended.

        Args:
            what: Has happened.
            is_interruption: Whether that was Ctrl-C, or a signal that ends a command.
            unwritten: The number of calls whose results were not written.
            unanswered: The number of calls that were begun, and have not ended.
            is_appended: Whether the other results were written.
        """
        counts = self.counts
        parts = []
        if counts.ended and (unwritten == counts.ended or not is_appended):
            parts.append("their results were not written" if is_appended else "not all of their results were written")
        elif unwritten:
            parts.append(f"{unwritten} of their results were not written")
        if unanswered:
            parts.append(f"{unanswered} more {'was' if unanswered == 1 else 'were'} begun, with an unknown end")
        if self._has_journal:
            parts.append(RESUME_HINT)
        elif unwritten < counts.ended and is_appended:
            parts.append("the results have the ids of what is done; with --journal, it can be resumed")
        else:
            parts.append("with --journal, it can be resumed")
        message = f"{what} after {counts.describe()}{self._failures.describe()}; {'; '.join(parts)}"
        note = self._context.note_interruption if is_interruption else self._context.note
        note(message, counts=counts.as_document(), failures=self._failures.as_document())

    def finish(self, input_error: TcError | None, lost: Reachability | None) -> None:
        """
        Report the numbers.

        Args:
            input_error: Ended the input, or None.
            lost: Why calls were not made because others did not reach the deployment, or None.

        Raises:
            NegativeAnswerError: Some calls failed.
            UsageError: Nothing was sent, because the input is wrong.
        """
        counts = self.counts
        if counts.cut_off:
            what = "result has" if counts.cut_off == 1 else "results have"
            self._context.note(f"{counts.cut_off} {what} a continuationToken: there are more pages")
        misfit = self._make_misfit()
        if misfit is not None and (input_error is not None or counts.failed):
            self.report(str(misfit))
        # What is wrong with the command line or with each line is another exit code.
        is_unsent = counts.ended == counts.bad or self._is_dry
        if input_error is not None:
            if counts.ended:
                self._context.note(f"stopped after {counts.describe()}")
            raise input_error if is_unsent else self._fail(input_error.message, input_error.hint)
        if counts.failed:
            raise self._describe_failures(lost, is_unsent=is_unsent)
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

    def _describe_failures(self, lost: Reachability | None, *, is_unsent: bool) -> TcError:
        counts = self.counts
        in_a_row = "none succeeded" if lost is None or not lost.is_proven else f"{lost.max_failures} failed in a row"
        details = [
            "nothing was sent" if is_unsent else "",
            f"{counts.uncertain} of them uncertain" if counts.uncertain else "",
            f"{counts.skipped} more {'was' if counts.skipped == 1 else 'were'} done before" if counts.skipped else "",
            "the others were not made" if self._stops_at_error else "",
            f"{in_a_row}, so the others were not made" if lost is not None else "",
        ]
        in_brackets = ", ".join(filter(None, details))
        message = (
            f"{counts.failed} of {counts.ended} calls failed{f' ({in_brackets})' if in_brackets else ''}"
            f"{self._failures.describe()}"
        )
        hints = [self._failures.hint]
        if lost is not None:
            hints += [RESUME_HINT if self._has_journal else "", "--keep-going makes them all"]
        is_usage = is_unsent and counts.bad == counts.failed
        return self._fail(message, "; ".join(filter(None, hints)), UsageError if is_usage else NegativeAnswerError)

    def _fail(self, message: str, hint: str, kind: type[TcError] = NegativeAnswerError) -> TcError:
        error = kind(message, hint=hint)
        error.counts = self.counts.as_document()
        error.failures = self._failures.as_document() or None
        return error
