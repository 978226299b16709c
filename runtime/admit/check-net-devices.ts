import type { LinuxNetDevice } from '../../spec/generated/config.js';
import { formatPath, type Note, noteKey, type Reason, type ValuePath } from './diagnostic.js';

/** IFNAMSIZ less its NUL, linux/if.h */
const nameLimit = 15;

/** What the kernel takes for a name (net/core/dev.c, dev_valid_name), at most once with %d, for which it chooses a number. */
function wellFormed(name: string, template: boolean): boolean {
  const plain = template ? name.replace('%d', '') : name;
  return !/[/:\s]/.test(name) && name !== '.' && name !== '..' && !plain.includes('%');
}

function faultOf(name: string, template: boolean): Reason | null {
  if (name === '') return { kind: 'empty' };
  if (Buffer.byteLength(name) > nameLimit) return { kind: 'too-long', limit: nameLimit };
  return wellFormed(name, template) ? null : { kind: 'wrong-form', form: 'net-device' };
}

/** Names of `linux.netDevices`, on the host and in the container. */
export function checkNetDevices(devices: Readonly<Record<string, LinuxNetDevice>>, note: Note): void {
  const first = new Map<string, ValuePath>();
  for (const [device, { name = '' }] of Object.entries(devices)) {
    const base = ['linux', 'netDevices', device];
    const inside = name === '' ? device : name;
    const path = name === '' ? base : [...base, 'name'];
    const bad = faultOf(device, false);
    if (bad !== null) noteKey(note, ['linux', 'netDevices'], device, bad);
    const badName = name === '' ? null : faultOf(name, true);
    if (badName !== null) note(path, badName);
    const before = first.get(inside);
    if (before === undefined) first.set(inside, path);
    else if (!inside.includes('%')) note(path, { kind: 'duplicate', first: formatPath(before) });
  }
}
