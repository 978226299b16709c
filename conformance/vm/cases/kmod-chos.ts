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
      same "there already" "$(enter one sh -c '/home/ann/chos one readlink /proc/chos/link; /home/ann/chos --which')" $'/ostrees/one\\none (entered)'
      same "back on the host" "$(enter one sh -c 'exec /home/ann/chos / readlink /proc/chos/link')" /
      got=0; output=$(enter one sh -c '/home/ann/chos / true; exit $?' 2>&1) || got=$?
      matches "a child that leaves" "$got $output" '^125 chos: leave: only the process that chos has brought in may, not its children'
      inside=/home/ann/chos
      same "the same tree, inside" "$(enter one $inside one $inside -- cat /etc/os-release)" ID=one
      same "what it is in" "$(enter one $inside --which)" "one (entered)"
      got=0; output=$(enter one $inside two true 2>&1) || got=$?
      same "another tree, inside" "$got $output" '125 chos: this is in one: two is entered from the host: exec chos / leaves, in the shell that chos has started'
      same "another one, by way of the host" "$(enter one sh -c 'exec /home/ann/chos / /usr/local/bin/chos two cat /etc/os-release')" ID=two
      same "who is on the host already" "$(enter / echo stays)" stays
      # The link may be set without a move, and the variable be forged: they came along with sudo, say.
      forged='CHOS_VIEW="/ostrees/one $(stat -c %Hd:%Ld:%i /) one" exec /usr/local/bin/chos one cat /etc/os-release'
      same "the link on the host, and who says that this is the tree" "$(/usr/local/bin/chos one busybox chroot /proc/1/root bash -c "$forged")" ID=one
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
      mkdir -p /chos
      same "who is in a directory that is no skeleton" "$(chos who --json | jq length)" 0
      rmdir /chos
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
  byChos(
    'files-of-the-host',
    `
      cp /etc/passwd "$PLACE/passwd"
      cp /etc/chos.d/lab.json "$PLACE/lab.json"
      printf 'eve:x:1003:1003::/home/eve:/bin/sh\n' >>/etc/passwd
      printf 'welcome\n' >/scratch/motd
      touch /ostrees/one/etc/motd /ostrees/two/etc/motd
      jq '.files = {"/etc/passwd": "merge", "/etc/motd": "/scratch/motd"} | .trees.two.files = {"/etc/motd": "tree"}' "$PLACE/lab.json" >/etc/chos.d/lab.json
      chos tree load
      got=0; output=$(enter one true 2>&1) || got=$?
      matches "before the skeleton has them" "$got $output" '^125 chos: enter one: the skeleton does not show /etc/(passwd|motd) of the registry: root runs chos-runtime skeleton create'
      matches "skeleton create" "$(chos skeleton create)" 'is changed'
      chos skeleton check
      accounts() { grep -c '^eve:' || true; }
      same "the host's user, in one" "$(enter one cat /etc/passwd | accounts)" 1
      same "the host's user, in two" "$(enter two cat /etc/passwd | accounts)" 1
      same "a file of the site" "$(enter one cat /etc/motd)" welcome
      same "where the tree's own counts" "$(enter two cat /etc/motd)" ""
      matches "nobody writes it" "$(/usr/local/bin/chos one sh -c 'echo x >/etc/passwd' 2>&1 || true)" 'Read-only file system'
      environment files one
      started files
      matches "a launch" "$(chos explain "$PLACE/files" | grep -m1 'use tree')" 'kmod'
      same "in a container" "$(grep -c '^eve:' /proc/$(init_of files)/root/ostrees/one/etc/passwd)" 1
      printf 'zoe:x:1004:1004::/home/zoe:/bin/sh\n' >>/etc/passwd
      chos tree files
      same "a user who came later" "$(enter one cat /etc/passwd | grep -c '^zoe:')" 1
      same "... in a container that runs" "$(grep -c '^zoe:' /proc/$(init_of files)/root/ostrees/one/etc/passwd)" 1
      drop files
      # As a package of the tree replaces it: not where the skeleton is.
      cp /ostrees/one/etc/passwd /ostrees/one/etc/passwd.new
      matches "replaced on the host" "$(mv /ostrees/one/etc/passwd.new /ostrees/one/etc/passwd 2>&1 || true)" 'Device or resource busy'
      unshare -m --propagation private sh -ec 'umount -l /chos; mv /ostrees/one/etc/passwd.new /ostrees/one/etc/passwd'
      got=0; output=$(enter one true 2>&1) || got=$?
      matches "a file that the tree replaced" "$got $output" '^125 chos: enter one: the skeleton does not show /etc/passwd'
      matches "skeleton check" "$(chos skeleton check || true)" '/ostrees/one/etc/passwd'
      chos skeleton create
      same "after skeleton create" "$(enter one cat /etc/passwd | accounts)" 1
      cp "$PLACE/lab.json" /etc/chos.d/lab.json
      chos skeleton create
      chos tree load
      same "without files" "$(enter one cat /etc/passwd | accounts)" 0
      cat "$PLACE/passwd" >/etc/passwd
      rm -f /scratch/motd /ostrees/*/etc/motd`,
  ),
];
