/**
 * The ready-made hooks on cgroup v2, under crun 1.21, runc and Podman 5: cases of conformance/hooks with their own code, an NFS server that is gone, scopes of
 * systemd, and chos-environment by the kernel's link.
 */
import { join } from 'node:path';
import type { MachineCase } from '../case.js';
import { kernelModule } from '../kernel-module.js';
import { kernels } from '../machine.js';
import { containersConf } from './podman-systemd.js';

const runHere = (pattern: string) => `
  mkdir -p /lab/hooks/build
  ln -sfn /usr/local/bin/chos-runtime /lab/hooks/build/chos-runtime
  ln -sfn /usr/local/lib/chos-runtime/hooks /lab/hooks/build/hooks
  cd /lab/hooks
  code=0; output=$(ONLY='${pattern}' node /lab/hooks.mjs 2>&1) || code=$?
  [ $code = 0 ] || fail "$output"
  matches counts "$output" '[1-9][0-9]* passed, 0 failed, 0 skipped'`;

/** The registry's tree `one` with the share /srv/share, and containers of others on it. */
const prelude = `
  chos() { /usr/local/bin/chos-runtime "$@"; }
  mkdir -p /ostrees/one /srv/share/late /etc/chos.d
  cp -a /run/lab/tree/. /ostrees/one
  mkdir -p /ostrees/one/srv/share
  echo 'of the share' >/srv/share/note
  printf '%s' '{"trees": {"one": {"path": "/ostrees/one"}}, "shares": [{"path": "/srv/share"}]}' >/etc/chos.d/hooks.json
  mkfifo /srv/share/fifo
  other=0
  # began RUNTIME: $name, which says what it sees and then waits
  began() {
    name=other$((++other)) peer=$1
    bundle $name '.root.path = "/ostrees/one" | .annotations = {"org.chos.tree": "one"} | .linux.rootfsPropagation = "rslave"
      | .hooks = {createRuntime: [{path: "/usr/local/lib/chos-runtime/hooks/chos-environment"}]}
      | .process.args = ["sh", "-c", "cat /srv/share/note; readlink /proc/chos/link; echo ready; cat /srv/share/fifo; cat /srv/share/late/note"]'
    $peer --root "$PLACE/$peer" run --bundle "$PLACE/$name" $name >"$PLACE/$name/output" 2>&1 </dev/null &
    started=$!
    until_true 90 eval 'grep -q ready "$PLACE/$name/output" || ! kill -0 $started 2>/dev/null'
  }
  # saw WHAT LINK: what it has seen, also of a mount that came later
  saw() {
    mount -t tmpfs late /srv/share/late
    echo 'and later' >/srv/share/late/note
    grep -q ready "$PLACE/$name/output" && echo >/srv/share/fifo
    wait $started || wrong=1
    umount /srv/share/late
    same "what $peer has shown $1" "$(grep -v '^$' "$PLACE/$name/output")" "$(printf '%s\n' 'of the share' $2 ready 'and later')"
  }
`;
const epilogue = `
  rm -r /etc/chos.d/hooks.json /ostrees/one /srv/share`;

export const hookCases: readonly MachineCase[] = [
  {
    name: 'hooks/each-under-three-runtimes-and-Podman-5',
    kernels: ['6.12'],
    payload: () => [{ from: join(process.cwd(), 'build/conformance/hooks.mjs'), to: '/lab/hooks.mjs' }],
    script: runHere('^(together/|share-check/(config.json/a share|Podman/precreate.*crun))'),
    seconds: 600,
  },
  {
    name: 'hooks/job-report-in-a-scope',
    kernels: ['6.12'],
    init: 'systemd',
    runtimes: ['chos-runtime', 'crun', 'runc'],
    payload: () => [{ text: containersConf, to: '/etc/containers/containers.conf' }],
    script: `
      hook=/usr/local/lib/chos-runtime/hooks/job-report
      echo '{"file": "'"$PLACE"'/jobs"}' >settings
      work='i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; exit 3'
      bundle job '.linux.cgroupsPath = "lab.slice:lab:job" | .process.args = ["sh", "-c", $work]
        | ({path: $hook, args: ["job-report", "--settings", $settings]} as $one | .hooks = {createRuntime: [$one], poststop: [$one]})' \\
        --arg hook $hook --arg settings "$PLACE/settings" --arg work "$work"
      code=0; "$RUNTIME" --root "$STATE" --systemd-cgroup run --bundle "$PLACE/job" job </dev/null || code=$?
      same "exit code" $code 3
      reports=1
      # Without conmon nobody may be left to ask, before Linux 6.15.
      matches report "$(<jobs)" '"exit":(\\{"code":3\\}|null)'
      if [ "$NAME" = chos-runtime ]; then
        reports=2
        mkdir hooks.d
        jq --arg hook $hook --arg settings "$PLACE/settings" '.hook.path = $hook | .hook.args += ["--settings", $settings]' $hook.json >hooks.d/job-report.json
        code=0; podman --runtime "$NAME" --hooks-dir "$PLACE/hooks.d" run --rm --network none --rootfs /run/lab/tree sh -c "$work" || code=$?
        same "exit code by Podman" $code 3
        matches report "$(tail -1 jobs)" '"exit":\\{"code":3\\}'
      fi
      same reports "$(wc -l <jobs)" $reports
      while read -r line; do
        matches report "$line" '"memory":\\{"peak":[1-9][0-9]*,"sampled":false\\},"cpu":\\{"seconds":[0-9.]*[1-9]'
      done <jobs`,
  },
  {
    name: 'hooks/chos-environment-by-the-kernel-s-link',
    kernels,
    payload: kernelModule,
    script: `${prelude}
      # With 6.12 the first case of this file does as much.
      if [ "$LAB_KERNEL" != 6.12 ]; then
        chos tree prepare one >/dev/null
        for peer in crun runc; do began $peer; saw "from a generation" ""; done
        chos tree release one >/dev/null
      fi
      [ -e /sys/module/chos_link ] || insmod /lab/chos_link.ko
      [ -e /sys/module/chos ] || insmod /lab/chos.ko
      chos skeleton create >/dev/null
      printf '%s' /ostrees/one >/proc/chos/valid
      for peer in crun runc; do
        began $peer
        # Whoever comes later has no link, and needs none.
        same "who comes later to $peer" "$($peer --root "$PLACE/$peer" exec $name sh -c 'cat /srv/share/note; readlink /proc/chos/link')" $'of the share\\n/'
        saw "by the link" /ostrees/one
      done
      printf '%s' - >/proc/chos/valid
      began runc; wait $started || true
      matches "what it says" "$(<"$PLACE/$name/output")" 'the tree one has no generation: .*no link: the kernel does not take /ostrees/one .No such file or directory.: chos-runtime tree load'
      chos skeleton remove >/dev/null
      ${epilogue}`,
    seconds: 600,
  },
];
