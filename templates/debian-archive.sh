# Where Debian comes from, and whether it is what it says: mirrors, suites, signatures, dates. Sourced by tslxc-debian.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # release, mirror and others belong to the template

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
DEFAULT_MIRROR=http://deb.debian.org/debian

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

# host_mirror main|security: what this host, when it is a Debian, gets its own packages from. A closed network has its mirror
# there, and nowhere else.
host_mirror() {
  grep -qs '^ID=debian$' /etc/os-release || return 0
  command -v apt-get >/dev/null || return 0
  apt-get indextargets --format "\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Created-By: Packages' 2>/dev/null |
    while read -r uri suite component; do
      case $1,$component,$suite in
        main,main,*-*) ;;
        main,main,oldoldstable | main,main,oldstable | main,main,stable | main,main,testing | main,main,unstable) ;;
        main,main,buster | main,main,bullseye | main,main,bookworm | main,main,trixie | main,main,forky | main,main,sid) ;;
        security,main,*-security) ;;
        *) continue ;;
      esac
      case $1,$suite in main,*-*) continue ;; esac
      case $uri in http://* | https://*) printf '%s\n' "${uri%/}"; break ;; esac
    done
}

choose_mirrors() {
  named=$mirror
  if [ -z "$mirror" ]; then
    mirror=$(host_mirror main)
    mirror=${mirror:-$DEFAULT_MIRROR}
  fi
  if [ -z "$security_mirror" ] && [ -z "$named" ]; then
    security_mirror=$(host_mirror security)
  fi
  if [ -z "$security_mirror" ]; then
    security_mirror=${mirror%/debian}/debian-security
  fi
}

# fetch URL FILE: 0 fetched, 1 the server has no such file, else fails the template after three tries.
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

# What the program gives as its cause: apt-helper's first `E: ` line, without the URL that we name ourselves, or the last line.
fetch_cause() {
  cause=$(sed -n 's/^E: Failed to fetch [^ ]* *//p; s/^E: //p' "$work/fetch.log" | head -n 1)
  printf '%s\n' "${cause:-$(tail -n 1 "$work/fetch.log")}"
}

fetch_once() {
  if [ -x /usr/lib/apt/apt-helper ]; then
    /usr/lib/apt/apt-helper download-file "$1" "$2"
  elif command -v wget >/dev/null; then
    wget -q --server-response -O "$2" "$1"
  else
    need curl curl
    curl -sS -f -o "$2" "$1"
  fi
}

# The signature, where this host can check one; the installer checks it again.
check_signature() {
  if command -v gpgv >/dev/null; then
    gpgv --quiet --keyring "$KEYRING" "$2" >/dev/null 2>&1 || fail "$1: its signature is not by a key in $KEYRING"
  fi
}

check_date() {
  until=$(sed -n 's/^Valid-Until: //p' "$2")
  [ -n "$until" ] || return 0
  [ "$(date -d "$until" +%s)" -lt "$(date +%s)" ] || return 0
  [ -n "$accept_expired" ] || fail "$1 expired on $until; --accept-expired installs from it all the same"
  say "$1 expired on $until and is used as you asked"
}

# look_at URL SUITE: fetches and checks a suite's index. 1: the mirror has none.
look_at() {
  fetch "$1/dists/$2/InRelease" "$work/InRelease" || return 1
  check_signature "$1/dists/$2/InRelease" "$work/InRelease"
  check_date "$1/dists/$2/InRelease" "$work/InRelease"
}

# Sets `release` to the codename, and `suites` to those of its suites that exist.
look_at_suites() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  look_at "$mirror" "$release" || fail "$mirror has no Debian $release"
  release=$(sed -n 's/^Codename: //p' "$work/InRelease")
  suites=$release
  # forky and sid get their fixes in place.
  [ "$release" != sid ] || return 0
  for suite in "$release-updates" "$release-security"; do
    case $suite in
      *-security) url=$security_mirror ;;
      *) url=$mirror ;;
    esac
    if look_at "$url" "$suite"; then
      suites="$suites $suite"
    else
      say "$url has no $suite: going on without it"
    fi
  done
}
