/** linux.resources.devices: the files of v1, a BPF program on v2. */
import type { NormalDeviceRule } from '../../../spec/normal-resources.js';
import type { Action } from '../../program/action.js';
import { slot, text } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { isHostRoot } from '../launch/confined.js';
import type { Launch } from '../launch/launch.js';
import { attachDeviceFilter } from './device-program.js';
import type { AskedResources, CgroupDirectory } from './driver.js';
import { openPlace } from './open-place.js';
import { type CgroupPlan, shownPath } from './plan.js';
import { textBytes } from './write-file.js';

function deviceRule({ type, major, minor, access }: NormalDeviceRule): string {
  const number = (n: number): string => (n < 0 ? '*' : String(n));
  return `${type} ${number(major)}:${number(minor)} ${access}`;
}

const mayUse = (
  type: 'b' | 'c',
  major: number,
  minor: number,
  access: NormalDeviceRule['access'],
): NormalDeviceRule => ({ allow: true, type, major, minor, access });

/** What every container may use, whatever config.json says (config-linux.md, "Default Devices"; the list of runc). */
const alwaysAllowed: readonly NormalDeviceRule[] = [
  mayUse('c', -1, -1, 'm'),
  mayUse('b', -1, -1, 'm'),
  mayUse('c', 1, 3, 'rwm'),
  mayUse('c', 1, 5, 'rwm'),
  mayUse('c', 1, 7, 'rwm'),
  mayUse('c', 1, 8, 'rwm'),
  mayUse('c', 1, 9, 'rwm'),
  mayUse('c', 5, 0, 'rwm'),
  mayUse('c', 5, 2, 'rwm'),
  mayUse('c', 136, -1, 'rwm'),
];

/** Each is written by itself: v1 takes one in a write. */
function writeRules(
  { open }: Launch,
  { memory }: CgroupDirectory,
  rules: readonly NormalDeviceRule[],
): readonly Line[] {
  const dir = slot('devices_dir');
  const allow = slot('devices_allow');
  const deny = slot('devices_deny');
  return [
    openPlace(open, memory, dir),
    sys('openat', [dir, text('devices.allow'), open.WRONLY | open.CLOEXEC, 0], { to: allow }),
    sys('openat', [dir, text('devices.deny'), open.WRONLY | open.CLOEXEC, 0], { to: deny }),
    ...rules.map(r => {
      const value = textBytes(deviceRule(r));
      return sys('write', [r.allow ? allow : deny, value, value.size]);
    }),
    sys('close', [allow]),
    sys('close', [deny]),
    sys('close', [dir]),
  ];
}

export function allowDevices(
  launch: Launch,
  plan: CgroupPlan,
  { resources, because }: AskedResources,
): readonly Action[] {
  const given = resources.devices;
  const v1 = plan.directories.find(d => d.version === 1 && d.hierarchy.controllers.includes('devices'));
  const directory = v1 ?? plan.directories.find(d => d.version === 2);
  // Who is not root of the host may not set rules, and needs none: no node of a device can be made in its user namespace.
  if (given.length === 0 || directory === undefined || !isHostRoot(launch)) return [];
  const rules = [...given, ...alwaysAllowed];
  return [
    operation(
      {
        kind: 'allow-devices',
        path: shownPath(directory),
        rules: rules.map(r => `${r.allow ? 'allow' : 'deny'} ${deviceRule(r)}`),
        by: v1 ? 'files' : 'bpf',
        because: because('devices'),
      },
      v1 ? writeRules(launch, v1, rules) : attachDeviceFilter(launch, directory, rules),
    ),
  ];
}
