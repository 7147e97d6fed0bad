# Downloads: how far they are, and whether to trust those that no key on this host vouches for. Sourced after fetch.sh.
# shellcheck shell=sh

# shellcheck disable=SC2154  # work belongs to the engine

# fetch_safely URL FILE: fetch, and where URL is https nothing else on the way: no redirection leads out of it.
fetch_safely() {
  case $1 in
    https://*) fetch_securely "$1" "$2" ;;
    *) fetch "$1" "$2" ;;
  esac
}

# fetch_shown URL FILE BYTES WHAT: fetch_safely, and how far it is.
fetch_shown() {
  : >"$2"
  # Ends with the template at the latest.
  while sleep 1 && kill -0 "$$" 2>/dev/null; do
    progress "$(stat -c %s "$2" 2>/dev/null || echo 0)" "$3" bytes "$4"
  done &
  watcher=$!
  fetched=0
  fetch_safely "$1" "$2" || fetched=$?
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  return "$fetched"
}

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
  ask "$2 has the sha256
  $digest
Nothing on this host vouches for it: compare it with what $1 publishes. Type yes to trust it, then Enter:"
  [ "$answer" = yes ] || fail "$2 is not trusted"
}
