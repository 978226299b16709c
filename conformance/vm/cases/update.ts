/** `update`, `events` and what goes with them on v2, where all controllers are. For v1: conformance/suite/cases. */
import type { MachineCase } from '../case.js';

/** A container that runs: its cgroup is $group. */
const started = `
  started() {
    bundle "$1" '.process.args = ["sleep", "1000"] | '"\${2:-.}"
    created "$1"
    runtime start "$1"
  }
  holds() { same "$1" "$(<$group/$1)" "$2"; }
`;

export const updateCases: readonly MachineCase[] = [
  {
    name: 'update/options',
    runtimes: ['chos-runtime', 'crun', 'runc'],
    script: `
      ${started}
      started u
      runtime update --memory 209715200 --memory-swap 314572800 --memory-reservation 52428800 \\
        --cpu-quota 20000 --cpu-period 50000 --pids-limit 40 --cpuset-cpus 0 u
      holds memory.max 209715200
      holds memory.swap.max 104857600
      holds memory.low 52428800
      holds cpu.max "20000 50000"
      holds pids.max 40
      holds cpuset.cpus 0
      runtime update --pids-limit -1 u
      holds pids.max max
      same status "$(runtime state u | jq -r .status)" running`,
  },
  {
    name: 'update/a-file-and-what-only-v2-has',
    script: `
      ${started}
      started u
      jq -n '{cpu: {quota: 50000, burst: 40000, period: 100000, idle: 0}, unified: {"memory.high": "104857600"}}' |
        runtime update --resources=- u
      holds cpu.max "50000 100000"
      holds cpu.max.burst 40000
      holds memory.high 104857600
      jq -n '{cpu: {quota: 9000, burst: 8000, period: 100000}}' | runtime update --resources - u
      holds cpu.max "9000 100000"
      holds cpu.max.burst 8000
      runtime update --memory 100m u
      runtime update --memory -1 u
      holds memory.max max
      holds memory.swap.max max
      code=0; message=$(runtime update --memory-swap 1g u 2>&1) || code=$?
      same "exit code without a limit of memory" $code 1
      matches message "$message" "memory.limit"`,
  },
  {
    name: 'update/all-or-nothing',
    script: `
      ${started}
      started u
      device=$(cat /sys/block/vda/dev)
      limits() { jq -n --arg d "$device" --argjson rate "$1" '($d | split(":") | map(tonumber)) as [$major, $minor] |
        {pids: {limit: $rate}, blockIO: {throttleReadBpsDevice: [{$major, $minor, $rate}]}}'" + $2"; }
      limits 5000 '{cpu: {cpus: "4000"}}' | { ! runtime update -r - u 2>message; }
      matches message "$(<message)" "cpuset.cpus"
      holds io.max ""
      holds pids.max max
      limits 6000 '{}' | runtime update -r - u
      holds pids.max 6000
      matches io.max "$(<$group/io.max)" "^$device rbps=6000 "
      limits 7000 '{cpu: {cpus: "4000"}}' | { ! runtime update -r - u 2>message; }
      holds pids.max 6000
      matches io.max "$(<$group/io.max)" "^$device rbps=6000 "
      # What is used counts before anything is set.
      used=$(<$group/memory.current)
      code=0
      message=$(jq -n '{pids: {limit: 9}, memory: {limit: 4096, checkBeforeUpdate: true}}' | runtime update -r - u 2>&1) || code=$?
      same "exit code" $code 1
      matches message "$message" "below what the container uses now, [0-9]+ bytes"
      holds pids.max 6000
      holds memory.max max
      same status "$(runtime state u | jq -r .status)" running`,
  },
  {
    name: 'events/stats-have-the-form-of-runc',
    script: `
      ${started}
      started e '.linux.resources = {memory: {limit: 104857600}, pids: {limit: 50}}'
      runtime events --stats e >ours
      same memory.limit "$(jq '.data.memory.usage.limit' ours)" 104857600
      same pids "$(jq -c .data.pids ours)" '{"current":1,"limit":50}'
      sed -i 's,"/lab-e","/lab-theirs",' "$PLACE/e/config.json"
      runc --root "$PLACE/runc" run --detach --bundle "$PLACE/e" theirs </dev/null >/dev/null 2>&1
      runc --root "$PLACE/runc" events --stats theirs >theirs
      runc --root "$PLACE/runc" delete --force theirs
      # Pressure and the highest use are in newer ones than this machine's; devices that nobody used yet, huge pages where nobody limits them, and a cache that is empty
      # (whoever reads a file first pays for it) are not there.
      shape() { jq -S -c 'del(.id) | del(.. | .psi?, .max?) | del(.data.blkio, .data.hugetlb, .data.memory.cache) |
        [paths(type != "object" or . == {})] | map(join(".")) | sort | .[]' "$1"; }
      diff <(shape theirs) <(shape ours) || wrong=1`,
  },
  {
    name: 'events/out-of-memory',
    script: `
      ${started}
      started e '.linux.resources = {memory: {limit: 20971520, swap: 20971520}}'
      runtime events --interval 500ms e >seen &
      until_true 90 grep -q stats seen
      runtime exec e dd if=/dev/zero of=/dev/null bs=60M count=1 || true
      until_true 90 grep -q '^{"type":"oom","id":"e"}$' seen
      runtime kill e KILL
      wait $!
      same "events of another kind" "$(grep -v -e '"stats"' -e '"oom"' seen || true)" ""`,
  },
];
