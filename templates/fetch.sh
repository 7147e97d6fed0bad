# Gets files from servers, and keys that nothing on this host vouches for. Sourced after engine.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # work belongs to the engine; keyring and key_fingerprint to the template

# need_fetch: for host_needs.
need_fetch() {
  need 'curl|wget' curl
}

# need_keyring HOST_FILE URL: for host_needs of a template that calls choose_keyring with the same two.
need_keyring() {
  if [ -z "$keyring" ] && [ -f "$1" ]; then return 0; fi
  if [ -n "$keyring" ] && [ "${keyring#https://}" = "$keyring" ] && [ -z "${key_fingerprint:-}" ]; then return 0; fi
  need gpg gnupg dnf:gnupg2 zypper:gpg2
  case ${keyring:-$2} in *.deb) need 'dpkg-deb|ar' binutils ;; esac
}

# --- Files

MISSING=44

# fetch URL FILE: 0 fetched, 1 the server has no such file; else fails the template after three tries: a name server or a mirror
# that hiccups costs a second, not the container. A proxy is taken from the environment (http_proxy, https_proxy, no_proxy).
fetch() {
  for pause in 1 3 0; do
    fetched=0
    fetch_once "$1" "$2" >"$work/fetch.log" 2>&1 || fetched=$?
    case $fetched in
      0) return 0 ;;
      "$MISSING") return 1 ;;
    esac
    # What will be no better in a second: whom the server says it is, and where it sends us.
    ! grep -qi 'certificate\|is forbidden\|not supported or disabled' "$work/fetch.log" || break
    [ "$pause" = 0 ] || sleep "$pause"
  done
  fail "can't get $1: $(fetch_cause)${fetch_hint:-}"
}

# fetch_securely URL FILE: fetch, but over https to the end, redirections as well.
fetch_securely() {
  case $1 in
    https://*) ;;
    *) fail "$1 is not https: a key that comes over anything else is anybody's" ;;
  esac
  SECURELY=yes
  fetch "$1" "$2" && got=0 || got=$?
  SECURELY=
  return "$got"
}

# What the program gives as its cause, without the URL that we name ourselves: apt-helper's first `E: ` line, curl's line, what the
# server answered wget, or the last line.
fetch_cause() {
  cause=$(sed -n 's/^E: Failed to fetch [^ ]* *//p; s/^E: //p; s/^curl: ([0-9]*) //p; s/^ *\(HTTP\/[0-9.]* [0-9]\)/\1/p' "$work/fetch.log" | head -n 1)
  printf '%s\n' "${cause:-$(tail -n 1 "$work/fetch.log")}"
}

# FETCHER=apt: as this host's apt gets its own packages, with its proxies and certificates. apt follows no redirection from https
# to http.
fetch_once() {
  if [ "${FETCHER:-}" = apt ] && [ -x /usr/lib/apt/apt-helper ]; then
    /usr/lib/apt/apt-helper -o Acquire::Retries=0 download-file "$1" "$2" || fetch_missed '^E: Failed to fetch [^ ]* *\(4\(04\|10\) \|File not found\)'
  elif command -v curl >/dev/null; then
    set -- "$1" "$2" =https,http
    [ -z "${SECURELY:-}" ] || set -- "$1" "$2" =https
    curl --silent --show-error --fail --location --proto-redir "$3" --connect-timeout 20 --speed-time 60 --speed-limit 1 \
      --write-out 'status %{http_code}\n' --output "$2" -- "$1" || fetch_missed '^status 4\(04\|10\)$'
  else
    set -- --no-verbose --server-response --tries=1 --timeout=60 -O "$2" -- "$1"
    [ -z "${SECURELY:-}" ] || set -- --max-redirect=0 "$@"
    wget "$@" || fetch_missed '^ *HTTP/[0-9.]* 4\(04\|10\)'
  fi
}

# Whether what the program wrote says that there is no such file.
fetch_missed() {
  ! grep -q "$1" "$work/fetch.log" || return "$MISSING"
  return 1
}

# --- Keys

# choose_keyring WHO HOST_FILE URL: sets `keyring` to a file of keys: what --keyring named (the template's variable `keyring`: a file
# or an https URL), or the host's own HOST_FILE, or what the distribution publishes at URL once the user has compared its
# fingerprints. WHO is the distribution's name. Fingerprints from --key-fingerprint are in the template's variable
# `key_fingerprint`, parted by commas: then no other key of the keyring counts. A Debian package is taken for the keyring in it
# that is called as HOST_FILE is.
choose_keyring() {
  key_source=$keyring
  if [ -z "$keyring" ] && [ -n "$2" ] && [ -f "$2" ]; then
    key_source=$2
  fi
  case ${key_source:-$3} in
    https://*) use_published_keyring "$1" "$2" "${key_source:-$3}" ;;
    '' | *://*) fail "nothing on this host vouches for the keys of $1, and $(no_key_url "${key_source:-$3}"): give --keyring FILE" ;;
    *) use_own_keyring "$2" ;;
  esac
}

no_key_url() {
  if [ -n "$1" ]; then printf '%s' "$1 is not https"; else printf '%s' 'it publishes none that could be had'; fi
}

use_own_keyring() {
  [ -f "$key_source" ] || fail "--keyring $key_source: there is no such file"
  case $key_source in /*) keyring=$key_source ;; *) keyring=$PWD/$key_source ;; esac
  open_keyring "$keyring" "$1"
  [ -z "${key_fingerprint:-}" ] || only_pinned_keys "$key_source"
}

use_published_keyring() {
  remembered=$(remembered_keyring "$1" "$3")
  if [ -z "${key_fingerprint:-}" ] && [ -n "$remembered" ] && [ -f "$remembered" ] && [ ! -L "$remembered" ] && [ -O "$remembered" ]; then
    keyring=$remembered
    return 0
  fi
  keyring=$work/keyring
  fetch_hint='; or give --keyring FILE'
  fetch_securely "$3" "$keyring" || fail "there is no key of $1 at $3: give --keyring FILE"
  fetch_hint=
  key_source=$3
  open_keyring "$keyring" "$2"
  if [ -n "${key_fingerprint:-}" ]; then
    only_pinned_keys "$3"
    return 0
  fi
  ask_about_keys "$1" "$3"
  [ -z "$remembered" ] || remember_keyring "$remembered"
}

# open_keyring FILE HOST_FILE: `keyring` is FILE, or what a Debian package of that name has in it.
open_keyring() {
  case $(head -c 12 -- "$1" | tr -d '\000') in
    '!<arch>'*)
      inside=./usr/share/keyrings/${2##*/}
      keyring=$work/keyring.gpg
      package_files "$1" | tar -xO -f - "$inside" >"$keyring" 2>/dev/null || true
      [ -s "$keyring" ] || fail "$key_source has no ${inside#.}: give --keyring FILE"
      ;;
    *KBX*) fail "$key_source is gpg's own store: give --keyring what \`gpg --export KEY\` writes" ;;
  esac
}

# The files of a Debian package, as a tar archive. Nothing in it is run.
package_files() {
  if command -v dpkg-deb >/dev/null; then
    dpkg-deb --fsys-tarfile "$1"
    return
  fi
  member=$(ar t "$1" | grep '^data\.tar' | head -n 1)
  ar p "$1" "$member" >"$work/$member"
  case $member in
    *.gz) gzip -dc ;;
    *.xz) xz -dc ;;
    *.zst) zstd -dc ;;
    *) cat ;;
  esac <"$work/$member"
}

quiet_gpg() {
  [ -d "$work/gnupg" ] || mkdir -m 700 "$work/gnupg"
  gpg --homedir "$work/gnupg" --batch --quiet --no-options --no-auto-check-trustdb "$@"
}

# The keys of `keyring`, one `FINGERPRINT NAME` a line.
keys_of_keyring() {
  quiet_gpg --show-keys --with-colons "$keyring" 2>/dev/null |
    awk -F : '$1 == "pub" { print_key(); key = "" } $1 == "fpr" && key == "" { key = $10 } $1 == "uid" && uid == "" { uid = $10 }
      function print_key() { if (key != "") print key, uid; uid = "" } END { print_key() }'
}

# only_pinned_keys SOURCE: `keyring` becomes one of the keys that --key-fingerprint names, and of no others.
only_pinned_keys() {
  pinned=$(printf '%s' "$key_fingerprint" | tr -d ' ' | tr 'a-f,' 'A-F\n')
  has=$(keys_of_keyring | cut -d ' ' -f 1)
  [ -n "$has" ] || fail "$1 is not a key: give --keyring FILE"
  for one in $pinned; do
    case $one in
      *[!0-9A-F]*) fail "not a fingerprint: $one" ;;
      ????????????????????????????????????????*) ;;
      *) fail "not a whole fingerprint: $one" ;;
    esac
    printf '%s\n' "$has" | grep -qx "$one" || fail "$1 has $(fingerprints_in_words "$has"), not $one"
  done
  [ "$pinned" != "$has" ] || return 0
  quiet_gpg --import "$keyring" >"$work/gpg.log" 2>&1 || fail "$1: gpg can't read it: $(tail -n 1 "$work/gpg.log")"
  unpinned=$keyring
  keyring=$work/pinned.gpg
  # shellcheck disable=SC2086  # words
  case $(head -c 5 -- "$unpinned") in
    -----) quiet_gpg --armor --export $pinned >"$keyring" ;;
    *) quiet_gpg --export $pinned >"$keyring" ;;
  esac
}

fingerprints_in_words() {
  case $1 in
    *"
"*) printf 'the fingerprints %s' "$(printf '%s' "$1" | paste -s -d ' ' - | sed 's/ / and /g')" ;;
    *) printf 'the fingerprint %s' "$1" ;;
  esac
}

# ask_about_keys WHO URL: shows what came, and stops unless a person says yes.
ask_about_keys() {
  listed=$(keys_of_keyring)
  [ -n "$listed" ] || fail "$2 is not a key: give --keyring FILE"
  has=$(printf '%s\n' "$listed" | cut -d ' ' -f 1)
  if [ ! -t 0 ]; then
    all=$(printf '%s\n' "$has" | paste -s -d , -)
    fail "the keys of $1 at $2 have $(fingerprints_in_words "$has"): compare with what $1 publishes, then give --key-fingerprint $all, or --keyring FILE"
  fi
  ask "Nothing on this host vouches for the keys of $1. At $2 are:
$(printf '%s\n' "$listed" | sed 's/^/  /')
Compare them with what $1 publishes elsewhere. Type yes to trust them, then Enter:"
  [ "$answer" = yes ] || fail "the keys of $1 are not trusted; nothing was installed"
}

# --- What was once said yes to

# The directory of this host for what can be had again, empty when there is none to write to.
cache_directory() {
  cache=${TSLXC_CACHE:-/var/cache/tslxc}
  if { [ -d "$cache" ] || mkdir -p -- "$cache" 2>/dev/null; } && [ -w "$cache" ] && [ -O "$cache" ]; then
    printf '%s' "$cache"
  fi
}

# remembered_keyring WHO URL: where the keyring stands that was trusted before.
remembered_keyring() {
  directory=$(cache_directory)
  [ -z "$directory" ] || printf '%s/keyrings/%s-%s.gpg' "$directory" "$(printf '%s' "$1" | tr -c 'a-zA-Z0-9' -)" \
    "$(printf '%s' "$2" | sha256sum | cut -c 1-16)"
}

# So that one create asks once, and the next not at all; whoever removes the file is asked again.
remember_keyring() {
  mkdir -p -- "${1%/*}"
  cp -- "$keyring" "$1.$$"
  mv -- "$1.$$" "$1"
}
