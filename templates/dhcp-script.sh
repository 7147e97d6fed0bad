# What busybox's udhcpc runs in guests that have no script for it. Sourced after engine.sh.
# shellcheck shell=sh

# write_dhcp_script PATH: to PATH beneath the rootfs.
write_dhcp_script() {
  write_file "$1" 755 <<'END'
#!/bin/sh
# udhcpc tells what it got in the environment: $interface $ip $mask (a length) $broadcast $router $dns $domain.
case $1 in
  deconfig)
    ip link set "$interface" up
    ip -4 addr flush dev "$interface"
    ;;
  bound | renew)
    if ! ip -4 addr show dev "$interface" | grep -q "inet $ip/$mask "; then
      ip -4 addr flush dev "$interface"
      ip -4 addr add "$ip/$mask" broadcast "${broadcast:-+}" dev "$interface"
    fi
    if [ -n "$router" ]; then
      while ip -4 route del default dev "$interface" 2>/dev/null; do :; done
      ip -4 route add default via "${router%% *}" dev "$interface"
    fi
    {
      [ -z "$domain" ] || echo "search $domain"
      for server in $dns; do
        echo "nameserver $server"
      done
    } >/etc/resolv.conf.new
    mv /etc/resolv.conf.new /etc/resolv.conf
    ;;
esac
END
}
