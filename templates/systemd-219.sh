# What CentOS 7 and its sisters need of the config, however they were made. Sourced after engine.sh.
# shellcheck shell=sh
# shellcheck disable=SC2154  # path belongs to the engine

spare_hugepages() {
  while read -r key _; do
    case $key in
      lxc.idmap)
        config_lines <<'END'
# systemd 219 tries to mount hugetlbfs here, which the kernel refuses to a user namespace; with something there it need not.
lxc.mount.entry = tmpfs dev/hugepages tmpfs ro,size=4k,create=dir,optional 0 0
END
        return
        ;;
    esac
  done <"$path/config"
}
