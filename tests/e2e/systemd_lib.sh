# shellcheck shell=bash
# A real systemd, the init of namespaces of its own over a throw-away layer on this machine's files.
#   PASSPORT_BUILD_DIR  where the programs were built
set -euo pipefail
name=$(basename "$0" .sh)
# shellcheck disable=SC2034  # for the tests
build=$(realpath "${PASSPORT_BUILD_DIR:?}")
systemd=/lib/systemd/systemd

skip() {
  echo "$name: skipped: $*"
  exit 77
}
fail() {
  echo "$name: FAILED: $*: $(cat "$work/said" 2>/dev/null)" >&2
  exit 1
}

# boot WORK: as the init of new namespaces; it runs $work/shared/try, which is /tmp/shared/try there.
boot() {
  local work=$1 root=$1/layer/root unit device
  mount -t tmpfs -o mode=0755 "passport-$name" "$work/layer"
  mkdir "$root" "$work/layer/upper" "$work/layer/work" "$work/layer/units"
  mount -t overlay -o "lowerdir=/,upperdir=$work/layer/upper,workdir=$work/layer/work" overlay "$root"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t tmpfs -o mode=0755 tmpfs "$root/sys/fs/cgroup"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  mount -t tmpfs -o mode=0755 tmpfs "$root/run"
  mount -t tmpfs tmpfs "$root/tmp"
  mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
  for device in null zero full random urandom tty; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  : >"$root/dev/console"
  mkdir "$root/tmp/shared" "$root/run/sshd"
  mount --bind "$work/shared" "$root/tmp/shared"
  # Nothing of this machine's own services, only the targets that timers need.
  for unit in basic sysinit timers shutdown local-fs sockets paths slices umount final; do
    sed '/^Wants=\|^Requires=/d' "/lib/systemd/system/$unit.target" >"$work/layer/units/$unit.target"
  done
  mount --bind "$work/layer/units" "$root/usr/lib/systemd/system"
  mount -t tmpfs tmpfs "$root/usr/lib/systemd/system-generators"
  rm -rf "$root"/etc/systemd/system/* "$root/var/lib/passport"
  printf '%s\n' '[Unit]' DefaultDependencies=no Wants=try.service >"$root/etc/systemd/system/try.target"
  printf '%s\n' '[Unit]' DefaultDependencies=no '[Service]' Type=oneshot \
    Environment=AWS_SSM_INSTANCE_ID=i-00000000000000001 'ExecStart=/bin/bash /tmp/shared/try' \
    >"$root/etc/systemd/system/try.service"
  mount --make-rshared "$root"  # as systemd has it on a machine: what it hands to services is mounted
  exec chroot "$root" env -i container=lab PATH=/usr/sbin:/usr/bin "$systemd" --unit=try.target --show-status=0
}
if [[ ${1:-} == --boot ]]; then boot "$2"; fi

[[ $(id -u) == 0 ]] || skip "not root"
[[ -x $systemd ]] || skip "no systemd"
groups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
group=$groups/passport-$name.$$
mkdir "$group" 2>/dev/null || skip "no cgroup2 to write to"
work=$(mktemp -d "${TMPDIR:-/tmp}/passport-$name.XXXXXX")
booted=
cleanup() {
  if [[ -n $booted ]]; then
    kill -KILL "$booted" 2>/dev/null || true
    wait "$booted" 2>/dev/null || true
  fi
  for _ in {1..100}; do
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
    sleep 0.05
  done
  rm -rf "$work"
}
trap cleanup EXIT

mkdir "$work/layer" "$work/shared"

# run_systemd: until $work/shared/try, which ends with "touch done", has ended; its output is in $work/said.
run_systemd() {
  (
    echo "$BASHPID" >"$group/cgroup.procs"
    exec unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child "$0" --boot "$work"
  ) >"$work/booted" 2>&1 &
  booted=$!
  for _ in {1..1800}; do
    [[ ! -e $work/shared/done ]] || break
    kill -0 "$booted" 2>/dev/null || skip "systemd does not start here: $(tail -n 1 "$work/booted")"
    sleep 0.05
  done
  cp "$work/shared/said" "$work/said" 2>/dev/null || skip "systemd starts nothing here"
  [[ -e $work/shared/done ]] || fail "no end"
}
