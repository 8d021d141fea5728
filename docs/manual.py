"""The man pages, one for each command, from what ``opwatch help`` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract import MEANINGS
from opwatch.cli.help import GROUPS
from opwatch.domain.outcome import OF_ABORT, OF_OUTCOME, PRECEDENCE, Abort
from opwatch.output.topics import TOPICS
from opwatch.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from command_tree import Node

WATCHING = {"get", "wait", "start"}


def manual(root: Node) -> Iterator[tuple[str, str]]:
    """Yield the file name of each page, and its text."""
    for node in root.walk():
        yield f"{'-'.join(node.words)}.1", "\n".join(_page(node, root)) + "\n"


def _page(node: Node, root: Node) -> Iterator[str]:
    name = "-".join(node.words)
    yield '.\\" generated, do not edit: python docs/generate.py'
    yield f'.TH {name.upper()} 1 "" "opwatch {__version__}" "opwatch"'
    yield from (".SH NAME", f"{_roff(name)} \\- {_roff(node.help.rstrip('.'))}")
    yield from (".SH SYNOPSIS", f".B {_roff(node.usage)}")
    yield ".SH DESCRIPTION"
    for part in node.about.split("\n\n"):
        yield from (".PP", _roff(" ".join(part.split())))
    yield from _options(node)
    yield from _examples(node)
    if node.words[-1] in WATCHING or node is root:
        yield ".SH EXIT STATUS"
        yield "With several operations the first that fits decides."
        for each in PRECEDENCE:
            code = OF_ABORT[each] if isinstance(each, Abort) else OF_OUTCOME[each]
            yield from (".TP", f".B {code:d}", _roff(MEANINGS[each].replace("`", "") + "."))
    yield ".SH SEE ALSO"
    near = [*node.children] or [each for each in root.children if each is not node]
    yield _roff(", ".join(f"{'-'.join(each.words)}(1)" for each in (*near, root)) + ".")
    yield _roff(" ".join(f"opwatch help {topic}: {text}." for topic, text in TOPICS.items()))


def _options(node: Node) -> Iterator[str]:
    if node.children:
        yield ".SH COMMANDS"
        for child in node.children:
            yield from (".TP", f".B {_roff(child.words[-1])}", _roff(child.help))
    for group, title in GROUPS.items():
        flags = [flag for flag in node.flags if flag.group == group]
        if flags:
            yield f".SH {title.upper()}"
        for flag in flags:
            yield from (".TP", f".B {_roff(flag.label)}", _roff(flag.description))


def _examples(node: Node) -> Iterator[str]:
    yield ".SH EXAMPLES"
    for each in node.examples:
        yield from (".TP", _roff(each.purpose + ":"), f".B {_roff(each.line)}")


def _roff(text: str) -> str:
    """Return *text* as roff takes it: no request, no escape, and hyphens that can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace('"', "\\(dq")
    return f"\\&{text}" if text.startswith(".") else text
