/**
 * Podman as Debian configures it on a machine that systemd has booted: cgroups by systemd, logs in the journal, units of quadlet. Root's, and a user's with
 * an instance of systemd of his own.
 */
import type { MachineCase } from '../case.js';

/** The lines of docs/podman.md, and nothing else. */
export const containersConf = `[engine]
runtime = "chos-runtime"
runtime_supports_json = ["crun", "runc", "chos-runtime"]
runtime_supports_nocgroup = ["crun", "chos-runtime"]
[engine.runtimes]
chos-runtime = ["/usr/local/bin/chos-runtime"]
`;

/** Each part runs by itself too. */
const beginning = `  set -eu -o pipefail
  . /lab/functions
  podman image exists bb || tar -C /run/lab/tree -c . | podman import --quiet - localhost/bb >/dev/null
`;

/** What is done by root and by a user alike: the steps of one life, and the files that they need. `unit NAME PROPERTY` asks the instance that is theirs. */
const lifeOfContainers = `${beginning}  unit() { systemctl $instance show --value -p "$2" "$1"; }
  scopes() { systemctl $instance list-units --all --plain --no-legend 'libpod-*.scope' | grep -v libpod-conmon || true; }

  # A user who may not read the journal has his logs in files.
  same manager "$(podman info --format '{{.Host.CgroupManager}} {{.Host.OCIRuntime.Name}} {{.Host.LogDriver}}')" "systemd chos-runtime $logs"
  code=0; podman run --rm --network none bb sh -c 'exit 7' || code=$?
  same "exit code" $code 7

  # A user may load no profile.
  same "confined by" "$(podman run --rm --network none bb sed 's/[0-9. ].*//' /proc/self/attr/current)" "$confined"

  podman run -d --name life --network none --memory 200m --health-cmd 'test -e /healthy' --health-interval disable \\
    bb sh -c 'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 1 & wait $!; done' >id
  scope=libpod-$(<id).scope
  until_true 90 sh -c 'podman logs life | grep -q ready'
  same limit "$(unit $scope MemoryMax)" 209715200
  same exec "$(podman exec -e A=b --user 1:2 life sh -c 'echo $A $(id -u) $(id -g)')" "b 1 2"
  podman update --memory 300m --pids-limit 33 life >/dev/null
  systemctl $instance daemon-reload
  same "limits after update and reload" "$(unit $scope MemoryMax) $(unit $scope TasksMax)" "314572800 33"
  matches stats "$(podman stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' life)" '/ 314.6MB [1-9]'
  podman pause life >/dev/null
  same status "$(podman inspect -f '{{.State.Status}}' life)" paused
  podman unpause life >/dev/null
  code=0; podman healthcheck run life >/dev/null || code=$?
  same "health before" $code 1
  podman exec life touch /healthy
  same "health after" "$(podman healthcheck run life)" ""
  matches systemd-cgls "$(systemd-cgls --no-pager -l)" "$scope"
  podman restart -t 0 life >/dev/null
  until_true 90 sh -c '[ $(podman logs life | grep -c ready) = 2 ]'
  podman stop --time 30 life >/dev/null
  same "exit code" "$(podman inspect -f '{{.State.ExitCode}}' life)" 3
  matches logs "$(podman logs life)" bye
  podman start life >/dev/null
  podman kill life >/dev/null
  podman wait life >/dev/null
  podman rm life >/dev/null
  until_true 90 eval '[ -z "$(scopes)" ]' || same scopes "$(scopes)" ""
  [ $wrong = 0 ]
`;

const pods = `${beginning}  podman pod create --name group --network none >/dev/null
  podman run -d --pod group --name one bb sleep 1000 >/dev/null
  podman run -d --pod group --name two bb sleep 1000 >/dev/null
  same "ipc of both" "$(podman exec one readlink /proc/self/ns/ipc)" "$(podman exec two readlink /proc/self/ns/ipc)"
  podman pod pause group >/dev/null
  same paused "$(podman inspect -f '{{.State.Status}}' one two | sort -u)" paused
  podman pod unpause group >/dev/null
  podman pod stop -t 0 group >/dev/null
  podman pod rm -f -t 0 group >/dev/null

  cat >play.yaml <<YAML
apiVersion: v1
kind: Pod
metadata: {name: play}
spec:
  terminationGracePeriodSeconds: 0
  hostNetwork: true
  containers:
  - name: main
    image: localhost/bb
    imagePullPolicy: Never
    command: [sh, -c, "echo played; sleep 1000"]
    resources: {limits: {memory: 64Mi, cpu: 500m}}
    securityContext: {readOnlyRootFilesystem: true, runAsUser: 3}
YAML
  podman kube play play.yaml >/dev/null
  until_true 90 sh -c 'podman logs play-main | grep -q played'
  same "memory and CPU" "$(podman exec play-main cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max)" "67108864
50000 100000"
  same "user" "$(podman exec play-main id -u)" 3
  podman kube down play.yaml >/dev/null

  printf 'FROM localhost/bb\\nRUN echo built >/built; id -u >>/built\\n' >Containerfile
  podman build --quiet --pull=never --isolation oci --network none -t built . >/dev/null
  same "what was built" "$(podman run --rm --network none built cat /built)" "built
0"
  podman rmi built >/dev/null
  [ $wrong = 0 ]
`;

/** CRIU wants root. */
const checkpoints = `${beginning}  scopes() { systemctl list-units --all --plain --no-legend 'libpod-*.scope' | grep -v libpod-conmon || true; }
  podman run -dt --network none --tmpfs /kept --memory 200m --name saved bb sh -c 'echo kept >/kept/file; while :; do n=$((n + 1)); echo "$n $(tty) $(cat /kept/file)"; sleep 0.1; done' >id
  scope=libpod-$(<id).scope
  last() { podman logs "$1" 2>&1 | grep -c pts; }
  # All is read, or Podman would end by a signal.
  beyond() { podman logs "$1" 2>&1 | grep "^$(($2 + 1)) /dev/pts/0 kept" >/dev/null; }
  goes_on() { until_true 90 beyond "$1" "$(last "$1")" || fail "it does not go on: $(podman logs "$1" | tail -1)"; }
  until_true 90 beyond saved 2
  podman container checkpoint --leave-running saved >/dev/null
  goes_on saved
  podman container checkpoint saved >/dev/null
  until_true 90 eval '[ -z "$(scopes)" ]' || same "scopes after the checkpoint" "$(scopes)" ""
  podman container restore saved >/dev/null
  goes_on saved
  same "where it is" "$(podman inspect -f '{{.State.CgroupPath}}' saved)" "/machine.slice/$scope"
  same limit "$(systemctl show --value -p MemoryMax $scope)" 209715200
  podman update --memory 300m saved >/dev/null
  systemctl daemon-reload
  same "limit after update and reload" "$(systemctl show --value -p MemoryMax $scope)" 314572800
  same exec "$(podman exec saved cat /kept/file)" kept
  podman pause saved >/dev/null
  podman unpause saved >/dev/null
  goes_on saved
  podman container checkpoint --pre-checkpoint --export early.tar.gz saved >/dev/null
  podman container checkpoint --with-previous --file-locks --export late.tar.gz saved >/dev/null
  at=$(last saved)
  # Into a new root file system, and a scope of another name.
  podman container restore --import-previous early.tar.gz --import late.tar.gz --file-locks --name again >/dev/null
  until_true 90 beyond again "$at" || fail "it does not go on: $(podman logs again | tail -1)"
  podman stop -t 0 again >/dev/null
  podman rm -f -t 0 saved again >/dev/null
  until_true 90 eval '[ -z "$(scopes)" ]' || same scopes "$(scopes)" ""
  same containers "$(podman ps -aq)" ""
  same "state of the runtime" "$(ls -A /run/chos-runtime 2>/dev/null | grep -E '^[0-9a-f]{64}$' || true)" ""
  [ $wrong = 0 ]
`;

/** Units: of quadlet in $quadlets, and generated ones in $units. */
const units = `${beginning}  mkdir -p "$quadlets" "$units"
  cat >"$quadlets/quad.container" <<UNIT
[Container]
Image=localhost/bb
Pull=never
Network=none
Exec=sh -c 'trap "exit 0" TERM; echo quadlet; while :; do sleep 1 & wait; done'
PodmanArgs=--memory 64m
Notify=false
# No network is waited for, which here nobody brings up.
[Quadlet]
DefaultDependencies=false
UNIT
  systemctl $instance daemon-reload
  systemctl $instance start quad.service || { journalctl --no-pager -n 40; exit 1; }
  same "state of the unit" "$(systemctl $instance is-active quad.service)" active
  matches "where it is" "$(podman inspect -f '{{.State.CgroupPath}}' systemd-quad)" 'quad.service'
  same limit "$(podman exec systemd-quad cat /sys/fs/cgroup/memory.max)" 67108864
  systemctl $instance restart quad.service
  same "state after restart" "$(systemctl $instance is-active quad.service)" active
  # Before its trap is set the first process of a container gets no SIGTERM, and is killed in the end.
  until_true 90 sh -c 'podman logs systemd-quad | grep -q quadlet'
  systemctl $instance stop quad.service
  same "state of the unit" "$(systemctl $instance is-active quad.service || true)" inactive
  same containers "$(podman ps -aq)" ""
  rm "$quadlets/quad.container"

  podman create --name told --network none bb sleep 1000 >/dev/null
  podman generate systemd --new --name told >"$units/container-told.service" 2>/dev/null
  podman rm told >/dev/null
  systemctl $instance daemon-reload
  systemctl $instance start container-told.service || { journalctl --no-pager -n 40; exit 1; }
  pid=$(podman inspect -f '{{.State.Pid}}' told)
  same "main process of the unit" "$(systemctl $instance show --value -p SubState container-told.service)" running
  systemctl $instance stop container-told.service
  same containers "$(podman ps -aq)" ""
  rm "$units/container-told.service"
  systemctl $instance daemon-reload
  [ $wrong = 0 ]
`;

const asRoot = `
  export instance= logs=journald confined=containers-default- quadlets=/etc/containers/systemd units=/run/systemd/system
  part() { bash /lab/podman/$1; }
`;

/** As who has logged in: with the user's own instance, bus and runtime directory. */
const asUser = `
  id lab >/dev/null 2>&1 || useradd --uid 1000 --create-home lab
  chmod 755 /run/lab "$PLACE" && chown lab "$PLACE"
  loginctl enable-linger lab
  part() {
    systemd-run --quiet --user --machine=lab@.host --wait --pipe --working-directory="$PLACE" --setenv=instance=--user --setenv=logs=k8s-file --setenv=confined=unconfined \\
      --setenv=quadlets=/home/lab/.config/containers/systemd --setenv=units=/home/lab/.config/systemd/user bash /lab/podman/$1
  }
`;

const parts: readonly (readonly [string, string])[] = [
  ['life', lifeOfContainers],
  ['pods', pods],
  ['units', units],
  ['checkpoints', checkpoints],
];

const stock = (name: string, who: string, part: string): MachineCase => ({
  name: `podman-stock/${name}`,
  init: 'systemd',
  kernels: ['6.12'],
  seconds: 900,
  payload: () => [
    { text: containersConf, to: '/etc/containers/containers.conf' },
    ...parts.map(([file, text]) => ({ text, to: `/lab/podman/${file}` })),
  ],
  script: `${who}\n part ${part}`,
});

export const podmanSystemdCases: readonly MachineCase[] = [
  ...parts.map(([part]) => stock(part, asRoot, part)),
  ...parts
    .filter(([part]) => part !== 'checkpoints')
    .map(([part]) => stock(`${part}-of-a-user`, asUser, part)),
];
