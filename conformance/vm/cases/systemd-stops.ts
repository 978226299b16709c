/**
 * Where systemd makes the cgroups: a launch, a restore and a delete, killed before and behind the steps by which they touch something, from where there is init, or they talk
 * to systemd, on; `delete --force` leaves no unit, no directory, no process.
 */
import { join } from 'node:path';
import type { MachineCase } from '../case.js';

const prelude = `
  debug() { chos-runtime-debug --root "$STATE" "$@"; }
  scope=lab-stops.scope
  # steps TRACK FROM [STRIDE]: of what a track did in one whole run, the numbers of the steps that something outside can see, and of those behind them, from the first of that kind on;
  # or every STRIDE-th of them.
  steps() {
    awk -v track="$1" -v from="$2" '
      $1 != track || ($4 != "=" && $4 != "failed:") || ($3 == "TRACK" && $5 == "0") { next }
      { n++ }
      $3 == from { talks = 1 }
      talks && $3 !~ /^(ALU|BRANCH|CALL|FORMAT|LOAD|MOVE|RETURN|SCAN|STORE|clock_gettime)$/ { wanted[n] = wanted[n + 1] = 1 }
      END { for (i = 1; i <= n; i++) if (wanted[i]) print i }' trace >steps
    # In between, what it is told of others is read and forgotten.
    awk -v all="$(wc -l <steps)" -v stride="\${3:-0}" 'stride ? NR % stride == 1 : NR <= 20 || NR > all - 20' steps
  }
  gone() { [ ! -e "/sys/fs/cgroup/lab.slice/$scope" ] && [ "$(systemctl show --value -p LoadState,ActiveState "$scope" | tr '\\n' ' ')" = "not-found inactive " ]; }
  cleared() {
    "$RUNTIME" --root "$STATE" delete --force box >removed 2>&1 || { cat removed; fail "$1: delete --force failed"; }
    same "$1: words of delete --force" "$(<removed)" ""
    until_true 20 gone || fail "$1: $(systemctl status "$scope" 2>&1 | head -5)"
    same "$1: state" "$(ls -A "$STATE" 2>/dev/null | sed "/^[.]programs$/d")" ""
    until_true 20 sh -c '! pgrep -f "^sleep 12345" >/dev/null' || fail "$1: a process is left"
  }
  bundle box '.linux.cgroupsPath = "lab.slice:lab:stops" | .process.args = ["sleep", "12345"]'
  # The engine that can be stopped and the launch in one file: Node is asked once.
  debug --systemd-cgroup compile box -o program
  launch() { ./program --root "$STATE" --id box --detach </dev/null >launched 2>&1; }
`;

const stopped = (name: string, script: string): MachineCase => ({
  name: `systemd/killed-at-every-step-of-${name}`,
  init: 'systemd',
  kernels: ['6.12'],
  seconds: 900,
  payload: () => [
    { from: join(process.cwd(), 'build/vm/chos-runtime-debug'), to: '/usr/local/bin/chos-runtime-debug' },
  ],
  script: prelude + script,
});

export const systemdStopCases: readonly MachineCase[] = [
  stopped(
    'a-launch',
    `
      # The first one makes the slice, too, of which systemd tells everybody.
      launch || { cat launched; exit 1; }
      cleared first
      CHOS_TRACE=1 ./program --root "$STATE" --id box --detach </dev/null >/dev/null 2>trace || { tail -3 trace; exit 1; }
      stops=($(steps run TRACK))
      [ "\${#stops[@]}" -gt 20 ] || fail "\${#stops[@]} steps"
      cleared whole
      for n in "\${stops[@]}"; do
        code=0; CHOS_STOP=run:$n launch || code=$?
        # systemd may have told less than then, so that it ended some steps earlier.
        matches "code of run:$n" $code '^(137|0)$'
        cleared "run:$n"
      done
      echo "\${#stops[@]} stops"`,
  ),
  stopped(
    'a-restore',
    `
      # CRIU puts nothing else in the place of a file.
      ./program --root "$STATE" --id box --detach >/dev/null 2>&1 </dev/null
      places="--image-path $PLACE/images --work-path $PLACE"
      debug checkpoint $places box
      until_true 20 gone || fail "the scope is left: $(systemctl status "$scope")"
      restore() { debug --systemd-cgroup restore --detach --bundle "$PLACE/box" $places box </dev/null >/dev/null 2>restored; }
      all_cleared() {
        cleared "$1"
        until_true 20 sh -c '! pgrep -x criu >/dev/null' || fail "$1: CRIU is left"
      }
      CHOS_TRACE=1 restore || { tail -3 restored; exit 1; }
      mv restored trace
      # Each restore starts Node and CRIU.
      stops=($(steps run TRACK 29))
      [ "\${#stops[@]}" -gt 4 ] || fail "\${#stops[@]} steps"
      before=($(steps criu prctl 13))
      [ "\${#before[@]}" -gt 1 ] || fail "\${#before[@]} steps of CRIU's process"
      all_cleared whole
      for n in "\${stops[@]}"; do
        code=0; CHOS_STOP=run:$n restore || code=$?
        matches "code of run:$n" $code '^(137|0)$'
        all_cleared "run:$n"
      done
      # Its process is killed before it is CRIU: the command takes all back.
      for n in "\${before[@]}"; do
        code=0; CHOS_STOP=criu:$n restore || code=$?
        same "code of criu:$n" $code 1
        same "lines of criu:$n" "$(wc -l <restored)" 1
        same "state after criu:$n" "$(ls -A "$STATE" 2>/dev/null | sed "/^[.]programs$/d")" ""
        until_true 20 gone || fail "criu:$n: $(systemctl status "$scope" 2>&1 | head -5)"
      done
      echo "\${#stops[@]} and \${#before[@]} stops"`,
  ),
  stopped(
    'delete',
    `
      launch || { cat launched; exit 1; }
      CHOS_TRACE=1 debug delete --force box 2>trace
      stops=($(steps delete connect))
      [ "\${#stops[@]}" -gt 10 ] || fail "\${#stops[@]} steps"
      cleared whole
      for n in "\${stops[@]}"; do
        launch || { cat launched; exit 1; }
        # It goes round until all is gone, so that it may end some steps earlier.
        code=0; CHOS_STOP=delete:$n debug delete --force box >stopped 2>&1 || code=$?
        matches "code of delete:$n" $code '^(137|0)$'
        cleared "delete:$n"
      done
      echo "\${#stops[@]} stops"`,
  ),
];
