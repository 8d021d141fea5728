# bash completion for opwatch (bash 4.3 or later); generated, do not edit
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
