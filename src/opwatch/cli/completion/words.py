"""What may come next on a command line: the answer to a TAB, for every shell.

Decides which word of the line is an option, the value of one, a command or an argument.
Imports nothing that a bare Python has not loaded already: see ``tests/cli/test_imports.py``.
"""

import os

TYPE_CHECKING = False  # that of typing costs a fifth of a TAB
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opwatch.cli.completion.profiles import Profiles

COMMANDS = os.path.join(os.path.dirname(__file__), "commands.txt")
"""The commands as lines, which ``docs/generate.py`` writes."""


class Option:
    """An option that may come next; *kind* says what its value is, empty for a switch."""

    def __init__(self, row: str) -> None:
        names, self.kind, many, self.help = row.split("\t")
        self.names = names.split(" ")
        self.repeats = bool(many)


class Level:
    """A command of the table: the commands below it, its options, the kinds of its arguments."""

    def __init__(self, command: str, table: str) -> None:
        _, _, section = table.partition(f"\n[{command}]\n")
        self.below: dict[str, str] = {}
        self.options: list[Option] = []
        self.arguments: list[str] = []
        for line in section.partition("\n[")[0].splitlines():
            sort, _, row = line.partition(" ")
            if sort == "command":
                name, _, about = row.partition("\t")
                self.below[name] = about
            elif sort == "option":
                self.options.append(Option(row))
            else:
                self.arguments.append(row)

    def option(self, name: str) -> "Option | None":
        """Return the option that is called *name*."""
        return next((each for each in self.options if name in each.names), None)

    def argument(self, place: int) -> str:
        """Return what the argument at *place* is; the last may be given several times."""
        return self.arguments[min(place, len(self.arguments) - 1)] if self.arguments else ""


class Line:
    """What the words before the cursor say."""

    def __init__(self, words: "Sequence[str]", table: str) -> None:
        self.table = table
        self.command: list[str] = []
        self.level = Level("", table)
        self.given: set[str] = set()
        self.values: dict[str, list[str]] = {}
        self.place = 0
        self.awaits: Option | None = None
        self.is_all_arguments = False
        for word in words:
            self._take(word)

    def last(self, *names: str) -> str | None:
        """Return the value that was last given to the option of these *names*."""
        return next((each for name in names for each in self.values.get(name, [])[-1:]), None)

    def _take(self, word: str) -> None:
        if self.awaits is not None:
            self._give(self.awaits, word)
            self.awaits = None
        elif word == "--":
            self.is_all_arguments = True
        elif self.is_all_arguments or not word.startswith("-") or word == "-":
            self._argument(word)
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            self._option(name, value if equals else None)
        else:
            for at, letter in enumerate(word[1:], start=2):
                if self._option(f"-{letter}", word[at:] or None):
                    break

    def _option(self, name: str, value: str | None) -> bool:
        """Take the option *name*; tell whether *value*, which follows it at once, is its own."""
        option = self.level.option(name)
        if option is None:
            return False
        self.given.update(option.names)
        if option.kind and value is not None:
            self._give(option, value)
        elif option.kind:
            self.awaits = option
        return bool(option.kind)

    def _give(self, option: Option, value: str) -> None:
        for name in option.names:
            self.values.setdefault(name, []).append(value)

    def _argument(self, word: str) -> None:
        if word in self.level.below:
            self.command.append(word)
            self.level = Level(" ".join(self.command), self.table)
        else:
            self.place += 1


def complete(typed: str, before: "Sequence[str]", environ: "Mapping[str, str]") -> str:
    """Return what *typed*, the word at the cursor behind the words *before*, may become.

    A line for each: the word, a tab, what it is. ``:files`` and ``:folders`` ask the shell
    for its own.
    """
    with open(COMMANDS, encoding="utf-8") as file:
        line = Line(before, file.read())
    name, equals, value = typed.partition("=")
    option = line.level.option(name) if typed.startswith("--") and equals else line.awaits
    if option is not None:
        value, start = (value, f"{name}=") if line.awaits is None else (typed, "")
        found = [
            (start + each, about) for each, about in _values(option.kind, value, line, environ)
        ]
    elif typed.startswith("-") and not line.is_all_arguments:
        found = list(_options(line))
    else:
        found = [*line.level.below.items()]
        found += _values(line.level.argument(line.place), typed, line, environ)
        if not found and not typed:
            found = list(_options(line))
    asks = [each for each, _ in found if each.endswith((":files", ":folders"))]
    if asks:
        return asks[0][asks[0].rindex(":") :] + "\n"
    return "".join(f"{each}\t{about}\n" for each, about in found if each.startswith(typed))


def _options(line: Line) -> "Iterator[tuple[str, str]]":
    for each in line.level.options:
        if each.repeats or not line.given.intersection(each.names):
            yield from ((name, each.help) for name in each.names)


def _values(
    kind: str, typed: str, line: Line, environ: "Mapping[str, str]"
) -> "list[tuple[str, str]]":
    sort, _, rest = kind.partition(" ")
    if sort == "words":
        return [(each, "") for each in rest.split(" ")]
    if sort in {"files", "folders"}:
        return [(f":{sort}", "")]
    if sort not in {"profiles", "params"}:
        return []
    from opwatch.cli.completion.profiles import read_profiles

    known = read_profiles(line.last("--config") or environ.get("OPWATCH_CONFIG"), environ)
    if sort == "profiles":
        return list(known.titles.items())
    chosen = line.last("--profile") or environ.get("OPWATCH_PROFILE") or known.default
    return _params(known, chosen, typed, line.values.get("--param", []))


def _params(
    known: "Profiles", chosen: str, typed: str, given: "Sequence[str]"
) -> "list[tuple[str, str]]":
    params = known.params.get(chosen, {})
    key, equals, _ = typed.partition("=")
    if equals:
        choices = params[key][0] if key in params else []
        return [(f"{key}={each}", "") for each in choices]
    said = {each.partition("=")[0] for each in given}
    return [(f"{key}=", about) for key, (_, about) in params.items() if key not in said]
