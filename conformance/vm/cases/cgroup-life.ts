/** The life of a container by cgroups of the second version alone: frozen ones, those that were there before, forks, depth. */
import type { MachineCase } from '../case.js';

const everybody = ['chos-runtime', 'crun', 'runc'] as const;
const status = (name: string): string => `"$(runtime state ${name} | jq -r .status)"`;

/** Each function forks itself and ends: no list of processes is true for long. Their ends interrupt the shell's open of a FIFO, which it does not repeat. */
const chain = `.linux.namespaces |= map(select(.type != "pid"))
        | .linux.resources.pids = {limit: 200}
        | .process.args = ["sh", "-c", "trap : TERM; f() { f & }; f; f; f; mkfifo /ready; until echo >/ready; do :; done; sleep 1000"]`;

export const cgroupLifeCases: readonly MachineCase[] = [
  {
    name: 'cgroup2/paused-before-its-start',
    // crun calls it created, and start says that all is well.
    runtimes: ['chos-runtime', 'runc'],
    script: `
      bundle early .
      created early
      runtime pause early
      same status ${status('early')} paused
      matches cgroup.events "$(<$group/cgroup.events)" "frozen 1"
      ! message=$(timeout 20 "$RUNTIME" --root "$STATE" start early 2>&1)
      matches message "$message" paused
      runtime resume early
      same "status afterwards" ${status('early')} created
      runtime start early
      same "status at last" ${status('early')} running`,
  },
  {
    name: 'cgroup2/pause-of-a-paused-one',
    script: `
      bundle twice .
      created twice
      runtime pause twice
      ! message=$(runtime pause twice 2>&1)
      matches message "$message" "paused already"
      runtime resume twice
      ! message=$(runtime resume twice 2>&1)
      matches message "$message" "not paused"`,
  },
  {
    name: 'cgroup2/kill-of-a-paused-one',
    runtimes: everybody,
    script: `
      bundle cold .
      created cold
      runtime start cold
      runtime pause cold
      runtime kill cold KILL
      until_true 90 grep -q "populated 0" $group/cgroup.events
      same status ${status('cold')} stopped
      runtime delete cold
      [ ! -e $group ]`,
  },
  {
    name: 'cgroup2/frozen-from-above',
    script: `
      bundle above '.linux.cgroupsPath = "/lab-top/below"'
      created above
      runtime start above
      echo 1 >/sys/fs/cgroup/lab-top/cgroup.freeze
      until_true 90 grep -q "frozen 1" $group/cgroup.events
      same status ${status('above')} paused
      ! message=$(runtime exec above true 2>&1)
      matches exec "$message" paused
      ! message=$(runtime resume above 2>&1)
      matches resume "$message" "above its own is frozen"
      runtime delete --force above
      [ ! -e $group ]
      bundle later '.linux.cgroupsPath = "/lab-top/later"'
      ran later
      matches create "$output" "/lab-top/later: it, or one above it, is frozen"
      [ ! -e /sys/fs/cgroup/lab-top/later ]
      rmdir /sys/fs/cgroup/lab-top`,
  },
  {
    name: 'cgroup2/frozen-group-below',
    runtimes: everybody,
    script: `
      bundle inner '.linux.namespaces |= map(select(.type != "pid"))'
      created inner
      runtime start inner
      mkdir $group/a
      echo $pid >$group/a/cgroup.procs
      echo 1 >$group/a/cgroup.freeze
      until_true 90 grep -q "frozen 1" $group/a/cgroup.events
      runtime delete --force inner
      [ ! -e $group ]`,
  },
  {
    name: 'cgroup2/frozen-group-below-before-its-start',
    script: `
      bundle early .
      created early
      mkdir -p $group/a/b
      echo $pid >$group/a/b/cgroup.procs
      echo 1 >$group/a/cgroup.freeze
      until_true 90 grep -q "frozen 1" $group/a/b/cgroup.events
      ! message=$(timeout 20 "$RUNTIME" --root "$STATE" start early 2>&1)
      matches start "$message" "cannot be started: the cgroup that init is in is frozen"
      same status ${status('early')} created
      echo 0 >$group/a/cgroup.freeze
      until_true 90 grep -q "frozen 0" $group/a/b/cgroup.events
      runtime start early
      same "status at last" ${status('early')} running
      runtime delete --force early
      [ ! -e $group ]`,
  },
  {
    name: 'cgroup2/frozen-before-it-is-used',
    // crun waits for ever.
    runtimes: ['chos-runtime', 'runc'],
    script: `
      mkdir /sys/fs/cgroup/lab-ice
      echo 1 >/sys/fs/cgroup/lab-ice/cgroup.freeze
      bundle ice .
      ran ice
      matches message "$output" "frozen"
      runtime delete --force ice 2>/dev/null || true
      rmdir /sys/fs/cgroup/lab-ice 2>/dev/null || true`,
  },
  {
    name: 'cgroup2/empty-one-that-was-left',
    runtimes: everybody,
    script: `
      mkdir -p /sys/fs/cgroup/lab-left/a/b
      echo 29 >/sys/fs/cgroup/lab-left/pids.max 2>/dev/null || true
      bundle left .
      created left
      same group "$group" /sys/fs/cgroup/lab-left
      runtime delete --force left
      [ ! -e "$group" ]`,
  },
  {
    name: 'cgroup2/one-path-three-launches',
    script: `
      for name in one two three; do bundle $name '.linux.cgroupsPath = "/lab-one"'; done
      for round in 1 2; do
        for name in one two three; do
          { runtime create --bundle "$PLACE/$name" $name >/dev/null 2>"$PLACE/$name/message" </dev/null && touch "$PLACE/$name/came" || true; } &
        done
        wait
        same "how many came" "$(ls "$PLACE"/*/came | wc -l)" 1
        for name in one two three; do
          [ -e "$PLACE/$name/came" ] || matches "message of $name" "$(<"$PLACE/$name/message")" "use cgroup /sys/fs/cgroup/lab-one: somebody else does"
          rm -f "$PLACE/$name/came"
          runtime delete --force $name
        done
      done`,
  },
  ...(['delete --force', 'kill --all'] as const).map(
    (command): MachineCase => ({
      name: `cgroup2/forks-do-not-outrun-${command.split(' ')[0]}`,
      // runc 1.1 signals for ever what is always one ahead.
      runtimes: command === 'kill --all' ? ['chos-runtime'] : ['chos-runtime', 'crun'],
      script: `
      bundle chain '${chain}'
      created chain
      runtime start chain
      until_true 90 test -p "$PLACE/chain/rootfs/ready"
      read -r line <"$PLACE/chain/rootfs/ready"
      runtime ${command} chain ${command === 'kill --all' ? 'KILL' : ''}
      ${command === 'kill --all' ? 'same "left in it" "$(wc -l <$group/cgroup.procs)" 0' : '[ ! -e $group ]'}`,
    }),
  ),
  {
    name: 'cgroup2/400-groups-deep',
    // crun does not come back from it.
    runtimes: ['chos-runtime', 'runc'],
    script: `
      bundle deep '.linux.namespaces |= map(select(.type != "pid"))'
      created deep
      runtime start deep
      bottom=$group
      for ((i = 0; i < 400; i++)); do bottom+=/d; done
      mkdir -p $bottom
      echo $pid >$bottom/cgroup.procs
      runtime delete --force deep
      [ ! -e $group ]`,
  },
  {
    name: 'cgroup2/memory-limit-too-low',
    script: `
      bundle tiny '.linux.resources.memory = {limit: 4096}'
      ran tiny
      same "exit code" $code 1
      matches message "$output" "memory limit of 4096 bytes is too low"`,
  },
];
