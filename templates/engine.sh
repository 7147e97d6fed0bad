# What tslxc's templates share. Sourced, not run:  . "${0%/*}/engine.sh"
#
# LXC calls a template as  TEMPLATE --path=P/N --name=N --rootfs=DIR [its own options]: it fills DIR, appends to P/N/config and
# exits 0; on any other status the container is removed. tslxc does the same, and with --phase=WORD it asks for a part:
#
#   needs         what this host lacks for it, one `PROGRAM<tab>PACKAGE` a line; exit 0
#   look          what the mirror offers now for these options, one `KEY VALUE` a line: distribution release arch origin index
#                 (index: sha256 of the mirror's signed index, or whatever changes exactly when the mirror's content does)
#   base          --path=DIR --rootfs=DIR/rootfs: fills the rootfs with all that containers of these options share, and nothing of
#                 one container; what `personalize` must know of it is written to DIR/facts
#   personalize   --base=DIR --path=P/N --name=N --rootfs=ROOTFS: makes a copy of the base one container's own
#   offers        what can be built now, the usual first, one `RELEASE ARCH [DISTRIBUTION [VARIANT]]` a line; nothing: not known
#   (none)        everything at once, as LXC asks for it
#
# The comment at its head declares, for tslxc-templates and for what tslxc-create asks on a terminal:
#   # builds: TEXT                what it builds, in a few words
#   # releases: WORD…             what its --release takes, the usual first; for templates without `offers`
#   # address: URL                a server that it asks unless told another; ` (not verified from here)` where nobody tried
#
# A template has two phases when a line of it reads `# phases: base personalize`; a base is then made once for equal options and
# kept. A line `# look: always` has its source looked at for each create, `# look: always for oci: dir:` when one of its words is in
# an argument: sources on this host cost nothing to ask. It says what it does in plain lines on stdout, and why it fails in one line on stderr.
#
# The template defines, before `main "$@"`:
#   SHORT_OPTIONS, LONG_OPTIONS   its own options, as getopt(1) wants them
#   option NAME VALUE             takes one of them (VALUE is empty for a flag)
#   usage                         prints help
#   check_options                 refuses words that are not what they should be; contacts nobody
#   host_needs                    calls `need` for each thing of the host that a base is made with
#   resolve                       finds out what the mirror offers; calls `remember` for each of the five facts of `look`
#   offers                        prints the lines of that phase; --release, --arch, --dist and --variant take their words
#   make_base                     fills the rootfs
#   personalize                   name, addresses, keys, password of one container
#   write_config                  appends to the config
# shellcheck shell=sh
# shellcheck disable=SC2034  # the variables are for the templates

PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export PATH
umask 022

program=${0##*/}
# tslxc's shared configs stand beside its templates' directory. Without a fork: what a create of a millisecond is made of counts.
begun=${PWD:-/}
cd -- "${0%/*}" || exit 1
templates=$PWD
etc=
! cd ../etc 2>/dev/null || etc=$PWD
cd -- "$begun" 2>/dev/null || cd /

phase=''
name=''
path=''
rootfs=''
base=''
work=''
missing=''

main() {
  read_arguments "$@"
  own_mounts "$@"
  case $phase in
    needs) print_needs ;;
    look) make_work; prepare; print_facts ;;
    offers) make_work; check_options; offers ;;
    base) make_work; prepare; make_base; keep_facts ;;
    personalize) personalize; write_config ;;
    '') make_work; prepare; make_base; personalize; write_config ;;
    *) fail "there is no phase $phase" ;;
  esac
}

# In the user namespace that lxc-create makes, a template may mount only in a mount namespace of that user namespace. LXC also maps
# the host's root, to an id that is not root there: mount(8), which is setuid, would run as that one, so setuid counts for nothing.
own_mounts() {
  case $phase in base | '') ;; *) return 0 ;; esac
  [ -z "${TSLXC_OWN_MOUNTS:-}" ] || return 0
  read -r _ _ ids </proc/self/uid_map
  [ "$ids" != 4294967295 ] || return 0
  unshare --mount setpriv --nnp true 2>/dev/null || return 0
  export TSLXC_OWN_MOUNTS=yes
  exec unshare --mount setpriv --nnp "$0" "$@"
}

prepare() {
  check_options
  host_needs
  refuse_missing
  resolve
}

# What a template without a mirror does.
check_options() { :; }
take_word() {
  fail "unexpected argument: $1"
}
host_needs() { :; }
offers() { :; }

say() {
  printf '%s\n' "$*"
}

# progress DONE TOTAL UNIT WHAT: how far a long step is; TOTAL is 0 where nobody knows, UNIT is bytes or any plural. tslxc shows it;
# LXC, which would show the line itself, gets none.
progress() {
  [ -z "${TSLXC_EVENTS:-}" ] || printf 'tslxc-progress %s\n' "$*"
}

# ask TEXT: shows TEXT, of one line or more, to the person whose terminal stdin is, and sets `answer` to what is typed.
ask() {
  if [ -n "${TSLXC_EVENTS:-}" ]; then
    printf '%s\n' "$1" | sed 's/^/tslxc-question /'
  else
    printf '%s\n' "$1" >"$(terminal)"
  fi
  read -r answer || answer=
}

# What a template writes to stdout may go elsewhere than to the terminal.
terminal() {
  if (: >/dev/tty) 2>/dev/null; then echo /dev/tty; else echo /dev/stderr; fi
}

fail() {
  printf '%s: %s\n' "$program" "$*" >&2
  exit 1
}

# --- Arguments

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
  add_lxc_options
  words=$(getopt -n "$program" -o "+hp:n:$SHORT_OPTIONS$lxc_short" \
    -l "help,phase:,base:,path:,name:,rootfs:,mapped-uid:,mapped-gid:,$LONG_OPTIONS$lxc_long" -- "$@") || exit 1
  eval "set -- $words"
  while [ "$1" != -- ]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      -p | --path) path=$2; shift ;;
      -n | --name) name=$2; shift ;;
      --phase) phase=$2; shift ;;
      --base) base=$2; shift ;;
      --rootfs) rootfs=$2; shift ;;
      # LXC says which ids it maps root to; the tree is shifted by whoever needs it shifted.
      --mapped-uid | --mapped-gid) shift ;;
      *)
        if is_lxc_option "$1"; then
          lxc_option "$1" "$2"
          case $1 in -S | -I | --auth-key | --interpreter-path) shift ;; esac
        elif takes_value "$1"; then
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
  # LXC puts the two words of --mapped-uid and --mapped-gid at the end.
  while [ $# -gt 0 ] && [ "${1#--mapped}" = "$1" ]; do
    take_word "$1"
    # shellcheck disable=SC2317  # a template's own take_word returns
    shift
  done
  case $phase in needs | look | offers) return ;; esac
  [ -n "$path" ] || fail 'run by tslxc-create: --path is missing'
  [ -n "$name" ] || [ "$phase" = base ] || fail 'run by tslxc-create: --name is missing'
  [ -n "$rootfs" ] || rootfs=$path/rootfs
  [ -d "$rootfs" ] || fail "$rootfs is not a directory"
}

# What LXC's templates share, for templates that have no option of that name.
add_lxc_options() {
  lxc_short=''
  lxc_long=''
  for word in F c d S: I:; do
    case $SHORT_OPTIONS in *"${word%:}"*) ;; *) lxc_short=$lxc_short$word ;; esac
  done
  for word in flush-cache clean debug auth-key: interpreter-path:; do
    case ,$LONG_OPTIONS, in *",${word%:},"* | *",${word%:}:,"*) ;; *) lxc_long=$lxc_long,$word ;; esac
  done
}

is_lxc_option() {
  case $1 in
    --*) case $lxc_long, in *",${1#--},"* | *",${1#--}:,"*) return 0 ;; esac ;;
    *) case $lxc_short in *"${1#-}"*) return 0 ;; esac ;;
  esac
  return 1
}

# lxc_option NAME VALUE: does what it means here, or says what does.
lxc_option() {
  case $1 in
    -d | --debug) set -x ;;
    -S | --auth-key)
      [ -f "$2" ] || fail "$1 $2: there is no such file"
      auth_key=$2
      ;;
    # Whole runs keep nothing to flush; the bases are tslxc-create's.
    -F | --flush-cache) [ -z "$phase" ] || [ "$phase" = needs ] || fail "$1: tslxc-create --refresh or --no-cache does this" ;;
    -c | --clean) fail "$1: no template keeps anything itself; tslxc-images prune removes bases that no container uses" ;;
    -I | --interpreter-path) fail "$1: the host's binfmt_misc runs other architectures' programs: install qemu-user-static" ;;
  esac
}

# Whether getopt was told that this option has a value.
takes_value() {
  case $1 in
    --*) case ,$LONG_OPTIONS, in *",${1#--}:,"*) return 0 ;; esac ;;
    *) case $SHORT_OPTIONS in *"${1#-}:"*) return 0 ;; esac ;;
  esac
  return 1
}

# --- What the host must have

# need PROGRAM[|PROGRAM…] PACKAGE: notes that none of the programs (or files, by absolute path) is there, and what to install.
# PACKAGE is Debian's name; `PACKAGE dnf:NAME zypper:NAME pacman:NAME apk:NAME` gives others where they differ.
need() {
  wanted=$1
  shift
  for one in $(printf '%s' "$wanted" | tr '|' ' '); do
    case $one in
      /*) [ ! -e "$one" ] || return 0 ;;
      *) ! command -v "$one" >/dev/null 2>&1 || return 0 ;;
    esac
  done
  missing="${missing}$(printf '%s' "$wanted" | sed 's/|/ or /g')	$(package_name "$@")
"
}

# The host's own program for packages.
host_installer() {
  for installer in apt-get dnf zypper pacman apk; do
    ! command -v "$installer" >/dev/null 2>&1 || { printf '%s' "$installer"; return; }
  done
}

package_name() {
  package=$1
  shift
  installer=$(host_installer)
  for word in "$@"; do
    case $word in "$installer":*) package=${word#*:} ;; esac
  done
  printf '%s' "$package"
}

print_needs() {
  host_needs
  printf '%s' "$missing"
}

# All that is missing at once, with one command that gets it.
refuse_missing() {
  [ -n "$missing" ] || return 0
  what=$(printf '%s' "$missing" | cut -f 1 | paste -s -d , - | sed 's/,/, /g')
  packages=$(printf '%s' "$missing" | cut -f 2 | sort -u | paste -s -d ' ' -)
  case $(host_installer) in
    pacman) how="pacman -S $packages" ;;
    apk) how="apk add $packages" ;;
    '') how="this host's installer, packages $packages" ;;
    *) how="$(host_installer) install $packages" ;;
  esac
  fail "this host lacks $what; get it with: $how"
}

# --- Facts that the phases share

# A directory that ends with the template: beside what is made, so that it goes with that when the template is killed.
make_work() {
  if [ -n "$path" ]; then
    work=$(mktemp -d -p "$path" .work-XXXXXX)
  else
    work=$(mktemp -d)
  fi
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  : >"$work/facts"
}

# remember KEY VALUE: a fact of the base, for `recall` in the next phase and for tslxc-images.
remember() {
  printf '%s %s\n' "$1" "$2" >>"$work/facts"
}

# recall KEY: what was remembered last, empty when nothing was.
recall() {
  if [ -n "$base" ]; then recall_from "$base/facts" "$1"; else recall_from "$work/facts" "$1"; fi
}

recall_from() {
  recalled=''
  while read -r key value; do
    [ "$key" != "$2" ] || recalled=$value
  done <"$1"
  printf '%s' "$recalled"
}

print_facts() {
  cat "$work/facts"
}

keep_facts() {
  cp "$work/facts" "$path/facts"
}

# --- The config

# config_lines: appends stdin to the container's config.
config_lines() {
  lines=''
  while IFS= read -r line; do
    lines="$lines$line
"
  done
  printf '%s' "$lines" >>"$path/config"
}

# include_config DISTRIBUTION: tslxc's shared configs and its seccomp policy (the one named in seccomp_profile, when the guest needs
# another), by the absolute paths of this installation, put before what the config has already: what the user's own config says
# stays the last word.
include_config() {
  [ -n "$etc" ] || fail 'the shared configs are not beside the templates'
  own=''
  pieces="common $1"
  named=''
  while IFS= read -r line || [ -n "$line" ]; do
    own="$own$line
"
    case $line in
      # A container with an id map needs less: the kernel itself refuses what is refused to it.
      lxc.idmap*) pieces="common userns $1" ;;
      # tslxc has named the container already; LXC leaves it to the template.
      lxc.uts.name*) named=yes ;;
    esac
  done <"$path/config"
  {
    for piece in $pieces; do
      [ -f "$etc/$piece.conf" ] || fail "the shared config $etc/$piece.conf is missing"
      printf 'lxc.include = %s\n' "$etc/$piece.conf"
    done
    printf 'lxc.seccomp.profile = %s
%s' "$etc/seccomp/${seccomp_profile:-default}.seccomp" "$own"
    [ -n "$named" ] || printf 'lxc.uts.name = %s\n' "$name"
  } >"$path/config"
}

# --- Files of the guest

# safe_directory PATH: refuses a tree in which PATH, or a directory above it, is a link: what is written there would land
# elsewhere. Nothing else runs in the tree, so what is checked stays so.
safe_directory() {
  checked=$rootfs
  rest=${1#/}
  while [ -n "$rest" ]; do
    checked=$checked/${rest%%/*}
    [ ! -L "$checked" ] || fail "${checked#"$rootfs"} in the tree is a link, so nothing is written there"
    case $rest in */*) rest=${rest#*/} ;; *) rest='' ;; esac
  done
}

# clear_place PATH: makes way for a file at PATH beneath the rootfs, in directories that must be real ones; a link at the last
# component is removed, not followed.
clear_place() {
  safe_directory "${1%/*}"
  [ -d "$rootfs${1%/*}" ] || mkdir -p -- "$rootfs${1%/*}"
  if [ -e "$rootfs$1" ] || [ -L "$rootfs$1" ]; then
    rm -f -- "$rootfs$1"
  fi
}

# write_file PATH MODE: stdin becomes PATH beneath the rootfs.
write_file() {
  clear_place "$1"
  cat >"$rootfs$1"
  chmod "$2" "$rootfs$1"
}

# write_text PATH MODE TEXT: the same for a text, without a program to run: personalize has a few milliseconds. MODE is of three
# digits and without x.
write_text() {
  clear_place "$1"
  umask "$((666 - $2))"
  printf '%s\n' "$3" >"$rootfs$1"
  umask 022
}

# link_file TARGET PATH: a link at PATH beneath the rootfs.
link_file() {
  safe_directory "${2%/*}"
  rm -f -- "$rootfs$2"
  ln -s -- "$1" "$rootfs$2"
}

# in_guest PROGRAM ARGS: runs a program of the guest in the rootfs, with the /proc that many look for. Only for trees that this
# template has installed from signed packages: whatever runs there is root of this host.
in_guest() {
  mount -t proc proc "$rootfs/proc" 2>/dev/null || true
  status=0
  chroot "$rootfs" "$@" || status=$?
  umount "$rootfs/proc" 2>/dev/null || true
  return "$status"
}

# with_guest_mounts PROGRAM ARGS: runs an installer of the host whose packages run their scripts in the rootfs: they find /proc, and in
# /dev the few nodes of the host that scripts open, for as long as it runs.
with_guest_mounts() {
  safe_directory /proc
  safe_directory /dev
  mkdir -p "$rootfs/proc" "$rootfs/dev"
  mount -t proc proc "$rootfs/proc" 2>/dev/null || mount --rbind /proc "$rootfs/proc"
  mount -t tmpfs -o mode=755,size=64k dev "$rootfs/dev"
  for node in null zero full random urandom tty; do
    : >"$rootfs/dev/$node"
    mount --bind "/dev/$node" "$rootfs/dev/$node"
  done
  status=0
  "$@" || status=$?
  # What a script left running may hold them.
  umount -l "$rootfs/dev"
  umount -l "$rootfs/proc"
  return "$status"
}

# --- One container's own (phase personalize)

# write_identity: its name, for itself and for programs that look themselves up; its machine-id.
write_identity() {
  write_text /etc/hostname 644 "$name"
  write_text /etc/hosts 644 "127.0.0.1	localhost
127.0.1.1	$name
::1	localhost ip6-localhost ip6-loopback
ff02::1	ip6-allnodes
ff02::2	ip6-allrouters"
}

# write_machine_id: 32 hexadecimal digits of its own.
write_machine_id() {
  read -r uuid </proc/sys/kernel/random/uuid
  machine_id=''
  while [ "${uuid#*-}" != "$uuid" ]; do
    machine_id=$machine_id${uuid%%-*}
    uuid=${uuid#*-}
  done
  write_text /etc/machine-id 444 "$machine_id$uuid"
}

# set_root_password: what tslxc-create left in P/N/root-password; without that file root stays locked.
set_root_password() {
  safe_directory /etc
  [ -f "$rootfs/etc/shadow" ] && [ ! -L "$rootfs/etc/shadow" ] || return 0
  # No password fits: `tslxc-attach -n NAME -- passwd` sets one.
  hash='*'
  [ ! -f "$path/root-password" ] || hash=$(hash_password <"$path/root-password")
  [ -n "$hash" ] || fail 'no program of this host makes a SHA-512 password hash: install perl or openssl'
  before=''
  shadow=''
  while IFS= read -r line || [ -n "$line" ]; do
    before="$before$line
"
    case $line in
      root:*)
        line=${line#root:*:}
        line=root:$hash:$line
        ;;
    esac
    shadow="$shadow$line
"
  done <"$rootfs/etc/shadow"
  # In place: its owner and mode stay.
  [ "$shadow" = "$before" ] || printf '%s' "$shadow" >"$rootfs/etc/shadow"
}

# The first line of stdin as crypt(3) has it with SHA-512, which every guest back to CentOS 6 knows. perl is twice as fast.
hash_password() {
  if command -v perl >/dev/null; then
    perl -e 'open R,"/dev/urandom";read R,$s,12;$_=<STDIN>;chomp;print crypt($_,q($6$).unpack("H*",$s))'
  elif command -v openssl >/dev/null; then
    openssl passwd -6 -stdin
  fi
}

# install_ssh_keys: what tslxc-create left in P/N/root-ssh-keys, or LXC's --auth-key names, may log in as root.
install_ssh_keys() {
  keys=$path/root-ssh-keys
  [ -f "$keys" ] || keys=${auth_key:-}
  [ -n "$keys" ] || return 0
  safe_directory /root/.ssh
  mkdir -p "$rootfs/root/.ssh"
  chmod 700 "$rootfs/root/.ssh"
  write_file /root/.ssh/authorized_keys 600 <"$keys"
}

# make_host_key: an ed25519 key of its own, for guests whose sshd knows that kind (OpenSSH 6.5); RSA takes half a second and is
# left to the guest's first boot. By the host's ssh-keygen, else by the guest's.
make_host_key() {
  [ -d "$rootfs/etc/ssh" ] || return 0
  safe_directory /etc/ssh
  for old in "$rootfs"/etc/ssh/ssh_host_*; do
    if [ -e "$old" ] || [ -L "$old" ]; then
      rm -f -- "$old"
    fi
  done
  key=/etc/ssh/ssh_host_ed25519_key
  if command -v ssh-keygen >/dev/null; then
    ssh-keygen -q -t ed25519 -N '' -C "root@$name" -f "$rootfs$key"
  elif [ "${1:-}" = guest ]; then
    chroot "$rootfs" ssh-keygen -q -t ed25519 -N '' -C "root@$name" -f "$key"
  fi
}

# give_access: what lets root in: a host key, the password, keys. The first two take five milliseconds each, so they are made at once.
give_access() {
  make_host_key "$@" &
  host_key=$!
  set_root_password
  wait "$host_key"
  install_ssh_keys
}
