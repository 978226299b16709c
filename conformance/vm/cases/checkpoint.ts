/** Checkpoints by the real CRIU. What it is asked, and what comes of its failures, is shown with a stand-in by conformance/suite/cases/checkpoint.ts. */
import type { MachineCase } from '../case.js';

/** Nothing of the case is a standard stream of the container: its output is a pipe that others wait for. */
const prelude = `
  quiet() { runtime "$@" >output 2>&1 </dev/null || { cat output; grep -a -h Error "$PLACE"/*.log "$PLACE"/*/*.log | tail -5; return 1; }; }
  counted() { wc -l <"$PLACE/box/rootfs/tmp/lines"; }
  beyond() { [ "$(counted)" -gt "$1" ]; }
  goes_on() { until_true 90 beyond "$(counted)" || fail "it does not go on"; }
  counting='while :; do echo line >>/tmp/lines; sleep 0.1; done'
  box() {
    bundle box '.process.args = ["sh", "-c", $script] | .linux.namespaces += [{type: "network"}]
      | .linux.resources.pids.limit = 50 | .linux.maskedPaths = ["/proc/kcore", "/sys/firmware"] | .linux.readonlyPaths = ["/proc/sys"]' --arg script "$1"
    mkdir -p "$PLACE/box/rootfs/tmp"
    runtime run --detach --bundle "$PLACE/box" box >/dev/null 2>&1 </dev/null
    until_true 90 test -s "$PLACE/box/rootfs/tmp/lines"
  }
`;

const checkpoint = (name: string, script: string, more: Partial<MachineCase> = {}): MachineCase => ({
  name: `checkpoint/${name}`,
  script: prelude + script,
  kernels: ['6.12'],
  seconds: 400,
  ...more,
});

export const checkpointCases: readonly MachineCase[] = [
  checkpoint(
    'goes-on-where-it-was',
    `
      box "$counting"
      quiet checkpoint --leave-running --image-path $PLACE/first --work-path $PLACE box
      goes_on
      quiet checkpoint --image-path $PLACE/images --work-path $PLACE box
      stopped=$(counted)
      same containers "$(runtime list -q)" ""
      quiet restore --detach --bundle $PLACE/box --pid-file $PLACE/pid --image-path $PLACE/images --work-path $PLACE again
      until_true 90 beyond "$stopped" || fail "it does not go on"
      same status "$(runtime state again | jq -r '.status, .pid')" "running
$(<pid)"
      same limit "$(cat /sys/fs/cgroup/lab-box/pids.max)" 50
      same "its cgroup" "$(sed 's/^0:://' /proc/$(<pid)/cgroup)" /lab-box
      runtime exec again sh -c 'cat /proc/self/cgroup; hostname' >seen
      same seen "$(<seen)" "0::/
inside"
      quiet delete --force again`,
    { runtimes: ['chos-runtime', 'runc'] },
  ),
  checkpoint(
    'memory-first-and-then-the-rest',
    `
      box "echo kept >/dev/kept; $counting"
      quiet checkpoint --pre-dump --image-path $PLACE/early --work-path $PLACE box
      goes_on
      quiet checkpoint --parent-path ../early --image-path $PLACE/images --work-path $PLACE box
      quiet restore --detach --bundle $PLACE/box --image-path $PLACE/images --work-path $PLACE box
      goes_on
      same "what was in a tmpfs" "$(runtime exec box cat /dev/kept)" kept
      quiet delete --force box`,
  ),
];
