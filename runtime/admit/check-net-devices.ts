import type { LinuxNetDevice } from '../../spec/generated/config.js';
import { formatPath, type Note, type ValuePath } from './diagnostic.js';

/** IFNAMSIZ less its NUL, linux/if.h */
const nameLimit = 15;

/** What the kernel takes for a name (net/core/dev.c, dev_valid_name), at most once with %d, for which it chooses a number. */
function wellFormed(name: string, template: boolean): boolean {
  const plain = template ? name.replace('%d', '') : name;
  return !/[/:\s]/.test(name) && name !== '.' && name !== '..' && !plain.includes('%');
}

/** Names of `linux.netDevices`, on the host and in the container. */
export function checkNetDevices(devices: Readonly<Record<string, LinuxNetDevice>>, note: Note): void {
  const first = new Map<string, ValuePath>();
  for (const [device, { name = '' }] of Object.entries(devices)) {
    const base = ['linux', 'netDevices', device];
    const inside = name === '' ? device : name;
    const path = name === '' ? base : [...base, 'name'];
    if (device === '') note(base, { kind: 'empty' });
    for (const [text, at, template] of [
      [device, base, false],
      [inside, path, true],
    ] as const) {
      if (Buffer.byteLength(text) > nameLimit) note(at, { kind: 'too-long', limit: nameLimit });
      else if (!wellFormed(text, template)) note(at, { kind: 'wrong-form', form: 'net-device' });
      if (name === '') break;
    }
    const before = first.get(inside);
    if (before === undefined) first.set(inside, path);
    else if (!inside.includes('%')) note(path, { kind: 'duplicate', first: formatPath(before) });
  }
}
