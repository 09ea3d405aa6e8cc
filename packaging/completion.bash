# Completion of consilium in bash. It asks the program itself, so that it offers what this build has.
_consilium() {
  local program=$1 word=${COMP_WORDS[COMP_CWORD]} help
  local -a path=()
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$("$program" --help 2>/dev/null | awk '/^  [a-z]+ / {print $1}') --help --version" -- "$word")
    return
  fi
  path=("${COMP_WORDS[1]}")
  [[ ${COMP_WORDS[1]} == -* ]] && return
  help=$("$program" "${path[@]}" --help 2>/dev/null) || return
  local subcommands
  subcommands=$(awk '/^Subcommands:/ {on = 1; next} /^[^ ]/ {on = 0} on {print $1}' <<<"$help")
  if [ -n "$subcommands" ] && [ "$COMP_CWORD" -gt 2 ]; then
    help+=$'\n'$("$program" "${path[@]}" "${COMP_WORDS[2]}" --help 2>/dev/null)
  elif [ -n "$subcommands" ] && [[ $word != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$subcommands" -- "$word")
    return
  fi
  # Else the shell offers files.
  [[ $word == -* ]] && mapfile -t COMPREPLY < <(compgen -W "$(grep -oE '^  (-[a-z],?)?(--[a-z][a-z-]*)?' <<<"$help" | tr ', ' '\n\n' | sort -u)" -- "$word")
}
complete -o default -F _consilium consilium
