# Where Alpine comes from, whether it is what it says, and an apk to install it with. Sourced by tslxc-alpine.
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

# Fetches and checks the index of each repository; sets `index` to a digest of them all, writes $work/repositories, and makes of
# latest-stable the release that it is today: a guest does not change its release by itself.
look_at_indexes() {
  look_at "$mirror/$release/main" main || fail "$mirror has no Alpine $release for $arch"
  [ "$release" != latest-stable ] || name_release
  printf '%s/%s/main\n' "$mirror" "$release" >"$work/repositories"
  if look_at "$mirror/$release/community" community; then
    printf '%s/%s/community\n' "$mirror" "$release" >>"$work/repositories"
  else
    say "$mirror has no $release/community: going on without it"
  fi
  for url in $more_repositories; do
    look_at "$url" more || fail "$url is no repository of Alpine packages for $arch"
    printf '%s\n' "$url" >>"$work/repositories"
  done
  index=$(sha256sum <"$work/indexes" | cut -d ' ' -f 1)
}

look_at() {
  fetch "$1/$arch/APKINDEX.tar.gz" "$work/$2.tar.gz" || return 1
  if have_keys; then check_signature "$1/$arch/APKINDEX.tar.gz" "$work/$2.tar.gz"; fi
  cat "$work/$2.tar.gz" >>"$work/indexes"
}

name_release() {
  version=$(tar -xzOf "$work/main.tar.gz" APKINDEX 2>/dev/null | sed -n '/^P:alpine-base$/,/^$/s/^V:\([0-9]*\.[0-9]*\).*/\1/p')
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

# --- apk

# Sets `apk` to what runs it, a line of words: the host's, or one from the minirootfs, or one from the mirror's packages.
get_apk() {
  if [ -n "$minirootfs" ]; then
    use_minirootfs
  elif command -v apk >/dev/null && have_keys; then
    apk=apk
  elif have_keys; then
    use_packages
  else
    use_minirootfs
  fi
}

# apk for this host, from packages of the release: what runs here as root is checked first, down to its last byte.
use_packages() {
  repository=$mirror/$release/main/$own_arch
  fetch "$repository/APKINDEX.tar.gz" "$work/tools.tar.gz" || fail "$mirror has no Alpine $release for $own_arch, which apk is needed for"
  check_signature "$repository/APKINDEX.tar.gz" "$work/tools.tar.gz"
  tar -xzOf "$work/signed" APKINDEX >"$work/tools.index" 2>/dev/null || fail "$repository/APKINDEX.tar.gz holds no index"
  mkdir "$work/tools"
  if grep -qx P:apk-tools-static "$work/tools.index"; then
    wanted='apk-tools-static'
  else
    wanted=$(with_dependencies apk-tools <"$work/tools.index")
  fi
  [ -n "$wanted" ] || fail "$repository has neither apk-tools-static nor apk-tools"
  for package in $wanted; do
    unpack_package "$package"
  done
  use_tree "$work/tools"
}

# with_dependencies PACKAGE: its name and those of all it needs, from the index on stdin.
with_dependencies() {
  awk -v first="$1" '
    function bare(word) { sub(/[<>=~].*/, "", word); return word }
    /^P:/ { name = substr($0, 3); provider[name] = name }
    /^D:/ { needs[name] = substr($0, 3) }
    /^p:/ { count = split(substr($0, 3), words, " "); for (i = 1; i <= count; i++) provider[bare(words[i])] = name }
    END {
      if (!(first in provider)) exit
      queue[1] = first; seen[first] = last = 1
      for (at = 1; at <= last; at++) {
        print queue[at]
        count = split(needs[queue[at]], words, " ")
        for (i = 1; i <= count; i++) {
          who = provider[bare(words[i])]
          if (who != "" && !(who in seen)) { seen[who] = 1; queue[++last] = who }
        }
      }
    }'
}

unpack_package() {
  version=$(index_field "$1" V)
  url=$repository/$1-$version.apk
  fetch "$url" "$work/package" || fail "$url, which the index names, is not there"
  split_stream "$work/package" "$work/first" "$work/rest" || fail "$url is not a package"
  split_stream "$work/rest" "$work/control" "$work/files" || fail "$url is not a package"
  wanted_digest=$(index_field "$1" C)
  [ "Q1$(openssl dgst -sha1 -binary "$work/control" | openssl base64)" = "$wanted_digest" ] ||
    fail "$url is not what the signed index says: its checksum is another"
  wanted_digest=$(tar -xzOf "$work/control" .PKGINFO 2>/dev/null | sed -n 's/^datahash = //p')
  [ "$(sha256sum <"$work/files" | cut -d ' ' -f 1)" = "$wanted_digest" ] ||
    fail "$url is not what the signed index says: the checksum of its files is another"
  # Without its remarks on headers that only apk knows.
  tar -xzf "$work/files" -C "$work/tools" 2>"$work/tar.log" || fail "can't unpack $url: $(tail -n 1 "$work/tar.log")"
}

# index_field PACKAGE LETTER
index_field() {
  awk -v name="$1" -v letter="$2" 'BEGIN { RS = ""; FS = "\n" }
    { found = value = ""
      for (i = 1; i <= NF; i++) {
        if ($i == "P:" name) found = 1
        if (index($i, letter ":") == 1) value = substr($i, 3)
      }
      if (found) { print value; exit } }' "$work/tools.index"
}

# use_tree DIR: the apk in DIR, by the C library beside it when it is not static.
use_tree() {
  program_file=$(find "$1" -type f -name apk.static | head -n 1)
  if [ -n "$program_file" ]; then
    apk=$program_file
    return
  fi
  for program_file in "$1/sbin/apk" "$1/usr/bin/apk" "$1/usr/sbin/apk"; do
    [ ! -f "$program_file" ] || break
  done
  for loader in "$1"/lib/ld-musl-*.so.1; do
    { [ -f "$program_file" ] && [ -f "$loader" ]; } || fail "there is no apk in what was to bring one"
  done
  apk="$loader --library-path $1/lib:$1/usr/lib $program_file"
}

# apk and, where there are none yet, keys from Alpine's smallest image.
use_minirootfs() {
  find_minirootfs
  mkdir "$work/minirootfs"
  tar -xzf "$work/minirootfs.tar.gz" -C "$work/minirootfs" || fail "$minirootfs is not a minirootfs"
  if ! have_keys; then
    copy_alpine_keys "$work/minirootfs"
    have_keys || fail "$minirootfs has no keys of Alpine's"
  fi
  use_tree "$work/minirootfs"
}

# Puts it at $work/minirootfs.tar.gz. A file is trusted as a key file is: the user gave it. What comes from a server is not.
find_minirootfs() {
  case $minirootfs in
    http://* | https://*)
      fetch_safely "$minirootfs" "$work/minirootfs.tar.gz" || fail "there is no $minirootfs"
      trust_download Alpine "$minirootfs" "$work/minirootfs.tar.gz" --minirootfs-sha256 "$minirootfs_sha256"
      ;;
    ?*)
      [ -f "$minirootfs" ] || fail "--minirootfs $minirootfs: there is no such file"
      cp -- "$minirootfs" "$work/minirootfs.tar.gz"
      [ -z "$minirootfs_sha256" ] ||
        trust_download Alpine "$minirootfs" "$work/minirootfs.tar.gz" --minirootfs-sha256 "$minirootfs_sha256"
      ;;
    *) find_released_minirootfs ;;
  esac
}

# latest-releases.yaml is a list of what was released; keys of an item are indented by two.
find_released_minirootfs() {
  releases=$mirror/$release/releases/$own_arch
  fetch_safely "$releases/latest-releases.yaml" "$work/releases.yaml" ||
    fail "nothing on this host vouches for the keys of Alpine, and there is no $releases/latest-releases.yaml: give --keyring FILE or --minirootfs FILE"
  item=$(awk '/^-/ { if (ours) exit; item = "" } { item = item $0 "\n" }
    /^ +flavor: *"?alpine-minirootfs"? *$/ { ours = 1 } END { if (ours) printf "%s", item }' "$work/releases.yaml")
  file=$(yaml_value file)
  promised=$(yaml_value sha256)
  case $file in '' | */*) fail "$releases/latest-releases.yaml names no minirootfs" ;; esac
  [ -n "$promised" ] || fail "$releases/latest-releases.yaml gives no sha256 of $file"
  minirootfs=$releases/$file
  fetch_safely "$minirootfs" "$work/minirootfs.tar.gz" || fail "there is no $minirootfs, which latest-releases.yaml names"
  keeps_promise "$minirootfs" "$work/minirootfs.tar.gz" "$promised" latest-releases.yaml
  trust_download Alpine "$minirootfs" "$work/minirootfs.tar.gz" --minirootfs-sha256 "$minirootfs_sha256"
}

yaml_value() {
  printf '%s' "$item" | sed -n "s/^[- ]*$1: *[\"']\{0,1\}\([^\"' ]*\)[\"']\{0,1\} *\$/\1/p" | head -n 1
}

# apk_add PACKAGES: into the rootfs; again when a server hiccups, for apk goes on where it was.
apk_add() {
  # The certificates of this host, which another libc's OpenSSL looks for elsewhere.
  for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem; do
    [ ! -f "$bundle" ] || break
  done
  [ -n "${SSL_CERT_FILE:-}" ] || [ ! -f "$bundle" ] || export SSL_CERT_FILE="$bundle"
  mkdir -p "$rootfs/etc/apk"
  for pause in 1 3 0; do
    ! run_apk add "$@" || return 0
    grep -Eqi 'temporary error|DNS|network|timed out|timeout|connection|I/O error' "$work/apk.log" || break
    [ "$pause" = 0 ] || sleep "$pause"
  done
  fail "apk can't install $*: $(apk_cause)"
}

# Its lines are `(3/20) Installing musl (1.2.2-r1)`.
run_apk() {
  : >"$work/apk.log"
  {
    status=0
    # shellcheck disable=SC2086  # words: a loader, its options, and apk
    $apk --root "$rootfs" --arch "$arch" --initdb --no-cache --no-progress --keys-dir "$keys" \
      --repositories-file "$work/repositories" "$@" 2>&1 || status=$?
    echo "$status" >"$work/apk.status"
  } | while IFS= read -r line; do
    printf '%s\n' "$line" >>"$work/apk.log"
    case $line in
      '('[0-9]*/[0-9]*') '*)
        counted=${line%%)*}
        counted=${counted#(}
        progress "${counted%/*}" "${counted#*/}" packages "${line#*) }"
        ;;
    esac
  done
  read -r status <"$work/apk.status"
  return "$status"
}

apk_cause() {
  cause=$(grep -E '^(ERROR|WARNING):|no such package|required by' "$work/apk.log" | head -n 3 | paste -s -d ' ' -)
  printf '%s' "${cause:-$(tail -n 1 "$work/apk.log")}"
}
