/** User namespaces of a plain user with more ids than its own, which newuidmap(1) and newgidmap(1) map for it (config-linux.md, "User namespace mappings"). */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { range } from '../callers.js';
import { type Driver, test } from '../case.js';

const as = ['user'] as const;

const others = { containerID: 1, hostID: range.first, size: range.size };

function mapMore(c: Config, more: Config['linux']['uidMappings'] = [others]): void {
  c.linux.uidMappings = [...(c.linux.uidMappings ?? []), ...(more ?? [])];
  c.linux.gidMappings = [...(c.linux.gidMappings ?? []), ...(more ?? [])];
}

test('map-helpers/other-ids-of-the-user', {
  as,
  drive: async t => {
    t.configure(c => {
      mapMore(c);
      c.process.user = { uid: 5, gid: 6, additionalGids: [8] };
      c.process.args = ['/bin/reporter', 'sleep'];
    });
    const { pid, printed } = await t.create();
    await t.start();
    await printed('ready');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t100004\t100004\t100004\t100004$/m);
    assert.match(status, /^Gid:\t100005\t100005\t100005\t100005$/m);
    assert.match(status, /^Groups:\t100007 *$/m);
    assert.is(readFileSync(`/proc/${pid}/setgroups`, 'utf8').trim(), 'allow');
    const seen = await t.exec(['--user', '7:9', t.id, '/bin/sh', '-c', 'id; cat /proc/self/gid_map']);
    assert.is(seen.code, 0, seen.stderr);
    assert.match(seen.stdout, /^uid=7 gid=9( groups=\S+)?\n *0 +1000 +1\n *1 +100000 +65536\n$/);
  },
});

const refusedWithOthers = (name: string, more: Config['linux']['uidMappings'], words: RegExp): void =>
  test(`map-helpers/${name}`, { as, config: c => mapMore(c, more), refused: words });

refusedWithOthers(
  'range-of-others-is-refused',
  [{ ...others, hostID: 300_000 }],
  /not allowed|newuidmap|newgidmap/,
);
refusedWithOthers(
  'range-beyond-the-users-is-refused',
  [{ ...others, size: range.size + 1 }],
  /not allowed|newuidmap|newgidmap/,
);

/** With another program, or none, in the place of a helper; in a mount namespace of this call alone. */
const withHelper = (t: Driver, name: string, source: string): ReturnType<Driver['run']> =>
  t.run([], {
    throughRoot: [
      'unshare',
      '--mount',
      'sh',
      '-c',
      `mount --bind "$0" /usr/bin/${name} && exec "$@"`,
      source,
    ],
  });

for (const [name, helper, source] of [
  ['helper-that-is-none', 'newuidmap', '/dev/null'],
  ['helper-that-fails-without-a-word', 'newgidmap', '/bin/false'],
  ['helper-that-says-no', 'newgidmap', '/bin/cat'],
] as const)
  test(`map-helpers/${name}-is-refused`, {
    as,
    drive: async t => {
      t.configure(c => mapMore(c));
      const finished = await withHelper(t, helper, source);
      assert.is.not(finished.code, 0);
      assert.match(finished.stderr, /map|newuid|newgid/);
      if (t.runtime.name.startsWith('chos')) {
        const words = {
          '/dev/null':
            /^chos-runtime: map the ids of the user namespace: \/usr\/bin\/newuidmap cannot be executed: Permission denied, .*\n$/,
          '/bin/false':
            /^chos-runtime: map the ids of the user namespace: \/usr\/bin\/newgidmap ended with exit code 1 \(config.json:\d+ linux.gidMappings\)\n$/,
          '/bin/cat':
            /^chos-runtime: map the ids of the user namespace: \/usr\/bin\/newgidmap: \d+: No such file or directory; .*\n$/,
        };
        assert.match(finished.stderr, words[source]);
      }
      assert.is.not((await t.call('state', [t.id])).code, 0);
    },
  });

test('map-helpers/what-a-helper-has-started-ends-with-it', {
  as,
  skip: runtime =>
    runtime === 'runc' ? 'leaves processes and cgroups behind, or does not come back' : undefined,
  drive: async t => {
    const [helper, noted] = [join(t.dir, 'helper'), join(t.dir, 'noted')];
    writeFileSync(helper, `#!/bin/sh\nsleep 1000 & echo $! >${noted}\nexit 1\n`);
    chmodSync(helper, 0o755);
    writeFileSync(noted, '');
    chmodSync(noted, 0o666);
    t.configure(c => mapMore(c));
    assert.is.not((await withHelper(t, 'newuidmap', helper)).code, 0);
    const started = Number(readFileSync(noted, 'utf8'));
    if (!t.runtime.name.startsWith('chos')) process.kill(started, 'SIGKILL');
    assert.is(await t.orphans.exited(started), 128 + 9);
  },
});
