# Whose signatures pacman takes: a GnuPG directory made for one run. Sourced by tslxc-archlinux.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # work, keyring and others belong to the template and the engine

# Where archlinux-keyring puts them: on Arch and Fedora, on Debian.
ARCH_KEYRINGS='/usr/share/pacman/keyrings/archlinux.gpg|/usr/share/keyrings/archlinux.gpg'

# By a name that is short, wherever the directory is: the socket of gpg's agent is in it, and its name may have 107 characters.
ring_home=/proc/$$/fd/9

ring_gpg() {
  gpg --homedir "$ring_home" --batch --quiet --no-permission-warning --yes "$@" >>"$work/gpg.log" 2>&1
}

# make_gpgdir: from --keyring FILE, else from the host's.
make_gpgdir() {
  ring=$keyring
  for one in $(printf '%s' "$ARCH_KEYRINGS" | tr '|' ' '); do
    if [ -z "$ring" ] && [ -f "$one" ]; then ring=$one; fi
  done
  [ -f "$ring" ] || fail "--keyring $ring: there is no such file"
  trust_keys "$ring"
}

# trust_keys FILE: all keys in it; or, where FILE-trusted is beside it, as pacman-key does: a few main keys, which vouch for those of
# the packagers (a key that three of them signed counts), and none that is in FILE-revoked.
trust_keys() {
  rm -rf "$work/gpg"
  mkdir -m 700 "$work/gpg"
  exec 9<"$work/gpg"
  # It would also ask servers of the internet for a key that it does not know.
  echo disable-dirmngr >"$work/gpg/gpg.conf"
  ring_gpg --import "$1" || true
  # pacman looks for a file of this name; gpg goes on with the one that it made.
  : >"$work/gpg/pubring.gpg"
  fingerprints=$(listed_keys)
  [ -n "$fingerprints" ] || fail "$1 holds no key"
  if [ -f "${1%.gpg}-trusted" ]; then
    trust_main_keys "${1%.gpg}"
  else
    printf '%s\n' "$fingerprints" | sed 's/$/:6:/' >"$work/owners"
    ring_gpg --import-ownertrust "$work/owners"
  fi
  ring_gpg --check-trustdb
  exec 9<&-
}

trust_main_keys() {
  # A key of our own, gone with the directory, says that the main keys are who they are.
  ring_gpg --passphrase '' --quick-gen-key tslxc default cert never || fail "gpg makes no key: $(tail -n 1 "$work/gpg.log")"
  cut -d : -f 1 "$1-trusted" >"$work/main-keys"
  while read -r key; do
    ring_gpg --quick-lsign-key "$key" </dev/null || true
  done <"$work/main-keys"
  ring_gpg --import-ownertrust "$1-trusted"
  [ ! -f "$1-revoked" ] || remove_keys "$1-revoked"
  gpgconf --homedir "$ring_home" --kill all
}

remove_keys() {
  revoked=$(printf '%s\n' "$fingerprints" | grep -xF -f "$1") || return 0
  # shellcheck disable=SC2086  # one word each
  ring_gpg --delete-keys $revoked || fail "gpg can't remove revoked keys: $(tail -n 1 "$work/gpg.log")"
}

listed_keys() {
  gpg --homedir "$ring_home" --batch --no-permission-warning --list-keys --with-colons 2>/dev/null |
    sed -n '/^pub:/,/^fpr:/s/^fpr:::::::::\([0-9A-F]*\):$/\1/p'
}

# renew_keys: a host's keyring may be years old, and packagers come and go: the mirror's archlinux-keyring is installed first, under
# the keys known so far, and what it holds is what the rest is checked with.
renew_keys() {
  [ -f "${ring%.gpg}-trusted" ] || return 0
  run_pacman -Sy --needed archlinux-keyring
  trust_keys "$rootfs/usr/share/pacman/keyrings/archlinux.gpg"
}
