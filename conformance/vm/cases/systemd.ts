/** Cgroups that systemd makes, in a machine that it has booted: the system's instance and a user's. (Podman's: podman-systemd.ts.) */
import type { MachineCase } from '../case.js';

const all = ['chos-runtime', 'crun', 'runc'] as const;

/** `scope NAME [JQ]`: a bundle whose scope is lab-NAME.scope in lab.slice, and everything that is done with it asks systemd. */
export const scopePrelude = `
  runtime() { "$RUNTIME" --root "$STATE" --systemd-cgroup "$@"; }
  scope() {
    local name=$1 change=\${2:-.}
    bundle "$name" ".linux.cgroupsPath = \\"lab.slice:lab:$name\\" | $change"
  }
  property() { systemctl show --value -p "$2" "lab-$1.scope"; }
  # Inside the scope crun makes a group of its own.
  place() { echo "/sys/fs/cgroup/lab.slice/lab-$1.scope"; }
  # Where systemd and the bus are not to be reached.
  without() { unshare --mount sh -c 'mount -t tmpfs none /run/systemd; mount -t tmpfs none /run/dbus; "$@"' sh "$@"; }
  gone() { [ ! -e "$(place "$1")" ] && ! systemctl list-units --all --plain --no-legend | grep -q "^lab-$1.scope"; }
`;

const systemd = (name: string, script: string, more: Partial<MachineCase> = {}): MachineCase => ({
  name: `systemd/${name}`,
  init: 'systemd',
  kernels: ['6.12'],
  script: scopePrelude + script,
  ...more,
});

const limits =
  '.linux.resources = {memory: {limit: 67108864}, cpu: {quota: 50000, period: 100000, cpus: "0"}, pids: {limit: 77}}';

export const systemdCases: readonly MachineCase[] = [
  systemd(
    'limits-are-properties-and-outlive-a-reload',
    `
      scope box '${limits}'
      created box
      runtime start box
      same slice "$(property box Slice)" lab.slice
      same delegate "$(property box Delegate)" yes
      check() {
        same "$1 memory" "$(<"$(place box)/memory.max") $(property box MemoryMax)" "$2 $2"
        same "$1 tasks" "$(<"$(place box)/pids.max") $(property box TasksMax)" "$3 $3"
        same "$1 cpu" "$(<"$(place box)/cpu.max") $(property box CPUQuotaPerSecUSec)" "50000 100000 500ms"
        same "$1 cpus" "$(<"$(place box)/cpuset.cpus")" 0
      }
      check created 67108864 77
      systemctl daemon-reload
      check reloaded 67108864 77
      runtime update --memory 33554432 --pids-limit 55 box
      systemctl daemon-reload
      check updated 33554432 55
      runtime delete --force box
      gone box`,
    { runtimes: all },
  ),
  systemd(
    'device-rules-outlive-a-reload',
    `
      scope box '.linux.devices = [{path: "/dev/lab", type: "c", major: 1, minor: 11, fileMode: 438}]
        | .linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 3, access: "rwm"}]'
      created box
      "$RUNTIME" --root "$STATE" start box
      opens() { "$RUNTIME" --root "$STATE" exec box dd if="$1" of=/dev/null bs=1 count=0 2>&1; }
      check() {
        matches "$1 allowed" "$(opens /dev/null)" '0[+]0 records out'
        matches "$1 forbidden" "$(opens /dev/lab || true)" 'Operation not permitted'
      }
      check created
      systemctl daemon-reload
      check reloaded
      systemctl set-property --runtime lab-box.scope TasksMax=44
      same tasks "$(<"$(place box)/pids.max")" 44
      check changed
      runtime delete --force box
      gone box`,
  ),
  systemd(
    'a-unit-of-somebody-else-stays',
    `
      scope box
      # As another program has it: the container has ended, and its name is another's now.
      taken() {
        created box
        systemctl kill --signal=KILL lab-box.scope
        until_true 20 gone box
        systemd-run --scope --slice=lab.slice --unit=lab-box.scope sleep 54321 >told 2>&1 &
        until_true 20 sh -c 'systemctl is-active --quiet lab-box.scope && pgrep -f "^.*sleep 54321" >/dev/null'
      }
      deleted() {
        same "words $1" "$("$@" "$RUNTIME" --root "$STATE" delete --force box 2>&1)" ""
        same "state $1" "$(ls -A "$STATE" 2>/dev/null | sed "/^[.]programs$/d")" ""
        same "the other's, $1" "$(systemctl is-active lab-box.scope) $(pgrep -fc '^.*sleep 54321')" "active 1"
      }
      taken
      deleted without
      systemctl stop lab-box.scope
      until_true 20 gone box
      taken
      deleted env
      # Nor is it to be had by another slice.
      bundle other '.linux.cgroupsPath = "lab-other.slice:lab:box"'
      code=0; output=$(runtime create --bundle other other 2>&1) || code=$?
      same code $code 1
      matches refusal "$output" 'a unit of that name is active already: .*sleep 54321'
      same lines "$(wc -l <<<"$output")" 1
      same "the other's" "$(systemctl is-active lab-box.scope)" active
      systemctl stop lab-box.scope`,
  ),
  systemd(
    'every-command-finds-the-scope',
    `
      scope box
      created box
      "$RUNTIME" --root "$STATE" start box
      matches scope "$("$RUNTIME" --root "$STATE" state box)" '"systemd-scope" ?: ?"lab-box.scope"'
      matches exec "$("$RUNTIME" --root "$STATE" exec box cat /proc/1/cgroup)" '0::/'
      "$RUNTIME" --root "$STATE" pause box
      same status "$("$RUNTIME" --root "$STATE" state box | jq -r .status)" paused
      "$RUNTIME" --root "$STATE" resume box
      "$RUNTIME" --root "$STATE" kill box KILL
      until_true 90 sh -c '! kill -0 '$pid' 2>/dev/null'
      "$RUNTIME" --root "$STATE" delete box
      gone box
      # At once again, under the same name.
      created box
      "$RUNTIME" --root "$STATE" delete --force box
      gone box`,
    { runtimes: ['chos-runtime', 'crun'] },
  ),
  systemd(
    'names',
    `
      bundle box '.linux.cgroupsPath = "lab-a-b.slice:p:" | .process.args = ["sleep", "1000"]'
      runtime run --detach --bundle box a+b
      group=/sys/fs/cgroup/lab.slice/lab-a.slice/lab-a-b.slice/p-a'\\x2b'b.scope
      matches processes "$(<"$group/cgroup.procs")" '^[0-9]+$'
      code=0; output=$(runtime run --bundle box a+b 2>&1) || code=$?
      same "code of the same id" $code 1
      bundle other '.linux.cgroupsPath = "lab-a-b.slice:p:a+b"'
      code=0; output=$(runtime run --bundle other other 2>&1) || code=$?
      same "code of the same scope" $code 1
      matches refusal "$output" 'somebody else does already'
      same "lines" "$(wc -l <<<"$output")" 1
      runtime delete --force a+b
      [ ! -e "$group" ]`,
  ),
  systemd(
    'by-the-bus',
    `
      scope box
      export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket
      created box
      same group "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" /lab.slice/lab-box.scope
      runtime delete --force box
      gone box
      export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere
      code=0; output=$(runtime create --bundle box box 2>&1) || code=$?
      same code $code 1
      matches refusal "$output" 'reach systemd at /nowhere: No such file or directory'
      same "lines" "$(wc -l <<<"$output")" 1
      [ ! -e "$STATE/box" ]`,
  ),
  systemd(
    'stopped-by-systemd-and-deleted-without-it',
    `
      scope box '.process.args = ["sh", "-c", "trap \\"exit 0\\" TERM; while :; do sleep 0.1; done"]'
      created box
      runtime start box
      systemctl stop lab-box.scope
      same status "$(runtime state box | jq -r .status)" stopped
      runtime delete box
      # Under the same name at once, though systemd may not have forgotten it.
      created box
      runtime delete --force box
      until_true 20 gone box
      "$RUNTIME" --root "$STATE" --systemd-cgroup compile box -o program
      for round in 1 2 3 4 5 6; do
        ./program --root "$STATE" --id box --detach </dev/null
        same warnings "$(without "$RUNTIME" --root "$STATE" delete --force box 2>&1)" ""
        until_true 20 gone box || fail "round $round: $(systemctl status lab-box.scope)"
      done`,
    { seconds: 400 },
  ),
  systemd(
    'a-unit-that-its-processes-have-left-makes-room',
    `
      scope box '.process.args = ["sleep", "1000"]'
      "$RUNTIME" --root "$STATE" --systemd-cgroup compile box -o program
      group=$(place box)
      for round in 1 2 3 4 5 6; do
        systemd-run --quiet --scope --slice=lab.slice --unit=lab-box.scope --description='container of chos-runtime, number 1234567890123456789' sleep 1000 &
        until_true 20 grep -qs . "$group/cgroup.procs"
        # So soon that systemd often hears nothing of it.
        echo 1 >"$group/cgroup.kill"
        until_true 20 eval 'rmdir "$group" 2>/dev/null || [ ! -e "$group" ]'
        ./program --root "$STATE" --id box --detach </dev/null || fail "round $round: $(systemctl status lab-box.scope)"
        "$RUNTIME" --root "$STATE" delete --force box
        until_true 20 gone box
      done`,
    { seconds: 400 },
  ),
  systemd(
    'properties-by-annotations',
    `
      scope told '.annotations = {"org.systemd.property.TimeoutStopSec": "uint64 7", "org.systemd.property.Documentation": "[\\u0027man:a(1)\\u0027]"}'
      created told
      same timeout "$(property told TimeoutStopUSec)" 7s
      matches documentation "$(property told Documentation)" 'man:a[(]1[)]'
      runtime delete --force told
      scope bad '.annotations = {"org.systemd.property.NoSuchThing": "true"}'
      code=0; output=$(runtime create --bundle bad bad 2>&1) || code=$?
      same code $code 1
      matches refusal "$output" 'NoSuchThing'
      [ ! -e "$STATE/bad" ] && gone bad`,
  ),
  systemd(
    'the-instance-of-a-user',
    `
      id lab >/dev/null 2>&1 || useradd --uid 1000 --create-home lab
      systemctl start user@1000.service
      bundle box 'del(.linux.cgroupsPath) | .linux.resources = {memory: {limit: 67108864}} | .process.args = ["sleep", "1000"]'
      chmod 755 /run/lab "$PLACE" && chown -R lab "$PLACE"
      export above=/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service
      setpriv --reuid 1000 --regid 1000 --clear-groups env XDG_RUNTIME_DIR=/run/user/1000 unshare --user --map-root-user --mount bash -eu -c '
        runtime() { "$RUNTIME" --root /run/user/1000/lab "$@"; }
        runtime --systemd-cgroup run --detach --bundle box box
        cat "$above/user.slice/chos-runtime-box.scope/memory.max"
        runtime delete --force box
      ' >output || { cat output; exit 1; }
      same output "$(<output)" 67108864
      same scopes "$(find $above -name 'chos-*.scope')" ""
      systemctl stop user@1000.service`,
  ),
];
