"""Texts with ``{parameters}``: filled in and, for URLs, parsed back.

Decides how a parameter is written in a text, how each kind of text encodes it, and
how a URL or path is parsed back into parameters. ``{+name}`` may hold slashes
(RFC 6570's reserved expansion); ``{{`` and ``}}`` are braces.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from urllib.parse import quote, unquote

from opwatch.profiles.yaml.nodes import TextError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Encode: TypeAlias = Callable[[str, str], str]

_PART: Final = re.compile(r"\{\{|\}\}|\{(\+?)([a-z_][a-z0-9_]*)\}|([{}])", re.ASCII)
NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,63}", re.ASCII)
_SAFE_IN_PATH: Final = "/:@!$,;=~"


class TemplateError(TextError):
    """A text is not a template."""


class Template(NamedTuple):
    """A text with parameters in it.

    Odd *parts* are names of parameters; *wide* names those that may hold slashes.
    """

    text: str
    parts: tuple[str, ...]
    wide: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """The parameters in it."""
        return frozenset(self.parts[1::2])

    @property
    def alone(self) -> str | None:
        """The parameter that is the whole text, None if there is more or none."""
        name = self.parts[1] if len(self.parts) > 1 else ""
        return name if self.parts == ("", name, "") else None

    @property
    def first(self) -> str | None:
        """The parameter that it begins with, None if it begins with text."""
        return self.parts[1] if len(self.parts) > 1 and not self.parts[0] else None

    def fill(self, values: Mapping[str, str], encode: Encode | None = None) -> str:
        """Return the text with *values* in it, each as ``encode(name, value)`` writes it."""
        if len(self.parts) == 1:
            return self.parts[0]
        out = list(self.parts)
        for index in range(1, len(out), 2):
            name = out[index]
            value = values.get(name, "")
            if name in self.wide:
                out[index] = quoted_path(value)
            else:
                out[index] = encode(name, value) if encode else value
        return "".join(out)

    @property
    def alternatives(self) -> list[tuple[dict[str, str], Template]]:
        """Each template, with the parameters that choose it: none for the only one."""
        return [({}, self)]

    def choose(self, _values: Mapping[str, str]) -> Template:
        """Return the template for *values*: this one."""
        return self


class Choice(NamedTuple):
    """A template for each value of the parameter *param*."""

    param: str
    presets: Mapping[str, Template]

    @property
    def names(self) -> frozenset[str]:
        """The parameters in any of them, and the one that chooses."""
        return frozenset({self.param}).union(*(each.names for each in self.presets.values()))

    @property
    def alternatives(self) -> list[tuple[dict[str, str], Template]]:
        """Each template, with the parameter that chooses it."""
        return [({self.param: value}, each) for value, each in self.presets.items()]

    def choose(self, values: Mapping[str, str]) -> Template:
        """Return the template for *values*.

        Raises:
            KeyError: there is none for the value of the parameter.
        """
        return self.presets[values.get(self.param, "")]


Text: TypeAlias = Template | Choice


def parse_template(text: str) -> Template:
    """Return *text* as a template.

    Raises:
        TemplateError: a brace is unpaired, or holds what is not a parameter name.
    """
    parts, wide, literal, end = [], set(), "", 0
    for match in _PART.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        if match[3]:
            message = f"a lone {match[3]!r}; write {match[3] * 2!r}, or {{name}} for a parameter"
            raise TemplateError(message, match.start())
        if match[2]:
            parts += [literal, match[2]]
            literal = ""
            wide |= {match[2]} if match[1] else set()
        else:
            literal += match[0][0]
    parts.append(literal + text[end:])
    return Template(text, tuple(parts), frozenset(wide))


def quoted_segment(value: str) -> str:
    """Return *value* percent-encoded as one path segment, or as a query value."""
    return quote(value, safe="", errors="replace")


def quoted_path(value: str) -> str:
    """Return *value* percent-encoded as several path segments: its slashes stay."""
    return quote(value, safe=_SAFE_IN_PATH, errors="replace")


class Pattern:
    """A template that parses a URL's path, or any text, back into parameters.

    ``*`` matches any one segment and ``/**`` at the end any rest. *wide*
    names the parameters that may hold slashes.
    """

    __slots__ = ("_regex", "_tail", "names")

    def __init__(self, template: Template, wide: frozenset[str] = frozenset()) -> None:
        self.names = template.names
        text = _regex_of(template, wide | template.wide) + "/?"
        self._regex = re.compile(text)
        self._tail = re.compile(f"(?:.*?){text}")

    def match(self, text: str) -> dict[str, str] | None:
        """Return the parameters that *text* holds, percent-decoded, None if it does not match."""
        return _decoded(self._regex.fullmatch(text))

    def match_end(self, text: str) -> dict[str, str] | None:
        """Return the parameters that the end of *text* holds, None if it does not match."""
        return _decoded(self._tail.fullmatch(text))


def _decoded(match: re.Match[str] | None) -> dict[str, str] | None:
    if match is None:
        return None
    return {name: unquote(value) for name, value in match.groupdict().items()}


def _regex_of(template: Template, wide: frozenset[str]) -> str:
    out: list[str] = []
    known: set[str] = set()
    for index, part in enumerate(template.parts):
        if index % 2 == 0:
            out.append(_literal(part))
        elif part in known:
            out.append(f"(?P={part})")
        else:
            known.add(part)
            out.append(f"(?P<{part}>{'.*[^/]' if part in wide else '[^/?#]+?'})")
    return "".join(out)


def _literal(text: str) -> str:
    rest = text.endswith("/**")
    out = re.escape(text.removesuffix("/**")).replace(r"\*", "[^/]+")
    return out + "(?:/.*)?" if rest else out
