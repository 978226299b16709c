/** What a tmpfs takes over from the directory that it covers. */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { test } from '../case.js';

interface Row {
  readonly name: string;
  /** Of the directory below; none if the runtime makes it. Its owner is 1000:1001. */
  readonly covers?: number;
  readonly options?: readonly string[];
  readonly mode: number;
  readonly owner?: readonly [uid: number, gid: number];
}

const rows: readonly Row[] = [
  { name: 'mode-of-0755', covers: 0o755, mode: 0o755 },
  { name: 'mode-of-0700', covers: 0o700, mode: 0o700 },
  { name: 'mode-of-1777', covers: 0o1777, mode: 0o1777 },
  { name: 'mode-of-2751', covers: 0o2751, mode: 0o2751 },
  { name: 'mode-of-0', covers: 0, mode: 0 },
  { name: 'mode-of-a-new-directory', mode: 0o1777 },
  { name: 'mode-asked-for', covers: 0o755, options: ['mode=711'], mode: 0o711 },
  { name: 'mode-asked-for-in-a-new-directory', options: ['mode=711'], mode: 0o711 },
  { name: 'mode-when-read-only', covers: 0o750, options: ['ro'], mode: 0o750 },
  { name: 'owner-asked-for', covers: 0o715, options: ['uid=5', 'gid=6'], mode: 0o715, owner: [5, 6] },
  { name: 'copy-up-mode-of-0750', covers: 0o750, options: ['tmpcopyup'], mode: 0o750 },
  { name: 'copy-up-mode-of-1777', covers: 0o1777, options: ['tmpcopyup'], mode: 0o1777 },
  { name: 'copy-up-mode-of-a-new-directory', options: ['tmpcopyup'], mode: 0o1777 },
  { name: 'copy-up-mode-asked-for', covers: 0o750, options: ['tmpcopyup', 'mode=711'], mode: 0o711 },
  { name: 'copy-up-when-read-only', covers: 0o750, options: ['tmpcopyup', 'ro'], mode: 0o750 },
  {
    name: 'copy-up-owner-asked-for',
    covers: 0o715,
    options: ['tmpcopyup', 'uid=5', 'gid=6'],
    mode: 0o715,
    owner: [5, 6],
  },
];

for (const { name, covers, options = [], mode, owner = [0, 0] } of rows) {
  const copies = options.includes('tmpcopyup') && covers !== undefined;
  test(`tmpfs/${name}`, {
    files: ({ rootfs }) => {
      if (covers === undefined) return;
      const covered = join(rootfs, 'covered');
      mkdirSync(covered);
      writeFileSync(join(covered, 'inside'), 'inside\n');
      chownSync(covered, 1000, 1001);
      chmodSync(covered, covers);
    },
    config: c =>
      void c.mounts.push({ destination: '/covered', type: 'tmpfs', source: 'tmpfs', options: [...options] }),
    probes: ['stat /covered', 'ls /covered', 'write /covered/new'],
    inside: ({ at }) => {
      const seen = at('stat /covered');
      assert.is(seen.mode, mode);
      assert.equal([seen.uid, seen.gid], owner);
      // The reporter has no capability that would let it read any directory.
      if (mode !== 0) assert.equal(at('ls /covered').names, copies ? ['inside'] : []);
      if (options.includes('ro')) assert.is(at('write /covered/new').error, 'EROFS');
    },
  });
}

test('tmpfs/second-one-has-the-mode-of-the-first', {
  config: c => {
    c.mounts.push({ destination: '/twice', type: 'tmpfs', source: 'tmpfs', options: ['mode=710'] });
    c.mounts.push({ destination: '/twice', type: 'tmpfs', source: 'tmpfs' });
  },
  probes: ['stat /twice'],
  inside: ({ at }) => assert.is(at('stat /twice').mode, 0o710),
});
