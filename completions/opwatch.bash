# bash completion for opwatch; generated, do not edit
_opwatch() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} key=opwatch each words
  for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " opwatch opwatch_auth opwatch_auth_login opwatch_auth_logout opwatch_auth_status opwatch_auth_test opwatch_completion opwatch_demo opwatch_get opwatch_profile opwatch_profile_check opwatch_profile_explain opwatch_profile_list opwatch_profile_new opwatch_profile_schema opwatch_profile_show opwatch_replay opwatch_start opwatch_wait " in *" ${key}_$each "*) key=${key}_$each ;; esac
  done
  case $before in
    -p|--profile) COMPREPLY=($(compgen -W "$(opwatch __complete profiles 2>/dev/null)" -- "$word")); return ;;
    --ca-file|--config|--download|--from|--junit) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --pace) COMPREPLY=($(compgen -W 'eager normal gentle' -- "$word")); return ;;
    --fail-on) COMPREPLY=($(compgen -W 'blocked warnings' -- "$word")); return ;;
    --progress) COMPREPLY=($(compgen -W 'auto bars lines none' -- "$word")); return ;;
  esac
  case $key in
    opwatch) words='get wait start replay profile auth demo completion --version -V --help -h' ;;
    opwatch_get) words='--exit-zero --profile -p --param --config --base-url --token-stdin --header -H --result --json --raw --record --quiet -q --verbose -v --no-color --ca-file --help -h' ;;
    opwatch_wait) words='--profile -p --param --config --base-url --token-stdin --header -H --timeout -t --interval -i --pace --any --all --fail-fast --stall --lost-after --confirm --fail-on --timeout-exit-code --result --download --json --jsonl --raw --progress --junit --record --quiet -q --verbose -v --no-color --ca-file --help -h' ;;
    opwatch_start) words='--data -d --idempotency-key --no-wait --profile -p --param --config --base-url --token-stdin --header -H --timeout -t --interval -i --pace --any --all --fail-fast --stall --lost-after --confirm --fail-on --timeout-exit-code --result --download --json --jsonl --raw --progress --junit --record --quiet -q --verbose -v --no-color --ca-file --help -h' ;;
    opwatch_replay) words='--explain --profile -p --config --json --jsonl --quiet -q --help -h' ;;
    opwatch_profile) words='list show check schema explain new --help -h' ;;
    opwatch_profile_list) words='--config --json --help -h' ;;
    opwatch_profile_show) words='--config --json --source --help -h' ;;
    opwatch_profile_check) words='--all --answer --strict --config --help -h' ;;
    opwatch_profile_schema) words='--help -h' ;;
    opwatch_profile_explain) words='--profile -p --param --config --base-url --answer --json --help -h' ;;
    opwatch_profile_new) words='--from --name --url --data -d --output -o --config --token-stdin --ca-file --help -h' ;;
    opwatch_auth) words='login logout status test --help -h' ;;
    opwatch_auth_login) words='--profile -p --param --config --base-url --token-stdin --print --ca-file --help -h' ;;
    opwatch_auth_logout) words='--profile -p --param --config --base-url --help -h' ;;
    opwatch_auth_status) words='--profile -p --param --config --base-url --json --help -h' ;;
    opwatch_auth_test) words='--profile -p --param --config --base-url --token-stdin --json --verbose -v --ca-file --help -h' ;;
    opwatch_demo) words='--serve --port --progress --no-color --help -h' ;;
    opwatch_completion) words='--help -h' ;;
  esac
  case $key in
    opwatch_profile_show|opwatch_profile_explain|opwatch_auth_*)
      [[ $word == -* ]] || words="$words $(opwatch __complete profiles 2>/dev/null)" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _opwatch opwatch
