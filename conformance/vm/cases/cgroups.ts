/** Cgroups of the second version, as the only ones: what is written, where processes are, what is left. */
import type { MachineCase } from '../case.js';
import { kernels } from '../machine.js';

const everybody = ['chos-runtime', 'crun', 'runc'] as const;
const limits = `.linux.resources += {
  pids: {limit: 17},
  memory: {limit: 67108864, swap: 100663296, reservation: 33554432},
  cpu: {quota: 20000, period: 50000, cpus: "0", mems: "0"},
  hugepageLimits: [{pageSize: "2MB", limit: 4194304}]
}`;

export const cgroupCases: readonly MachineCase[] = [
  {
    name: 'cgroup2/limits',
    kernels,
    runtimes: everybody,
    script: `
      bundle all '${limits}'
      created all
      same pids.max "$(<$group/pids.max)" 17
      same memory.max "$(<$group/memory.max)" 67108864
      same memory.swap.max "$(<$group/memory.swap.max)" 33554432
      same memory.low "$(<$group/memory.low)" 33554432
      same cpu.max "$(<$group/cpu.max)" "20000 50000"
      same cpuset.cpus "$(<$group/cpuset.cpus)" 0
      same cpuset.mems "$(<$group/cpuset.mems)" 0
      same hugetlb.2MB.max "$(<$group/hugetlb.2MB.max)" 4194304
      same group "$group" /sys/fs/cgroup/lab-all`,
  },
  {
    name: 'cgroup2/no-limits',
    runtimes: everybody,
    script: `
      bundle none '.linux.resources += {pids: {limit: -1}, memory: {limit: -1, swap: -1}, cpu: {quota: -1}}'
      created none
      for file in pids.max memory.max memory.swap.max; do same $file "$(<$group/$file)" max; done
      same cpu.max "$(<$group/cpu.max)" "max 100000"`,
  },
  {
    name: 'cgroup2/unified',
    runtimes: everybody,
    script: `
      bundle keys '.linux.resources.unified = {
        "memory.high": "50331648", "pids.max": "23", "cpu.weight": "77", "memory.oom.group": "1"}'
      created keys
      same memory.high "$(<$group/memory.high)" 50331648
      same pids.max "$(<$group/pids.max)" 23
      same cpu.weight "$(<$group/cpu.weight)" 77
      same memory.oom.group "$(<$group/memory.oom.group)" 1`,
  },
  {
    name: 'cgroup2/unified-key-that-is-not-there',
    script: `
      bundle wrong '.linux.resources.unified = {"memory.nothing": "1"}'
      ran wrong
      same "exit code" $code 1
      matches message "$output" "memory.nothing"
      [ ! -e /sys/fs/cgroup/lab-wrong ]`,
  },
  {
    // crun 1.21 has the older, straight curve.
    name: 'cgroup2/weight-of-shares',
    script: `
      bundle low '.linux.resources.cpu = {shares: 512}'
      created low
      same "weight of 512" "$(<$group/cpu.weight)" 59
      bundle usual '.linux.resources.cpu = {shares: 1024}'
      created usual
      same "weight of 1024" "$(<$group/cpu.weight)" 100`,
  },
  {
    name: 'cgroup2/io-throttles',
    runtimes: everybody,
    script: `
      IFS=: read -r major minor </sys/block/vda/dev
      bundle io '.linux.resources.blockIO = {
        throttleReadBpsDevice: [{major: $major, minor: $minor, rate: 1048576}],
        throttleWriteIOPSDevice: [{major: $major, minor: $minor, rate: 100}]}' --argjson major $major --argjson minor $minor
      created io
      same io.max "$(<$group/io.max)" "$major:$minor rbps=1048576 wbps=max riops=max wiops=100"`,
  },
  {
    // runc 1.1 gives up removing a busy group after a while, which is too short here.
    name: 'cgroup2/controllers-reach-a-deep-path',
    runtimes: ['chos-runtime', 'crun'],
    script: `
      bundle deep '.linux.cgroupsPath = "/lab-deep/a/b" | .linux.resources += {pids: {limit: 9}, cpu: {cpus: "1"}}'
      created deep
      same group "$group" /sys/fs/cgroup/lab-deep/a/b
      same pids.max "$(<$group/pids.max)" 9
      same cpuset.cpus "$(<$group/cpuset.cpus)" 1
      runtime delete --force deep
      [ ! -e "$group" ]
      # Whose the groups above are is everybody's own affair.
      rmdir /sys/fs/cgroup/lab-deep/a /sys/fs/cgroup/lab-deep 2>/dev/null || true
      [ ! -e /sys/fs/cgroup/lab-deep ]`,
  },
  {
    name: 'cgroup2/pids-limit-stops-forks',
    runtimes: everybody,
    script: `
      bundle forks '.linux.resources.pids = {limit: 4}
        | .process.args = ["sh", "-c", "sleep 9 & sleep 9 & sleep 9 & sleep 9 & sleep 9 & echo all"]'
      ran forks
      matches output "$output" "fork"`,
  },
  {
    name: 'cgroup2/memory-limit-kills',
    runtimes: everybody,
    script: `
      bundle greedy '.linux.resources.memory = {limit: 16777216, swap: 16777216}
        | .process.args = ["sh", "-c", "dd if=/dev/zero of=/dev/null bs=64M count=1; echo $?; cat /sys/fs/cgroup/memory.events"]'
      ran greedy
      matches output "$output" "137"
      matches memory.events "$output" "oom_kill 1"`,
  },
  {
    name: 'cgroup2/process-starts-in-its-group',
    script: `
      bundle born '.process.args = ["true"]'
      strace -f -o "$PLACE/trace" -e trace=clone3 "$RUNTIME" --root "$STATE" run --bundle "$PLACE/born" born </dev/null >/dev/null 2>&1
      matches clone3 "$(<"$PLACE/trace")" CLONE_INTO_CGROUP`,
  },
  {
    name: 'cgroup2/namespace',
    runtimes: everybody,
    script: `
      bundle inside '.process.args = ["sh", "-c", "cat /proc/self/cgroup; grep -c . /sys/fs/cgroup/cgroup.procs; cat /sys/fs/cgroup/pids.max; touch /sys/fs/cgroup/x 2>&1; mkdir /sys/fs/cgroup/x"]
        | .linux.resources.pids = {limit: 31}'
      ran inside
      mapfile -t lines <<<"$output"
      same /proc/self/cgroup "\${lines[0]}" 0::/
      same "number of processes" "\${lines[1]}" 2
      same pids.max "\${lines[2]}" 31
      matches "making a group" "$output" "mkdir.*Read-only"`,
  },
  {
    name: 'cgroup2/without-a-namespace',
    runtimes: everybody,
    script: `
      bundle outside '.process.args = ["cat", "/proc/self/cgroup"] | .linux.namespaces |= map(select(.type != "cgroup"))'
      ran outside
      same /proc/self/cgroup "$output" 0::/lab-outside`,
  },
  {
    name: 'cgroup2/exec-where-init-moved',
    runtimes: everybody,
    script: `
      bundle moved '(.mounts[] | select(.type == "cgroup") | .options) = ["nosuid"]
        | .process.args = ["sh", "-c", "mkdir /sys/fs/cgroup/inner && echo 1 >/sys/fs/cgroup/inner/cgroup.procs && echo +pids >/sys/fs/cgroup/cgroup.subtree_control && mkfifo /ready && echo >/ready; exec sleep 1000"]'
      created moved
      runtime start moved
      until_true 90 test -p "$PLACE/moved/rootfs/ready"
      read -r line <"$PLACE/moved/rootfs/ready"
      same "cgroup of exec" "$(runtime exec moved cat /proc/self/cgroup)" 0::/inner`,
  },
  {
    name: 'cgroup2/pause-and-resume',
    runtimes: everybody,
    script: `
      bundle still .
      created still
      runtime start still
      runtime pause still
      same cgroup.freeze "$(<$group/cgroup.freeze)" 1
      # crun may return before the kernel has frozen the last of them; ours and runc may not.
      [ $NAME != crun ] || until_true 90 grep -q "frozen 1" $group/cgroup.events
      matches cgroup.events "$(<$group/cgroup.events)" "frozen 1"
      same status "$(runtime state still | jq -r .status)" paused
      runtime resume still
      [ $NAME != crun ] || until_true 90 grep -q "frozen 0" $group/cgroup.events
      matches cgroup.events "$(<$group/cgroup.events)" "frozen 0"
      same status "$(runtime state still | jq -r .status)" running`,
  },
  {
    name: 'cgroup2/delete-with-groups-below',
    runtimes: everybody,
    script: `
      bundle nest '(.mounts[] | select(.type == "cgroup") | .options) = ["nosuid"]
        | .process.args = ["sh", "-c", "cd /sys/fs/cgroup; mkdir -p a/b c; sleep 1000 & echo $! >a/b/cgroup.procs; mkfifo /ready; echo >/ready; sleep 1000"]'
      created nest
      runtime start nest
      until_true 90 test -p "$PLACE/nest/rootfs/ready"
      read -r line <"$PLACE/nest/rootfs/ready"
      grep -q . $group/a/b/cgroup.procs
      runtime delete --force nest
      [ ! -e "$group" ]`,
  },
  {
    name: 'cgroup2/kill-everything-in-it',
    script: `
      bundle many '.process.args = ["sh", "-c", "sleep 1000 & sleep 1000 & mkfifo /ready; echo >/ready; wait"]'
      created many
      runtime start many
      until_true 90 test -p "$PLACE/many/rootfs/ready"
      read -r line <"$PLACE/many/rootfs/ready"
      same "number of processes" "$(wc -l <$group/cgroup.procs)" 3
      runtime kill --all many KILL
      until_true 90 grep -q "populated 0" $group/cgroup.events
      same status "$(runtime state many | jq -r .status)" stopped`,
  },
  {
    name: 'cgroup2/device-rules',
    kernels,
    runtimes: everybody,
    script: `
      IFS=: read -r major minor </sys/block/vda/dev
      bundle devices '.process.capabilities = {bounding: ["CAP_MKNOD", "CAP_SYS_RAWIO", "CAP_SYSLOG"], effective: ["CAP_MKNOD", "CAP_SYS_RAWIO", "CAP_SYSLOG"], permitted: ["CAP_MKNOD", "CAP_SYS_RAWIO", "CAP_SYSLOG"]}
        | .linux.devices = [{path: "/dev/disk", type: "b", major: $major, minor: $minor, fileMode: 438, uid: 0, gid: 0}]
        | .linux.resources.devices += [{allow: true, type: "b", major: $major, minor: $minor, access: "r"}]
        | .process.args = ["sh", "-c", $script]' --argjson major $major --argjson minor $minor --arg script '
          tell() { if "$@" 2>/dev/null; then echo yes; else echo no; fi; }
          echo "null: $(tell dd if=/dev/null count=1)"
          echo "disk read: $(tell dd if=/dev/disk of=/dev/null bs=512 count=1)"
          echo "disk write: $(tell dd if=/dev/null of=/dev/disk bs=512 count=0 conv=notrunc)"
          echo "kmsg node: $(tell mknod /dev/log-of-kernel c 1 11)"
          echo "kmsg read: $(tell dd if=/dev/log-of-kernel bs=8192 count=1 of=/dev/null iflag=nonblock)"
          echo "mem node: $(tell mknod /dev/memory c 1 1)"
          echo "mem read: $(tell dd if=/dev/memory bs=1 count=1 of=/dev/null)"'
      ran devices
      same output "$output" "null: yes
disk read: yes
disk write: no
kmsg node: yes
kmsg read: no
mem node: yes
mem read: no"`,
  },
  {
    name: 'cgroup2/device-rules-last-one-counts',
    runtimes: everybody,
    script: `
      bundle last '.process.capabilities = {bounding: ["CAP_MKNOD", "CAP_SYSLOG"], effective: ["CAP_MKNOD", "CAP_SYSLOG"], permitted: ["CAP_MKNOD", "CAP_SYSLOG"]}
        | .linux.resources.devices = [{allow: true, access: "rwm"}, {allow: false, type: "c", major: 1, minor: 11, access: "rwm"}]
        | .process.args = ["sh", "-c", $script]' --arg script '
          mknod /dev/mine c 1 5 && echo made
          dd if=/dev/mine bs=1 count=1 of=/dev/null 2>/dev/null && echo read
          mknod /dev/log-of-kernel c 1 11 2>/dev/null
          dd if=/dev/log-of-kernel bs=8192 count=1 of=/dev/null iflag=nonblock 2>/dev/null || echo refused'
      ran last
      same output "$output" "made
read
refused"`,
  },
  {
    name: 'cgroup2/devices-of-exec',
    script: `
      bundle later '.process.capabilities = {bounding: ["CAP_MKNOD"], effective: ["CAP_MKNOD"], permitted: ["CAP_MKNOD"]}'
      created later
      runtime start later
      same "opening what no rule allows" "$(runtime exec later sh -c 'mknod /dev/memory c 1 1 && cat /dev/memory || true' 2>&1)" "cat: can't open '/dev/memory': Operation not permitted"`,
  },
];
