/** mountinfo (proc_pid_mountinfo(5)) as elision and the liveness of shares need it. */
import type { MountFact } from '../../spec/environment.js';
import { MountAttr } from '../../spec/kernel.js';
import { isWithin } from '../../spec/mount-map.js';
import { mountOptionBits } from '../../spec/mount-option-words.js';

/** Space, tab, newline and backslash are written as \ooo; other bytes stand for themselves (UTF-8 here). */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function attributesOf(options: string): number {
  const words = options.split(',');
  // Without noatime and relatime the mount is strictatime.
  const strict = !words.includes('relatime') && !words.includes('noatime');
  return words.reduce(
    (mask, word) => mask | (mountOptionBits[word] ?? 0),
    strict ? MountAttr.STRICTATIME : 0,
  );
}

/** Lines that are none of mountinfo are left out. */
export function parseMountFacts(text: string): readonly MountFact[] {
  return text.split('\n').flatMap(line => {
    const [left = '', right = ''] = line.split(' - ');
    const [id, parent, device, root, point, options, ...optional] = left.split(' ');
    if (id === undefined || device === undefined || root === undefined) return [];
    if (point === undefined || options === undefined) return [];
    const tag = (name: string): number =>
      Number(optional.find(field => field.startsWith(`${name}:`))?.slice(name.length + 1) ?? 0);
    return [
      {
        id: Number(id),
        parent: Number(parent),
        point: unescapeOctal(point),
        root: unescapeOctal(root),
        device,
        type: right.split(' ')[0] ?? '',
        attributes: attributesOf(options),
        peerGroup: tag('shared'),
        master: tag('master'),
      },
    ];
  });
}

export { isWithin };

/** The mount that a path without symlinks leads to: the deepest one; of several at one place, the last is on top. */
export function mountOf(path: string, mounts: readonly MountFact[]): MountFact | undefined {
  let found: MountFact | undefined;
  for (const mount of mounts)
    if (isWithin(path, mount.point) && (found === undefined || mount.point.length >= found.point.length))
      found = mount;
  return found;
}
