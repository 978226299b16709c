/** Environments of a plain user by the kernel's link (docs/rootless.md). */
import type { MachineCase } from '../case.js';
import { kernels } from '../machine.js';
import { kmod } from './kmod.js';

/**
 * `ann COMMAND...`: as a user with one more group, in its home directory on a share. `work [JQ]`: its config.json, as `spec --rootless --tree` writes it, without a
 * terminal. `run NAME [OPTION...]`: starts that, with its output.
 */
const user = `
  session=/run/user/1001
  rm -rf /home/ann $session
  mkdir -p /home/ann $session
  chown 1001:1001 /home/ann $session
  chmod 700 $session
  ann() { (cd /home/ann && XDG_RUNTIME_DIR=$session HOME=/home/ann exec setpriv --reuid 1001 --regid 1001 --groups 1001,1500 -- "$@"); }
  rt() { ann /usr/local/bin/chos-runtime "$@"; }
  rt spec --rootless --tree one -f base.json
  work() { jq ".process.terminal = false | \${1:-.}" /home/ann/base.json >/home/ann/config.json; }
  does() { work ".process.args = [\\"sh\\", \\"-c\\", $(jq -n --arg script "$1" '$script')] | \${2:-.}"; }
  run() { rt run "$@" </dev/null 2>&1; }
  explained() { rt explain /home/ann; }
`;
const gone = `
  rm -rf /home/ann $session
`;

const byUser = (name: string, script: string, more: Partial<MachineCase> = {}): MachineCase =>
  kmod(`user/${name}`, user + script + gone, more);

export const kmodUserCases: readonly MachineCase[] = [
  byUser(
    'is-who-it-is-in-the-tree',
    `
      work
      matches explain "$(explained)" 'back end kmod: the kernel module chos [0-9.]+ knows the tree'
      matches explain "$(explained)" 'find the skeleton /chos.*set the kernel.s link to /ostrees/one.*make /chos "/", without a mount.*see that the skeleton /chos is still there.*, 0 mounts at most'
      echo group >/home/group && chgrp 1500 /home/group && chmod 640 /home/group
      does 'id -u; id -g; cat /home/group /etc/os-release; readlink /proc/chos/link; readlink /proc/self/ns/mnt; pwd; grep -E "^(Groups|CapEff|CapBnd|NoNewPrivs)" /proc/self/status'
      zero=0000000000000000
      # Which groups are not mapped cannot be seen inside: the kernel shows 65534. They count all the same.
      same "what it is inside" "$(run who | tr -s '\\t ' ' ' | sed 's/ *$//')" "1001
1001
group
ID=one
/ostrees/one
$(readlink /proc/self/ns/mnt)
/
Groups: 1001 65534
CapEff: $zero
CapBnd: $zero
NoNewPrivs: 1"
      # Exit codes and signals.
      for code in 0 7 127; do
        does "exit $code"
        got=0; run code || got=$?
        same "exit code" $got $code
      done
      does 'kill -KILL $$'
      got=0; run killed || got=$?
      same "exit code of SIGKILL" $got 137
      does 'trap "echo term >/home/ann/trapped; kill \\$!; exit 5" TERM; sleep 1000 & echo ready >/home/ann/ready; wait'
      rt run traps </dev/null & runner=$!
      until_true 90 test -s /home/ann/ready
      kill -TERM $(pgrep -u 1001 -f 'chos-runtime run traps' | head -1)
      got=0; wait $runner || got=$?
      same "exit code after SIGTERM" $got 5
      same "what the trap wrote" "$(</home/ann/trapped)" term`,
    { kernels },
  ),
  byUser(
    'sees-live-shares-and-is-entered',
    `
      does 'exec sleep 1000'
      rt run --detach live </dev/null >/dev/null 2>&1
      state=$session/chos-runtime/live/state.json
      matches state "$(<$state)" '"org.chos.environment": *"/chos"'
      same "the mount namespace of its init" "$(readlink /proc/$(jq .pid $state)/ns/mnt)" "$(readlink /proc/self/ns/mnt)"
      same "who exec is" "$(rt exec live sh -c 'id -u; cat /etc/os-release; readlink /proc/chos/link')" $'1001\nID=one\n/ostrees/one'
      mkdir /scratch/anns
      mount -t tmpfs late /scratch/anns
      echo late >/scratch/anns/file
      same "a share that was mounted later" "$(rt exec live cat /scratch/anns/file)" late
      umount /scratch/anns
      same "what is left of it" "$(rt exec live ls /scratch/anns)" ""
      rmdir /scratch/anns
      rt exec live sh -c 'echo mine >/scratch/mine'
      same "whose the file is" "$(stat -c %u:%g /scratch/mine)" 1001:1001
      rm /scratch/mine
      # In the tree of another, at the same time.
      rt run --tree two other </dev/null >/dev/null 2>&1 &
      until_true 90 rt exec other true
      same "the trees of two" "$(rt exec live cat /etc/os-release) $(rt exec other cat /etc/os-release)" "ID=one ID=two"
      before=$(points self)
      for capability in CAP_SYS_ADMIN CAP_SYS_CHROOT; do
        same "mounts of exec with $capability" "$(rt exec --cap $capability live sh -c 'id -u; mount -t tmpfs x /home 2>/dev/null && echo mounted; umount /scratch 2>/dev/null && echo unmounted; true')" 1001
        host_mounts "after exec with $capability"
      done
      rt delete --force live
      rt delete --force other
      wait`,
    { kernels },
  ),
  byUser(
    'gains-nothing',
    `
      mkdir /home/suid
      cp /run/lab/tree/bin/busybox /home/suid/
      chmod 4755 /home/suid/busybox
      echo secret >/scratch/secret
      chmod 600 /scratch/secret
      does '/home/suid/busybox id -u; cat /scratch/secret; echo x >/etc/os-release; umount /home; chroot / true; echo end' '.process.noNewPrivileges = false'
      output=$(run gain)
      matches output "$output" '^1001.*Permission denied.*Permission denied.*not permitted.*not permitted.*end$'
      [[ $output != *secret$'\n'* ]] || { wrong=1; echo "$output"; }
      rm -r /home/suid /scratch/secret
      # What is root's, and its copy for users.
      copy=/run/chos-trees.public/%2Fchos.json
      same "what ann can do with root's record" "$(ann cat /run/chos-trees/%2Fchos.json 2>&1 | grep -o 'Permission denied' || true)" 'Permission denied'
      ann sh -c "echo x >$copy" 2>/dev/null && { wrong=1; echo "the copy was written"; }
      ann rm -f $copy 2>/dev/null && { wrong=1; echo "the copy was removed"; }
      same "copy and record" "$(<$copy)" "$(</run/chos-trees/%2Fchos.json)"
      chos skeleton remove
      (umask 077; chos skeleton create)
      same "who may read what root with a strict umask writes" "$(stat -c %a:%u $copy $(dirname $copy) | xargs)" "644:0 755:0"
      matches explain "$(work; explained)" 'back end kmod'
      # A lock on it keeps nobody waiting.
      mkfifo /home/ann/held /home/ann/go
      chown 1001 /home/ann/held /home/ann/go
      ann sh -c "exec 9<$copy; flock -x 9; echo locked >held; read x <go" & holder=$!
      read -r word </home/ann/held
      same "what holds the lock" "$word" locked
      chos skeleton remove
      [ ! -e $copy ] || { wrong=1; echo "the copy is left"; }
      echo >/home/ann/go
      wait $holder
      chos skeleton create
      # Lost, it is made again.
      rm $copy
      code=0; chos skeleton check >"$PLACE/out" || code=$?
      same "check without the copy" "$code $(grep -c 'its record is missing' "$PLACE/out")" "1 1"
      matches explain "$(explained)" 'back end private: only root sees what is prepared; not kmod: there is no skeleton /chos'
      chos skeleton create
      matches explain "$(explained)" 'back end kmod'`,
  ),
  byUser(
    'when-the-skeleton-goes',
    `
      does 'cat /etc/os-release'
      rt compile /home/ann -o start
      same "compiled" "$(ann ./start --id compiled </dev/null)" ID=one
      calls='\\b(mount|move_mount|open_tree|fsmount|umount2|pivot_root|mount_setattr|setns)\\('
      strace -f -o "$PLACE/trace" setpriv --reuid 1001 --regid 1001 --groups 1001,1500 env XDG_RUNTIME_DIR=$session /home/ann/start --id compiled </dev/null
      same "mount calls" "$(grep -cE "$calls" "$PLACE/trace" || true)" 0
      # On its way in when it goes: halted before its chroot(2), it finds itself in what is no skeleton any more.
      strace -I 1 -f -o "$PLACE/trace" -e trace=chroot -e inject=chroot:delay_enter=600s setpriv --reuid 1001 --regid 1001 --groups 1001,1500 \
        env XDG_RUNTIME_DIR=$session /home/ann/start --id late </dev/null >"$PLACE/late" 2>&1 & late=$!
      until_true 90 sh -c '[ "$(sed -n "s/^processes //p" /proc/chos/version)" -gt 0 ]'
      chos skeleton remove
      kill -TERM $late
      until_true 90 grep -q 'removed or made anew' "$PLACE/late" || { wrong=1; cat "$PLACE/late" "$PLACE/trace"; }
      wait $late || true
      chos skeleton create
      output=$(ann ./start --id compiled 2>&1 </dev/null) || true
      matches "what was compiled for another says" "$output" 'start in /chos: the skeleton was removed or made anew; compile again'
      # With somebody inside.
      does 'exec sleep 1000'
      rt run --detach held </dev/null >/dev/null 2>&1
      output=$(chos skeleton remove 2>&1) || true
      matches message "$output" 'still used by process [0-9]+ \\(sleep\\)'
      matches "explain after that" "$(explained)" 'back end kmod'
      before=$(points self)
      matches "what --force says" "$(chos skeleton remove --force)" 'still used by process'
      same "mounts that went, other than the skeleton's" "$(diff <(echo "$before") <(points self) | grep '^[<>]' | grep -vE '^< /(chos|run/chos-trees)' || true)" ""
      matches "explain without it" "$(explained)" 'back end private: .*; not kmod: there is no skeleton /chos'
      does 'cat /etc/os-release'
      same "a launch without it" "$(run without)" ID=one
      rt exec held cat /etc/os-release || true
      rt delete --force held
      chos skeleton create`,
    { kernels },
  ),
  byUser(
    'falls-back-with-a-reason',
    `
      reason() { work "$1"; matches "explain of $1" "$(explained)" "back end private: $2"; }
      other='only root sees what is prepared; not kmod:'
      of_own() { reason "$1" "$other config.json has $2, for which a user needs mounts of its own"; }
      of_own '.mounts = [{destination: "/mnt", type: "tmpfs", source: "x"}]' mounts
      of_own '.linux.namespaces += [{type: "mount"}]' 'a mount namespace'
      of_own '.root.readonly = true' root.readonly
      of_own '.process.capabilities = {bounding: ["CAP_SYS_ADMIN"]}' CAP_SYS_ADMIN
      of_own '.process.capabilities = {bounding: ["CAP_SYS_CHROOT"]}' CAP_SYS_CHROOT
      reason '.linux.uidMappings = [{containerID: 1001, hostID: 100000, size: 10}]' 'config.json maps other ids than those of the caller'
      does 'id -u; cat /etc/os-release; mount -t tmpfs x /tmp; echo mounted' \
        '.process.user = {uid: 0, gid: 0} | .linux.uidMappings[0].containerID = 0 | .linux.gidMappings[0].containerID = 0 | .process.capabilities = {effective: ["CAP_SYS_ADMIN"], permitted: ["CAP_SYS_ADMIN"], bounding: ["CAP_SYS_ADMIN"]}'
      same "with mounts of its own" "$(run own)" $'0\nID=one\nmounted'
      work
      matches "explain in another mount namespace" "$(unshare -m setpriv --reuid 1001 --regid 1001 --clear-groups env XDG_RUNTIME_DIR=$session chos-runtime explain /home/ann)" "$other this mount namespace or root is not the one in which the skeleton /chos is"
      matches "explain by root of a user namespace" "$(unshare -Ur chos-runtime explain /home/ann)" 'back end private: the caller is in a user namespace'
      printf '%s' '{"trees": {"alone": {"path": "/ostrees/two", "shares": []}, "linked": {"path": "/ostrees/two", "backEnd": "kmod", "shares": []}}}' >/etc/chos.d/more.json
      matches "explain of a tree with other shares" "$(rt explain --tree alone /home/ann)" "$other the skeleton /chos shows other shares than the tree has"
      code=0; output=$(run linked --tree linked) || code=$?
      matches "a demand that cannot be met" "$code $output" '^1 chos-runtime: start tree .linked. with the back end kmod: the skeleton /chos shows other shares than the tree has$'
      rm /etc/chos.d/more.json
      printf '%s' - >/proc/chos/valid
      reason . "$other tree .one. is not in the kernel.s list: run chos-runtime tree load"
      rmmod chos
      reason . "$other the kernel module chos is not loaded"
      does 'id -u; cat /etc/os-release; touch /scratch/private'
      same "without the module" "$(run without)" $'1001\nID=one'
      rm /scratch/private
      insmod /lab/chos.ko
      chos tree load
      matches "explain with it again" "$(explained)" 'back end kmod'`,
    // What is asked before there is a launch, which the kernel plays no part in.
    { kernels: ['6.12'] },
  ),
];
