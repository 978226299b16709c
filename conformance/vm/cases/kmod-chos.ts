/** `chos` by the kernel's link (docs/chos.md). Without the module: conformance/trees/chos-cases.ts. */
import type { MachineCase } from '../case.js';
import { kernels } from '../machine.js';
import { kmod } from './kmod.js';

/** `enter ARGUMENT...`: chos as a user with one more group, in its home directory on a share, where a copy of chos is. `tree load` came after `skeleton create`. */
const user = `
  rm -rf /home/ann
  mkdir -p /home/ann
  cp /usr/local/bin/chos /home/ann/chos
  chown 1001:1001 /home/ann
  ann() { (cd /home/ann && HOME=/home/ann exec setpriv --reuid 1001 --regid 1001 --groups 1001,1500 -- "$@"); }
  enter() { ann /usr/local/bin/chos "$@"; }
`;
const gone = `
  rm -rf /home/ann /run/chos
`;

const byChos = (name: string, script: string, more: Partial<MachineCase> = {}): MachineCase =>
  kmod(`chos/${name}`, user + script + gone, more);

export const kmodChosCases: readonly MachineCase[] = [
  byChos(
    'is-who-it-is-in-the-tree',
    `
      same "what chos shows" "$(enter --list | xargs)" "one two"
      script='id -u; id -g; cat /etc/os-release; readlink /proc/chos/link; readlink /proc/self/ns/mnt; readlink /proc/self/ns/user; pwd; echo $CHOS; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status'
      same "what it is inside" "$(enter one sh -c "$script" | tr -s '\\t ' ' ')" "1001
1001
ID=one
/ostrees/one
$(readlink /proc/self/ns/mnt)
$(readlink /proc/self/ns/user)
/home/ann
one
CapEff: 0000000000000000
NoNewPrivs: 1"
      same "the tree of another, at the same time" "$(enter one sh -c 'cat /etc/os-release; cat' < <(enter two cat /etc/os-release))" $'ID=one\\nID=two'
      got=0; enter one sh -c 'exit 7' || got=$?
      same "exit code" $got 7
      calls='\\b(mount|move_mount|open_tree|fsmount|umount2|pivot_root|mount_setattr|setns|unshare|clone3?|fork)\\('
      strace -f -o "$PLACE/trace" setpriv --reuid 1001 --regid 1001 --clear-groups /usr/local/bin/chos one true
      same "calls that make mounts, namespaces or processes" "$(grep -cE "$calls" "$PLACE/trace" || true)" 0
      matches "explained" "$(enter --explain one)" 'move to the skeleton, the link being /ostrees/one'
      # Root, too.
      same "root inside" "$(/usr/local/bin/chos two sh -c 'id -u; cat /etc/os-release')" $'0\\nID=two'`,
    { kernels },
  ),
  byChos(
    'leaves-by-exec',
    `
      same "back on the host" "$(enter one sh -c 'exec /home/ann/chos / readlink /proc/chos/link')" /
      got=0; output=$(enter one sh -c '/home/ann/chos / true; exit $?' 2>&1) || got=$?
      matches "a child that leaves" "$got $output" '^125 chos: leave: only the process that chos has brought in may, not its children'
      same "who is on the host already" "$(enter / echo stays)" stays
      got=0; output=$(unshare -m setpriv --reuid 1001 --regid 1001 --clear-groups /usr/local/bin/chos one true 2>&1) || got=$?
      matches "from another mount namespace" "$got $output" '^125 chos: enter one by /proc/chos/setchos: Operation not permitted; the module has to be loaded, and lets nobody in'`,
    { kernels },
  ),
  byChos(
    'when-the-skeleton-goes',
    `
      mkfifo /home/ann/held
      enter one sh -c 'echo in >/home/ann/in; read x </home/ann/held' & holder=$!
      until_true 90 test -s /home/ann/in
      output=$(chos skeleton remove 2>&1) || true
      matches "removal while somebody is inside" "$output" 'still used by process [0-9]+ \\(sh\\)'
      same "who comes after that" "$(enter one cat /etc/os-release)" ID=one
      echo >/home/ann/held
      wait $holder
      chos skeleton remove
      got=0; output=$(enter one true 2>&1) || got=$?
      matches "without it" "$got $output" '^125 chos: enter one: the skeleton /chos is not there \\(No such file or directory\\): root runs chos-runtime skeleton create'
      # What was written for the one before serves the next.
      chos skeleton create
      same "with the next one" "$(enter one cat /etc/os-release)" ID=one
      # A tree that is another directory by now.
      mv /ostrees/two /ostrees/former
      cp -a /ostrees/former /ostrees/two
      got=0; output=$(enter two true 2>&1) || got=$?
      matches "a tree that was replaced" "$got $output" "^125 chos: set the kernel's link to /ostrees/two: it is not in the kernel's list, or leads elsewhere by now"
      chos tree load
      same "after tree load" "$(enter two cat /etc/os-release)" ID=two
      rm -rf /ostrees/former`,
  ),
];
