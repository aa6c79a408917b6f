#!/bin/bash
# passport itself: its verbs, its pages, and what bash, zsh and fish complete after it, as it is installed.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(dirname "$(readlink -f "$0")")
prefix=$work/prefix
export XDG_RUNTIME_DIR=$work/run LC_ALL=C.UTF-8
unset XDG_STATE_HOME XDG_CONFIG_HOME MANPATH
mkdir -p "$work/run/passport" "$prefix/share/man/man1"
for folder in client config-gen keyagent proxy scripts/completions; do
  cmake -DCMAKE_INSTALL_PREFIX="$prefix" -P "$build/$folder/cmake_install.cmake" >"$work/out" || fail "install: $(cat "$work/out")"
done
cp "$here"/../../man/*.1 "$prefix/share/man/man1"
gzip "$prefix/share/man/man1/passport-auth.1" # as a distribution does
tree=$(readlink -f "$here/../../scripts/passport")
passport=$prefix/bin/passport
verbs=$(cd "$prefix/bin" && printf '%s\n' passport-* | sed s/passport-// | sort)

# Verbs: each has a line and a page, in the source and installed.
[[ $("$passport" --help | sed -n 's/^  \([a-z-][a-z-]*\) .*/\1/p' | sort) == "$verbs" ]] || fail "--help: $("$passport" --help)"
for verb in $verbs; do
  text=$(sed -n 's/^\.Nd //p' "$here/../../man/passport-$verb.1")
  for way in "$tree" "$passport"; do
    PATH=$prefix/bin:$PATH "$way" --help >"$work/out" || fail "$way --help"
    grep -q "^  $verb  *$text$" "$work/out" || fail "$way --help has no $verb: $(cat "$work/out")"
    PATH=$prefix/bin:$PATH MANPAGER=cat "$way" help "$verb" >"$work/out" 2>"$work/err" || fail "$way help $verb: $(cat "$work/err")"
    grep -q "^ *passport-$verb . ${text%% *}" "$work/out" || fail "$way help $verb: $(cat "$work/out")"
  done
done
[[ $("$passport" --version) == "passport $(cat "$here/../../version")" ]] || fail "--version: $("$passport" --version)"
# refused STATUS TEXT WORD...
refused() {
  local status=$1 text=$2 rc=0
  shift 2
  "$passport" "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
  [[ $rc == "$status" && $(cat "$work/err") == *"$text"* && ! -s $work/out ]] || fail "$*: $rc $(cat "$work/out" "$work/err")"
  [[ $(wc -l <"$work/err") -le 2 ]] || fail "$*: said too much: $(cat "$work/err")"
}
refused 64 'did you mean "inventory"?' inventry
refused 64 'did you mean "inventory"?' help inventry
refused 64 '"xyzzy" is no verb' xyzzy
refused 64 '"-x" is no verb' -x
refused 64 '"../x" is no verb' ../x
refused 64 '"../x" is no verb' help ../x
ok "verbs"

# Nothing but the verb's own program is run; where there is no man, that is said.
mkdir "$work/alone"
ln -s "$(command -v sh)" "$work/alone/sh"
ln -s "$passport" "$work/link"
(cd / && PATH=$work/alone "$passport" inventory --version >"$work/out") || fail "alone: $(cat "$work/out")"
(cd "$prefix" && PATH=$work/alone bin/passport inventory --version >"$work/out") || fail "alone, by a relative path"
"$work/link" inventory --version >"$work/out" || fail "by a link"
rc=0
PATH=$work/alone "$passport" help auth 2>"$work/err" || rc=$?
[[ $rc == 69 && $(head -n 1 "$work/err") == "passport: there is no man on this machine" ]] || fail "without man: $rc $(cat "$work/err")"
ok "nothing else is run"

# What can be completed, by the shells. offers SHELL WORD...: for the last word, sorted.
cat >"$work/offers.bash" <<'END'
. /usr/share/bash-completion/bash_completion
_completion_loader passport
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_passport 2>/dev/null # compopt wants readline
printf '%s\n' "${COMPREPLY[@]}"
END
cat >"$work/offers.zsh" <<'END'
compadd() { local word; for word in ${(P)@[-1]}; do [[ $word == "${words[CURRENT]}"* ]] && print -r -- $word; done; true }
_files() { }
words=("$@") CURRENT=$#
. $prefix/share/zsh/vendor-completions/_passport
END
offers() {
  local shell=$1 line
  shift
  printf -v line '%q ' "${@:1:$#-1}"
  case $shell in
    bash) XDG_DATA_DIRS=$prefix/share bash --norc "$work/offers.bash" "$@" ;;
    zsh) prefix=$prefix zsh -f "$work/offers.zsh" "$@" ;;
    fish) fish --no-config -c "source $prefix/share/fish/vendor_completions.d/passport.fish; complete -C '$line${*: -1}'" ;;
  esac | sed '/^$/d' | sort
}
export PATH=$prefix/bin:$PATH
cat >"$work/run/passport/ssh_config" <<'END'
Host i-0123456789abcdef0
  HostKeyAlias i-0123456789abcdef0
Host i-0123456789abcdef0 web-1 $(touch${IFS}canary) `touch${IFS}canary` ;touch${IFS}canary -oProxyCommand=x caf\u00e9 *
  ProxyCommand '/usr/bin/passport-proxy' '--service' 'https://p' --request ar-0123456789abcdef %h %p
Host mi-0123456789abcdef0
  ProxyCommand '/usr/bin/passport-proxy' --request ar-1111111111111111 %h %p
Host db
  ProxyCommand '/usr/bin/passport-proxy' --request $(touch${IFS}canary) %h %p
END
hosts=$(printf '%s\n' db i-0123456789abcdef0 mi-0123456789abcdef0 web-1)
requests=$(printf '%s\n' ar-0123456789abcdef ar-1111111111111111)
# same_offers EXPECTED WORD...: in every shell.
same_offers() {
  local shell got
  for shell in bash zsh fish; do
    got=$(cd "$work" && offers "$shell" passport "${@:2}" 2>"$work/err") || fail "$shell, ${*:2}: $(cat "$work/err")"
    [[ $got == "$1" ]] || fail "$shell, ${*:2}: $got, not $1: $(cat "$work/err")"
  done
}
same_offers "$(printf '%s\n' --help --version help "$verbs" | sort)" ''
same_offers ssh-config ssh-
for verb in $verbs; do
  options=$("passport-$verb" --help | grep -oP '^  (-\w \[ )?\K--[\w-]+' | sort)
  [[ $options == *--version* ]] || fail "$verb --help"
  same_offers "$options" "$verb" --
done
same_offers "$(printf '%s\n' ed25519 rsa)" ssh-config --keyType ''
same_offers "$hosts" ssh-config --i ''
same_offers "$(grep ^i- <<<"$hosts")" ssh-config --keyType rsa --i i-
same_offers "$(printf '%s\n' login logout status)" auth ''
same_offers "$(printf '%s\n' bundle doctor)" diagnostics ''
same_offers "$(grep ^i- <<<"$hosts")" diagnostics doctor --all i-
same_offers "$hosts" connect --keyType rsa ''
same_offers i-0123456789abcdef0: copy -j 4 ./nothing i-
same_offers "$requests" request show ''
same_offers "$requests" request extend --for 10m ar-
same_offers '' request list --reason ''
same_offers '' xyzzy ''
same_offers "$verbs" help ''
[[ ! -e $work/canary ]] || fail "a name was run"
ok "bash, zsh and fish offer what the tools have"

# A key press in the real thing. typed SHELL TEXT: the words that result.
typed() {
  cd "$work"
  case $1 in
    bash) SETUP=". $prefix/share/bash-completion/completions/passport" "$here/press_tab.py" "$2" bash --norc --noprofile -i ;;
    zsh) SETUP="fpath=($prefix/share/zsh/vendor-completions \$fpath); autoload -U compinit; compinit -u -D" "$here/press_tab.py" "$2" zsh -f -i ;;
    fish) SETUP="source $prefix/share/fish/vendor_completions.d/passport.fish" "$here/press_tab.py" "$2" fish --no-config -i ;;
  esac | tr '\n' ' '
}
touch "$work/a file"
for shell in bash zsh fish; do
  for pair in 'passport ssh-c=passport ssh-config ' 'passport request show ar-0=passport request show ar-0123456789abcdef ' \
    'passport proxy --token-file a\ f=passport proxy --token-file a file '; do
    got=$(typed $shell "${pair%%=*}")
    [[ $got == "${pair#*=}" ]] || fail "$shell, a tab after ${pair%%=*}: $got"
  done
done
ok "a tab"

# Whatever passport said: it is text.
mkdir "$work/bad"
# shellcheck disable=SC2016
printf '#!/bin/sh\necho '\''%s'\''\n' 'web$(touch canary)`touch canary`;touch canary' >"$work/bad/passport"
chmod +x "$work/bad/passport"
for shell in bash zsh fish; do
  # shellcheck disable=SC2016
  got=$(PATH=$work/bad:$PATH typed $shell 'passport connect web')
  # shellcheck disable=SC2016
  [[ $got == 'passport connect web$(touch canary)`touch canary`;touch canary ' ]] || fail "$shell, a hostile word: $got"
  [[ ! -e $work/canary ]] || fail "$shell ran a hostile word"
done
ok "words are not run"
