# Where openSUSE comes from, whether it is what it says, and how the host's zypper and rpm install it. Sourced by tslxc-opensuse.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # release, mirror and others belong to the template and the engine

# Keys of openSUSE where hosts have them: openSUSE itself, Fedora's distribution-gpg-keys.
HOST_KEYS='/usr/lib/rpm/gnupg/keys/gpg-pubkey-*.asc /usr/share/distribution-gpg-keys/opensuse/RPM-GPG-KEY-*'

ring_gpg() {
  gpg --homedir "$work/gpg" --batch --quiet --no-permission-warning --yes "$@" 2>>"$work/gpg.log"
}

# Sets `repos` to lines of NAME URL, each with an index that a key of the keyring signed; their indexes go to $work/indexes.
find_repos() {
  : >"$work/indexes"
  repos=''
  if [ -n "$own_repos" ]; then
    count=0
    for url in $own_repos; do
      count=$((count + 1))
      add_repo "repo$count" "${url%/}" || fail "there is no $url/repodata/repomd.xml"
    done
    return 0
  fi
  case $release,$arch in
    tumbleweed,x86_64) main=$mirror/tumbleweed/repo/oss ;;
    tumbleweed,*) main=$mirror/ports/$arch/tumbleweed/repo/oss ;;
    15.*) main=$mirror/distribution/leap/$release/repo/oss ;;
    *) main=$mirror/distribution/leap/$release/repo/oss/$arch ;;
  esac
  add_repo oss "$main" || fail "$mirror has no openSUSE $release for $arch: there is no $main/repodata/repomd.xml"
  case $release in
    15.*)
      for part in oss sle backports; do
        url=$mirror/update/leap/$release/$part
        add_repo "update-$part" "$url" || say "There is no $url: going on without it"
      done
      ;;
  esac
}

# add_repo NAME URL: 1 when there is none.
add_repo() {
  fetch "$2/repodata/repomd.xml" "$work/repomd" || return 1
  fetch "$2/repodata/repomd.xml.asc" "$work/repomd.asc" || fail "$2/repodata/repomd.xml is not signed"
  [ -d "$work/gpg" ] || read_keys "$2/repodata/repomd.xml.key"
  ring_gpg --verify "$work/repomd.asc" "$work/repomd" ||
    fail "$2/repodata/repomd.xml: its signature is not by a key in $keyring"
  cat "$work/repomd" >>"$work/indexes"
  repos="$repos$1 $2
"
}

# read_keys URL: the keys that --keyring names, or the host's, or that at the URL.
read_keys() {
  host_ring=''
  for file in $HOST_KEYS; do
    [ -f "$file" ] || continue
    host_ring=$work/host-keys
    cat "$file" >>"$host_ring"
  done
  choose_keyring openSUSE "$host_ring" "$1"
  mkdir -m 700 "$work/gpg"
  ring_gpg --import "$keyring" || true
  [ -n "$(key_fingerprints)" ] || fail "$keyring holds no key"
}

key_fingerprints() {
  ring_gpg --list-keys --with-colons | sed -n '/^pub:/,/^fpr:/s/^fpr:::::::::\([0-9A-F]*\):$/\1/p'
}

# The repositories of the guest, which zypper installs from with --root.
write_repos() {
  printf '%s' "$repos" | while read -r repo url; do
    write_file "/etc/zypp/repos.d/$repo.repo" 644 <<END
[$repo]
name=openSUSE $release $repo
enabled=1
autorefresh=1
baseurl=$url
type=rpm-md
gpgcheck=1
repo_gpgcheck=1
END
  done
}

# host_rpm PROGRAM ARGS: rpm, or what is built on it, with the database where openSUSE has it, whatever the host's rpm is set to.
host_rpm() {
  mkdir -p "$work/home"
  printf '%%_dbpath %s\n' /usr/lib/sysimage/rpm >"$work/home/.rpmmacros"
  env HOME="$work/home" "$@"
}

# What is in the guest's rpm database is trusted, by zypper now and by the guest later.
import_keys() {
  host_rpm rpm --root "$rootfs" --initdb
  for key in $(key_fingerprints); do
    ring_gpg --armor --export "$key" >"$work/key.asc"
    host_rpm rpm --root "$rootfs" --import "$work/key.asc" || fail "rpm does not take the key $key"
  done
}

# run_zypper ARGS: zypper on the rootfs. Its progress is shown; of its complaints one line, when it fails.
run_zypper() {
  set -- zypper --root "$rootfs" --non-interactive "$@"
  {
    failed=0
    with_guest_mounts host_rpm "$@" 2>"$work/zypper.log" || failed=$?
    echo "$failed" >"$work/zypper.status"
  } | tee "$work/zypper.out"
  read -r failed <"$work/zypper.status"
  case $failed in
    # 107: installed, but a script of a package was not content.
    0 | 107) ;;
    *) fail "can't install from ${own_repos:-$mirror}: $(zypper_cause)" ;;
  esac
}

# A solver's problem is on stdout, the rest on stderr with details in brackets.
zypper_cause() {
  {
    sed -n 's/^Problem: \([0-9]*: \)\{0,1\}//p' "$work/zypper.out"
    sed 's/ seems to be corrupted during transfer\..*/ is not what the signed index says/' "$work/zypper.log" | grep .
    tail -n 1 "$work/zypper.out"
  } | head -n 1
}

# The guest's rpm may keep its database in another form than the host's (ndb, sqlite): its own rpm takes it over.
give_rpm_database() {
  host_rpm rpm --root "$rootfs" -qa | sort >"$work/installed"
  in_guest rpm -qa 2>/dev/null | sort | cmp -s - "$work/installed" && return 0
  host_rpm rpmdb --root "$rootfs" --exportdb >"$work/headers" || fail "the host's rpm can't export its database"
  rm -rf "$rootfs/usr/lib/sysimage/rpm"
  mkdir -p "$rootfs/usr/lib/sysimage/rpm"
  in_guest rpmdb --importdb <"$work/headers" || fail "rpm of the new openSUSE can't read what the host's rpm installed"
  in_guest rpm -qa | sort | cmp -s - "$work/installed" || fail "rpm of the new openSUSE does not see what is installed"
}
