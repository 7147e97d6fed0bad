# What makes an installed tree of rpm packages a container one can live in. Sourced after rpm-archive.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # the engine and rpm-archive.sh share these
# shellcheck source=templates/systemd-219.sh
. "$templates/systemd-219.sh"

# Nothing of the installation, and nothing that must be each container's own.
tidy() {
  rm -rf "$rootfs$INSTALL" "$rootfs/root/.rpmdb" "$rootfs/var/cache/yum/"* "$rootfs/var/cache/dnf/"*
  rm -f "$rootfs/var/log/dnf"*.log "$rootfs/var/log/hawkey.log" "$rootfs/etc/ssh/ssh_host_"*
  # Berkeley DB's, of the process that wrote the database.
  rm -f "$rootfs$database/__db."*
  [ -x "$rootfs/usr/bin/dnf" ] || rm -rf "$rootfs/var/lib/dnf"
  find "$rootfs/dev" -xdev -mindepth 1 -delete
  rm -f "$rootfs/var/lib/dbus/machine-id"
  [ "$release" = 6 ] || write_file /etc/machine-id 444 </dev/null
  write_file /etc/fstab 644 </dev/null
  write_file /etc/resolv.conf 644 <<'END'
# Written anew when eth0 gets its address.
END
}

configure() {
  write_locale
  write_sources
  case $release in
    6) configure_upstart ;;
    7) configure_network_scripts; configure_systemd ;;
    *) configure_networkmanager; configure_systemd ;;
  esac
}

# What the guest has: minimal trees have C.UTF-8, CentOS 7 and 6 know only the languages that they were installed with.
write_locale() {
  locales=$(in_guest locale -a 2>/dev/null) || true
  lang=C
  for one in en_US C; do
    ! printf '%s\n' "$locales" | grep -qix "$one.utf-\?8" || lang=$one.UTF-8
  done
  if [ "$release" = 6 ]; then
    echo "LANG=$lang" | write_file /etc/sysconfig/i18n 644
  else
    echo "LANG=$lang" | write_file /etc/locale.conf 644
  fi
}

# Where the guest's own yum or dnf gets packages: from where it was installed, unless its release package knows a living address.
write_sources() {
  [ -n "$vaulted" ] || return 0
  for file in "$rootfs"/etc/yum.repos.d/*.repo; do
    [ -f "$file" ] || continue
    # yum takes a section without the line as enabled.
    sed -e '/^enabled *=/d' -e 's/^\[.*\]/&\nenabled=0/' "$file" >"$file.new"
    cat "$file.new" >"$file"
    rm "$file.new"
  done
  print_repositories "file://$guest_keys" | write_file /etc/yum.repos.d/tslxc.repo 644
}

configure_systemd() {
  in_guest systemctl --quiet enable sshd.service
  # Without a screen there is nothing graphical to reach.
  link_file /usr/lib/systemd/system/multi-user.target /etc/systemd/system/default.target
  allow_root_login
}

# login refuses root on terminals that are not listed here. /dev/tty1 to tty4 are ptys, by the names that systemd 219 knows them by.
allow_root_login() {
  [ -f "$rootfs/etc/securetty" ] || return 0
  for tty in console tty1 tty2 tty3 tty4 pts/0 pts/1 pts/2 pts/3; do
    grep -qx "$tty" "$rootfs/etc/securetty" || echo "$tty" >>"$rootfs/etc/securetty"
  done
}

# CentOS 6 and 7: a script for each interface.
configure_network_scripts() {
  echo NETWORKING=yes | write_file /etc/sysconfig/network 644
  {
    printf 'DEVICE=eth0\nTYPE=Ethernet\nONBOOT=yes\nNM_CONTROLLED=no\n'
    if [ -n "$ipv4" ]; then
      address=${ipv4%%,*}
      printf 'BOOTPROTO=none\nIPADDR=%s\nPREFIX=%s\n' "${address%/*}" "${address#*/}"
      [ "$ipv4" = "$address" ] || printf 'GATEWAY=%s\n' "${ipv4#*,}"
    else
      # Its name goes to the DHCP server; no lease at first boot is no reason to give up.
      printf 'BOOTPROTO=dhcp\nPERSISTENT_DHCLIENT=yes\n'
    fi
  } | write_file /etc/sysconfig/network-scripts/ifcfg-eth0 644
  in_guest chkconfig network on
}

configure_networkmanager() {
  {
    printf '[connection]\nid=eth0\ntype=ethernet\ninterface-name=eth0\n\n[ipv4]\n'
    if [ -n "$ipv4" ]; then
      printf 'method=manual\naddress1=%s\n' "$ipv4"
    else
      printf 'method=auto\n'
    fi
    printf '\n[ipv6]\nmethod=auto\n'
  } | write_file /etc/NetworkManager/system-connections/eth0.nmconnection 600
  in_guest systemctl --quiet enable NetworkManager.service
}

# CentOS 6: no device manager, a login on the console and on the four terminals that there are, and a halt when the host says so.
configure_upstart() {
  configure_network_scripts
  in_guest chkconfig sshd on
  allow_root_login
  write_file /etc/init/power-status-changed.conf 644 <<'END'
# tslxc-stop sends SIGPWR; a container has no other power supply.
start on power-status-changed
exec /sbin/shutdown -h now "SIGPWR received"
END
  write_file /etc/init/console.conf 644 <<'END'
# A login on /dev/console, for tslxc-console -t 0.
start on stopped rc RUNLEVEL=[2345]
stop on runlevel [!2345]
respawn
exec /sbin/agetty -8 38400 console
END
  sed 's|^ACTIVE_CONSOLES=.*|ACTIVE_CONSOLES=/dev/tty[1-4]|' "$rootfs/etc/sysconfig/init" >"$work/init"
  write_file /etc/sysconfig/init 644 <"$work/init"
}

personalize() {
  [ -z "$fqdn" ] || name=$fqdn
  write_identity
  if [ "$release" = 6 ]; then
    # Its sshd knows no ed25519; it makes its keys at first boot.
    write_text /etc/sysconfig/network 644 "NETWORKING=yes
HOSTNAME=$name"
  else
    write_machine_id
    give_access guest
    return
  fi
  set_root_password
  install_ssh_keys
}

write_config() {
  config_lines <<END
lxc.arch = $(recall arch)
END
  case $release in
    6 | 7) seccomp_profile=el7 ;;
  esac
  [ "$release" != 7 ] || spare_hugepages
  include_config "$DISTRIBUTION"
}
