# Distributions of rpm packages, installed by dnf or yum into an empty tree: which repositories, which keys, which packages, and
# the database of what is installed. Sourced after engine.sh and fetch.sh; rpm-guest.sh makes the tree a container. Every package
# is signed by a key that was checked, or nothing is installed.
#
# A distribution declares:
#   TITLE               its name for people
#   DISTRIBUTION        its name for programs
#   RELEASES            those that it builds; `release` is the one it builds when none is asked for
#   declare_release     sets for $release and $arch:
#                         repositories   the public ones, `ID URL` a line
#                         key_name       the file that its release package has in /etc/pki/rpm-gpg
#                         key_url        where that key is published, by https
#                         platform       what dnf calls it, `el9`; empty before dnf
#                         release_package  what says which distribution it is; empty when all other packages need it
#                         vaulted        yes when the addresses in its own release package are dead
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # the engine, the distribution and rpm-guest.sh share these

SHORT_OPTIONS='r:R:a:P:M:u:t:'
LONG_OPTIONS='release:,arch:,repo:,baseurl:,keyring:,key-fingerprint:,packages:,bootstrap-image:,bootstrap-server:,fqdn:,ipv4:'
# lxc-fedora and lxc-oracle have these.
LONG_OPTIONS=$LONG_OPTIONS,mask-tmp,mirror:,rsync,rpms:,url:,templatefs:,patch:
arch=
given_repositories=
keyring=
key_fingerprint=
packages=
bootstrap_image=
bootstrap_server=
fqdn=
ipv4=
platform=
release_package=
vaulted=
# What the installer keeps beneath the tree, and what goes when it is done: the packages, its log, a database that is not the guest's.
INSTALL=/var/cache/tslxc-install
# The guest's own rpm writes its database, so any dnf can install any release.
BOOTSTRAP_IMAGE=rockylinux/9

usage() {
  cat <<END
$program: $TITLE, from its repositories

  -r, --release=RELEASE    one of: $RELEASES (default: $release)
  -a, --arch=ARCH          the distribution's name of an architecture (default: the host's)
  --repo=URL[,URL…]        install from these repositories, and let the guest's own $(guest_installer) use them, instead of the public ones;
                           may be repeated (also --baseurl)
  --keyring=FILE           the keys that packages must be signed by
  --key-fingerprint=HEX    take the key that $TITLE publishes when it has this fingerprint
  --packages=A,B           install these too
  --bootstrap-image=IMAGE  a root file system with dnf or yum in it, which then installs instead of this host's: a directory, a tar
                           file, or DISTRIBUTION/RELEASE of an image server (default, when this host has neither: $BOOTSTRAP_IMAGE)
  --bootstrap-server=SERVER  the image server (default: tslxc-fetch's)
  --ipv4=ADDRESS/LENGTH[,GATEWAY]  a fixed address for eth0 (default: DHCP)
  --fqdn=NAME              the guest's name for itself (default: the container's)

END
  print_common_options
}

option() {
  case $1 in
    -r | -R | --release) release=$2 ;;
    -a | --arch) arch=$2 ;;
    --repo | --baseurl) given_repositories="$given_repositories,$2" ;;
    --keyring) keyring=$2 ;;
    --key-fingerprint) key_fingerprint=$2 ;;
    -P | --packages | --rpms) packages=$2 ;;
    --bootstrap-image) bootstrap_image=$2 ;;
    --bootstrap-server) bootstrap_server=$2 ;;
    --fqdn) fqdn=$2 ;;
    --ipv4) ipv4=$2 ;;
    -M | --mirror | -u | --url | --rsync) fail "$1: --repo=URL names a repository, a directory with repodata in it" ;;
    --mask-tmp) fail "$1: in the container, systemctl mask tmp.mount does this" ;;
    -t | --templatefs | --patch) fail "$1: the template local makes a container of a tree that is here already" ;;
  esac
}

# These become words of other programs' options and lines of their configs: nothing that could be more than a word.
check_options() {
  case $release in *[!a-z0-9-]*) fail "not a release: $release" ;; esac
  case " $RELEASES " in
    *" $release "*) ;;
    *) fail "$TITLE has no release $release; there are $RELEASES" ;;
  esac
  case $arch in *[!a-z0-9_]*) fail "not an architecture: $arch" ;; esac
  case $packages in *[!a-zA-Z0-9._+:,-]* | -*) fail "not a list of packages: $packages" ;; esac
  case $fqdn in *[!a-zA-Z0-9.-]* | -* | .*) fail "not a host name: $fqdn" ;; esac
  case $ipv4 in
    '' | *.*.*.*/[0-9]*) ;;
    *) fail "not ADDRESS/LENGTH[,GATEWAY]: $ipv4" ;;
  esac
  case $ipv4 in *[!0-9./,]*) fail "not ADDRESS/LENGTH[,GATEWAY]: $ipv4" ;; esac
  for url in $(printf '%s' "$given_repositories" | tr ' \n\t,' '??? '); do
    case $url in
      *[!a-zA-Z0-9.:/_~%+@-]*) fail "not a URL: $url" ;;
      http://?* | https://?* | file:///?*) ;;
      *) fail "not a URL of http, https or file: $url" ;;
    esac
  done
}

host_needs() {
  if [ -z "$bootstrap_image" ] && ! command -v dnf >/dev/null && ! command -v yum >/dev/null; then
    bootstrap_image=$BOOTSTRAP_IMAGE
  fi
  ! is_on_server || need_image_tools
  need_fetch
}

# Whether the image is to be had from a server: no such file, and two words that could be its name there.
is_on_server() {
  case $bootstrap_image in
    /* | ./* | ../* | -* | */*/* | *[!A-Za-z0-9._/-]*) return 1 ;;
    ?*/?*) [ ! -e "$bootstrap_image" ] ;;
    *) return 1 ;;
  esac
}

# --- What the repositories offer

resolve() {
  [ -n "$arch" ] || arch=$(uname -m)
  declare_release
  [ -z "$given_repositories" ] || name_given_repositories
  look_at_repositories
  remember distribution "$DISTRIBUTION"
  remember release "$release"
  remember arch "$arch"
  remember origin "$(printf '%s\n' "$repositories" | sed -n '1s/^[^ ]* //p')"
  remember index "$index"
}

name_given_repositories() {
  repositories=
  number=0
  for url in $(printf '%s' "$given_repositories" | tr , ' '); do
    number=$((number + 1))
    repositories="${repositories}repo$number ${url%/}/
"
  done
  # The guest's own addresses were not asked for.
  vaulted=yes
}

look_at_repositories() {
  : >"$work/indexes"
  while read -r id url; do
    [ -n "$id" ] || continue
    fetch "${url}repodata/repomd.xml" "$work/repomd.xml" ||
      fail "$url is not a repository of packages: it has no repodata/repomd.xml"
    cat "$work/repomd.xml" >>"$work/indexes"
  done <<END
$repositories
END
  index=$(sha256sum <"$work/indexes" | cut -d ' ' -f 1)
}

# in_parts FORMAT PART…: the usual layout, one repository a part; FORMAT is printf's, with the part for %s.
in_parts() {
  format=$1
  shift
  repositories=
  for part in "$@"; do
    # shellcheck disable=SC2059  # the format is the point
    repositories="$repositories$(printf '%s' "$part" | tr '[:upper:]/' '[:lower:]-') $(printf "$format" "$part")
"
  done
}

# The release's key as rpm wants it, armoured, in $work/keys.
choose_release_key() {
  host_file=
  for file in "/etc/pki/rpm-gpg/$key_name" "/usr/share/distribution-gpg-keys/$DISTRIBUTION/$key_name"; do
    [ ! -f "$file" ] || host_file=$file
  done
  choose_keyring "$TITLE $release" "$host_file" "$key_url"
  if grep -q '^-----BEGIN PGP PUBLIC KEY BLOCK-----' "$keyring"; then
    cp "$keyring" "$work/keys"
  else
    command -v gpg >/dev/null || fail "the keys in $key_source are not armoured, and there is no gpg here to do it: apt-get install gpg"
    # A home of its own: fetch.sh's may hold keys that were not chosen.
    mkdir -m 700 "$work/armour"
    gpg --homedir "$work/armour" --batch --quiet --import "$keyring" 2>/dev/null || fail "$key_source holds no keys"
    gpg --homedir "$work/armour" --batch --armor --export >"$work/keys"
  fi
}

# --- The installation

make_base() {
  refuse_without_vsyscall
  choose_release_key
  mkdir -p "$rootfs$INSTALL"
  if [ -n "$bootstrap_image" ]; then
    prepare_image
  else
    prepare_host
  fi
  install_packages
  write_database
  check_installed
  tidy
  configure
}

# The programs of CentOS 6 call into a page that kernels may lack, and die of it.
refuse_without_vsyscall() {
  [ "$release" = 6 ] || return 0
  ! uname -m | grep -q x86_64 || grep -q vsyscall /proc/self/maps ||
    fail "programs of $TITLE 6 end with a segmentation fault on this kernel; boot it with vsyscall=xonly"
}

install_packages() {
  say "Installing $TITLE $release ($arch) from $(recall origin) with $tool${bootstrap_image:+ of $bootstrap_image}"
  useful=$(useful_packages)
  # yum passes over what no repository has, dnf has to be asked first.
  # shellcheck disable=SC2086  # a list
  [ "$tool" = yum ] || useful=$(run_installer repoquery --quiet --qf '%{name}\n' $useful 2>"$work/install.log") || installer_failed
  # shellcheck disable=SC2046,SC2086  # lists
  run_installer -y install $(required_packages) $useful $(asked_packages) >"$work/install.log" 2>&1 || installer_failed
  [ -z "$bootstrap_image" ] || remove_image
}

# The host's rpm has its database elsewhere and may write one that the guest's cannot read, so it gets a place that is thrown away.
prepare_host() {
  tool=dnf
  command -v dnf >/dev/null || tool=yum
  printf '%%_dbpath %s/rpmdb\n' "$INSTALL" >"$work/.rpmmacros"
  installer_config "file://$work/keys" >"$work/installer.conf"
}

# The image's own installer runs in the image, and sees the tree at /tslxc-rootfs.
prepare_image() {
  image=$path/.bootstrap
  unpack_image
  tool=dnf
  [ -x "$image/usr/bin/dnf" ] || tool=yum
  [ -x "$image/usr/bin/$tool" ] || fail "$bootstrap_image has neither dnf nor yum"
  mkdir -p "$image/tslxc-rootfs" "$image/tslxc" "$image/proc"
  printf '%%_dbpath %s/rpmdb\n' "$INSTALL" >"$image/tslxc/.rpmmacros"
  cp "$work/keys" "$image/tslxc/keys"
  installer_config file:///tslxc/keys >"$image/tslxc/installer.conf"
  rm -f "$image/etc/resolv.conf"
  cat /etc/resolv.conf >"$image/etc/resolv.conf" 2>/dev/null || true
  mount --bind "$rootfs" "$image/tslxc-rootfs"
  mount -t proc proc "$image/proc"
}

unpack_image() {
  mkdir "$image"
  if [ -d "$bootstrap_image" ]; then
    cp -a --reflink=auto "$bootstrap_image/." "$image/"
  elif [ -f "$bootstrap_image" ]; then
    tar -C "$image" --numeric-owner --exclude='./dev/*' -xpf "$bootstrap_image" || fail "can't unpack $bootstrap_image"
  elif is_on_server; then
    say "Getting the image $bootstrap_image, to install with its dnf or yum"
    tslxc=$(find_tslxc)
    fetch_image --dist="${bootstrap_image%%/*}" --release="${bootstrap_image#*/}" --into="$image" --facts="$work/image" \
      ${bootstrap_server:+--server="$bootstrap_server"}
  else
    fail "--bootstrap-image $bootstrap_image: there is no such file or directory"
  fi
}

remove_image() {
  umount "$image/proc" "$image/tslxc-rootfs"
  rm -rf --one-file-system "$image"
}

# run_installer ARGS: dnf or yum, of the host or of the image, over the tree.
run_installer() {
  if [ -n "$bootstrap_image" ]; then
    with_devices "$image" with_devices "$rootfs" chroot "$image" env HOME=/tslxc "$tool" -c /tslxc/installer.conf \
      --installroot=/tslxc-rootfs --releasever="${release%%-*}" "$@"
  else
    with_devices "$rootfs" env HOME="$work" "$tool" -c "$work/installer.conf" --installroot="$rootfs" \
      --releasever="${release%%-*}" "$@"
  fi
}

# with_devices TREE PROGRAM ARGS: runs a program while TREE has the devices that packages' scripts write to and read from.
with_devices() {
  tree=$1
  shift
  mkdir -p "$tree/dev"
  mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
  for node in null zero full random urandom; do
    : >"$tree/dev/$node"
    mount --bind "/dev/$node" "$tree/dev/$node"
  done
  set -- "$tree" "$@"
  result=0
  (shift; "$@") || result=$?
  umount -R "$1/dev"
  return "$result"
}

# installer_config KEYS: the whole config of dnf or yum, so that nothing of the host's own is read; the two know most of each
# other's words.
installer_config() {
  cat <<END
[main]
reposdir=$work/none
plugins=0
gpgcheck=1
keepcache=1
cachedir=$INSTALL/cache
logdir=$INSTALL
logfile=$INSTALL/yum.log
install_weak_deps=0
retries=3
timeout=60
${platform:+module_platform_id=platform:$platform}
END
  print_repositories "$1"
}

# print_repositories KEYS: a section of dnf's or yum's config for each.
print_repositories() {
  while read -r id url; do
    [ -n "$id" ] || continue
    cat <<END

[$id]
name=$TITLE $release - $id
baseurl=$url
gpgcheck=1
gpgkey=$1
enabled=1
END
  done <<END
$repositories
END
}

# Its own cause, in one line.
installer_failed() {
  if grep -Eq 'keys listed for|Public key for|not signed|GPG key retrieval|GPG check FAILED' "$work/install.log"; then
    package=$(sed -n 's/^Public key for \([^ ]*\) is not installed.*/\1/p; s/^Package \([^ ]*\) is not signed.*/\1/p' "$work/install.log" | head -n 1)
    fail "${package:-a package} from $(recall origin) is not signed by a key in $key_source"
  fi
  cause=$(sed -n 's/^Error: *//p; s/^ *- *\(nothing provides\)/\1/p; s/^No match for argument: /it has no package /p' "$work/install.log" |
    grep -v '^$' | head -n 1)
  [ -n "$cause" ] || cause=$(grep -v '^ *$' "$work/install.log" | tail -n 1)
  fail "$tool can't install $TITLE $release from $(recall origin): $cause"
}

# --- The database of what is installed

# The guest's own rpm writes it, where and how it wants it: CentOS 6 to 8 read no sqlite, newer ones moved to /usr/lib/sysimage. It
# takes the headers of the packages that the host's installer has checked, installed and kept; files and scripts are done. That is
# a second's work, where running the guest's own yum again is a second installation.
write_database() {
  mkdir -p "$rootfs$INSTALL/all"
  find "$rootfs$INSTALL" -name '*.rpm' -exec mv -t "$rootfs$INSTALL/all" {} +
  guest_keys=/etc/pki/rpm-gpg/RPM-GPG-KEY-tslxc-$DISTRIBUTION
  write_file "$guest_keys" 644 <"$work/keys"
  database=$(in_guest rpm --eval '%{_dbpath}') || fail "the rpm of $TITLE $release does not run here"
  mkdir -p "$rootfs$database"
  # In memory first: rpm waits for the disk thousands of times.
  mount -t tmpfs tmpfs "$rootfs$database"
  in_guest sh -c "rpm --initdb && rpm --import $guest_keys && cd $INSTALL/all &&
    exec rpm -i --justdb --nodeps --noscripts --notriggers --ignorearch *.rpm" ||
    fail "the rpm of $TITLE $release can't write its database"
  cp -a "$rootfs$database" "$rootfs$INSTALL/written"
  umount "$rootfs$database"
  cp -a "$rootfs$INSTALL/written/." "$rootfs$database/"
}

# What was asked for, and is there; what would have been good to have is missed aloud.
check_installed() {
  for package in $(required_packages) $(asked_packages); do
    in_guest rpm -q --quiet --whatprovides "$package" || fail "$(recall origin) has no $package for $TITLE $release"
  done
  absent=
  for package in $(useful_packages); do
    in_guest rpm -q --quiet "$package" || absent="$absent $package"
  done
  [ -z "$absent" ] || say "$(recall origin) has no$absent: going on without"
}

asked_packages() {
  printf '%s' "$packages" | tr , ' '
}

guest_installer() {
  case $release in
    6 | 7) echo yum ;;
    *) echo dnf ;;
  esac
}

required_packages() {
  case $release in
    6 | 7) echo yum initscripts openssh-server chkconfig ;;
    *) echo dnf systemd NetworkManager openssh-server glibc-minimal-langpack ;;
  esac
  echo "$release_package"
}

useful_packages() {
  case $release in
    6 | 7) echo passwd rsyslog vim-minimal openssh-clients dhclient rootfiles policycoreutils cronie ;;
    *) echo openssh-clients iproute iputils hostname procps-ng vim-minimal less rootfiles cronie ;;
  esac
}
