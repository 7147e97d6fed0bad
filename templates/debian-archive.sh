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
  cat "$work/InRelease" >>"$work/indexes"
}

# Sets `release` to the codename, `suites` to those of its suites that exist, and `index` to a digest of all their indexes.
look_at_suites() {
  look_at "$mirror" "$release" || fail "$mirror has no Debian $release"
  release=$(sed -n 's/^Codename: //p' "$work/InRelease")
  suites=$release
  # sid gets its fixes in place.
  [ "$release" = sid ] || look_at_updates
  index=$(sha256sum <"$work/indexes" | cut -d ' ' -f 1)
}

look_at_updates() {
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
