# bash completion for passport; what there is to choose from says passport itself.
_passport() {
  local word
  COMPREPLY=()
  # Not compgen -W, which would expand what is in the words.
  while IFS= read -r word; do
    if [[ $word == / ]]; then
      compopt -o default # names of files, unless something else is meant
    elif [[ $word == "${COMP_WORDS[COMP_CWORD]}"* ]]; then
      COMPREPLY+=("$(printf %q "$word")")
      if [[ $word == *: ]]; then compopt -o nospace; fi
    fi
  done < <(passport --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
} &&
  complete -F _passport passport
