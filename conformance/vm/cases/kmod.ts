/** The back end kmod: environments by the kernel's link, as a site uses them. (The module itself: conformance/kernel-link.) */
import type { MachineCase } from '../case.js';
import { kernelModule } from '../kernel-module.js';
import { kernels } from '../machine.js';

/**
 * Two trees of busybox, two shares, the module, the skeleton. `environment NAME TREE [JQ]`: a bundle without a mount namespace, as `spec --tree` writes it.
 * `started NAME`: one that runs in the background.
 */
const prelude = `
  chos() { /usr/local/bin/chos-runtime --root "$STATE" --cgroup-manager disabled "$@"; }
  for tree in one two; do
    [ -d /ostrees/$tree ] || { mkdir -p /ostrees && cp -a /run/lab/tree /ostrees/$tree; }
    printf 'ID=%s\\n' $tree >/ostrees/$tree/etc/os-release
    printf 'root:x:0:0:root:/:/bin/sh\\nann:x:1001:1001::/:/bin/sh\\nbob:x:1002:1002::/:/bin/sh\\n' >/ostrees/$tree/etc/passwd
  done
  mkdir -p /home /scratch /etc/chos.d
  chmod 1777 /scratch
  printf '%s' '{"trees": {"one": {"path": "/ostrees/one"}, "two": {"path": "/ostrees/two"}},
    "shares": [{"path": "/home"}, {"path": "/scratch"}]}' >/etc/chos.d/lab.json
  [ -e /sys/module/chos_link ] || insmod /lab/chos_link.ko
  [ -e /sys/module/chos ] || insmod /lab/chos.ko
  environment() {
    mkdir -p "$PLACE/$1"
    jq --arg tree "$2" '{ociVersion, process, annotations: {"org.chos.tree": $tree}, root: {path: "/none"}, linux: {}}
      | .process.args = ["sleep", "1000"] | '"\${3:-.}" /lab/base.json >"$PLACE/$1/config.json"
  }
  started() { chos run --detach --bundle "$PLACE/$1" "$1" </dev/null >"$PLACE/$1/output" 2>&1 || { cat "$PLACE/$1/output"; return 1; }; }
  in_foreground() { chos run --bundle "$PLACE/$1" "$1" </dev/null 2>&1; }
  # Podman mounts its storage on itself as long as any of its processes, also those that clean up later, wants it.
  points() { awk '$5 != "/var/lib/containers/storage/overlay" { print $5 }' "/proc/$1/mountinfo" | sort; }
  # host_mounts WHAT: those that came or went since $before
  host_mounts() { same "mounts of the host $1" "$(diff <(echo "$before") <(points self) | grep '^[<>]' || true)" ""; }
  init_of() { jq .pid "$STATE/$1/state.json"; }
  namespace() { readlink "/proc/$1/ns/mnt"; }
  # inside NAME PATH: what is there for the container's first process
  inside() { local root=/proc/$(init_of "$1")/root; [ ! -d "$root$2" ] || { ls "$root$2"; return; }; cat "$root$2"; }
  drop() { for name; do chos delete --force "$name"; done; }
  chos skeleton create
  chos tree load
`;
const epilogue = `
  chos skeleton remove >/dev/null
`;

/** A case with them, which takes the skeleton away in the end. */
export const kmod = (name: string, script: string, more: Partial<MachineCase> = {}): MachineCase => ({
  name: `kmod/${name}`,
  payload: kernelModule,
  script: prelude + script + epilogue,
  seconds: 600,
  ...more,
});

const ownMounts = `.linux.namespaces = [{type: "pid"}, {type: "mount"}]
  | .mounts = [{destination: "/proc", type: "proc", source: "proc"}]`;

export const kmodCases: readonly MachineCase[] = [
  kmod(
    'two-users-in-two-trees',
    `
      # A pipeline, and a grandchild that outlives its parents: both in the tree of the user who started them.
      work='cat /etc/os-release | tee /scratch/$(id -un).now | cat
        sh -c "setsid sh -c \\"until [ -e /scratch/go ]; do sleep 1; done; (readlink /proc/chos/link; cat /etc/os-release) >/scratch/$(id -un).late; mv /scratch/$(id -un).late /scratch/$(id -un).done\\" </dev/null >/dev/null 2>&1 &"
        exec sleep 1000'
      before=$(points self)
      for user in a:one:1001 b:two:1002; do
        IFS=: read -r name tree uid <<<"$user"
        environment $name $tree
        jq --arg work "$work" --argjson uid $uid '.process.user = {uid: $uid, gid: $uid} | .process.args = ["sh", "-c", $work]' "$PLACE/$name/config.json" >"$PLACE/c"
        mv "$PLACE/c" "$PLACE/$name/config.json"
      done
      started a & started b
      wait $!
      until_true 90 test -e /scratch/ann.now
      until_true 90 test -e /scratch/bob.now
      touch /scratch/go
      until_true 90 test -e /scratch/ann.done
      until_true 90 test -e /scratch/bob.done
      same "the tree of ann's pipeline" "$(</scratch/ann.now)" ID=one
      same "the tree of bob's pipeline" "$(</scratch/bob.now)" ID=two
      same "the tree of ann's grandchild" "$(</scratch/ann.done)" $'/ostrees/one\\nID=one'
      same "the tree of bob's grandchild" "$(</scratch/bob.done)" $'/ostrees/two\\nID=two'
      same "the mount namespace of a container" "$(namespace "$(init_of a)")" "$(namespace self)"
      host_mounts "afterwards"
      setpriv --no-new-privs sh -c 'printf /ostrees/two >/proc/chos/setchos && exec sleep 1000' & moved=$!
      entered() { readlink /proc/$moved/exe | grep -q ostrees/two; }
      until_true 30 entered
      rows() { chos who --json "$@" | jq -r '.[] | "\\(.uid) \\(.tree) \\(.backEnd) \\(.container.id)"' | sort -u; }
      same "who is in the tree one" "$(rows one | grep ' a$')" "1001 one kmod a"
      same "who is in the tree two" "$(rows two)" $'0 two kmod null\\n1002 two kmod b'
      same "whom the module moved" "$(rows $moved)" "0 two kmod null"
      kill $moved
      same "what doctor says of module and skeleton" "$(chos doctor --json | jq -r '.lines[] | select(.check == "module" or .check == "skeleton") | .result' | sort -u)" ok
      drop a b
      rm -f /scratch/*`,
    { kernels },
  ),
  kmod(
    'no-mount-is-made',
    `
      environment quiet one '.process.args = ["true"]
        | .mounts = [{destination: "/proc", type: "proc", source: "proc"}, {destination: "/home", type: "bind", source: "/home", options: ["rbind"]}]'
      explained=$(chos explain "$PLACE/quiet")
      matches explain "$explained" "back end kmod: the kernel module chos [0-9.]+ knows the tree"
      matches explain "$explained" 'leave out the mount on /proc'
      matches explain "$explained" 'leave out the mount on /home'
      matches explain "$explained" ', 0 mounts at most'
      # Before Linux 6.8 a program that is kept leaves nothing out: nobody could tell what has changed by the time it runs.
      [ "$LAB_KERNEL" != 6.1 ] || environment quiet one '.process.args = ["true"]'
      chos compile "$PLACE/quiet" -o "$PLACE/start"
      strace -f -o "$PLACE/trace" "$PLACE/start" --id quiet </dev/null
      same "mount calls" "$(grep -cE '\\b(mount|move_mount|open_tree|fsmount|umount2|pivot_root|mount_setattr|setns|unshare)\\(' "$PLACE/trace" || true)" 0
      matches "the calls" "$(<"$PLACE/trace")" 'chroot\\("\\."\\)'`,
  ),
  kmod(
    'own-proc-and-exec',
    `
      environment own two '${ownMounts}'
      started own
      same "processes that it sees" "$(chos exec own sh -c 'echo $$; readlink /proc/chos/link')" $'2\\n/ostrees/two'
      same "the tree of exec" "$(chos exec own cat /etc/os-release)" ID=two
      same "its /proc" "$(chos exec own readlink /proc/1/root)" /
      matches "its mounts" "$(chos exec own cat /proc/self/mountinfo)" 'chos-skeleton'
      environment bare one
      started bare
      same "the tree of exec without namespaces" "$(chos exec bare cat /etc/os-release)" ID=one
      same "where exec comes from" "$(cat /etc/os-release | grep -c 'ID=one' || true)" 0
      matches state "$(chos state bare)" '"org.chos.environment": *"/chos"'
      drop own bare`,
    { kernels },
  ),
  kmod(
    'who-enters-later-has-no-more-rights',
    `
      echo hello >/home/hello
      environment victim one; environment witness two
      started victim; started witness
      before=$(points self)
      for capability in CAP_SYS_ADMIN CAP_SYS_CHROOT; do
        own=$(chos exec --cap $capability victim sh -c 'umount -l /home 2>/dev/null; umount -l /proc 2>/dev/null; readlink /proc/self/ns/mnt || true')
        [ "$own" != "$(namespace "$(init_of victim)")" ] || { wrong=1; echo "exec with $capability is where the others are"; }
        host_mounts "after exec with $capability"
        same "the share" "$(inside witness /home/hello)" hello
        same "the tree of exec with $capability" "$(chos exec --cap $capability victim cat /etc/os-release)" ID=one
        same "directories of the host that it sees" "$(chos exec --cap $capability victim grep -c ' /lab' /proc/self/mountinfo || true)" 0
      done
      same "where exec without them is" "$(chos exec victim readlink /proc/self/ns/mnt)" "$(namespace self)"
      for capability in CAP_SYS_ADMIN CAP_SYS_CHROOT; do
        environment more one '.process.capabilities = {bounding: ["'$capability'"]} | .process.args = ["true"]'
        matches explain "$(chos explain "$PLACE/more")" "take a copy of .*, because $capability could"
        same "a launch with $capability" "$(in_foreground more)" ""
      done
      environment private one '.linux.rootfsPropagation = "rprivate" | .process.args = ["sh", "-c", "grep -c master: /proc/self/mountinfo || true"]'
      same "mounts that follow the host" "$(in_foreground private)" 0
      drop victim witness
      rm /home/hello`,
  ),
  kmod(
    'read-only-shares-and-symlinks-of-users',
    `
      mkdir -p /srv/sealed/late /srv/H/u1/project
      echo project >/srv/H/u1/project/mark
      chown -R 1001:1001 /srv/H/u1
      printf '%s' '{"shares": [{"path": "/srv/sealed", "readonly": true}, {"path": "/srv/H"}, {"path": "/srv/H/u1/project"}]}' >/etc/chos.d/more.json
      chos skeleton create
      mount -t tmpfs late /srv/sealed/late
      script='cat /srv/H/u1/project/mark; touch /srv/sealed/late/x; touch /srv/sealed/y; echo done'
      for own in . '${ownMounts}'; do
        environment sealed one "$own | .process.args = (\\"sh|-c|$script\\" | split(\\"|\\"))"
        matches "the back end" "$(chos explain "$PLACE/sealed")" "back end kmod"
        output=$(in_foreground sealed)
        matches output "$output" "project.*Read-only file system.*Read-only file system.*done"
      done
      umount /srv/sealed/late
      # While it is shown, it cannot be moved: it is a mount point of the host's. Before, and after, Ann puts a link in its place.
      ann() { setpriv --reuid 1001 --regid 1001 --clear-groups sh -c "$1" 2>&1; }
      matches "what Ann gets who moves it" "$(ann 'mv /srv/H/u1/project /srv/H/u1/aside' || true)" busy
      chos skeleton remove
      for target in /bin ../../../ostrees/one/bin; do
        ann "mv /srv/H/u1/project /srv/H/u1/aside && ln -s $target /srv/H/u1/project"
        code=0; output=$(chos skeleton create 2>&1) || code=$?
        same "exit code of create" $code 1
        matches create "$output" "leads through the symlink /srv/H/u1/project, which others than root may have put there"
        same "what is at the place" "$(ls -A /chos 2>/dev/null || true)" ""
        rm /srv/H/u1/project; mv /srv/H/u1/aside /srv/H/u1/project
      done
      rm /etc/chos.d/more.json
      chos skeleton create
      echo hosts >/srv/hosts
      environment hosts one '${ownMounts} | .mounts += [{destination: "/etc/hosts", type: "bind", source: "/srv/hosts", options: ["bind"]}]
        | .process.args = ["cat", "/etc/hosts", "/etc/os-release"]'
      matches explain "$(chos explain "$PLACE/hosts")" "back end kmod.*make /etc a skeleton +the tree has no /etc/hosts"
      same "what the launch sees" "$(in_foreground hosts)" $'hosts\nID=one'
      [ ! -e /ostrees/one/etc/hosts ] || { wrong=1; echo "the tree was written to"; }
      rm -r /srv/sealed /srv/H /srv/hosts`,
  ),
  kmod(
    'options-of-shares-are-the-host-s',
    `
      for share in live sealed; do
        mkdir -p /srv/$share && mount -t tmpfs $share /srv/$share && mkdir /srv/$share/below && mount -t tmpfs below /srv/$share/below
      done
      printf '%s' '{"shares": [{"path": "/srv/live"}, {"path": "/srv/sealed", "readonly": true}]}' >/etc/chos.d/more.json
      chos skeleton create
      environment any one '${ownMounts} | .process.args = ["sh", "-c", "touch /srv/live/below/x 2>/dev/null || echo read-only"]'
      environment held two '.process.args = ["sh", "-c", "exec >/srv/live/written; echo started; exec sleep 1000"]'
      started held
      until_true 90 test -s /srv/live/written
      back_end() { matches "the back end $1" "$(chos explain "$PLACE/any")" "back end $2"; }
      options() { awk -v at="$1" '$5 == at { print $6 }' "\${2:-/proc/self/mountinfo}"; }
      repaired() { matches create "$(chos skeleton create)" "/chos is changed"; chos skeleton check; back_end "after create, $1" kmod; }
      # The host changes them, launches tell the admin what to run, and that is all there is to do.
      all="/srv/live /srv/live/below /srv/sealed /srv/sealed/below"
      mount -o remount,bind,nosuid,nodev,noexec,nosymfollow /srv/live/below
      back_end "with options below" "private: .*not kmod: the host has changed the mount options of /srv/live/below since the skeleton /chos was made: run chos-runtime skeleton create"
      for mount in /srv/live /srv/sealed /srv/sealed/below; do mount -o remount,bind,nosuid,nodev,noexec,nosymfollow $mount; done
      mount -o remount,bind,ro,nosuid,nodev,noexec,nosymfollow /srv/live/below
      code=0; output=$(chos skeleton check) || code=$?
      same "exit code of check" $code 1
      for mount in $all; do matches check "$output" "fault +$mount: has the mount options .*, not .*nosuid,nodev,noexec,nosymfollow.* as on the host"; done
      repaired "of all options"
      for mount in /srv/live /srv/live/below; do same "options of $mount inside" "$(options /chos$mount)" "$(options $mount)"; done
      for mount in /srv/sealed /srv/sealed/below; do same "options of $mount inside" "$(options /chos$mount)" "$(options $mount | sed s/^rw/ro/)"; done
      same "what is written below" "$(in_foreground any)" read-only
      # Files are open for writing: mounted anew. What comes by two calls arrives without the options.
      mount -o remount,bind,ro /srv/live
      mkdir -p /srv/sealed/bound && mount -o bind,ro /srv/sealed/bound /srv/live/below
      repaired "of what is written to"
      for mount in /srv/live /srv/live/below; do same "options of $mount inside" "$(options /chos$mount | tail -1)" "$(options $mount | tail -1)"; done
      same "what is written below" "$(in_foreground any)" read-only
      umount /srv/live/below
      same "what the container has written" "$(</srv/live/written)" started
      drop held
      rm /etc/chos.d/more.json
      chos skeleton create
      for share in live sealed; do umount /srv/$share/below /srv/$share && rmdir /srv/$share; done`,
  ),
  kmod(
    'nothing-is-written-to-the-skeleton',
    `
      environment writer one '${ownMounts} | .process.args = ["sh", "-c", "touch /x; rm /etc; mkdir /y; touch /etc/mark; echo done"]'
      output=$(in_foreground writer)
      matches output "$output" "done"
      same "messages" "$(grep -c 'Read-only file system' <<<"$output")" 3
      [ -e /ostrees/one/etc/mark ] && rm /ostrees/one/etc/mark
      mkdir -p /srv/data
      environment mounting one '${ownMounts} | .mounts += [{destination: "/data", type: "bind", source: "/srv/data", options: ["bind"]}]
        | .process.args = ["sh", "-c", "touch /data/seen; touch /z 2>/dev/null || echo still"]'
      same "a mount point of its own" "$(in_foreground mounting)" still
      [ -e /srv/data/seen ]
      environment fixed one '${ownMounts} | .root.readonly = true | .process.args = ["sh", "-c", "touch /etc/no 2>/dev/null || echo fixed; touch /scratch/yes"]'
      same "a root that is to be read-only" "$(in_foreground fixed)" fixed
      rm /scratch/yes`,
  ),
  kmod(
    'shares-are-live-over-nfs',
    `
      modprobe -a nfsd nfs nfsv4
      for share in first late; do mkdir -p /srv/$share /scratch/$share && mount -t tmpfs $share /srv/$share && echo $share >/srv/$share/file; done
      mount -t nfsd nfsd /proc/fs/nfsd 2>/dev/null || true
      mkdir -p /run/rpc_pipefs /var/lib/nfs/v4recovery
      mount -t rpc_pipefs rpc_pipefs /run/rpc_pipefs 2>/dev/null || true
      exportfs -o rw,no_root_squash,insecure,no_subtree_check,fsid=1 127.0.0.1:/srv/first
      exportfs -o rw,no_root_squash,insecure,no_subtree_check,fsid=2 127.0.0.1:/srv/late
      rpc.nfsd --no-nfs-version 3 --grace-time 1 2 2>/dev/null || rpc.nfsd -N 3 2
      rpc.mountd --no-nfs-version 3
      mount_share() { mount -t nfs4 -o vers=4.2,soft 127.0.0.1:/srv/$1 /scratch/$1; }
      mount_share first
      before=$(points self)
      environment a one; environment b two; environment c two '${ownMounts}'
      started a; started b
      host_mounts "with two containers"
      started c
      host_mounts "with three containers"
      for name in a b c; do same "the share in $name" "$(inside $name /scratch/first/file)" first; done
      same "the mount namespace of a" "$(namespace "$(init_of a)")" "$(namespace self)"
      echo changed >/scratch/first/file
      same "what is written on the host" "$(inside b /scratch/first/file)" changed
      mount_share late
      for name in a b c; do same "the late share in $name" "$(inside $name /scratch/late/file)" late; done
      umount /scratch/late
      for name in a b c; do same "the share that went, in $name" "$(inside $name /scratch/late)" ""; done
      drop a b c
      umount /scratch/first
      exportfs -ua; rpc.nfsd 0; pkill -x rpc.mountd || true
      umount /srv/first /srv/late /run/rpc_pipefs /proc/fs/nfsd`,
  ),
  kmod(
    'podman',
    `
      podman() { command podman --runtime chos-runtime "$@"; }
      run() { podman run --network none --annotation org.chos.tree=$1 --rootfs "\${@:2}"; }
      run one --rm /ostrees/one true
      before=$(points self)
      same "what it runs in" "$(run one --rm /ostrees/one cat /etc/os-release)" ID=one
      same "the link" "$(run two --rm /ostrees/one readlink /proc/chos/link)" /ostrees/two
      run two -d --name live /ostrees/two sleep 1000 >/dev/null
      same "the tree of exec" "$(podman exec live cat /etc/os-release)" ID=two
      same "a share" "$(echo hello >/home/hello; podman exec live cat /home/hello)" hello
      same "pid" "$(podman exec live sh -c 'readlink /proc/1/exe')" /ostrees/two/bin/busybox
      inside=$(podman exec live cat /proc/self/mountinfo)
      matches "mounts inside" "$inside" chos-skeleton
      # Its own, Podman's files, masks, and the skeleton: nothing of the rest of the host.
      [ "$(wc -l <<<"$inside")" -lt 45 ] || { wrong=1; echo "$inside"; }
      same "host directories inside" "$(grep -c ' /run/chos-trees\\| /lab' <<<"$inside" || true)" 0
      podman rm --force --time 0 live >/dev/null
      mkdir -p /srv/volume
      run one --rm -v /srv/volume:/volume /ostrees/one touch /volume/file
      [ -e /srv/volume/file ]
      host_mounts "afterwards"
      rm -rf /home/hello /srv/volume
      mount | awk '/libpod|containers/ {print $3}' | sort -r | xargs -r umount 2>/dev/null || true`,
    {
      payload: kernel => [
        ...kernelModule(kernel),
        { text: containersConf(), to: '/etc/containers/containers.conf' },
      ],
    },
  ),
  kmod(
    'refusals-and-fallbacks',
    `
      environment any one '.process.args = ["true"]'
      chos compile "$PLACE/any" -o "$PLACE/start"
      "$PLACE/start" --id compiled </dev/null
      printf '%s' - >/proc/chos/valid
      code=0; output=$("$PLACE/start" --id compiled 2>&1 </dev/null) || code=$?
      same "exit code" $code 1
      matches message "$output" 'it is not in the kernel.s list, or leads elsewhere by now: run chos-runtime tree load'
      matches explain "$(chos explain "$PLACE/any")" 'back end private: not prepared: .*; not kmod: tree "one" is not in the kernel.s list: run chos-runtime tree load'
      code=0; chos tree load --check >"$PLACE/out" || code=$?
      same "exit code of load --check" $code 1
      matches "load --check" "$(<"$PLACE/out")" 'one: /ostrees/one is not in the kernel.s list'
      printf '%s' '{"trees": {"linked": {"path": "/ostrees/two", "backEnd": "kmod"}}}' >/etc/chos.d/more.json
      environment linked linked '.process.args = ["true"]'
      code=0; output=$(in_foreground linked) || code=$?
      same "exit code" $code 1
      matches message "$output" 'start tree .linked. with the back end kmod: tree "linked" is not in the kernel.s list: run chos-runtime tree load'
      rm /etc/chos.d/more.json
      # The empty directory of an image that is not mounted is not put into the list.
      mkdir /ostrees/5
      touch /ostrees/5.json /ostrees/5.squashfs
      printf '%s' '{"trees": {"packed": {"path": "/ostrees/5"}}}' >/etc/chos.d/packed.json
      code=0; output=$(chos tree load 2>&1) || code=$?
      same "exit code of load with an image that is not mounted" $code 1
      matches message "$output" 'load trees: .*packed.*the image of /ostrees/5 is not mounted'
      rm -r /etc/chos.d/packed.json /ostrees/5 /ostrees/5.json /ostrees/5.squashfs
      chos tree load
      same "tree list" "$(chos tree list | awk 'NR > 1 { print $1, $NF }' | xargs)" "one yes two yes"
      rmmod chos
      matches explain "$(chos explain "$PLACE/any")" 'not kmod: the kernel module chos is not loaded'
      same "what a launch says without the module" "$(in_foreground any)" ""
      output=$("$PLACE/start" --id compiled 2>&1 </dev/null) || true
      matches message "$output" 'No such file or directory; is the module chos loaded'
      insmod /lab/chos.ko
      chos tree load
      environment held one
      started held
      output=$(chos skeleton remove 2>&1) || true
      matches message "$output" 'still used by container held \\(process'
      drop held`,
  ),
];

function containersConf(): string {
  return `[containers]
log_driver = "k8s-file"
[engine]
runtime_supports_json = ["crun", "runc", "chos-runtime"]
runtime_supports_nocgroup = ["crun", "chos-runtime"]
cgroup_manager = "cgroupfs"
events_logger = "file"
[engine.runtimes]
chos-runtime = ["/usr/local/bin/chos-runtime"]
`;
}
