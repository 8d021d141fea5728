"""A JUnit report: what CI systems draw a table from.

Decides that only a confirmed success with its result passes: a failed or cancelled
operation is a *failure*, one that the run left because another had decided it is *skipped*,
and everything that is not known is an *error*. The form is that of ``junit-10.xsd`` of
Jenkins' xUnit plugin, the strictest of those in use: it knows properties of a suite only, so
that the link of an operation is one of these, and the output of its case.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

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
    totals = {
        "tests": str(len(operations)),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "time": f"{longest:.3f}",
    }
    root = Element("testsuites", totals)
    suite = SubElement(root, "testsuite", totals, name="opwatch", skipped=str(counts["skipped"]))
    pages = [(each, page) for each in operations if (page := _page(each, show))]
    if pages:
        properties = SubElement(suite, "properties")
        for each, page in pages:
            name = f"link of {show(each.reference, None)}"
            SubElement(properties, "property", name=name, value=page)
    for each in operations:
        _add_case(suite, each, at, show)
    indent(root)
    text = tostring(root, "us-ascii").decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _element(operation: Operation) -> str | None:
    """Return what is said of *operation* in its case, None if it passes."""
    if operation.reason is Reason.STOPPED_EARLY:
        return "skipped"
    if operation.reason is Reason.NO_RESULT:
        return "error"
    return ELEMENTS[operation.counted_as]


def _add_case(suite: Element, operation: Operation, at: float, show: Show) -> None:
    case = SubElement(
        suite,
        "testcase",
        classname=show(operation.target.profile) or "opwatch",
        name=_name(operation, show),
        time=f"{operation.elapsed(at):.3f}",
    )
    outcome, element = operation.counted_as, _element(operation)
    if element is not None:
        detail = ending_detail(operation, show) or status_of(operation, show) or OUTCOMES[outcome]
        kind = operation.reason if operation.reason is Reason.NO_RESULT else outcome
        wrong = SubElement(case, element, type=kind.value, message=detail)
        # A CI that prints the file into its log obeys what stands at the beginning of a line.
        lines = (f"| {each}" for each in failure_lines(operation, show))
        wrong.text = "\n".join([detail, *lines])
    page = _page(operation, show)
    if page:
        SubElement(case, "system-out").text = page


def _name(operation: Operation, show: Show) -> str:
    """Return the reference, after the API's name for the operation where it has one."""
    reference = show(operation.reference, None)
    name = show(operation.reading.name.strip()) if operation.reading else ""
    return f"{name} ({reference})" if name else reference


def _page(operation: Operation, show: Show) -> str:
    # Jenkins and GitLab attach the file that "[[ATTACHMENT|path]]" in an output names.
    return page_of(operation, show).replace("[[", "%5B%5B")
