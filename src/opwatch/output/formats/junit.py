"""A JUnit report: what CI systems draw a table from.

Decides that only a confirmed success with its result passes: a failed or cancelled
operation is a *failure*, one that the run left because another had decided it is *skipped*,
and everything that is not known is an *error*. The form is that of ``junit-10.xsd`` of
Jenkins' xUnit plugin, the strictest of those in use: it knows properties of a suite only, so
that the link of an operation is one of these, and the output of its case.
"""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Final

from opwatch.domain.outcome import Outcome, Reason
from opwatch.output.text.clean import Redact, Show, as_is
from opwatch.output.text.sentences import ending_detail, failure_lines, status_of
from opwatch.output.text.styles import page_of
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
    counts = Counter(map(_element, operations))
    longest = max((each.elapsed(at) for each in operations), default=0.0)
    totals = (
        f'tests="{len(operations)}" failures="{counts["failure"]}"'
        f' errors="{counts["error"]}" time="{longest:.3f}"'
    )
    links = "".join(_property(each, show) for each in operations)
    properties = f"    <properties>\n{links}    </properties>\n" if links else ""
    cases = "".join(_case(each, at, show) for each in operations)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {totals}>\n'
        f'  <testsuite name="opwatch" {totals} skipped="{counts["skipped"]}">\n'
        f"{properties}{cases}  </testsuite>\n</testsuites>\n"
    )
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _element(operation: Operation) -> str | None:
    """Return what is said of *operation* in its case, None if it passes."""
    if operation.reason is Reason.STOPPED_EARLY:
        return "skipped"
    if operation.reason is Reason.NO_RESULT:
        return "error"
    return ELEMENTS[operation.counted_as]


def _property(operation: Operation, show: Show) -> str:
    link = _page(operation, show)
    name = f"link of {show(operation.reference, None)}"
    pair = f"name={_attribute(name)} value={_attribute(link)}"
    return f"      <property {pair}/>\n" if link else ""


def _case(operation: Operation, at: float, show: Show) -> str:
    head = (
        f"    <testcase classname={_attribute(show(operation.target.profile) or 'opwatch')}"
        f" name={_attribute(_name(operation, show))}"
        f' time="{operation.elapsed(at):.3f}"'
    )
    inner = _what_is_wrong(operation, show)
    link = _page(operation, show)
    if link:
        inner += f"      <system-out>{escape(link)}</system-out>\n"
    return f"{head}>\n{inner}    </testcase>\n" if inner else f"{head}/>\n"


def _what_is_wrong(operation: Operation, show: Show) -> str:
    outcome, element = operation.counted_as, _element(operation)
    if element is None:
        return ""
    detail = ending_detail(operation, show) or status_of(operation, show) or OUTCOMES[outcome]
    kind = operation.reason if operation.reason is Reason.NO_RESULT else outcome
    body = f"<{element} type={_attribute(kind.value)} message={_attribute(detail)}>"
    # A CI that prints the file into its log obeys what stands at the beginning of a line.
    text = "\n".join([detail, *(f"| {each}" for each in failure_lines(operation, show))])
    return f"      {body}{escape(text)}</{element}>\n"


def _name(operation: Operation, show: Show) -> str:
    """Return the reference, after the API's name for the operation where it has one."""
    reference = show(operation.reference, None)
    name = show(operation.reading.name.strip()) if operation.reading else ""
    return f"{name} ({reference})" if name else reference


def _page(operation: Operation, show: Show) -> str:
    # Jenkins and GitLab attach the file that "[[ATTACHMENT|path]]" in an output names.
    return page_of(operation, show).replace("[[", "%5B%5B")


def _attribute(text: str) -> str:
    return f'"{escape(text)}"'
