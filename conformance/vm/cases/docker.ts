/** Docker's daemon and containerd as Debian packages them, on a machine that systemd has booted, with our runtime for their default one. */
import type { MachineCase } from '../case.js';

const daemonJson = `{ "runtimes": { "chos-runtime": { "path": "/usr/local/bin/chos-runtime" } }, "default-runtime": "chos-runtime" }
`;

const caller = (name: string, script: string, more: Partial<MachineCase> = {}): MachineCase => ({
  name,
  init: 'systemd',
  kernels: ['6.12'],
  seconds: 600,
  script,
  ...more,
});

export const dockerCases: readonly MachineCase[] = [
  caller(
    'docker/life',
    `
      systemctl start docker || { journalctl --no-pager -u docker -n 30; exit 1; }
      trap 'code=$?; systemctl stop docker.service docker.socket containerd.service; ip link delete docker0
        umount -l /run/docker/netns/* 2>/dev/null || true; [ $code$wrong = 00 ]' EXIT
      same daemon "$(docker info --format '{{.DefaultRuntime}} {{.CgroupDriver}} {{.CgroupVersion}}')" "chos-runtime systemd 2"
      tar -C /run/lab/tree -c . | docker import - bb >/dev/null
      run() { docker run --rm --network none "$@"; }
      same "on its bridge" "$(docker run --rm bb sh -c 'ip -o -4 addr show eth0 | grep -c inet')" 1
      code=0; run bb sh -c 'exit 7' || code=$?
      same "exit code" $code 7
      code=0; run bb nosuch 2>said || code=$?
      same "exit code of what is not there" "$code $(grep -c 'nosuch.*executable file not found' said)" "127 1"
      code=0; run bb /etc 2>/dev/null || code=$?
      same "exit code of what may not be executed" $code 126

      id=$(docker run -d --network none --name up --memory 64m --cpus 0.5 --pids-limit 33 --health-cmd 'test -e /tmp' --health-interval 1s \\
        bb sh -c 'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 1 & wait $!; done')
      property() { systemctl show --value -p "$1" docker-$id.scope; }
      same limits "$(property MemoryMax) $(property CPUQuotaPerSecUSec) $(property TasksMax)" "67108864 500ms 33"
      same exec "$(docker exec -e A=b -u 1:2 up sh -c 'echo $A $(id -u) $(id -g)')" "b 1 2"
      code=0; docker exec up sh -c 'exit 9' || code=$?
      same "exit code of exec" $code 9
      docker update --memory 80m --memory-swap 80m --cpus 0.25 up >/dev/null
      systemctl daemon-reload
      same "limits after update and reload" "$(property MemoryMax) $(property CPUQuotaPerSecUSec)" "83886080 250ms"
      matches stats "$(docker stats --no-stream --format '{{.MemUsage}}' up)" '/ 80MiB'
      matches top "$(docker top up)" 'echo ready'
      until_true 90 sh -c '[ $(docker inspect -f "{{.State.Health.Status}}" up) = healthy ]'
      docker run -d --runtime runc --network none --name other bb sleep 1000 >/dev/null
      for command in nosuch /etc; do
        code=0; docker exec up $command 2>/dev/null || code=$?
        as=0; docker exec other $command 2>/dev/null || as=$?
        same "exit code of exec of $command" $code $as
      done
      docker rm -f other >/dev/null
      docker pause up >/dev/null
      same status "$(docker inspect -f '{{.State.Status}}' up)" paused
      docker unpause up >/dev/null
      docker restart up >/dev/null
      until_true 90 sh -c '[ $(docker logs up | grep -c ready) = 2 ]'
      docker stop up >/dev/null
      same "exit code" "$(docker inspect -f '{{.State.ExitCode}}' up)" 3
      matches logs "$(docker logs up)" bye
      docker start up >/dev/null
      docker kill up >/dev/null
      same "exit code after kill" "$(docker wait up)" 137
      docker rm up >/dev/null

      run --init --read-only --tmpfs /scratch --cap-drop all --cap-add net_raw --security-opt no-new-privileges --hostname inside bb sh -c '
        hostname; grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; cat /proc/1/comm /proc/self/attr/current; touch /scratch/x; touch /x 2>&1' >seen || true
      same seen "$(tr -s "\\t" " " <seen)" "inside
CapEff: 0000000000002000
NoNewPrivs: 1
Seccomp: 2
docker-init
docker-default (enforce)
touch: /x: Read-only file system"
      matches terminal "$(script -qec "docker run --rm -t --network none bb tty" /dev/null </dev/null)" /dev/pts/0
      code=0; docker run --name greedy --network none --memory 16m --memory-swap 16m bb sh -c 'exec dd if=/dev/zero of=/dev/null bs=64M count=1' 2>/dev/null || code=$?
      # Not State.OOMKilled: the shim learns of it by an event that may come after the exit.
      same "exit code when killed for its memory" $code 137
      docker rm greedy >/dev/null
      printf 'FROM bb\\nRUN echo built >/built; id -u >>/built\\n' >Dockerfile
      DOCKER_BUILDKIT=0 docker build --quiet --network none -t built . >/dev/null 2>&1
      same "what was built" "$(run built cat /built)" "built
0"
      same containers "$(docker ps -aq)" ""
      scopes() { systemctl list-units --all --plain --no-legend 'docker-*.scope'; }
      until_true 90 eval '[ -z "$(scopes)" ]' || same scopes "$(scopes)" ""`,
    { payload: () => [{ text: daemonJson, to: '/etc/docker/daemon.json' }] },
  ),
  caller(
    'containerd/ctr-and-systemd-cgroups',
    `
      systemctl start containerd || { journalctl --no-pager -u containerd -n 30; exit 1; }
      trap 'code=$?; systemctl stop containerd.service; [ $code$wrong = 00 ]' EXIT
      podman image exists bb || tar -C /run/lab/tree -c . | podman import --quiet - localhost/bb >/dev/null
      podman save --quiet localhost/bb | ctr images import - >/dev/null
      run() { ctr run --runc-binary /usr/local/bin/chos-runtime --runc-systemd-cgroup "$@"; }
      code=0; run --rm --cgroup ctr.slice:ctr:one localhost/bb:latest one sh -c 'exit 7' || code=$?
      same "exit code" $code 7
      run -d --cgroup ctr.slice:ctr:two --memory-limit 67108864 --cpus 0.5 localhost/bb:latest two sleep 1000
      property() { systemctl show --value -p "$1" ctr-two.scope; }
      same limits "$(property Slice) $(property MemoryMax) $(property CPUQuotaPerSecUSec)" "ctr.slice 67108864 500ms"
      same exec "$(ctr task exec --exec-id e two cat /proc/1/comm)" sleep
      matches metrics "$(ctr task metrics two)" 'memory.*usage_limit +67108864|67108864'
      ctr task pause two
      matches status "$(ctr task ls)" 'two .*PAUSED'
      ctr task resume two
      ctr task kill -s SIGKILL two
      until_true 90 sh -c 'ctr task ls | grep -q "two .*STOPPED"'
      ctr task delete two 2>/dev/null || true
      ctr container delete two
      same tasks "$(ctr task ls -q)" ""
      scopes() { systemctl list-units --all --plain --no-legend "ctr-*.scope"; }
      until_true 90 eval '[ -z "$(scopes)" ]' || same scopes "$(scopes)" ""`,
  ),
];
