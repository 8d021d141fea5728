"""The completion scripts of four shells, made from the command tree.

Decides that a TAB starts no Python, but for the names of profiles.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opwatch.cli.completion.tree import Flag, Node

PROFILES: Final = "opwatch __complete profiles 2>/dev/null"
FILES: Final = {"--config", "--ca-file", "--junit", "--report", "--download", "--from"}


def bash(root: Node) -> str:
    """Return the script for bash (4 or later)."""
    cases = []
    for node in root.walk():
        words = [child.words[-1] for child in node.children]
        words += [name for flag in node.flags for name in flag.names]
        cases.append(f"    {_key(node)}) words={shlex.quote(' '.join(words))} ;;")
    commands = " ".join(sorted({_key(node) for node in root.walk()}))
    values = "\n".join(
        f"    {'|'.join(flag.names)}) COMPREPLY=($(compgen -W {shlex.quote(' '.join(flag.choices))}"
        f' -- "$word")); return ;;'
        for flag in _with_choices(root)
    )
    return f"""# bash completion for opwatch; generated, do not edit
_opwatch() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} key=opwatch each words
  for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case " {commands} " in *" ${{key}}_$each "*) key=${{key}}_$each ;; esac
  done
  case $before in
    -p|--profile) COMPREPLY=($(compgen -W "$({PROFILES})" -- "$word")); return ;;
    {"|".join(sorted(FILES))}) COMPREPLY=($(compgen -f -- "$word")); return ;;
{values}
  esac
  case $key in
{chr(10).join(cases)}
  esac
  case $key in
    opwatch_profile_show|opwatch_profile_explain|opwatch_auth_*)
      [[ $word == -* ]] || words="$words $({PROFILES})" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _opwatch opwatch
"""


def zsh(root: Node) -> str:
    """Return the script for zsh."""
    return (
        "#compdef opwatch\n# generated, do not edit\n"
        + "".join(_zsh_function(node) for node in root.walk())
        + '_opwatch "$@"\n'
    )


def _zsh_function(node: Node) -> str:
    lines = [f"_{_key(node)}() {{", "  local -a commands"]
    arguments = [_zsh_flag(flag) for flag in node.flags]
    if node.children:
        commands = " ".join(
            shlex.quote(f"{child.words[-1]}:{_plain(child.help)}") for child in node.children
        )
        lines.append(f"  commands=({commands})")
        arguments += ["'1:command:{_describe command commands}'", "'*::argument:->rest'"]
    else:
        names = node.words[1:2] in {("profile",), ("auth",)}
        arguments.append(f"'*:profile:($({PROFILES}))'" if names else "'*:reference: '")
    joined = " \\\n    ".join(arguments)
    lines.append(f"  _arguments -s -C \\\n    {joined}")
    if node.children:
        cases = " ".join(f"{child.words[-1]}) _{_key(child)} ;;" for child in node.children)
        lines.append(f"  [[ $state == rest ]] && case $words[1] in {cases} esac")
    return "\n".join([*lines, "}", ""])


def _zsh_flag(flag: Flag) -> str:
    text = _plain(flag.help).replace("[", "(").replace("]", ")").replace(":", "\\:")
    many = "*" if flag.repeats else ""
    names = flag.names[0] if len(flag.names) == 1 else "{" + ",".join(flag.names) + "}"
    if flag.choices:
        action = f":value:({' '.join(flag.choices)})"
    elif "--profile" in flag.names:
        action = f":profile:($({PROFILES}))"
    elif FILES & set(flag.names):
        action = ":file:_files"
    else:
        action = f":{flag.value}: " if flag.value else ""
    tail = shlex.quote(f"[{text}]{action}")
    return f"{shlex.quote(many) if many else ''}{names}{tail}"


def fish(root: Node) -> str:
    """Return the script for fish."""
    lines = ["# fish completion for opwatch; generated, do not edit", "complete -c opwatch -f"]
    for node in root.walk():
        under = _fish_condition(node)
        lines += [
            f"complete -c opwatch {under} -a {child.words[-1]} -d {_quoted(child.help)}"
            for child in node.children
        ]
        lines += [f"complete -c opwatch {under} {_fish_flag(flag)}" for flag in node.flags]
    return "\n".join(lines) + "\n"


def _fish_condition(node: Node) -> str:
    below = " ".join(child.words[-1] for child in node.children)
    tests = [f"__fish_seen_subcommand_from {word}" for word in node.words[1:]]
    if below:
        tests.append(f"not __fish_seen_subcommand_from {below}")
    return f"-n {_quoted('; and '.join(tests) or 'true')}"


def _fish_flag(flag: Flag) -> str:
    names = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in flag.names)
    if flag.choices:
        takes = f"-x -a {_quoted(' '.join(flag.choices))}"
    elif "--profile" in flag.names:
        takes = f"-x -a '({PROFILES})'"
    elif FILES & set(flag.names):
        takes = "-r -F"
    else:
        takes = "-x" if flag.value else ""
    return f"{names} {takes} -d {_quoted(flag.help)}".replace("  ", " ")


def powershell(root: Node) -> str:
    """Return the script for PowerShell."""
    rows = []
    for node in root.walk():
        words = [child.words[-1] for child in node.children]
        words += [name for flag in node.flags for name in flag.names]
        listed = ", ".join(f"'{word}'" for word in words)
        rows.append(f"    '{' '.join(node.words)}' = @({listed})")
    return f"""# PowerShell completion for opwatch; generated, do not edit
Register-ArgumentCompleter -Native -CommandName opwatch -ScriptBlock {{
  param($word, $ast, $position)
  $words = @{{
{chr(10).join(rows)}
  }}
  $said = @($ast.CommandElements | ForEach-Object {{ $_.ToString() }})
  $before = if ($word) {{ $said[-2] }} else {{ $said[-1] }}
  if ($before -in '-p', '--profile') {{
    $found = @(opwatch __complete profiles)
  }} else {{
    $key = 'opwatch'
    foreach ($each in $said | Select-Object -Skip 1) {{
      if ($words.ContainsKey("$key $each")) {{ $key = "$key $each" }}
    }}
    $found = $words[$key]
  }}
  $found | Where-Object {{ $_ -like "$word*" }} | ForEach-Object {{
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }}
}}
"""


def _with_choices(root: Node) -> list[Flag]:
    found = {flag.names: flag for node in root.walk() for flag in node.flags if flag.choices}
    return list(found.values())


def _key(node: Node) -> str:
    return "_".join(node.words)


def _plain(text: str) -> str:
    return " ".join(text.replace("'", "").replace('"', "").split())


def _quoted(text: str) -> str:
    return "'" + _plain(text) + "'"


SHELLS: Final[Mapping[str, tuple[str, Callable[[Node], str]]]] = {
    "bash": ("opwatch.bash", bash),
    "zsh": ("_opwatch", zsh),
    "fish": ("opwatch.fish", fish),
    "powershell": ("opwatch.ps1", powershell),
}
"""The shells: the file that its script is kept in, and the function that makes it."""
