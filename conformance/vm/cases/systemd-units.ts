/** The units that are installed (runtime/boot), in a machine that systemd has booted: files of the host in trees, and the compiler as a service. */
import type { MachineCase } from '../case.js';

const systemd = (name: string, script: string): MachineCase => ({
  name: `systemd/${name}`,
  init: 'systemd',
  kernels: ['6.12'],
  seconds: 600,
  script,
});

/** What has to be undone, whatever happened; and the verdict, which the trap of the functions would have given. */
const undoing = (commands: string): string => `
  trap 'code=$?; set +e; trap - ERR; ${commands}; [ $code = 0 ] && [ $wrong = 0 ] || exit 1' EXIT
`;

/**
 * For `manager COMMAND`, as the one whose unit it is, and `by`, which the runtime is called with. `why`: why a start was cold, or nothing.
 */
const service = `
  unit=chos-runtime.service
  property() { manager show --value -p "$1" $unit; }
  is() { [ "$(property ActiveState)" = "$1" ]; }
  # Each is compiled: a file is in the place of what would be left of them.
  start() { by mkdir -p -m 700 "$STATE"; by touch "$STATE/.programs"; by "$RUNTIME" --debug --root "$STATE" run --bundle "$PLACE/box" box 2>&1 </dev/null; }
  why() { start >"$PLACE/told" && sed -n "s/.*service was not used: //p" "$PLACE/told"; }
  another() { local now; now=$(property MainPID); [ "$now" != 0 ] && [ "$now" != "$1" ]; }
  is_node() { [ "$(readlink "/proc/$(property MainPID)/exe")" = /usr/bin/node ]; }
  # Cold, and that starts it.
  begins() {
    matches "cold, $1" "$(why)" "does not answer|not warm yet"
    same "state, $1" "$(property ActiveState)" active
  }
  # Who is not answered can start no Node.
  warms() {
    until_true 60 is_node
    mount --bind /bin/false /usr/bin/node
    until_true 120 eval 'start >told' || fail "never warm: $(cat told)"
    same "output" "$(cat told)" hello
    umount /usr/bin/node
  }
`;

export const systemdUnitCases: readonly MachineCase[] = [
  systemd(
    'what-changes-in-etc-reaches-trees',
    `
      chos=$(dirname "$RUNTIME")/chos
      late=/run/systemd/system/chos-files.service.d
      for name in passwd motd localtime; do cp -a /etc/$name "$PLACE/$name.before" 2>/dev/null || true; done
      ${undoing(`
        systemctl disable --now chos-files.path 2>/dev/null; systemctl stop chos-files.service 2>/dev/null
        rm -rf $late; systemctl daemon-reload
        for name in passwd motd localtime; do rm -f /etc/$name; cp -a "$PLACE/$name.before" /etc/$name 2>/dev/null; done
        "$RUNTIME" tree release os >/dev/null 2>&1; rm -rf /etc/chos.d`)}
      tree "$PLACE/os"
      touch "$PLACE"/os/etc/{motd,localtime}
      mkdir -p -m 755 /etc/chos.d
      printf '{"trees": {"os": {"path": "%s"}}, "files": {"/etc/motd": "host", "/etc/localtime": "host", "/etc/passwd": "merge"}}' "$PLACE/os" >/etc/chos.d/os.json
      printf one >/etc/motd
      rm -f /etc/localtime
      printf summer >/etc/localtime
      systemctl enable --now chos-files.path 2>/dev/null
      # Where no tree shows files, nothing is started.
      printf two >/etc/motd
      skipped() { [ "$(systemctl show --value -p Result chos-files.service)" = exec-condition ]; }
      until_true 60 skipped || fail "$(systemctl status chos-files.path chos-files.service)"
      "$RUNTIME" tree prepare os >/dev/null
      cd /
      "$chos" os sleep 1000 &
      inside=$!
      shows() { grep -q "$2" "/proc/$inside/root/etc/$1"; }
      # systemd looks again only then.
      rests() { [ "$(systemctl show --value -p SubState chos-files.path)" = waiting ]; }
      until_true 60 shows motd two
      until_true 60 rests
      printf three >/etc/motd
      until_true 60 shows motd three
      until_true 60 rests
      # As editors and useradd(8) do it.
      printf four >/etc/motd.new
      mv /etc/motd.new /etc/motd
      until_true 60 shows motd four
      until_true 60 rests
      cp /etc/passwd /etc/passwd.new
      echo 'new:x:4242:4242::/:/bin/sh' >>/etc/passwd.new
      mv /etc/passwd.new /etc/passwd
      until_true 60 shows passwd '^new:x:4242:'
      until_true 60 rests
      # timedatectl(1) puts a link there.
      printf winter >"$PLACE/zone"
      ln -s "$PLACE/zone" /etc/localtime.new
      mv -T /etc/localtime.new /etc/localtime
      until_true 60 shows localtime winter
      until_true 60 rests
      # What changes behind the last look, while systemd does not watch yet.
      mkdir -p $late
      printf '[Service]\\nExecStartPost=-/bin/mv /etc/motd.late /etc/motd\\n' >$late/late.conf
      systemctl daemon-reload
      printf six >/etc/motd.late
      until_true 60 shows motd six || fail "$(systemctl status chos-files.path chos-files.service)"
      same "still inside" "$(readlink "/proc/$inside/exe")" /bin/busybox
      matches "list" "$("$RUNTIME" tree list)" os
      same "stale" "$("$RUNTIME" tree list | grep -c stale || true)" 0
      same "failed units" "$(systemctl is-failed chos-files.path chos-files.service | grep -c failed || true)" 0
      kill $inside
      wait $inside || true`,
  ),
  systemd(
    'compiler-service-starts-when-it-is-asked',
    `
      manager() { systemctl "$@"; }
      # As after a login, where initgroups(3) has put root's group among the others.
      by() { setpriv --groups 0 "$@"; }
      ${service}
      override=/run/systemd/system/$unit.d
      ${undoing(`
        umount /usr/bin/node 2>/dev/null; systemctl disable --now chos-runtime.socket 2>/dev/null; systemctl stop $unit 2>/dev/null
        rm -rf $override; systemctl daemon-reload; systemctl reset-failed $unit chos-runtime.socket 2>/dev/null`)}
      bundle box '.process.args = ["echo", "hello"]'
      matches "without it" "$(why)" "nobody listens"
      systemctl enable --now chos-runtime.socket 2>/dev/null
      socket=/run/chos-runtime/compiler.sock
      same "modes" "$(stat -c '%a %U' /run/chos-runtime $socket | tr '\\n' ' ')" "700 root 600 root "
      same "before anybody asks" "$(property ActiveState)" inactive
      begins first
      warms
      first=$(property MainPID)
      same "bounds" "$(cat /sys/fs/cgroup/system.slice/$unit/{memory,pids}.max | tr '\\n' ' ')" "536870912 64 "
      same "capabilities" "$(sed -n 's/^Cap\\(Prm\\|Eff\\|Bnd\\):\\s*//p' /proc/$first/status | uniq)" 0000000000080004
      matches "status" "$(tr -s '\\t\\n' ' ' </proc/$first/status)" 'NoNewPrivs: 1 '
      matches "sockets" "$(ls -l /proc/$first/fd)" 'socket:'
      matches "exposure" "$(systemd-analyze security --no-pager $unit | tail -1)" ': [0-5][.][0-9]'
      systemctl stop $unit 2>/dev/null
      same "socket of one that was stopped" "$(systemctl is-active chos-runtime.socket)" active
      begins stopped
      second=$(property MainPID)
      systemctl kill --signal=KILL $unit
      until_true 60 another "$second" || fail "not started again: $(systemctl status $unit)"
      mkdir -p $override
      printf '[Service]\\nExecStart=\\nExecStart=%s serve --idle 2s\\n' "$RUNTIME" >$override/idle.conf
      systemctl daemon-reload
      systemctl restart $unit
      until_true 60 is inactive || fail "idle, and there: $(systemctl status $unit)"
      same "end of one that was idle" "$(property Result) $(property NRestarts)" "success 0"
      same "socket of one that was idle" "$(systemctl is-active chos-runtime.socket)" active
      begins idle
      until_true 60 is inactive
      systemctl stop chos-runtime.socket
      [ ! -e $socket ]`,
  ),
  systemd(
    'compiler-service-of-a-user',
    `
      id lab >/dev/null 2>&1 || useradd --uid 1000 --create-home lab
      loginctl enable-linger lab 2>/dev/null || systemctl start user@1000.service
      by() { setpriv --reuid 1000 --regid 1000 --init-groups env -C "$PLACE" HOME=/home/lab XDG_RUNTIME_DIR=/run/user/1000 "$@"; }
      manager() { by systemctl --user "$@"; }
      ${service}
      ${undoing(`
        umount /usr/bin/node 2>/dev/null; manager disable --now chos-runtime.socket 2>/dev/null; manager stop $unit 2>/dev/null
        loginctl disable-linger lab; systemctl stop user@1000.service; rm -rf /home/lab/.config/systemd`)}
      until_true 60 systemctl is-active --quiet user@1000.service
      STATE=/run/user/1000/lab
      mkdir -p box
      tree box/rootfs
      chmod 755 /run/lab "$PLACE" && chown -R lab "$PLACE"
      (cd box && by "$RUNTIME" spec --rootless --bundle "$PLACE/box")
      jq '.process.args = ["echo", "hello"] | .process.terminal = false' box/config.json >config.json && mv config.json box/config.json
      matches "without it" "$(why)" "nobody listens"
      manager enable --now chos-runtime.socket 2>/dev/null
      same "modes" "$(stat -c '%a %U' /run/user/1000/chos-runtime/compiler.sock)" "600 lab"
      begins first
      warms
      process=$(property MainPID)
      same "bounds" "$(cat "/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/$process/cgroup)"/{memory,pids}.max | tr '\\n' ' ')" "536870912 64 "
      same "owner" "$(stat -c %U /proc/$process)" lab
      # Who is no member of its groups, and who has another's runtime directory, is not served.
      matches "other groups" "$(setpriv --reuid 1000 --regid 1000 --groups 4 env HOME=/ XDG_RUNTIME_DIR=/run/user/1000 "$RUNTIME" --debug --root "$STATE" list 2>&1)" 'service was not used: the caller has other groups'
      matches "root" "$(XDG_RUNTIME_DIR=/run/user/1000 "$RUNTIME" --debug --root "$PLACE/none" list 2>&1 || true)" 'service was not used'
      manager stop chos-runtime.socket
      [ ! -e /run/user/1000/chos-runtime/compiler.sock ]`,
  ),
];
