"""A JUnit report: what CI systems draw a table from.

Decides that only a confirmed success passes: a failed or cancelled operation is
a *failure*, and everything that is not known is an *error*.
"""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Final

from opwatch.domain.outcome import Outcome
from opwatch.output.text.clean import Redact, Show, as_is
from opwatch.output.text.sentences import ending_detail, failure_lines, status_of
from opwatch.output.text.words import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.domain.operation import Operation

ELEMENTS: Final = {
    Outcome.SUCCEEDED: None,
    Outcome.FAILED: "failure",
    Outcome.CANCELLED: "failure",
    Outcome.DENIED: "error",
    Outcome.NOT_FOUND: "error",
    Outcome.UNKNOWN: "error",
    Outcome.TIMED_OUT: "error",
    Outcome.PENDING: "error",
}


def junit(operations: Sequence[Operation], *, at: float, redact: Redact = as_is) -> str:
    """Return the report as an XML document in ASCII; *at* is now on the run's clock."""
    show = Show(redact)
    counts = Counter(ELEMENTS[each.outcome or Outcome.PENDING] for each in operations)
    longest = max((each.elapsed(at) for each in operations), default=0.0)
    totals = (
        f'tests="{len(operations)}" failures="{counts["failure"]}"'
        f' errors="{counts["error"]}" time="{longest:.3f}"'
    )
    cases = "".join(_case(each, at, show) for each in operations)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {totals}>\n'
        f'  <testsuite name="opwatch" {totals}>\n{cases}  </testsuite>\n</testsuites>\n'
    )
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _case(operation: Operation, at: float, show: Show) -> str:
    outcome = operation.outcome or Outcome.PENDING
    head = (
        f"    <testcase classname={_attribute(show(operation.target.profile) or 'opwatch')}"
        f" name={_attribute(_name(operation, show))}"
        f' time="{operation.elapsed(at):.3f}"'
    )
    element = ELEMENTS[outcome]
    if element is None:
        return head + "/>\n"
    detail = ending_detail(operation, show) or status_of(operation, show) or OUTCOMES[outcome]
    body = f"<{element} type={_attribute(outcome.value)} message={_attribute(detail)}>"
    text = "\n".join([detail, *failure_lines(operation, show)])
    return f"{head}>\n      {body}{escape(text)}</{element}>\n    </testcase>\n"


def _name(operation: Operation, show: Show) -> str:
    """Return the reference, after the API's name for the operation where it has one."""
    reference = show(operation.reference, None)
    name = show(operation.reading.name.strip()) if operation.reading else ""
    return f"{name} ({reference})" if name else reference


def _attribute(text: str) -> str:
    return f'"{escape(text)}"'
