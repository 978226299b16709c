/** What is said of systemd, which makes the cgroups of containers where it is asked to. */

import type { Template } from '../../program/operand.js';
import type { Shown } from './words-of.js';

/** What systemctl(1) shows of a scope; behind it, the number by which it is known again. */
export const UNIT_DESCRIPTION = 'container of chos-runtime, number ';

/** What it was asked to do with a unit. */
export type Asked = 'start' | 'change';

const letIt = (asked: Asked, unit: Shown): Template => [`let systemd ${asked} `, unit, ': '];

/** `why`: one of those below. */
export const notDone = (asked: Asked, unit: Shown, why: Shown): Template => [...letIt(asked, unit), why];

/** `name`: of the error, such as org.freedesktop.systemd1.UnitExists. */
export const refused = (name: Shown, why: Shown): Template => ['refused: ', why, ' (', name, ')'];

/** `result`: systemd's word, such as timeout or dependency. */
export const jobFailed = (result: Shown): Template => [
  'its job ended with `',
  result,
  '` (systemctl status, journalctl)',
];

export const jobPending = 'its job has not ended within 30 seconds (systemctl list-jobs)';

/** The others have those of their errno. */
export const problemWords = {
  ETIMEDOUT: 'no answer within 30 seconds',
  EPROTO: 'what it answered is no message of D-Bus',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
} as const;

/** `description`: the other's, which may tell whose it is. */
export const isActive = (unit: Shown, description: Shown): Template => [
  ...letIt('start', unit),
  'a unit of that name is active already: ',
  description,
  ' (systemctl status)',
];

export const notForgotten = (unit: Shown): Template => [
  ...letIt('start', unit),
  'a unit of that name has ended, and systemd has not forgotten it within 30 seconds (systemctl status)',
];

const WITHOUT_IT = '; its cgroups are removed without it';

/** At the end of a container. */
export const notStopped = (unit: Shown, why: Shown): Template => [
  'systemd did not stop ',
  unit,
  ': ',
  why,
  WITHOUT_IT,
];

const notTold = (unit: Shown, why: Shown): Template => ['systemd did not tell whose ', unit, ' is: ', why];

export const endsUntold = (unit: Shown, why: Shown): Template => [...notTold(unit, why), WITHOUT_IT];

export const leftAlone = (unit: Shown, why: Shown): Template => [
  ...notTold(unit, why),
  '; its cgroup is another by now, and is left alone',
];

const somebody = (uid: Shown): Template => [
  'the socket is one of uid ',
  uid,
  ', who is neither root nor its caller',
];

export const strangerEnds = (unit: Shown, uid: Shown): Template => [
  'systemd is not asked for ',
  unit,
  ': ',
  ...somebody(uid),
];

export const strangerChanges = (unit: Shown, uid: Shown): Template => [
  ...letIt('change', unit),
  ...somebody(uid),
];

const WITHOUT = ' (without it: --cgroup-manager cgroupfs)';

export const answersFromElsewhere: Template = [
  `reach systemd: who answers is in another pid namespace, where the pid of init is that of another process${WITHOUT}`,
];

export const answersForSomebody = (uid: Shown): Template => ['reach systemd: ', ...somebody(uid), WITHOUT];
