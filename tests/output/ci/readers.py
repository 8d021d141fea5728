"""What each CI system reads out of a log, by its documentation, or its source where it is open."""

from __future__ import annotations

import re
from typing import Final

GITHUB: Final = re.compile(r"(?m)^\s*::([\w-]+)((?: [^:]*)?)::(.*)$")
"""``ActionCommand.TryParseV2`` of actions/runner: at the begin of a line, behind blanks."""
OLD_GITHUB: Final = re.compile(r"##\[")
"""``ActionCommand.TryParse``, and the formatting commands of Azure: anywhere in a line."""
AZURE: Final = re.compile(r"(?i)##vso\[([\w.]+)((?: [^\]]*)?)\](.*)")
TEAMCITY: Final = re.compile(r"(?i)##teamcity\[(\w+) ((?:\|.|[^|'\]]|'(?:\|.|[^|'])*')*)\]")
GITLAB: Final = re.compile(r"section_(start|end):(\d+):([\w.-]+)(\[[^\]]*\])?\r\x1b\[0K")
BUILDKITE: Final = re.compile(r"(?m)^(---|\+\+\+|~~~|\^\^\^) ")
ESCAPES: Final = re.compile(r"\x1b(?!\[0K)")


def commands(log: str) -> list[str]:
    """Return every command that any of the systems finds in *log*."""
    return [
        *(f"github {each[1]}" for each in GITHUB.finditer(log)),
        *("##[" for _ in OLD_GITHUB.finditer(log)),
        *(f"azure {each[1]}" for each in AZURE.finditer(log)),
        *(f"teamcity {each[1]}" for each in TEAMCITY.finditer(log)),
        *(f"gitlab {each[1]}" for each in GITLAB.finditer(log)),
        *(f"buildkite {each[1]}" for each in BUILDKITE.finditer(log)),
    ]


def github_text(data: str) -> str:
    """Return what GitHub's runner makes of the message of a command, in its order."""
    return data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def github_properties(text: str) -> dict[str, str]:
    """Return the properties of a command."""
    pairs = (each.split("=", 1) for each in text.strip().split(",") if "=" in each)
    return {key: github_text(value.replace("%3A", ":").replace("%2C", ",")) for key, value in pairs}


def azure_text(data: str) -> str:
    """Return what Azure's agent makes of the message of a command."""
    for sign, code in ((";", "%3B"), ("\r", "%0D"), ("\n", "%0A"), ("]", "%5D")):
        data = data.replace(code, sign)
    return data


def teamcity_attributes(text: str) -> dict[str, str]:
    """Return the attributes of a service message."""
    found = re.findall(r"(\w+)='((?:\|.|[^|'])*)'", text)
    return {key: _teamcity_text(value) for key, value in found}


def _teamcity_text(value: str) -> str:
    def sign(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return {"n": "\n", "r": "\r"}.get(match[2], match[2])

    text = re.sub(r"\|(?:0x([0-9A-F]{4})|(.))", sign, value)
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


def github_outputs(text: str) -> dict[str, str]:
    """Return what the file that ``$GITHUB_OUTPUT`` names sets."""
    lines, found = iter(text.split("\n")), {}
    for line in lines:
        if "<<" in line and ("=" not in line or line.index("<<") < line.index("=")):
            name, _, delimiter = line.partition("<<")
            value = []
            while (each := next(lines)) != delimiter:
                value.append(each)
            found[name] = "\n".join(value)
        elif "=" in line:
            name, _, found[name] = line.partition("=")
    return found
