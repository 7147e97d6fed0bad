# Where Alpine comes from, and whether it is what it says. Sourced by tslxc-alpine.
#
# Alpine signs files in three (an index: two) gzip streams, one behind the other: a signature of the next one by an RSA key, named
# like the key; a control part (an index: the index); the files. An index holds the sha1 of each package's control part, which
# holds the sha256 of its files.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # release, mirror and others belong to the template

DEFAULT_MIRROR=https://dl-cdn.alpinelinux.org/alpine

# The releases that the mirror's directory lists, newest first. Without an answer, nothing is known.
list_releases() {
  fetch_once "$mirror/" "$work/listing" >/dev/null 2>&1 || return 0
  grep -o 'href="v[0-9]*\.[0-9]*/' "$work/listing" | sed 's/href="v//; s,/$,,' | sort -t . -k 1,1nr -k 2,2nr -u
}

choose_arch() {
  own_arch=$(alpine_arch "$(uname -m)")
  [ -n "$arch" ] || arch=$own_arch
  case $own_arch,$arch in
    "$arch,$arch" | x86_64,x86 | aarch64,armhf | aarch64,armv7 | armv7,armhf) return ;;
  esac
  # What packages run while they are installed must run here.
  case $arch in x86) emulated=i386 ;; armhf | armv7) emulated=arm ;; *) emulated=$arch ;; esac
  [ -e "/proc/sys/fs/binfmt_misc/qemu-$emulated" ] ||
    fail "this host ($own_arch) can't run programs of $arch; it can with the package qemu-user-static"
}

# For `offers`: what the mirror's own listing shows, the newest first.
offers() {
  choose_arch
  printf '%s %s\n' latest-stable "$arch"
  if fetch "$mirror/" "$work/listing"; then
    sed -n 's|.*href="\(\./\)\{0,1\}v\(3\.[0-9]*\)/\{0,1\}".*|\2|p' "$work/listing" | sort -t . -k 2 -n -r | sed "s/\$/ $arch/"
  fi
  printf '%s %s\n' edge "$arch"
}

alpine_arch() {
  case $1 in
    i?86) echo x86 ;;
    armv6*) echo armhf ;;
    armv[78]*) echo armv7 ;;
    *) echo "$1" ;;
  esac
}

# --- Keys

# Sets `keys` to a directory of trusted keys; it stays empty while only a minirootfs can bring some.
find_keys() {
  keys=$work/keys
  mkdir "$keys"
  if [ -n "$keyring$keys_dir" ]; then
    copy_named_keys
    return
  fi
  copy_alpine_keys ''
}

copy_named_keys() {
  while read -r file; do
    [ -n "$file" ] || continue
    openssl pkey -pubin -in "$file" -noout 2>/dev/null || fail "--keyring $file: not an RSA public key"
    cp -- "$file" "$keys/${file##*/}"
  done <<END
$keyring
END
  if [ -n "$keys_dir" ]; then
    copy_keys "$keys_dir"
    have_keys || fail "--keys-dir $keys_dir: there is no key (*.rsa.pub)"
  fi
}

# copy_alpine_keys ROOT: those of an Alpine, for its own architecture and for others.
copy_alpine_keys() {
  for found in "$1/usr/share/apk/keys/$own_arch" "$1/usr/share/apk/keys/$arch" "$1/etc/apk/keys"; do
    copy_keys "$found"
  done
}

copy_keys() {
  for key in "$1"/*.rsa.pub; do
    [ ! -f "$key" ] || cp -L -- "$key" "$keys/${key##*/}"
  done
}

have_keys() {
  [ -n "$(ls "$keys")" ]
}

# --- Indexes

# Fetches and checks the index of each repository; sets `index` to a digest of them all, and makes of latest-stable the release that
# it is today: a guest does not change its release by itself. Line N of $work/repositories has its index in $work/mirror/N/ARCH.
look_at_indexes() {
  : >"$work/repositories"
  repositories=0
  look_at "$mirror/$release/main" || fail "$mirror has no Alpine $release for $arch"
  if [ "$release" = latest-stable ]; then
    name_release
    printf '%s/%s/main\n' "$mirror" "$release" >"$work/repositories"
  fi
  look_at "$mirror/$release/community" || say "$mirror has no $release/community: going on without it"
  for url in $more_repositories; do
    look_at "$url" || fail "$url is no repository of Alpine packages for $arch"
  done
  index=$(cat "$work"/mirror/*/"$arch"/APKINDEX.tar.gz | sha256sum | cut -d ' ' -f 1)
}

look_at() {
  place=$work/mirror/$((repositories + 1))/$arch
  mkdir -p "$place"
  fetch "$1/$arch/APKINDEX.tar.gz" "$place/APKINDEX.tar.gz" || return 1
  if have_keys; then check_signature "$1/$arch/APKINDEX.tar.gz" "$place/APKINDEX.tar.gz"; fi
  repositories=$((repositories + 1))
  printf '%s\n' "$1" >>"$work/repositories"
}

name_release() {
  version=$(tar -xzOf "$work/mirror/1/$arch/APKINDEX.tar.gz" APKINDEX 2>/dev/null | sed -n '/^P:alpine-base$/,/^$/s/^V:\([0-9]*\.[0-9]*\).*/\1/p')
  [ -n "$version" ] || fail "$mirror does not say which release its latest-stable is"
  release=v$version
}

# check_signature URL FILE: fails unless FILE is signed by one of our keys; $work/signed is then what the signature is about.
check_signature() {
  split_stream "$2" "$work/signature" "$work/signed" || fail "$1 is not a signed file of Alpine's"
  member=$(tar -tzf "$work/signature" 2>/dev/null | head -n 1)
  case $member in
    .SIGN.RSA.*) digest=sha1 signer=${member#.SIGN.RSA.} ;;
    .SIGN.RSA256.*) digest=sha256 signer=${member#.SIGN.RSA256.} ;;
    .SIGN.RSA512.*) digest=sha512 signer=${member#.SIGN.RSA512.} ;;
    *) fail "$1 is not signed" ;;
  esac
  case $signer in */*) fail "$1 is signed by a key of no possible name" ;; esac
  [ -f "$keys/$signer" ] || fail "$1 is signed by $signer, which is none of the keys that are trusted"
  tar -xzOf "$work/signature" "$member" >"$work/signature.rsa" 2>/dev/null || fail "$1: its signature can't be read"
  openssl dgst "-$digest" -verify "$keys/$signer" -signature "$work/signature.rsa" "$work/signed" >/dev/null 2>&1 ||
    fail "$1: its signature is not by the key $signer"
}

# split_stream FILE FIRST REST: parts the first gzip stream from what follows it. A stream can end only where the next begins, and
# cut anywhere else it is refused by gzip.
split_stream() {
  magic=$(printf '\037\213\010')
  offsets=$(LC_ALL=C grep -obUaF "$magic" "$1" | cut -d : -f 1)
  for offset in $offsets; do
    [ "$offset" -gt 0 ] || continue
    head -c "$offset" "$1" >"$2"
    if gzip -t <"$2" 2>/dev/null; then
      tail -c "+$((offset + 1))" "$1" >"$3"
      return 0
    fi
  done
  return 1
}
