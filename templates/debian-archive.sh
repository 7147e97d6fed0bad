# Distributions of Debian's kind: mirrors, suites, signatures, dates, and the installing. Sourced by a template that declares
#   TITLE, DISTRIBUTION     its name, and its ID in os-release
#   release                 what is installed when nobody says
#   RELEASES                what --help says of releases
#   COMPONENTS              of its sources, parted by commas
#   KEYRING, KEYRING_URL    the keyring that its own package puts on a host, and where it publishes it; empty: nowhere
#   KEYRING_PACKAGES        for `need`, where the keyring must come from a package of this host
#   OLD_MIRROR              where releases go that have ended
#   DEBOOTSTRAP_SCRIPT      the one for releases that debootstrap does not know by name
#   INITS                   the first is what it has when nobody says: systemd sysvinit openrc
#   declare_mirrors         sets default_mirror and default_security_mirror for $arch; an empty second: the mirror has both
#   has_no_updates RELEASE  whether its fixes come in the release itself
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2153,SC2154  # declared by the template

# The mirror may be one that only this host's apt can reach.
FETCHER=apt
SHORT_OPTIONS='r:a:v:b:u:'
LONG_OPTIONS='release:,arch:,mirror:,security-mirror:,components:,variant:,packages:,init:,keyring:,key-fingerprint:,accept-expired'
# LXC's templates have these.
LONG_OPTIONS=$LONG_OPTIONS,enable-non-free,bindhome:,user:,password:
arch=
packages=
mirror=
security_mirror=
components=
variant=minbase
init=
keyring=
key_fingerprint=
accept_expired=

usage() {
  declare_mirrors
  cat <<END
tslxc-$DISTRIBUTION: $TITLE, from its mirror

  -r, --release=NAME      $RELEASES (default: $release)
  -a, --arch=ARCH         $TITLE's name of an architecture (default: the host's)
  --mirror=URL            (default: the one in this host's apt sources when it is $TITLE itself, else
                          $default_mirror)
  --security-mirror=URL   (default: ${default_security_mirror:-the mirror}; with --mirror: what belongs to it)
  --components=A,B        of the mirror (default: $COMPONENTS)
  --variant=NAME          how much to begin with: minbase, important or standard (default: minbase)
  --packages=A,B          install these too, for example openssh-server
  --init=NAME             $(printf '%s' "$INITS" | sed 's/ / or /g') (default: ${INITS%% *})
  --keyring=FILE|URL      keys that may sign: a file (a keyring, or the package of one), or an https URL to be asked about
                          (default: $KEYRING${KEYRING_URL:+ of this host, else
                          $KEYRING_URL})
  --key-fingerprint=F     trust this key of the keyring, and no other; several are parted by commas
  --accept-expired        install from a mirror whose index is older than it promises; its signature is checked all the same

END
  print_common_options
}

option() {
  case $1 in
    -r | --release) release=$2 ;;
    -a | --arch) arch=$2 ;;
    --mirror) mirror=${2%/} ;;
    --security-mirror) security_mirror=${2%/} ;;
    --components) components=$2 ;;
    -v | --variant) variant=$2 ;;
    --packages) packages=$2 ;;
    --init) init=$2 ;;
    --keyring) keyring=$2 ;;
    --key-fingerprint) key_fingerprint=$2 ;;
    --accept-expired) accept_expired=yes ;;
    --enable-non-free) components=${components:-$COMPONENTS},contrib,non-free ;;
    -b | --bindhome) fail "$1: a line lxc.mount.entry of the config binds what the container shares with the host" ;;
    -u | --user | --password) fail "$1: tslxc-create --password and --ssh-key say how root logs in" ;;
  esac
}

# These become words of other programs' options and lines of sources.list: nothing that could be more than a word.
check_options() {
  case $release in '' | *[!a-z0-9.-]* | -* | .*) fail "not a release: $release" ;; esac
  case $arch in *[!a-z0-9-]* | -*) fail "not an architecture: $arch" ;; esac
  case $packages in *[!a-zA-Z0-9.+,:-]* | -*) fail "not a list of packages: $packages" ;; esac
  case $components in *[!a-z0-9,-]* | -* | ,*) fail "not a list of components: $components" ;; esac
  case $variant in minbase | important | standard) ;; *) fail "not a variant: $variant (minbase, important or standard)" ;; esac
  [ -n "$init" ] || init=${INITS%% *}
  case " $INITS " in *" $init "*) ;; *) fail "$TITLE has no --init $init; it has $INITS" ;; esac
  for url in "$mirror" "$security_mirror"; do
    case $url in
      *[!a-zA-Z0-9.:/_~%+@-]*) fail "not a URL: $url" ;;
      '' | http://?* | https://?*) ;;
      *) fail "not an http or https URL: $url" ;;
    esac
  done
  [ -n "$components" ] || components=$COMPONENTS
}

host_needs() {
  need 'mmdebstrap|debootstrap' mmdebstrap dnf:debootstrap zypper:debootstrap pacman:debootstrap apk:debootstrap
  need gpgv gpgv dnf:gnupg2 zypper:gpg2 pacman:gnupg apk:gnupg
  need '/usr/lib/apt/apt-helper|curl|wget' curl
  if [ -n "$KEYRING_URL" ] || [ -n "$keyring" ]; then
    need_keyring "$KEYRING" "$KEYRING_URL"
  else
    # shellcheck disable=SC2086  # words
    need "$KEYRING" $KEYRING_PACKAGES
  fi
}

resolve() {
  tool=debootstrap
  ! command -v mmdebstrap >/dev/null || tool=mmdebstrap
  choose_arch
  choose_mirrors
  choose_keyring "$TITLE" "$KEYRING" "$KEYRING_URL"
  archive_keys=$work/archive-keys.gpg
  binary_keys "$keyring" >"$archive_keys"
  look_at_suites
  remember distribution "$DISTRIBUTION"
  remember release "$release"
  remember arch "$arch"
  remember origin "$mirror"
  remember index "$index"
}

make_base() {
  say "Installing $TITLE $release ($arch) from $mirror with $tool"
  use_host_proxy
  "install_with_$tool"
  make_guest
}

# --- Architecture

host_arch() {
  if command -v dpkg >/dev/null; then
    dpkg --print-architecture
    return
  fi
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    armv7l) echo armhf ;;
    i?86) echo i386 ;;
    ppc64le) echo ppc64el ;;
    *) uname -m ;;
  esac
}

choose_arch() {
  own_arch=$(host_arch)
  [ -n "$arch" ] || arch=$own_arch
  case $own_arch,$arch in
    "$arch,$arch" | amd64,i386 | arm64,armhf | arm64,armel | armhf,armel) return ;;
  esac
  # What packages run while they are installed must run here.
  case $arch in
    amd64) emulated=x86_64 ;;
    arm64) emulated=aarch64 ;;
    armhf | armel) emulated=arm ;;
    ppc64el) emulated=ppc64le ;;
    *) emulated=$arch ;;
  esac
  [ -e "/proc/sys/fs/binfmt_misc/qemu-$emulated" ] ||
    fail "this host ($own_arch) can't run programs of $arch; it can with the package qemu-user-static"
}

# --- Mirrors

# host_mirror main|security: what this host, when it is the same distribution, gets its own packages from. A closed network has
# its mirror there, and nowhere else. No other distribution's mirror is ever taken.
host_mirror() {
  grep -qs "^ID=\"*$DISTRIBUTION\"*\$" /etc/os-release || return 0
  command -v apt-get >/dev/null || return 0
  apt-get indextargets --format "\$(REPO_URI) \$(RELEASE) \$(COMPONENT) \$(ORIGIN)" 'Created-By: Packages' 2>/dev/null |
    while read -r uri suite component origin; do
      case $component,$suite in
        main,*-security) part=security ;;
        main,*-updates | main,*-backports* | main,*-proposed*) continue ;;
        main,*) part=main ;;
        *) continue ;;
      esac
      [ "$part" = "$1" ] || continue
      # Whose it is, says its index; where apt has none yet, the address does.
      case $origin,${uri%/} in
        "$TITLE",* | ,*/"$DISTRIBUTION" | ,*/"$DISTRIBUTION"-security | ,*/"$DISTRIBUTION"-ports | ,*/merged) ;;
        *) continue ;;
      esac
      case $uri in http://* | https://*) printf '%s\n' "${uri%/}"; break ;; esac
    done
}

choose_mirrors() {
  declare_mirrors
  named=$mirror
  if [ -z "$mirror" ] && [ "$arch" = "$own_arch" ]; then
    mirror=$(host_mirror main)
  fi
  if [ -z "$security_mirror" ] && [ -z "$named" ] && [ -n "$mirror" ]; then
    security_mirror=$(host_mirror security)
  fi
  [ -n "$security_mirror" ] || security_mirror=$(security_mirror_of "${named:-$mirror}")
  mirror=${mirror:-$default_mirror}
}

# security_mirror_of MIRROR: what belongs to it; empty: the default one.
security_mirror_of() {
  case $1,$default_security_mirror in
    ,?*) printf '%s' "$default_security_mirror" ;;
    ,) printf '%s' "$default_mirror" ;;
    *,*-security) printf '%s-security' "$1" ;;
    *) printf '%s' "$1" ;;
  esac
}

# --- Signatures and dates

# binary_keys FILE: the keys as gpgv wants them, whether or not they are armored.
binary_keys() {
  case $(head -c 5 -- "$1" | tr -d '\000') in
    -----) ;;
    *) cat -- "$1"; return ;;
  esac
  mkdir -p "$work/armored"
  awk -v place="$work/armored/" '
    /^-----BEGIN PGP PUBLIC KEY BLOCK-----/ { file = sprintf("%s%04d", place, ++count); body = 0; next }
    /^-----END/ { file = "" }
    file == "" { next }
    !body { if ($0 ~ /^[ \t\r]*$/) body = 1; next }
    /^=/ { next }
    { sub(/\r$/, ""); print >file }' "$1"
  for block in "$work/armored"/*; do
    [ ! -f "$block" ] || base64 -d "$block"
  done
}

# check_signature URL FILE OUTPUT: OUTPUT becomes what was signed, and nothing that was not. The installer checks it again.
check_signature() {
  rm -f "$3"
  gpgv --status-fd 1 --keyring "$archive_keys" --output "$3" "$2" >"$work/gpgv.status" 2>/dev/null || true
  if grep -q '^\[GNUPG:\] GOODSIG ' "$work/gpgv.status" && ! grep -q '^\[GNUPG:\] BADSIG ' "$work/gpgv.status"; then
    [ -s "$3" ] || fail "$1: gpgv wrote nothing of it"
    return 0
  fi
  case $(cat "$work/gpgv.status") in
    *' BADSIG '*) fail "$1 is not what was signed: its signature does not fit" ;;
    *' EXPKEYSIG '* | *' REVKEYSIG '*) fail "$1 is signed by a key in $keyring that is no longer valid; a newer keyring has its successor" ;;
    *' NO_PUBKEY '*) fail "$1: its signature is not by a key in $keyring (it is by $(signers))" ;;
    *) fail "$1 has no signature that could be checked" ;;
  esac
}

signers() {
  sed -n 's/^\[GNUPG:\] NO_PUBKEY //p' "$work/gpgv.status" | sort -u | paste -s -d ' ' - | sed 's/ / and /g'
}

check_date() {
  until=$(sed -n 's/^Valid-Until: //p' "$2")
  [ -n "$until" ] || return 0
  [ "$(date -d "$until" +%s)" -lt "$(date +%s)" ] || return 0
  [ -n "$accept_expired" ] || fail "$1 expired on $until; --accept-expired installs from it all the same"
  say "$1 expired on $until and is used as you asked"
}

# --- Suites

# For `offers`: the releases at the template's head that the mirror has, and their architectures; all are asked for at once. Whether
# they are signed is seen when one is installed.
offers() {
  choose_arch
  choose_mirrors
  known=$(sed -n 's/^# releases: //p' "$0")
  for one in $known; do
    look_for "$one" 2>"$work/$one.said" &
  done
  wait
  for one in $known; do
    [ ! -s "$work/$one.offer" ] || cat "$work/$one.offer"
    cat "$work/$one.said" >>"$work/said"
  done >"$work/offers"
  cat "$work/offers"
  [ -s "$work/offers" ] || [ ! -s "$work/said" ] || { head -n 1 "$work/said" >&2; exit 1; }
  [ -s "$work/offers" ] || fail "$mirror has none of $known"
}

# In a process, and with a log, of its own. Asked once: somebody waits before a terminal.
look_for() {
  offer=$work/$1.offer
  work=$work/$1
  mkdir "$work"
  fetch_once "$mirror/dists/$1/InRelease" "$work/InRelease" >"$work/fetch.log" 2>&1 || looked=$?
  case ${looked:-0} in
    0) ;;
    "$MISSING") return 0 ;;
    *) fail "can't get $mirror/dists/$1/InRelease: $(fetch_cause)" ;;
  esac
  sed -n 's/^Architectures: //p' "$work/InRelease" | tr ' ' '\n' | sed -n "/^all$/d; s/^[a-z0-9]/$1 &/p" >"$offer"
}

# look_at URL SUITE: fetches and checks a suite's index. 1: the mirror has none.
look_at() {
  fetch "$1/dists/$2/InRelease" "$work/InRelease" || return 1
  check_signature "$1/dists/$2/InRelease" "$work/InRelease" "$work/Release"
  check_date "$1/dists/$2/InRelease" "$work/Release"
  cat "$work/Release" >>"$work/indexes"
}

# Sets `release` to the codename, `suites` to those of its suites that exist, and `index` to a digest of all their indexes.
look_at_suites() {
  look_at "$mirror" "$release" || fail "$mirror has no $TITLE $release$(where_it_may_be)"
  mv "$work/InRelease" "$work/InRelease.main"
  codename=$(sed -n 's/^Codename: //p' "$work/Release")
  case $codename in '' | *[!a-z0-9.-]* | -* | .*) fail "$mirror/dists/$release/InRelease names no release" ;; esac
  has_all Architectures "$arch"
  # shellcheck disable=SC2046  # words
  has_all Components $(printf '%s' "$components" | tr , ' ')
  release=$codename
  suites=$release
  has_no_updates "$release" || look_at_updates
  index=$(sha256sum <"$work/indexes" | cut -d ' ' -f 1)
}

where_it_may_be() {
  [ "$mirror" != "$default_mirror" ] || printf '%s' "; releases that have ended are at --mirror $OLD_MIRROR"
}

# has_all FIELD WORD…: whether the index of the release lists each.
has_all() {
  listed=$(sed -n "s/^$1: //p" "$work/Release")
  what=$1
  shift
  for word in "$@"; do
    case " $listed " in
      *" $word "* | '  ') ;;
      *) fail "$mirror has no $word of $TITLE $codename; its $what: $listed" ;;
    esac
  done
}

look_at_updates() {
  for suite in "$release-updates" "$release-security"; do
    if look_at "$(mirror_of "$suite")" "$suite"; then
      suites="$suites $suite"
    else
      say "$(mirror_of "$suite") has no $suite: going on without it"
    fi
  done
}

mirror_of() {
  case $1 in
    *-security) printf '%s' "$security_mirror" ;;
    *) printf '%s' "$mirror" ;;
  esac
}

# write_sources KEYS: the lines of sources.list, with keys at that path.
write_sources() {
  for suite in $suites; do
    printf 'deb [signed-by=%s] %s %s %s\n' "$1" "$(mirror_of "$suite")" "$suite" "$(printf '%s' "$components" | tr , ' ')"
  done
}

# --- Installing

# mmdebstrap's apt reads the guest's settings and not this host's: the proxy goes along in the environment, and into no file.
use_host_proxy() {
  command -v apt-config >/dev/null || return 0
  host_proxy=''
  eval "$(apt-config shell host_proxy Acquire::http::Proxy)"
  case $host_proxy in http*) export http_proxy="${http_proxy:-$host_proxy}" ;; esac
  host_proxy=''
  eval "$(apt-config shell host_proxy Acquire::https::Proxy)"
  case $host_proxy in http*) export https_proxy="${https_proxy:-$host_proxy}" ;; esac
}

# Where packages are kept between builds: by mirror and keys, for a package is taken from there because it was checked with these.
packages_directory() {
  directory=$(cache_directory)
  [ -z "$directory" ] || printf '%s/packages/%s-%s-%s-%s' "$directory" "$DISTRIBUTION" "$release" "$arch" \
    "$({ echo "$mirror $security_mirror"; cat "$archive_keys"; } | sha256sum | cut -c 1-12)"
}

# run_installer PROGRAM ARGS: what it does is seen as it comes, and its first cause is the last word.
run_installer() {
  { LC_ALL=C "$@" 2>&1 || : >"$work/failed"; } | tee "$work/installer.log" | tell_steps
  [ -e "$work/failed" ] || return 0
  cause=$(sed -n 's/^E: //p; s/^dpkg: error: //p' "$work/installer.log" | head -n 1)
  fail "$1 could not install $TITLE $release from $mirror: ${cause:-$(tail -n 1 "$work/installer.log")}"
}

# Of what the installer, apt and dpkg say: the steps, what is wrong, and how far a step is.
tell_steps() {
  packages_done=0
  packages_total=0
  bytes_total=0
  while IFS= read -r line; do
    case $line in
      'I: automatically chosen '* | 'I: chroot architecture '* | 'I: finding correct '* | 'I: reading sources'*) ;;
      'I: running --'* | 'I: skipping '* | 'I: main() '*) ;;
      [IWE]': '* | 'dpkg: error'*) say "$line" ;;
      *' newly installed, '*)
        packages_total=${line#*, }
        packages_total=${packages_total%% *}
        packages_done=0
        ;;
      'Need to get '*' of archives.')
        line=${line#Need to get }
        in_bytes "${line%%[/o]*}"
        bytes_total=$bytes
        bytes_done=0
        ;;
      'Fetched '*) bytes_total=0 ;;
      Get:*\ \[*B\])
        [ "$bytes_total" -gt 0 ] || continue
        line=${line##*\[}
        in_bytes "${line%]}"
        bytes_done=$((bytes_done + bytes))
        progress "$bytes_done" "$bytes_total" bytes 'downloading packages'
        ;;
      'Setting up '*)
        packages_done=$((packages_done + 1))
        [ "$packages_done" -gt "$packages_total" ] || progress "$packages_done" "$packages_total" packages 'installing'
        ;;
    esac
  done
}

# in_bytes TEXT: sets `bytes` to what apt calls 1,234 kB or 48.5 MB, as exactly as that is.
in_bytes() {
  # shellcheck disable=SC2086  # words
  set -- $1 B
  number=${1%,*}${1##*,}
  case $1 in *,*) ;; *) number=$1 ;; esac
  tenths=0
  case $number in *.*) tenths=${number#*.} number=${number%.*} ;; esac
  case $number$tenths in '' | *[!0-9]* | 0?*) number=0 tenths=0 ;; esac
  case $2 in
    kB) bytes=$((number * 1000 + tenths * 100)) ;;
    MB) bytes=$((number * 1000000 + tenths * 100000)) ;;
    GB) bytes=$((number * 1000000000 + tenths * 100000000)) ;;
    *) bytes=$number ;;
  esac
}

# dpkg need not wait for the disk after each file: a tree that was interrupted is removed, and one that is whole is synced.
install_with_mmdebstrap() {
  set -- --architectures="$arch" --variant="$variant" --format=directory --verbose --include="$(wanted_packages)" \
    --keyring="$archive_keys" --aptopt='Acquire::Retries "3"' --aptopt='APT::Sandbox::User "root"' --dpkgopt=force-unsafe-io
  if [ -n "$accept_expired" ]; then
    set -- "$@" --aptopt='Acquire::Check-Valid-Until "false"'
  fi
  # Before packages brought the links of a merged /usr, installers made them.
  merged_usr=/usr/share/mmdebstrap/hooks/maybe-merged-usr
  case $release in
    focal | jammy) [ ! -d "$merged_usr" ] || set -- "$@" --hook-dir="$merged_usr" ;;
  esac
  kept_packages=$(packages_directory)
  case $kept_packages,$(mmdebstrap --version) in
    ,* | *,'mmdebstrap 0.'*) ;;
    *)
      export kept_packages templates
      # shellcheck disable=SC2016  # for mmdebstrap's shell
      set -- "$@" --skip=download/empty --skip=essential/unlink \
        --setup-hook='sh "$templates/debian-packages.sh" bring "$kept_packages" "$1/var/cache/apt/archives"' \
        --customize-hook='sh "$templates/debian-packages.sh" keep "$kept_packages" "$1/var/cache/apt/archives"'
      ;;
  esac
  # The directory must be empty, and stays the same directory.
  write_sources "$archive_keys" >"$work/sources"
  run_installer mmdebstrap "$@" "$release" "$rootfs" - <"$work/sources"
  rm -f "$rootfs/etc/apt/apt.conf.d/99mmdebstrap" "$rootfs/etc/dpkg/dpkg.cfg.d/99mmdebstrap" "$rootfs/etc/apt/sources.list.d/"0000*
}

install_with_debootstrap() {
  script=/usr/share/debootstrap/scripts/$release
  [ -e "$script" ] || script=/usr/share/debootstrap/scripts/$DEBOOTSTRAP_SCRIPT
  set -- --arch="$arch" --include="$(wanted_packages)" --components="$components" --keyring="$archive_keys" --force-check-gpg
  case $variant in
    minbase) set -- "$@" --variant=minbase ;;
    # debootstrap's own name for it is to say nothing.
    important) ;;
    *) fail "debootstrap has no variant $variant; mmdebstrap has: install the package mmdebstrap" ;;
  esac
  kept_packages=$(packages_directory)
  archives=$rootfs/var/cache/apt/archives
  [ -z "$kept_packages" ] || sh "$templates/debian-packages.sh" bring "$kept_packages" "$archives"
  run_installer debootstrap "$@" "$release" "$rootfs" "$mirror" "$script"
  bring_up_to_date
  [ -z "$kept_packages" ] || sh "$templates/debian-packages.sh" keep "$kept_packages" "$archives"
  chroot "$rootfs" apt-get clean
  rm -rf "$rootfs/var/lib/apt/lists"
  mkdir -p "$rootfs/var/lib/apt/lists/partial"
}

# debootstrap knows one suite; what was fixed since comes now. No service is to start here.
bring_up_to_date() {
  write_sources "$(guest_keys)" | write_file /etc/apt/sources.list 644
  rm -f "$rootfs/etc/resolv.conf"
  cp /etc/resolv.conf "$rootfs/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' | write_file /usr/sbin/policy-rc.d 755
  set -- env DEBIAN_FRONTEND=noninteractive chroot "$rootfs" apt-get -q -o 'Acquire::Retries=3'
  if [ -n "$accept_expired" ]; then
    set -- "$@" -o 'Acquire::Check-Valid-Until=false'
  fi
  "$@" update
  "$@" -y dist-upgrade
  rm -f "$rootfs/usr/sbin/policy-rc.d"
}

# guest_keys: the path in the guest of keys that its apt trusts the mirror with: those of its own keyring package, which are
# renewed with it; a mirror signed by somebody else's keys needs a copy of these.
guest_keys() {
  own=$KEYRING
  if [ -L "$rootfs$own" ]; then
    own=${own%/*}/$(readlink "$rootfs$own")
  fi
  case $own in */../*) own=/nowhere ;; esac
  if [ -f "$rootfs$own" ] && [ ! -L "$rootfs$own" ] &&
    gpgv --status-fd 1 --keyring "$rootfs$own" "$work/InRelease.main" 2>/dev/null | grep -q '^\[GNUPG:\] GOODSIG '; then
    printf '%s' "$KEYRING"
    return
  fi
  write_file /etc/apt/keyrings/tslxc.gpg 644 <"$archive_keys"
  printf '%s' /etc/apt/keyrings/tslxc.gpg
}
