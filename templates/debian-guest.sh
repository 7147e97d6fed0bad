# What makes an installed tree of Debian's kind a container one can live in: init, network, ssh; and nothing of this host or of
# one container in it. Sourced after debian-archive.sh.
# shellcheck shell=sh
# shellcheck disable=SC2016,SC2154  # programs for the guest; set by debian-archive.sh

# What a minimal tree lacks, beside what --packages names.
wanted_packages() {
  printf '%s' iproute2,iputils-ping,netbase,procps,ca-certificates,less
  case $init in
    systemd)
      printf '%s' ,systemd-sysv,libpam-systemd,dbus,udev
      # Before, systemd itself had it.
      case $release in
        buster | bullseye | bionic | focal | jammy) ;;
        *) printf '%s' ,systemd-resolved ;;
      esac
      ;;
    *)
      printf '%s' ,sysvinit-core,initscripts,ifupdown
      if [ "$init" = openrc ]; then printf '%s' ,openrc; else printf '%s' ,sysv-rc; fi
      case $release in
        bullseye | bookworm | chimaera | daedalus) printf '%s' ,isc-dhcp-client ;;
        *) printf '%s' ,dhcpcd-base ;;
      esac
      ;;
  esac
  [ -z "$packages" ] || printf ',%s' "$packages"
}

make_guest() {
  write_sources "$(guest_keys)" | write_file /etc/apt/sources.list 644
  remove_traces
  write_file /etc/fstab 644 </dev/null
  echo LANG=C.UTF-8 | write_file /etc/locale.conf 644
  link_file ../locale.conf /etc/default/locale
  sed -i 's/^root:[^:]*:/root:*:/' "$rootfs/etc/shadow"
  case $init in
    systemd) configure_systemd ;;
    *) configure_sysvinit ;;
  esac
  [ ! -e "$rootfs/usr/sbin/sshd" ] || make_ssh_keys_at_boot
}

# The installers leave device nodes, names of this host, and secrets that must be each container's own.
remove_traces() {
  find "$rootfs/dev" -xdev -mindepth 1 -delete
  write_file /etc/machine-id 444 </dev/null
  rm -f "$rootfs/var/lib/dbus/machine-id" "$rootfs/etc/hostname" "$rootfs/etc/hosts" "$rootfs/etc/resolv.conf" \
    "$rootfs"/etc/ssh/ssh_host_* "$rootfs/var/lib/systemd/random-seed" "$rootfs/var/lib/systemd/credential.secret" \
    "$rootfs/var/lib/urandom/random-seed" "$rootfs"/var/lib/dhcp/*.leases "$rootfs/var/log/bootstrap.log"
}

configure_systemd() {
  # netplan, where it was installed, makes the same of its own file.
  if [ -x "$rootfs/usr/sbin/netplan" ]; then
    write_netplan
  else
    write_networkd
  fi
  in_guest systemctl --quiet enable systemd-networkd.service systemd-resolved.service
  link_file ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
}

write_networkd() {
  write_file /etc/systemd/network/eth0.network 644 <<'END'
[Match]
Name=eth0

[Network]
DHCP=yes

[DHCPv4]
# The address stays with the interface, also when /etc/machine-id is made anew.
ClientIdentifier=mac
UseDomains=yes
END
}

write_netplan() {
  write_file /etc/netplan/10-eth0.yaml 600 <<'END'
network:
  version: 2
  renderer: networkd
  ethernets:
    eth0:
      dhcp4: true
      dhcp6: true
      # The address stays with the interface, also when /etc/machine-id is made anew.
      dhcp-identifier: mac
END
}

# sysvinit is init of both; OpenRC takes the place of its rc scripts.
configure_sysvinit() {
  write_file /etc/inittab 644 <<'END'
# A container's: its terminals are those that its host gave it, and its host's SIGPWR is a halt, not a failing supply.
id:2:initdefault:
si::sysinit:/etc/init.d/rcS
l0:0:wait:/etc/init.d/rc 0
l1:1:wait:/etc/init.d/rc 1
l2:2:wait:/etc/init.d/rc 2
l3:3:wait:/etc/init.d/rc 3
l4:4:wait:/etc/init.d/rc 4
l5:5:wait:/etc/init.d/rc 5
l6:6:wait:/etc/init.d/rc 6
pf::powerfail:/sbin/init 0
ca::ctrlaltdel:/sbin/init 6
co:2345:respawn:/sbin/getty --noclear --keep-baud console 115200,38400,9600 vt100
t1:2345:respawn:/sbin/getty 38400 tty1
t2:2345:respawn:/sbin/getty 38400 tty2
t3:2345:respawn:/sbin/getty 38400 tty3
t4:2345:respawn:/sbin/getty 38400 tty4
END
  write_file /etc/network/interfaces 644 <<'END'
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp
END
  # What is the kernel's is the host's.
  for script in hwclock.sh checkroot.sh checkroot-bootclean.sh checkfs.sh mountall.sh udev eudev kmod mountnfs.sh; do
    [ ! -e "$rootfs/etc/init.d/$script" ] || in_guest update-rc.d "$script" disable >/dev/null 2>&1 || true
  done
}

# RSA takes half a second of a create, so the guest's first boot makes it; its ed25519 key is there by then. No key is in the
# tree that containers share.
make_ssh_keys_at_boot() {
  make_key='[ -s /etc/ssh/ssh_host_rsa_key ] || ssh-keygen -q -t rsa -b 3072 -N "" -C "root@$(hostname)" -f /etc/ssh/ssh_host_rsa_key'
  if [ "$init" = systemd ]; then
    write_file /etc/systemd/system/tslxc-ssh-keys.service 644 <<END
[Unit]
Description=This container's own RSA host key
Before=ssh.service ssh.socket
ConditionPathExists=!/etc/ssh/ssh_host_rsa_key

[Service]
Type=oneshot
ExecStart=/bin/sh -c '$(printf '%s' "$make_key" | sed 's/\$/$$/g')'

[Install]
WantedBy=multi-user.target
END
    in_guest systemctl --quiet enable tslxc-ssh-keys.service
    return
  fi
  write_file /etc/init.d/tslxc-ssh-keys 755 <<END
#!/bin/sh
### BEGIN INIT INFO
# Provides:          tslxc-ssh-keys
# Required-Start:    \$remote_fs
# Required-Stop:
# X-Start-Before:    ssh
# Default-Start:     2 3 4 5
# Default-Stop:
# Short-Description: This container's own RSA host key
### END INIT INFO
[ "\$1" != start ] || $make_key
END
  in_guest update-rc.d tslxc-ssh-keys defaults >"$work/update-rc.d.log" 2>&1 || fail "update-rc.d: $(tail -n 1 "$work/update-rc.d.log")"
}

# --- One container's own

personalize() {
  write_identity
  write_machine_id
  give_access guest
}

write_config() {
  while read -r key value; do
    case $key in
      release) its_release=$value ;;
      arch) its_arch=$value ;;
      origin) its_origin=$value ;;
    esac
  done <"${base:-$work}/facts"
  config_lines <<END
# $TITLE $its_release, from $its_origin
lxc.arch = $its_arch
END
  case $init,$INITS in
    sysvinit,* | openrc,* | ,sysvinit* | ,openrc*)
      config_lines <<'END'
# sysvinit: what its /etc/inittab makes of a failing supply is a halt, and of ctrl-alt-del a reboot.
lxc.signal.halt = SIGPWR
lxc.signal.reboot = SIGINT
END
      ;;
  esac
  include_config "$DISTRIBUTION"
}
