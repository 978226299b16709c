/** Jobs in trees by the kernel's link, and without the module by generations (docs/slurm.md), with the Slurm of Debian 13 and its own cgroups. On two nodes: conformance/slurm. */
import type { MachineCase } from '../case.js';
import { kernels } from '../machine.js';
import { accounts, accountsGone } from './accounts.js';
import { kmod } from './kmod.js';

/** A controller and a node on this machine. Slurm writes the scripts of batch jobs below SlurmdSpoolDir, which is a share. */
const slurm = `
  spool=/var/spool/slurmd
  mkdir -p /etc/slurm "$PLACE/controller" $spool
  jq --arg spool $spool '.shares += [{path: $spool}]' /etc/chos.d/lab.json >/etc/chos.d/lab.new
  mv /etc/chos.d/lab.new /etc/chos.d/lab.json
  chos skeleton create >/dev/null
  chos tree load
  chmod 1777 /ostrees/*/tmp
  chos tree prepare --all
  cp /etc/slurm/plugstack.conf "$PLACE"
  echo 'required /usr/local/lib/chos-runtime/spank_chos.so' >/etc/slurm/plugstack.conf
  printf 'CgroupPlugin=cgroup/v2\nIgnoreSystemd=yes\n' >/etc/slurm/cgroup.conf
  printf '%s\n' ClusterName=lab SlurmctldHost=lab SlurmUser=root SlurmdUser=root MpiDefault=none \
    StateSaveLocation="$PLACE/controller" SlurmdSpoolDir=$spool SlurmctldPidFile="$PLACE/slurmctld.pid" SlurmdPidFile="$PLACE/slurmd.pid" \
    ProctrackType=proctrack/cgroup TaskPlugin=task/cgroup SelectType=select/cons_tres SelectTypeParameters=CR_CPU SlurmdParameters=config_overrides \
    SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0 'NodeName=lab NodeAddr=127.0.0.1 CPUs=16' 'PartitionName=all Nodes=lab Default=YES' >/etc/slurm/slurm.conf
  # It asks getaddrinfo(3) for addresses of the kinds that the host has, and 127.0.0.1 alone does not count.
  ip address add 10.9.9.9/32 dev lo
  install -d -o munge -g munge /run/munge
  setpriv --reuid munge --regid munge --clear-groups munged --foreground --log-file=/run/munge/log --seed-file=/run/munge/seed >"$PLACE/munged.log" 2>&1 & munged=$!
  slurmctld -D >"$PLACE/slurmctld.log" 2>&1 & slurmctld=$!
  slurmd -D >"$PLACE/slurmd.log" 2>&1 & slurmd=$!
  until_true 60 sh -c 'sinfo -h -o %T 2>&1 | grep -qx idle' || fail "$(tail "$PLACE"/*.log)"
`;
const gone = `
  kill $slurmd $slurmctld
  wait $slurmd $slurmctld || true
  kill $munged
  wait $munged || true
  find /sys/fs/cgroup/system.slice -depth -type d -exec rmdir {} +
  ip address delete 10.9.9.9/32 dev lo
  cp "$PLACE/plugstack.conf" /etc/slurm/
  rm -rf /etc/slurm/slurm.conf /etc/slurm/cgroup.conf /run/munge $spool /scratch/*
  chos tree release one
  chos tree release two
`;

/**
 * `begin USER TREE NAME`: a job, ann's by srun, bob's by sbatch: it runs when this returns, and its number is $id. `held*` tells where it is, and ends with the code that
 * `ended USER NAME ID CODE` writes; `told` ends when it is cancelled.
 */
const jobs = `
  as() { (cd /home/$1 && HOME=/home/$1 exec setpriv --reuid $1 --regid $1 --init-groups -- "\${@:2}"); }
  cat >/scratch/held <<'END'
#!/bin/sh
id -u; id -G; cat /etc/os-release; pwd; grep NoNewPrivs /proc/self/status
echo $CHOS $(readlink /proc/chos/link) $(readlink /proc/self/ns/mnt)
echo $SLURM_JOB_ID >/scratch/$1.id
read code </scratch/$1.code
exit $code
END
  cat >/scratch/told <<'END'
#!/bin/sh
trap 'cat /etc/os-release >/scratch/$1.os; exit 0' TERM
sleep 1000 &
echo $SLURM_JOB_ID >/scratch/$1.id
wait
END
  chmod 755 /scratch/held /scratch/told
  begin() {
    local name=$1-$3
    rm -f /scratch/$name.*
    mkfifo -m 666 /scratch/$name.code
    case $1 in
    ann) as ann srun --quiet --chos=$2 -o $name /scratch/\${3%-*} $name & ;;
    bob) as bob sbatch --quiet --chos=$2 -o $name /scratch/\${3%-*} $name ;;
    esac
    until_true 90 test -s /scratch/$name.id || fail "$(tail /home/$1/$name "$PLACE"/*.log)"
    id=$(</scratch/$name.id)
  }
  # sbatch --wait asks ever more seldom.
  is_over() { scontrol -o show job $1 | grep -qE 'JobState=(COMPLETED|FAILED|CANCELLED) '; }
  ended() {
    echo $4 >/scratch/$1-$2.code
    until_true 60 is_over $3 || true
    matches "what Slurm says of $1's job" "$(scontrol -o show job $3)" " ExitCode=$4:0 "
  }
  cancelled() { # USER TREE
    begin $1 $2 told
    as $1 scancel $id
    until_true 60 is_over $id || true
    same "the tree of $1's job that was told" "$(cat /scratch/$1-told.os)" ID=$2
    # It has left a process behind.
    until_true 60 sh -c "! pgrep -u $1 -x sleep" || { wrong=1; pgrep -u $1 -a .; }
  }
  # generation TREE: the only one there is
  generation() { (cd /run/chos-trees.public && echo $1@*); }
  who() { chos who --json | jq -r '.[] | select(.job) | "\\(.user) \\(.job.id) \\(.job.step) \\(.tree) \\(.generation) \\(.backEnd)"' | sort -u; }
  output() { tr -s '\\t ' ' ' </home/$1/$2; }
`;

export const kmodSlurmCases: readonly MachineCase[] = [
  kmod(
    'slurm/two-users-in-two-trees',
    `${accounts}${slurm}${jobs}
      host=$(readlink /proc/self/ns/mnt)
      told() { printf '%s\\n%s 1500\\nID=%s\\n/home/%s\\nNoNewPrivs: 0\\n%s' $1 $1 $2 $3 "$4"; }
      begin ann one held-linked; a=$id
      begin bob two held-linked; b=$id
      same "who is in which tree" "$(who)" "ann $a 0 one null kmod
bob $b batch two null kmod"
      cancelled ann two
      cancelled bob one
      # Whoever is in stays where he is; who comes then has the generation, at the same time.
      rmmod chos
      begin ann two held; c=$id
      begin bob one held; d=$id
      same "who is in which tree, without the module" "$(who)" "ann $a 0 null null kmod
ann $c 0 two $(generation two) pinned
bob $b batch null null kmod
bob $d batch one $(generation one) pinned"
      cancelled ann one
      cancelled bob two
      ended ann held $c 5
      ended bob held $d 6
      ended ann held-linked $a 3
      ended bob held-linked $b 4
      same "ann's" "$(output ann ann-held-linked)" "$(told 1001 one ann "one /ostrees/one $host")"
      same "bob's" "$(output bob bob-held-linked)" "$(told 1002 two bob "two /ostrees/two $host")"
      matches "ann's without the module" "$(output ann ann-held)" "^$(told 1001 two ann "$(generation two) / mnt:\\[[0-9]+\\]")$"
      matches "bob's without the module" "$(output bob bob-held)" "^$(told 1002 one bob "$(generation one) / mnt:\\[[0-9]+\\]")$"
      same "those of them in the host's mount namespace" "$(cat /home/*/*-held | grep -cF "$host" || true)" 0
      insmod /lab/chos.ko
      chos tree load
      ${gone}${accountsGone}`,
    { kernels },
  ),
];
