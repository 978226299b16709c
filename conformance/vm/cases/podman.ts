/** Podman 5 with our runtime, on cgroup v2 and overlay storage. (Podman 4 and cgroup v1: conformance/podman.) */
import type { MachineCase } from '../case.js';
import { kernels } from '../machine.js';

/** The lines of docs/podman.md, and no systemd and no journal, which the machines do not have. */
const containersConf = `[containers]
log_driver = "k8s-file"
[engine]
runtime_supports_json = ["crun", "runc", "chos-runtime"]
runtime_supports_nocgroup = ["crun", "chos-runtime"]
cgroup_manager = "cgroupfs"
events_logger = "file"
[engine.runtimes]
chos-runtime = ["/usr/local/bin/chos-runtime"]
`;

/** The image `bb` is made by the first case that needs it. */
const prelude = `
  podman() { command podman --runtime "$NAME" "$@"; }
  command podman image exists bb || tar -C /run/lab/tree -c . | command podman import --quiet - bb >/dev/null
  run() { podman run --rm --network none "$@"; }
`;

const podman = (name: string, script: string, more: Partial<MachineCase> = {}): MachineCase => ({
  name: `podman5/${name}`,
  payload: () => [{ text: containersConf, to: '/etc/containers/containers.conf' }],
  script: prelude + script,
  seconds: 600,
  ...more,
});

export const podmanCases: readonly MachineCase[] = [
  podman(
    'update-and-pause',
    `
      podman run -d --network none --name up --memory 200m bb sleep 1000 >/dev/null
      group=/sys/fs/cgroup$(podman inspect --format '{{.State.CgroupPath}}' up)
      podman update --memory 300m --pids-limit 33 --cpu-quota 30000 up >/dev/null
      same memory.max "$(<$group/memory.max)" 314572800
      same pids.max "$(<$group/pids.max)" 33
      same cpu.max "$(<$group/cpu.max)" "30000 100000"
      podman pause up >/dev/null
      same status "$(podman inspect --format '{{.State.Status}}' up)" paused
      podman unpause up >/dev/null
      same "what runs in it" "$(podman exec up echo there)" there
      podman rm -f -t 0 up >/dev/null`,
  ),
  podman(
    'run-and-exit-codes',
    `
      same output "$(run bb echo hello)" hello
      code=0; run bb sh -c 'exit 7' || code=$?
      same "exit code" $code 7
      code=0; run bb no-such-command 2>message || code=$?
      same "exit code of a missing command" $code 127
      code=0; run bb /etc/passwd 2>message || code=$?
      same "exit code of a file that is no program" $code 126`,
    { kernels },
  ),
  podman(
    'life-in-the-background',
    `
      podman run -d --network none --name life bb sh -c 'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 1 & wait $!; done' >/dev/null
      until_true 90 sh -c 'podman logs life | grep -q ready'
      same status "$(podman inspect -f '{{.State.Status}} {{.OCIRuntime}}' life)" "running $NAME"
      same exec "$(podman exec -e A=b --user 1:2 life sh -c 'echo $A $(id -u) $(id -g)')" "b 1 2"
      code=0; podman exec life sh -c 'exit 9' || code=$?
      same "exit code of exec" $code 9
      podman stop --time 30 life >/dev/null
      same "exit code" "$(podman inspect -f '{{.State.ExitCode}}' life)" 3
      matches logs "$(podman logs life)" bye
      podman start life >/dev/null
      podman kill life >/dev/null
      podman wait life >/dev/null
      podman rm life >/dev/null
      same containers "$(podman ps -aq)" ""
      same "state of the runtime" "$(ls -A /run/chos-runtime 2>/dev/null | grep -E '^[0-9a-f]{64}$' || true)" ""`,
  ),
  podman(
    'limits',
    `
      same limits "$(run --memory 64m --memory-swap 96m --memory-reservation 32m --pids-limit 33 --cpus 0.5 --cpuset-cpus 0 bb sh -c '
        cd /sys/fs/cgroup; cat memory.max memory.swap.max memory.low pids.max cpu.max cpuset.cpus')" "67108864
33554432
33554432
33
50000 100000
0"
      same "none asked for" "$(run --pids-limit -1 bb cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max)" "max
max"`,
    { runtimes: ['chos-runtime', 'crun'] },
  ),
  podman(
    'memory-limit-kills',
    `
      code=0; run --name greedy --memory 16m --memory-swap 16m bb sh -c 'exec dd if=/dev/zero of=/dev/null bs=64M count=1' 2>/dev/null || code=$?
      same "exit code" $code 137`,
  ),
  podman(
    'read-only-and-tmpfs',
    `
      same output "$(run --read-only --tmpfs /scratch:size=1m bb sh -c 'touch /new 2>&1; touch /scratch/new && ls /scratch; df -k /scratch | tail -1 | tr -s " " | cut -d " " -f 2')" "touch: /new: Read-only file system
new
1024"`,
  ),
  podman(
    'volumes',
    `
      mkdir here; echo mine >here/file
      same "read-only volume" "$(run -v "$PLACE/here:/there:ro" bb sh -c 'cat /there/file; touch /there/x 2>&1')" "mine
touch: /there/x: Read-only file system" || true
      run -v "$PLACE/here:/there" bb sh -c 'echo yours >/there/other'
      same "what it wrote" "$(<here/other)" yours
      podman volume create named >/dev/null
      run -v named:/data bb sh -c 'echo kept >/data/file'
      same "named volume" "$(run -v named:/data bb cat /data/file)" kept
      podman volume rm named >/dev/null`,
  ),
  podman(
    'terminal',
    `
      matches output "$(script -qec "podman --runtime $NAME run --rm --network none -t bb sh -c 'tty; stty size'" /dev/null </dev/null)" /dev/pts/0`,
  ),
  podman(
    'pause',
    `
      podman run -d --network none --name paused bb sleep 1000 >/dev/null
      podman pause paused >/dev/null
      same status "$(podman inspect -f '{{.State.Status}}' paused)" paused
      podman unpause paused >/dev/null
      same status "$(podman inspect -f '{{.State.Status}}' paused)" running
      podman rm -f -t 0 paused >/dev/null`,
  ),
  podman(
    'isolation',
    `
      run --cap-drop all --cap-add net_raw --hostname inside --security-opt no-new-privileges bb sh -c '
        hostname; grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; cat /proc/self/cgroup; cat /proc/keys /proc/timer_list | wc -c' >seen
      same seen "$(tr -s "\\t" " " <seen)" "inside
CapEff: 0000000000002000
NoNewPrivs: 1
Seccomp: 2
0::/
0"`,
    { runtimes: ['chos-runtime', 'crun'] },
  ),
  podman(
    'init-and-bridge-network',
    `
      modprobe -a bridge veth
      podman run --rm --init bb sh -c 'cat /proc/1/comm; ip -o -4 addr show eth0 | grep -c inet' >seen
      same seen "$(<seen)" "podman-init
1"
      ip link del podman0 2>/dev/null || true`,
  ),
  podman(
    'checkpoint-into-archives-and-out-of-them',
    `
      podman run -dt --network none --tmpfs /kept --name saved bb sh -c 'echo kept >/kept/file; while :; do n=$((n + 1)); echo "$n $(tty) $(cat /kept/file)"; sleep 0.1; done' >/dev/null
      until_true 90 sh -c 'podman logs saved | grep -q "^3 /dev/pts/0 kept"'
      podman container checkpoint --pre-checkpoint --export early.tar.gz saved >/dev/null
      podman container checkpoint --with-previous --file-locks --export late.tar.gz saved >/dev/null
      last=$(podman logs saved | grep -c pts)
      # Into a new root file system, in which what is mounted on is missing.
      podman container restore --import-previous early.tar.gz --import late.tar.gz --file-locks --name again >/dev/null
      goes_on() { podman logs again | grep -q "^$((last + 1)) /dev/pts/0 kept"; }
      until_true 90 goes_on || fail "it does not go on: $(podman logs again | tail -1)"
      podman rm -f -t 0 saved again >/dev/null`,
    { kernels: ['6.12'] },
  ),
  podman(
    'tree',
    `
      mkdir -p /etc/chos.d trees share
      trap 'code=$?; rm -rf /etc/chos.d; exit $code' EXIT
      cp -a /run/lab/tree trees/one
      echo one >trees/one/etc/marker
      echo shared >share/file
      jq -n --arg place "$PLACE" '{trees: {one: {path: ($place + "/trees/one")}}, shares: [{path: ($place + "/share")}]}' >/etc/chos.d/lab.json
      same "annotation and image" "$(run --annotation org.chos.tree=one bb cat /etc/marker "$PLACE/share/file")" "one
shared"
      same "annotation and --rootfs" "$(run --annotation org.chos.tree=one --rootfs $PLACE/trees/one cat /etc/marker "$PLACE/share/file")" "one
shared"
      same "--rootfs alone" "$(run --rootfs $PLACE/trees/one sh -c "cat /etc/marker; ls $PLACE/share 2>/dev/null | wc -l")" "one
0"
      [ $wrong = 0 ]`,
  ),
];
