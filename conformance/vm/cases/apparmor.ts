/** AppArmor, which Debian's kernels have: the host of the suite has it not. */
import type { MachineCase } from '../case.js';
import { patientEngine, serving } from './patient.js';

const profile = `profile lab-box flags=(attach_disconnected,mediate_deleted) {
  file,
  capability,
  network,
  mount,
  signal,
  ptrace,
  unix,
  deny /etc/group r,
}
`;

const prelude = `
  apparmor_parser --replace --skip-cache /lab/lab-box
  confined='.process.args = ["sh", "-c", "cat /proc/self/attr/current; cat /etc/group 2>&1"]'
`;

const withProfile = () => [{ text: profile, to: '/lab/lab-box' }];

const apparmor = (name: string, script: string, more: Partial<MachineCase> = {}): MachineCase => ({
  name: `apparmor/${name}`,
  init: 'systemd',
  kernels: ['6.12'],
  payload: withProfile,
  script: prelude + script,
  ...more,
});

export const apparmorCases: readonly MachineCase[] = [
  apparmor(
    'profile-of-the-process-and-of-exec',
    `
      bundle box "$confined"' | .process.apparmorProfile = "lab-box"'
      ran box
      same output "$output" "lab-box (enforce)
cat: can't open '/etc/group': Permission denied"
      bundle free '.process.args = ["sleep", "1000"]'
      created free
      runtime start free
      same "exec without" "$(runtime exec free cat /proc/self/attr/current)" unconfined
      same "exec with" "$(runtime exec --apparmor lab-box free cat /proc/self/attr/current)" "lab-box (enforce)"
      jq '.process | .args = ["cat", "/proc/self/attr/current"] | .apparmorProfile = "lab-box"' free/config.json >process.json
      same "exec with a file" "$(runtime exec --process process.json free)" "lab-box (enforce)"
      runtime delete --force free`,
    { runtimes: ['chos-runtime', 'crun', 'runc'] },
  ),
  apparmor(
    'a-profile-that-is-not-loaded',
    `
      bundle box '.process.apparmorProfile = "no-such-profile"'
      code=0; runtime create --bundle box box >message 2>&1 </dev/null || code=$?
      [ $code = 0 ] && { code=0; runtime start box >message 2>&1 || code=$?; }
      same code $code 1
      same lines "$(wc -l <message)" 1
      matches refusal "$(<message)" 'no-such-profile'
      runtime delete --force box`,
  ),
  apparmor(
    'a-confined-caller-is-not-served',
    `${serving}
      serving
      confined() { bash -c "printf 'changeprofile lab-box' >/proc/self/attr/apparmor/current && exec ${patientEngine.to} --debug list" 2>&1 >/dev/null; }
      matches "what a confined caller is told" "$(confined)" 'was not used: AppArmor confines the caller'
      same "what another is told" "$(patient list 2>&1 >/dev/null)" ""
      served_no_more`,
    { payload: () => [...withProfile(), patientEngine] },
  ),
];
