/** Who enters by a write to the module's file, without this project's help; and what of the store he holds then. */
import type { MachineCase } from '../case.js';
import { kmod } from './kmod.js';

export const kmodEnteringCases: readonly MachineCase[] = [
  kmod(
    'entering-by-the-kernel',
    `
      same "the module's skeleton" "$(</sys/module/chos/parameters/skeleton)" /chos
      for tree in one two; do
        same "what a user gets who writes to setchos" "$(setpriv --reuid 1001 --regid 1001 --clear-groups --no-new-privs bash -c \\
          'printf /ostrees/'$tree' >/proc/chos/setchos; exec cat /etc/os-release')" ID=$tree
      done
      mkdir -p /srv/more && echo more >/srv/more/file
      printf '%s' '{"shares": [{"path": "/srv/more"}]}' >/etc/chos.d/more.json
      chos skeleton create
      same "a share that came later" "$(setpriv --no-new-privs bash -c 'printf /ostrees/one >/proc/chos/setchos; exec cat /srv/more/file')" more
      rm /etc/chos.d/more.json
      chos skeleton create
      chos skeleton check
      rm -r /srv/more
      # Three versions in the store. Who has program and directory elsewhere is in what the kernel's link leads to, as soon as another version is in use.
      store=/var/lib/chos/trees/kept
      for version in 1 2 3; do
        mkdir -p $store; cp -a /ostrees/one $store/$version
        printf '{"name": "kept", "version": %s, "digest": "sha256:0", "bytes": 1}' $version >$store/$version.json
      done
      touch $store/lock
      ln -s 1 $store/current
      printf '%s' '{"trees": {"kept": {"path": "'$store'/current"}}}' >/etc/chos.d/kept.json
      chos skeleton create
      chos tree load
      cp /ostrees/one/bin/busybox /scratch/busybox
      setpriv --no-new-privs sh -c "printf $store/current >/proc/chos/setchos && cd /scratch && exec /scratch/busybox sleep 1000" & moved=$!
      elsewhere() { readlink /proc/$moved/exe | grep -q /scratch/busybox; }
      until_true 30 elsewhere
      ln -sfn 3 $store/current
      same "whom the module moved" "$(chos who --json $moved | jq -r '.[] | "\\(.tree) \\(.backEnd)"')" "kept kmod"
      holder="held by process $moved \\(busybox\\)"
      same "what gc says" "$(chos tree gc)" "kept: version 1 is removed"
      code=0; output=$(chos tree remove kept 2>&1) || code=$?
      same "exit code of remove" $code 1
      matches "what remove says" "$output" "$holder"
      same "the versions" "$(ls $store | xargs)" "2 2.json 3 3.json current lock"
      kill $moved
      wait $moved || true
      same "remove afterwards" "$(chos tree remove kept)" "kept is removed"
      rm /scratch/busybox
      chos skeleton create
      chos tree load`,
  ),
];
