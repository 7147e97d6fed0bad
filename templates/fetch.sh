# Gets files from servers, and keys that nothing on this host vouches for. Sourced after engine.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # work belongs to the engine, keyring to the template

# need_fetch: for host_needs.
need_fetch() {
  need 'curl|wget' curl
}

# fetch URL FILE: 0 fetched, 1 the server has no such file; else fails the template after three tries: a server that hiccups
# costs a second, not the container. A proxy is taken from the environment (http_proxy, https_proxy, no_proxy).
fetch() {
  for pause in 1 3 0; do
    if fetch_once "$1" "$2" >"$work/fetch.log" 2>&1; then
      return 0
    fi
    if grep -q '404' "$work/fetch.log"; then
      return 1
    fi
    [ "$pause" = 0 ] || sleep "$pause"
  done
  fail "can't get $1: $(fetch_cause)"
}

# What the program gives as its cause, without the URL that we name ourselves: apt-helper's first `E: ` line, curl's line, or the
# last line.
fetch_cause() {
  cause=$(sed -n 's/^E: Failed to fetch [^ ]* *//p; s/^E: //p; s/^curl: ([0-9]*) //p' "$work/fetch.log" | head -n 1)
  printf '%s\n' "${cause:-$(tail -n 1 "$work/fetch.log")}"
}

# FETCHER=apt: as this host's apt gets its own packages, with its proxies and certificates.
fetch_once() {
  if [ "${FETCHER:-}" = apt ] && [ -x /usr/lib/apt/apt-helper ]; then
    /usr/lib/apt/apt-helper download-file "$1" "$2"
  elif command -v curl >/dev/null; then
    curl --silent --show-error --fail --location --proto-redir =https,http --connect-timeout 20 --speed-time 60 --speed-limit 1 \
      --output "$2" -- "$1"
  else
    wget --quiet --server-response --tries=1 --timeout=60 -O "$2" -- "$1"
  fi
}

# choose_keyring WHO HOST_FILE URL: sets `keyring` to the file that --keyring named (the template's variable `keyring`), to the host's
# own, or to what the distribution publishes at an https URL, once the user has compared its fingerprint. WHO is the
# distribution's name. A pinned fingerprint is in the template's variable `key_fingerprint` (--key-fingerprint).
choose_keyring() {
  if [ -n "$keyring" ]; then
    [ -f "$keyring" ] || fail "--keyring $keyring: there is no such file"
    return 0
  fi
  if [ -n "$2" ] && [ -f "$2" ]; then
    keyring=$2
    return 0
  fi
  case $3 in
    https://*) ;;
    *) fail "nothing on this host vouches for the keys of $1: give --keyring FILE" ;;
  esac
  keyring=$work/keyring
  fetch "$3" "$keyring" || fail "there is no key of $1 at $3: give --keyring FILE"
  found=$(gpg --batch --quiet --show-keys --with-colons "$keyring" 2>/dev/null | sed -n '/^pub/,/^fpr/s/^fpr:::::::::\([0-9A-F]*\):$/\1/p')
  [ -n "$found" ] || fail "$3 is not a key: give --keyring FILE"
  accept_fingerprints "$1" "$3" "$found"
}

accept_fingerprints() {
  shown=$(printf '%s' "$3" | paste -s -d ' ' -)
  if [ -n "${key_fingerprint:-}" ]; then
    wanted=$(printf '%s' "$key_fingerprint" | tr -d ' ' | tr a-f A-F)
    [ "$wanted" != "$3" ] || return 0
    fail "the key at $2 has the fingerprint $shown, not $wanted"
  fi
  [ -t 0 ] || fail "the key of $1 at $2 has the fingerprint $shown; compare it, then give --key-fingerprint '$shown' or --keyring FILE"
  say "The key of $1, from $2, has the fingerprint"
  say "  $shown"
  say "Nothing on this host vouches for it: compare it with what $1 publishes. Type yes to trust it, then Enter:"
  read -r answer || answer=
  [ "$answer" = yes ] || fail "the key of $1 is not trusted"
}
