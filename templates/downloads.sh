# Downloads that no key on this host vouches for: by a digest that the user gives, or by his word. Sourced after fetch.sh.
# shellcheck shell=sh

# keeps_promise URL FILE SHA256 LIST: fails unless FILE is what LIST, beside it on the server, says.
keeps_promise() {
  digest=$(sha256sum <"$2" | cut -d ' ' -f 1)
  [ "$digest" = "$3" ] || fail "$1 has the sha256 $digest, not $3 as $4 says"
}

# trust_download WHO URL FILE OPTION PINNED: PINNED is the sha256 that the user gave with OPTION, or empty. Without it only https is
# good enough to ask for his word.
trust_download() {
  digest=$(sha256sum <"$3" | cut -d ' ' -f 1)
  if [ -n "$5" ]; then
    [ "$digest" = "$5" ] || fail "$2 has the sha256 $digest, not $5"
    return
  fi
  case $2 in
    https://*) ;;
    *) fail "nothing vouches for $2, which came without encryption: give $4 with what $1 publishes" ;;
  esac
  [ -t 0 ] || fail "nothing on this host vouches for the keys of $1. $2 has the sha256 $digest; compare it, then give $4 $digest"
  say "$2 has the sha256"
  say "  $digest"
  say "Nothing on this host vouches for it: compare it with what $1 publishes. Type yes to trust it, then Enter:"
  read -r answer || answer=
  [ "$answer" = yes ] || fail "$2 is not trusted"
}
