/** Checkpoints, by the real CRIU, of containers whose cgroups systemd makes, and what is restored into a scope. (Podman's: podman-systemd.ts.) */
import type { MachineCase } from '../case.js';
import { scopePrelude } from './systemd.js';

/** Nothing of the case is a standard stream of the container, which writes a line into its root every tenth of a second. */
const prelude = `
  quiet() { "$@" >output 2>&1 </dev/null || { cat output; grep -a -h Error "$PLACE"/*.log "$PLACE"/*/*.log | tail -5; return 1; }; }
  refused() {
    local words=$1
    shift
    code=0; "$@" >output 2>&1 </dev/null || code=$?
    same "exit code of $*" $code 1
    same "lines of $*" "$(wc -l <output)" 1
    matches "what $* says" "$(<output)" "$words"
  }
  counted() { wc -l <"$PLACE/box/rootfs/tmp/lines"; }
  beyond() { [ "$(counted)" -gt "$1" ]; }
  goes_on() { until_true 90 beyond "$(counted)" || fail "it does not go on"; }
  places="--image-path $PLACE/images --work-path $PLACE"
  limits='.linux.resources = {memory: {limit: 67108864}, cpu: {quota: 33333, period: 100000}, pids: {limit: 3}}'
  # Fewer tasks than CRIU and what it makes are.
  counting() {
    scope box "$limits | .annotations = {\\"org.systemd.property.TimeoutStopSec\\": \\"uint64 7\\"}
      | .process.args = [\\"sh\\", \\"-c\\", \\"while :; do echo line >>/tmp/lines; sleep 0.1; done\\"]"
    mkdir -p box/rootfs/tmp
    # A file that grows CRIU would not open again.
    runtime run --detach --bundle box box >/dev/null 2>&1 </dev/null
    until_true 90 test -s box/rootfs/tmp/lines || fail "it does not begin"
  }
  mounts() { cat /proc/self/mountinfo; }
`;

const saved = (name: string, script: string, more: Partial<MachineCase> = {}): MachineCase => ({
  name: `systemd/${name}`,
  init: 'systemd',
  kernels: ['6.12'],
  seconds: 600,
  script: scopePrelude + prelude + script,
  ...more,
});

export const systemdCheckpointCases: readonly MachineCase[] = [
  saved(
    'a-restored-container-has-a-scope-as-any-other',
    `
      counting
      quiet runtime checkpoint --leave-running --image-path $PLACE/left --work-path $PLACE box
      goes_on
      same "the unit after --leave-running" "$(systemctl is-active lab-box.scope)" active
      quiet runtime checkpoint --pre-dump --image-path $PLACE/early --work-path $PLACE box
      goes_on
      quiet runtime checkpoint --parent-path ../early $places box
      until_true 20 gone box || fail "the scope is left: $(systemctl status lab-box.scope)"
      same containers "$(runtime list -q)" ""
      before=$(mounts)
      stopped=$(counted)
      quiet runtime restore --detach --bundle $PLACE/box --pid-file $PLACE/pid $places again
      until_true 90 beyond "$stopped" || fail "it does not go on"
      same mounts "$(mounts)" "$before"
      pid=$(<pid)
      same group "$(sed -n 's/^0:://p' /proc/$pid/cgroup)" /lab.slice/lab-box.scope
      check() {
        same "$1 memory" "$(<"$(place box)/memory.max") $(property box MemoryMax)" "67108864 67108864"
        same "$1 tasks" "$(<"$(place box)/pids.max") $(property box TasksMax)" "$2 $2"
        same "$1 cpu" "$(property box CPUQuotaPerSecUSec)" 340ms
        same "$1 unit" "$(property box Slice) $(property box Delegate) $(property box TimeoutStopUSec) $(systemctl is-active lab-box.scope)" "lab.slice yes 7s active"
      }
      check restored 3
      # systemd knows whole percents.
      same "quota" "$(<"$(place box)/cpu.max")" "33333 100000"
      systemctl daemon-reload
      check reloaded 3
      # CRIU has gone.
      until_true 20 eval '[ "$(wc -l <"$(place box)/cgroup.procs")" -le 2 ]' || fail "in the scope: $(xargs -n 1 ps -o args= -p <"$(place box)/cgroup.procs")"
      matches scope "$(runtime state again)" '"systemd-scope" ?: ?"lab-box.scope"'
      quiet runtime update --pids-limit 55 again
      systemctl daemon-reload
      check updated 55
      same exec "$(runtime exec again cat /proc/self/cgroup)" "0::/"
      runtime pause again
      same status "$(runtime state again | jq -r .status)" paused
      runtime resume again
      goes_on
      runtime kill again KILL
      until_true 90 sh -c '! kill -0 '$pid' 2>/dev/null'
      runtime delete again
      until_true 20 gone box || fail "the scope is left: $(systemctl status lab-box.scope)"
      # At once again, and ended by systemd.
      quiet runtime restore --detach --bundle $PLACE/box $places box
      goes_on
      systemctl stop lab-box.scope
      same status "$(runtime state box | jq -r .status)" stopped
      runtime delete box
      until_true 20 gone box || fail "the scope is left: $(systemctl status lab-box.scope)"
      # In the foreground, with the id in the unit's name: it ends with the container.
      jq '.linux.cgroupsPath = "lab-a-b.slice:p:"' box/config.json >config.json
      mv config.json box/config.json
      group=/sys/fs/cgroup/lab.slice/lab-a.slice/lab-a-b.slice/p-a'\\x2b'b.scope
      runtime restore --bundle $PLACE/box $places a+b >output 2>&1 </dev/null &
      until_true 90 grep -qs . "$group/cgroup.procs" || fail "it does not begin: $(<output)"
      goes_on
      runtime kill a+b KILL
      code=0; wait $! || code=$?
      same "exit code" $code 137
      [ ! -e "$group" ] || fail "$group is left"`,
  ),
  saved(
    'a-restore-that-fails-leaves-no-scope',
    `
      counting
      quiet runtime checkpoint $places box
      until_true 20 gone box
      before=$(mounts)
      nothing_left() {
        same "state after $1" "$(ls -A "$STATE" 2>/dev/null | sed "/^[.]programs$/d")" ""
        same "mounts after $1" "$(mounts)" "$before"
        same "processes after $1" "$(pgrep -x criu || true)" ""
      }
      restore() { "$RUNTIME" --root "$STATE" --systemd-cgroup restore --detach --bundle $PLACE/box "$@" box; }
      # The name is another's.
      systemd-run --scope --slice=lab.slice --unit=lab-box.scope sleep 54321 >told 2>&1 &
      until_true 20 sh -c 'systemctl is-active --quiet lab-box.scope && pgrep -f "^.*sleep 54321" >/dev/null'
      refused 'somebody else does already' restore $places
      same "the other's" "$(systemctl is-active lab-box.scope) $(pgrep -fc '^.*sleep 54321')" "active 1"
      # Nor is it to be had by another slice.
      cp box/config.json whole.json
      jq '.linux.cgroupsPath = "lab-other.slice:lab:box"' whole.json >box/config.json
      refused 'let systemd start lab-box.scope: a unit of that name is active already: .*sleep 54321' restore $places
      cp whole.json box/config.json
      same "the other's" "$(systemctl is-active lab-box.scope) $(pgrep -fc '^.*sleep 54321')" "active 1"
      systemctl stop lab-box.scope
      nothing_left "a name that is taken"
      until_true 20 gone box
      # Nobody answers.
      perl -e 'use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("silent")); listen(S, 5); sleep' &
      until_true 20 test -S silent
      refused 'reach systemd at .*silent: Connection timed out' env DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PLACE/silent "$RUNTIME" --root "$STATE" --systemd-cgroup restore --detach --bundle $PLACE/box $places box
      kill $!
      nothing_left silence
      # CRIU fails in the middle.
      cp -a images broken
      rm broken/pagemap-*.img
      refused 'restore: CRIU failed: ' restore --image-path $PLACE/broken --work-path $PLACE
      nothing_left "a failure"
      until_true 20 gone box || fail "the scope is left: $(systemctl status lab-box.scope)"
      quiet restore $places
      goes_on
      runtime delete --force box
      until_true 20 gone box`,
  ),
];
