# What tslxc's templates share. Sourced, not run:  . "${0%/*}/engine.sh"
#
# A template is called as LXC calls one:  TEMPLATE --path=P/N --name=N --rootfs=DIR [its own options]
# It fills DIR, appends to P/N/config, and exits 0; on any other status the container is removed. It says what it does in plain
# lines on stdout, and why it fails in one line on stderr. tslxc and LXC call it alike.
#
# The template defines, before `read_arguments "$@"`:
#   SHORT_OPTIONS, LONG_OPTIONS   its own options, as getopt(1) wants them
#   option NAME VALUE             takes one of them (VALUE is empty for a flag)
#   usage                         prints help
# shellcheck shell=sh
# shellcheck disable=SC2034  # the variables are for the templates

PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export PATH
umask 022

program=${0##*/}
# tslxc's shared configs stand beside its templates' directory.
etc=$(cd -- "${0%/*}/../etc" 2>/dev/null && pwd) || etc=

name=''
path=''
rootfs=''

say() {
  printf '%s\n' "$*"
}

fail() {
  printf '%s: %s\n' "$program" "$*" >&2
  exit 1
}

# need PROGRAM PACKAGE: refuses to go on without it, and says what to install.
need() {
  command -v "$1" >/dev/null 2>&1 || fail "$1 is not installed; install the package $2 (apt-get install $2)"
}

print_common_options() {
  cat <<'END'
Options that tslxc-create and lxc-create pass:
  --path=DIR      the container's directory, with its config
  --name=NAME     the container's name
  --rootfs=DIR    the directory to fill (default: DIR/rootfs)
  -h, --help      print this text
END
}

read_arguments() {
  words=$(getopt -n "$program" -o "+hp:n:$SHORT_OPTIONS" \
    -l "help,path:,name:,rootfs:,mapped-uid:,mapped-gid:,$LONG_OPTIONS" -- "$@") || exit 1
  eval "set -- $words"
  while [ "$1" != -- ]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      -p | --path) path=$2; shift ;;
      -n | --name) name=$2; shift ;;
      --rootfs) rootfs=$2; shift ;;
      # LXC says which ids it maps root to; the tree is shifted by whoever needs it shifted.
      --mapped-uid | --mapped-gid) shift ;;
      *)
        if takes_value "$1"; then
          option "$1" "$2"
          shift
        else
          option "$1" ''
        fi
        ;;
    esac
    shift
  done
  shift
  # LXC puts the two words of --mapped-uid and --mapped-gid at the end; other words were meant for an option.
  [ $# -eq 0 ] || [ "${1#--mapped}" != "$1" ] || fail "unexpected argument: $1"
  { [ -n "$name" ] && [ -n "$path" ]; } || fail 'run by tslxc-create: --name and --path are missing'
  [ -n "$rootfs" ] || rootfs=$path/rootfs
  [ -d "$rootfs" ] || fail "$rootfs is not a directory"
}

# Whether getopt was told that this option has a value.
takes_value() {
  case $1 in
    --*) case ,$LONG_OPTIONS, in *",${1#--}:,"*) return 0 ;; esac ;;
    *) case $SHORT_OPTIONS in *"${1#-}:"*) return 0 ;; esac ;;
  esac
  return 1
}

# config_lines: appends stdin to the container's config.
config_lines() {
  cat >>"$path/config"
}

# include_config DISTRIBUTION: tslxc's shared configs and its default seccomp policy, by the absolute paths of this installation,
# put before what the config has already: what the user's own config says stays the last word.
include_config() {
  [ -n "$etc" ] || fail 'the shared configs are not beside the templates'
  pieces="common $1"
  # A container with an id map needs less: the kernel itself refuses what is refused to it.
  ! grep -q '^[[:blank:]]*lxc\.idmap[[:blank:]]*=' "$path/config" || pieces="common userns $1"
  shared=''
  for piece in $pieces; do
    [ -f "$etc/$piece.conf" ] || fail "the shared config $etc/$piece.conf is missing"
    shared="${shared}lxc.include = $etc/$piece.conf
"
  done
  shared="${shared}lxc.seccomp.profile = $etc/seccomp/default.seccomp
"
  # tslxc has named the container already; LXC leaves it to the template.
  grep -q '^[[:blank:]]*lxc\.uts\.name[[:blank:]]*=' "$path/config" || printf 'lxc.uts.name = %s\n' "$name" | config_lines
  own=$(cat "$path/config"; echo .)
  printf '%s\n%s' "$shared" "${own%.}" >"$path/config"
}

# write_file PATH MODE: stdin becomes PATH beneath the rootfs. Used before anything of the guest has run, or on names whose
# parents are real directories of ours; a link at the last component is replaced, not followed.
write_file() {
  [ ! -L "$rootfs$1" ] || rm -f -- "$rootfs$1"
  cat >"$rootfs$1"
  chmod "$2" "$rootfs$1"
}

# Its own name, for itself and for programs that look themselves up.
write_identity() {
  printf '%s\n' "$name" | write_file /etc/hostname 644
  write_file /etc/hosts 644 <<END
127.0.0.1	localhost
127.0.1.1	$name
::1	localhost ip6-localhost ip6-loopback
ff02::1	ip6-allnodes
ff02::2	ip6-allrouters
END
}

# in_guest PROGRAM ARGS: runs a program of the guest in the rootfs, with the /proc that many look for.
in_guest() {
  mount -t proc proc "$rootfs/proc" 2>/dev/null || true
  status=0
  chroot "$rootfs" "$@" || status=$?
  umount "$rootfs/proc" 2>/dev/null || true
  return "$status"
}
