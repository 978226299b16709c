import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Bundle } from '../../harness/bundle.js';
import type { Config } from '../../harness/config.js';
import { test } from '../case.js';
import { mountAt } from '../report.js';

/** A directory and a file beside the root, to be bound. */
function sources({ dir }: Bundle): void {
  mkdirSync(join(dir, 'source/below'), { recursive: true });
  writeFileSync(join(dir, 'source/file'), 'from outside\n');
}

function bind(c: Config, source: string, destination: string, options: string[] = ['bind']): void {
  c.mounts.push({ destination, type: 'bind', source, options });
}

test('bind/directory', {
  files: sources,
  config: (c, { dir }) => bind(c, join(dir, 'source'), '/data', ['rbind', 'rw']),
  probes: ['read /data/file', 'write /data/made'],
  inside: ({ at }) => {
    assert.is(at('read /data/file').text, 'from outside\n');
    assert.is(at('write /data/made').error, '');
  },
});

test('bind/file-over-file', {
  files: sources,
  config: (c, { dir }) => bind(c, join(dir, 'source/file'), '/data/note'),
  probes: ['read /data/note'],
  inside: ({ at }) => assert.is(at('read /data/note').text, 'from outside\n'),
});

test('bind/file-over-missing-destination', {
  files: sources,
  config: (c, { dir }) => bind(c, join(dir, 'source/file'), '/not/there/yet'),
  probes: ['read /not/there/yet'],
  inside: ({ at }) => assert.is(at('read /not/there/yet').text, 'from outside\n'),
});

test('bind/directory-over-missing-destination', {
  files: sources,
  config: (c, { dir }) => bind(c, join(dir, 'source'), '/not/there/yet'),
  probes: ['ls /not/there/yet'],
  inside: ({ at }) => assert.equal(at('ls /not/there/yet').names, ['below', 'file']),
});

test('bind/source-relative-to-the-bundle', {
  files: sources,
  config: c => bind(c, 'source', '/data'),
  probes: ['ls /data'],
  inside: ({ at }) => assert.equal(at('ls /data').names, ['below', 'file']),
});

test('bind/type-none-with-option-bind', {
  files: sources,
  config: (c, { dir }) =>
    void c.mounts.push({
      destination: '/data',
      type: 'none',
      source: join(dir, 'source'),
      options: ['bind', 'ro'],
    }),
  probes: ['read /data/file', 'write /data/file'],
  inside: ({ at }) => {
    assert.is(at('read /data/file').text, 'from outside\n');
    assert.is(at('write /data/file').error, 'EROFS');
  },
});

test('bind/missing-source-is-refused', {
  config: (c, { dir }) => bind(c, join(dir, 'nowhere'), '/data'),
  refused: /nowhere.*no such file or directory/i,
});

test('bind/directory-over-file-is-refused', {
  files: sources,
  config: (c, { dir }) => bind(c, join(dir, 'source'), '/data/note'),
  refused: /data\/note|not a directory/i,
});

test('bind/file-over-directory-is-refused', {
  files: sources,
  config: (c, { dir }) => bind(c, join(dir, 'source/file'), '/data'),
  refused: /\/data|not a directory/i,
});

test('bind/device-file', {
  config: c => bind(c, '/dev/zero', '/dev/bound'),
  probes: ['stat /dev/bound', 'open /dev/bound'],
  inside: ({ at }) => {
    assert.is(at('stat /dev/bound').rdev, '1:5');
    assert.is(at('open /dev/bound').error, '');
  },
});

test('bind/source-is-a-symbolic-link', {
  files: bundle => {
    sources(bundle);
    symlinkSync('source', join(bundle.dir, 'link'));
  },
  config: (c, { dir }) => bind(c, join(dir, 'link'), '/data'),
  probes: ['ls /data'],
  inside: ({ at }) => assert.equal(at('ls /data').names, ['below', 'file']),
});

for (const [kind, options, seen] of [
  ['recursive-takes-submounts', ['rbind'], ['mounted']],
  ['plain-leaves-submounts', ['bind'], []],
] as const) {
  test(`bind/${kind}`, {
    files: sources,
    config: (c, { dir }) => bind(c, join(dir, 'source'), '/data', [...options]),
    drive: async t => {
      const below = join(t.bundle.dir, 'source/below');
      t.mount('-t', 'tmpfs', 'tmpfs', below);
      writeFileSync(join(below, 'mounted'), '');
      t.configure(c => {
        c.process.args = ['/bin/reporter', 'ls', '/data/below'];
      });
      const finished = await t.run();
      assert.is(finished.code, 0, finished.stderr);
      assert.equal(JSON.parse(finished.stdout).names, seen);
    },
  });
}

test('bind/shared-host-mount-reaches-a-slave', {
  files: sources,
  config: (c, { dir }) => {
    bind(c, join(dir, 'source'), '/data', ['rbind', 'rslave']);
    c.linux.rootfsPropagation = 'rslave';
    c.process.args = ['/bin/reporter', 'report', ',', 'wait', ',', 'ls', '/data/below'];
  },
  drive: async t => {
    const source = join(t.bundle.dir, 'source');
    t.mount('--bind', source, source);
    t.mount('--make-shared', source);
    const created = await t.create();
    await t.start();
    await created.printed('ready');
    t.mount('-t', 'tmpfs', 'tmpfs', join(source, 'below'));
    writeFileSync(join(source, 'below/late'), '');
    assert.is((await t.call('kill', [t.id, 'USR1'])).code, 0);
    await created.ended();
    assert.match(created.output(), '"names":["late"]');
  },
});

test('bind/private-propagation', {
  files: sources,
  config: (c, { dir }) => bind(c, join(dir, 'source'), '/data', ['rbind', 'rprivate']),
  inside: ({ report }) => assert.equal(mountAt(report, '/data')?.propagation, []),
});

test('bind/shared-propagation', {
  files: sources,
  config: (c, { dir }) => bind(c, join(dir, 'source'), '/data', ['rbind', 'rshared']),
  inside: ({ report }) => assert.match(mountAt(report, '/data')?.propagation.join(' ') ?? '', 'shared:'),
});

test('bind/unbindable-propagation', {
  files: sources,
  config: (c, { dir }) => bind(c, join(dir, 'source'), '/data', ['bind', 'unbindable']),
  inside: ({ report }) => assert.equal(mountAt(report, '/data')?.propagation, ['unbindable']),
});

/** Whether a mount that is made inside below a bind of a shared mount is there on the host. */
const bothWays: readonly (readonly [root: string | undefined, option: string, seen: boolean])[] = [
  ['rshared', 'rshared', true],
  ['shared', 'shared', true],
  ['rshared', 'rslave', false],
  ['rslave', 'rshared', false],
  [undefined, 'rshared', false],
];

for (const [propagation, option, seen] of bothWays)
  test(
    `bind/mounts-inside-${seen ? 'reach' : 'do-not-reach'}-the-host-with-${propagation ?? 'no'}-and-${option}`,
    {
      files: sources,
      config: (c, { dir }) => {
        bind(c, join(dir, 'source'), '/data', ['rbind', option]);
        if (propagation !== undefined) c.linux.rootfsPropagation = propagation;
        const admin = ['CAP_SYS_ADMIN'];
        c.process.capabilities = { bounding: admin, permitted: admin, effective: admin };
        const script = 'busybox mount -t tmpfs tmpfs /data/below && : >/data/below/inside; echo done';
        c.process.args = ['/bin/busybox', 'sh', '-c', script];
      },
      drive: async t => {
        const source = join(t.bundle.dir, 'source');
        t.mount('--bind', source, source);
        t.mount('--make-shared', source);
        const finished = await t.run();
        assert.match(finished.stdout, 'done', finished.stderr);
        const there = existsSync(join(source, 'below/inside'));
        if (there) execFileSync('umount', ['-l', join(source, 'below')]);
        assert.is(there, seen);
      },
    },
  );
