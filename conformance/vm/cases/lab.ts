/** That the lab is what the other cases take it for. */
import type { MachineCase } from '../case.js';
import { kernels } from '../machine.js';

export const labCases: readonly MachineCase[] = [
  {
    name: 'lab/kernel-and-control-groups',
    kernels,
    script: `
      [ "$LAB_KERNEL" = sid ] || matches kernel "$(uname -r)" "^$LAB_KERNEL\\."
      same "the type of /sys/fs/cgroup" "$(stat -f -c %T /sys/fs/cgroup)" cgroup2fs
      for controller in cpu cpuset io memory pids hugetlb; do
        matches subtree_control " $(</sys/fs/cgroup/cgroup.subtree_control) " " $controller "
      done`,
  },
  {
    name: 'lab/modules-and-root',
    kernels,
    script: `
      same user "$(id -u)" 0
      modprobe overlay
      modprobe nfsd
      matches modules "$(lsmod)" nfsd
      same capabilities "$(grep CapEff /proc/self/status | cut -f2)" "$(grep CapBnd /proc/self/status | cut -f2)"`,
  },
];
