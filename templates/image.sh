# What templates for ready-made images share: the image is a stranger's. It is unpacked by tslxc-fetch, which refuses what leads out
# of the tree and takes a closed list of keys from its config; none of its programs is run here, and no link in it is followed.
# Sourced after engine.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # work, base and rootfs belong to the engine
# shellcheck source=templates/systemd-219.sh
. "$templates/systemd-219.sh"

# need_image_tools: for host_needs.
need_image_tools() {
  need tar tar
  need xz xz-utils dnf:xz zypper:xz pacman:xz apk:xz
  need setpriv util-linux apk:setpriv
  tslxc=$(find_tslxc)
  [ -n "$tslxc" ] || need tslxc tslxc
}

# The tslxc that this template belongs to, or the one that runs it.
find_tslxc() {
  for candidate in "${TSLXC_PROGRAM:-}" "$templates/../dist/bin/tslxc"; do
    [ ! -x "$candidate" ] || { printf '%s' "$candidate"; return; }
  done
  command -v tslxc || true
}

# fetch_image OPTIONS: `tslxc-fetch`.
fetch_image() {
  fetch_with fetch "$@"
}

# fetch_with VERB OPTIONS: a verb of tslxc, whose failure is the template's: its cause and its hint in one line.
fetch_with() {
  verb=tslxc-$1
  if "$tslxc" "$@" 2>"$work/fetch.log"; then
    sed "s/^$verb: //" "$work/fetch.log" >&2
    return 0
  fi
  cause=$(grep "^$verb: " "$work/fetch.log" | tail -n 1)
  hint=$(sed -n 's/^  hint: //p' "$work/fetch.log" | tail -n 1)
  cause=${cause#"$verb: "}
  fail "${cause:-$(tail -n 1 "$work/fetch.log")}${hint:+; $hint}"
}

# keep_words FILE: what the image says of itself, for the next phase. What it asks for in vain is told once.
keep_words() {
  while IFS= read -r fact; do
    case $fact in
      'left '*) say "The image's config has ${fact#left }, which is not taken from an image" ;;
      'include '* | 'config '* | 'message '*) printf '%s\n' "$fact" >>"$work/facts" ;;
    esac
  done <"$1"
}

# --- The base: nothing of one container, nothing of whoever built the image

clear_identity() {
  if is_file /etc/machine-id; then
    : >"$rootfs/etc/machine-id"
  fi
  remove_file /var/lib/dbus/machine-id
  if is_directory /etc/ssh; then
    rm -f -- "$rootfs"/etc/ssh/ssh_host_*
  fi
  remove_file /root/.ssh/authorized_keys
}

# is_directory PATH, is_file PATH: beneath the rootfs, and no link on the way.
is_directory() {
  walked=$rootfs
  rest=${1#/}
  while [ -n "$rest" ]; do
    walked=$walked/${rest%%/*}
    { [ -d "$walked" ] && [ ! -L "$walked" ]; } || return 1
    case $rest in */*) rest=${rest#*/} ;; *) rest='' ;; esac
  done
}

is_file() {
  is_directory "${1%/*}" && [ -f "$rootfs$1" ] && [ ! -L "$rootfs$1" ]
}

remove_file() {
  ! is_file "$1" || rm -f -- "$rootfs$1"
}

# --- One container's own

personalize_image() {
  write_identity
  if [ -e "$rootfs/etc/machine-id" ] || is_directory /etc/systemd; then
    write_machine_id
  fi
  configure_network
  give_access
}

# eth0 by DHCP, where the image follows the convention of its kind and has nothing on eth0 yet.
configure_network() {
  if is_directory /etc/network; then
    ! mentions_eth0 /etc/network/interfaces || return 0
    write_text /etc/network/interfaces 644 'auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp'
  elif is_directory /etc/sysconfig/network-scripts; then
    [ ! -e "$rootfs/etc/sysconfig/network-scripts/ifcfg-eth0" ] || return 0
    [ -e "$rootfs/etc/sysconfig/network" ] || write_text /etc/sysconfig/network 644 NETWORKING=yes
    write_text /etc/sysconfig/network-scripts/ifcfg-eth0 644 'DEVICE=eth0
TYPE=Ethernet
ONBOOT=yes
BOOTPROTO=dhcp'
  elif is_file /lib/systemd/systemd-networkd || is_file /usr/lib/systemd/systemd-networkd; then
    configure_networkd
  fi
}

# Not where something else than networkd looks after the network, nor where networkd is told already.
configure_networkd() {
  for other in etc/NetworkManager etc/netplan etc/netctl; do
    [ ! -d "$rootfs/$other" ] || return 0
  done
  for file in "$rootfs"/etc/systemd/network/*.network; do
    [ ! -e "$file" ] || return 0
  done
  write_text /etc/systemd/network/eth0.network 644 '[Match]
Name=eth0

[Network]
DHCP=yes'
  wants=/etc/systemd/system/multi-user.target.wants
  safe_directory "$wants"
  mkdir -p "$rootfs$wants"
  link_file /lib/systemd/system/systemd-networkd.service "$wants/systemd-networkd.service"
}

mentions_eth0() {
  is_file "$1" || return 1
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in *eth0*) return 0 ;; esac
  done <"$rootfs$1"
  return 1
}

# write_image_config: the image's own lines, which tslxc-fetch let pass, and the shared config of its distribution. Where we have
# none of that name, image.conf.
write_image_config() {
  shared=image
  for word in "$(recall distribution)" "$(recall include)"; do
    case $word in rockylinux) word=rocky ;; esac
    case $word in '' | *[!a-z0-9-]* | common | userns | nesting | default) continue ;; esac
    [ ! -f "$etc/$word.conf" ] || shared=$word
  done
  words_of config | config_lines
  suit_el7
  include_config "$shared"
}

# CentOS 7 and its sisters have a unit that keeps the kernel's log, and a systemd that tries what the kernel refuses.
suit_el7() {
  if is_file /usr/lib/systemd/rhel-dmesg; then
    seccomp_profile=el7
    spare_hugepages
  fi
}

# words_of KEY: every line that the image said with this key.
words_of() {
  facts=$work/facts
  [ -z "$base" ] || facts=$base/facts
  while IFS= read -r fact; do
    case $fact in "$1 "*) printf '%s\n' "${fact#* }" ;; esac
  done <"$facts"
}
