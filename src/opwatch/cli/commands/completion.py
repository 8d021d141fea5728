"""``opwatch completion``: the completion scripts of four shells.

Decides that a script knows no command: it asks ``opwatch __complete`` what may come next,
so that all shells offer the same, and a script never has to be renewed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Final

from opwatch.cli.parameters import Words, argument, command

BASH: Final = r"""# bash completion for opwatch (bash 4.3 or later); generated, do not edit
_opwatch() {
  local at word typed prefix words=()
  for ((at = 1; at <= COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    # bash parts words at = and :, which is undone here, unless a space is between them.
    if ((${#words[@]})) && [[ $word == [=:]* || ${words[-1]} == *[=:] ]] &&
      ! [[ -z $word && ${COMP_LINE:COMP_POINT-1:1} == ' ' ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  typed=${words[-1]-}
  unset 'words[-1]'
  word=${COMP_WORDS[COMP_CWORD]}
  [[ $word == [=:]* ]] && word=
  prefix=${typed%"$word"}
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    case $word in
      :files) compopt -o default 2>/dev/null ;;
      :folders) compopt -o dirnames 2>/dev/null ;;
      *) COMPREPLY+=("${word#"$prefix"}") ;;
    esac
  done < <("${1/#\~/$HOME}" __complete "=$typed" "${words[@]}" 2>/dev/null)
  [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _opwatch opwatch
"""

ZSH: Final = r"""#compdef opwatch
# generated, do not edit
_opwatch() {
  local line word about
  local -a before keys others
  (( CURRENT > 2 )) && before=("${(@Q)words[2,CURRENT-1]}")
  for line in ${(f)"$(${~words[1]} __complete "=${(Q)PREFIX}" "${before[@]}" 2>/dev/null)"}; do
    word=${line%%$'\t'*} about=${line#*$'\t'}
    case $word in
      :files) [[ $PREFIX == --*=* ]] && compset -P 1 '*='; _files; return ;;
      :folders) [[ $PREFIX == --*=* ]] && compset -P 1 '*='; _files -/; return ;;
      *=) keys+=("${word//:/\\:}${about:+:$about}") ;;
      *) others+=("${word//:/\\:}${about:+:$about}") ;;
    esac
  done
  (( $#keys )) && _describe -t parameters parameter keys -S ''
  (( $#others )) && _describe -t words word others
}
if [[ $funcstack[1] == _opwatch ]]; then _opwatch "$@"; else compdef _opwatch opwatch; fi
"""

FISH: Final = r"""# fish completion for opwatch; generated, do not edit
function __opwatch_complete
    set -l before (commandline -opc)
    set -l typed (commandline -ct)
    set -l option (string match -r -- '^--[^=]+=' "$typed")
    set -l rest (string replace -- "$option" '' "$typed")
    for line in ($before[1] __complete "=$typed" $before[2..-1] 2>/dev/null)
        switch $line
            case ':files'
                printf "$option%s\n" (__fish_complete_path "$rest")
            case ':folders'
                printf "$option%s\n" (__fish_complete_directories "$rest")
            case '*'
                echo $line
        end
    end
end
complete -c opwatch -f -k -a '(__opwatch_complete)'
"""

POWERSHELL: Final = r"""# PowerShell completion for opwatch; generated, do not edit
Register-ArgumentCompleter -Native -CommandName opwatch -ScriptBlock {
  param($word, $ast, $position)
  $said = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } |
    ForEach-Object { $_.ToString() })
  $before = @($said | Select-Object -Skip 1)
  & $said[0] __complete "=$word" @before 2>$null | Where-Object { $_ -notlike ':*' } |
    ForEach-Object {
      $found, $about = $_ -split "`t", 2
      if (-not $about) { $about = $found }
      [System.Management.Automation.CompletionResult]::new($found, $found, 'ParameterValue', $about)
    }
}
"""

SHELLS: Final[Mapping[str, tuple[str, str]]] = {
    "bash": ("opwatch.bash", BASH),
    "zsh": ("_opwatch", ZSH),
    "fish": ("opwatch.fish", FISH),
    "powershell": ("opwatch.ps1", POWERSHELL),
}
"""The shells: the file that its script is kept in, and the script."""


@command(
    "completion",
    examples=[
        (
            "opwatch completion bash > ~/.local/share/bash-completion/completions/opwatch",
            "for bash",
        ),
        ("opwatch completion fish > ~/.config/fish/completions/opwatch.fish", "for fish"),
    ],
)
def app(
    shell: Annotated[str, argument(metavar="bash|zsh|fish|powershell", type=Words([*SHELLS]))],
) -> int:
    """Print the completion script of a shell.

    For example: opwatch completion bash > ~/.local/share/bash-completion/completions/opwatch
    """
    from opwatch.output.streams import Sink

    sink = Sink(sys.stdout)
    sink.write(SHELLS[shell][1])
    sink.flush()
    return 0
