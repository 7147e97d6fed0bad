# An apk that was checked before it runs, and what it installs. Sourced by tslxc-alpine, after alpine-archive.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # release, mirror and others belong to the template

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

# --- Installing

# apk_add PACKAGES: into the rootfs. Files come by this host's own way to get them, with its certificates, proxy and patience, from
# the indexes that were looked at; apk finds them on disk, and checks them all the same.
apk_add() {
  mkdir -p "$rootfs/etc/apk"
  at=0
  while read -r _; do
    at=$((at + 1))
    echo "$work/mirror/$at"
  done <"$work/repositories" >"$work/local"
  run_apk add || fail "apk can't begin a system: $(apk_cause)"
  run_apk --simulate add "$@" || fail "apk can't install $*: $(apk_cause)"
  sed -n 's/^( *[0-9]*\/[0-9]*) Installing \([^ ]*\) (\([^ )]*\)).*/\1-\2/p' "$work/apk.log" >"$work/wanted"
  fetch_packages
  run_apk add "$@" || fail "apk can't install $*: $(apk_cause)"
}

fetch_packages() {
  list_packages
  total=$(wc -l <"$work/wanted")
  count=0
  while read -r file; do
    at=$(awk -v file="$file" '$2 == file { print $1; exit }' "$work/packages")
    url=$(sed -n "${at}p" "$work/repositories")/$arch/$file.apk
    progress "$count" "$total" packages "Downloading $file"
    fetch "$url" "$work/mirror/$at/$arch/$file.apk" || fail "there is no $url, which the index names"
    count=$((count + 1))
  done <"$work/wanted"
}

# What each index has, one `LINE-OF-REPOSITORIES NAME-VERSION` a line.
list_packages() {
  for place in "$work"/mirror/*/"$arch"/APKINDEX.tar.gz; do
    number=${place#"$work/mirror/"}
    tar -xzOf "$place" APKINDEX 2>/dev/null |
      awk -v number="${number%%/*}" '/^P:/ { name = substr($0, 3) } /^V:/ { version = substr($0, 3) }
        /^$/ && name != "" { print number, name "-" version; name = "" } END { if (name != "") print number, name "-" version }'
  done >"$work/packages"
}

# Its lines are `(3/20) Installing musl (1.2.2-r1)`.
run_apk() {
  : >"$work/apk.log"
  {
    status=0
    # shellcheck disable=SC2086  # words: a loader, its options, and apk
    $apk --root "$rootfs" --arch "$arch" --initdb --no-cache --no-progress --keys-dir "$keys" \
      --repositories-file "$work/local" "$@" 2>&1 || status=$?
    echo "$status" >"$work/apk.status"
  } | while IFS= read -r line; do
    printf '%s\n' "$line" >>"$work/apk.log"
    case $1,$line in
      add,'('*[0-9]/[0-9]*') '*)
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
