/**
 * `checkpoint` and `restore` around CRIU: what it is asked, and what is left when it fails. Here it is a stand-in, since CRIU does not work on every kernel, and fails only
 * by chance; what CRIU makes of it show the cases of the virtual machines.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { cgroupsNamed } from '../../harness/host-check.js';
import { besideStarts } from '../../harness/left-programs.js';
import type { Finished } from '../../harness/processes.js';
import { type Driver, type NamedCase, test } from '../case.js';
import { listen } from './terminal.js';

const others = (runtime: string): string | undefined =>
  runtime === 'crun' || runtime === 'runc' ? 'asks the real CRIU, by a library of its own' : undefined;

/** A directory for PATH with a CRIU of that version. */
function standIn(t: Driver, version = '4.1'): string {
  const directory = join(t.dir, version);
  mkdirSync(directory, { recursive: true });
  copyFileSync(resolve('conformance/suite/stand-in-criu'), join(directory, 'criu'));
  chmodSync(join(directory, 'criu'), 0o755);
  return directory;
}

const call = (t: Driver, command: string, args: readonly string[], path = standIn(t)): Promise<Finished> =>
  t.call(command, args, { env: { PATH: `${path}:/usr/bin:/bin` } });

const places = (t: Driver): readonly string[] => [
  ...['--image-path', join(t.dir, 'images')],
  ...['--work-path', join(t.dir, 'work')],
];

/** What it is told, without its descriptors, whose numbers are nobody's business. */
const asked = (t: Driver, log: string): readonly string[] =>
  readFileSync(join(t.dir, 'work', log), 'utf8')
    .trim()
    .split('\n')
    .filter(line => !/^(1|17) /.test(line));

function fails(t: Driver, how: string): void {
  mkdirSync(join(t.dir, 'work'), { recursive: true });
  writeFileSync(join(t.dir, 'work/how'), how);
}

const inState = (t: Driver): readonly string[] => (existsSync(t.root) ? besideStarts(t.root) : []);

async function running(t: Driver): Promise<number> {
  const { pid } = await t.create();
  await t.start();
  return pid;
}

const checkpoint = (name: string, drive: (t: Driver) => Promise<void>, more: Omit<NamedCase, 'name'> = {}) =>
  test(`checkpoint/${name}`, {
    config: (c, bundle) => {
      c.process.args = ['/bin/reporter', 'sleep'];
      c.mounts = [
        ...(c.mounts ?? []),
        { destination: '/data', type: 'bind', source: join(bundle.rootfs, 'home'), options: ['bind'] },
      ];
    },
    skip: others,
    drive,
    ...more,
  });

checkpoint('tells-criu-what-is-the-hosts-and-lets-the-container-go-on', async t => {
  const pid = await running(t);
  const saved = await call(t, 'checkpoint', [...places(t), '--leave-running', '--tcp-established', t.id]);
  assert.is(saved.code, 0, saved.stderr);
  const lines = asked(t, 'dump.log');
  for (const line of [`2 ${pid}`, '3 1', '5 1', '34 3', '37 mnt[/data]:/data'])
    assert.ok(lines.includes(line), `${line} is not in ${lines.join(', ')}`);
  assert.is(JSON.parse(readFileSync(join(t.dir, 'images/descriptors.json'), 'utf8')).length, 3);
  assert.is((await t.state()).status, 'running');
});

checkpoint('ends-the-container-and-leaves-nothing-of-it', async t => {
  await running(t);
  const saved = await call(t, 'checkpoint', [...places(t), t.id]);
  assert.is(saved.code, 0, saved.stderr);
  assert.equal(inState(t), []);
});

checkpoint('a-failure-of-criu-is-one-line-and-the-container-goes-on', async t => {
  await running(t);
  const log = `(log: ${join(t.dir, 'work/dump.log')})`;
  for (const [how, words] of [
    ['fail', 'Error (criu/one.c:1): something is wrong'],
    ['die', 'it ended without an answer'],
    ['die-frozen', 'it ended without an answer'],
  ] as const) {
    fails(t, how);
    const saved = await call(t, 'checkpoint', [...places(t), t.id]);
    assert.is.not(saved.code, 0);
    assert.is(saved.stderr, `chos-runtime: checkpoint: CRIU failed: ${words} ${log}\n`);
    assert.is((await t.state()).status, 'running');
  }
});

checkpoint('a-container-that-was-paused-stays-it-when-criu-dies', async t => {
  await running(t);
  const paused = await t.call('pause', [t.id]);
  assert.is(paused.code, 0, paused.stderr);
  fails(t, 'die');
  const saved = await call(t, 'checkpoint', [...places(t), t.id]);
  assert.is.not(saved.code, 0);
  assert.is((await t.state()).status, 'paused');
});

checkpoint('an-answer-without-an-end-is-none', async t => {
  await running(t);
  // A length below zero leads back to where it stands.
  fails(t, 'backwards');
  const saved = await call(t, 'checkpoint', [...places(t), t.id]);
  assert.is.not(saved.code, 0);
  assert.match(saved.stderr, /^chos-runtime: CRIU answers what makes no sense: .*\n$/);
  assert.is((await t.state()).status, 'running');
});

checkpoint('a-criu-that-will-not-do-is-named', async t => {
  await running(t);
  const old = await call(t, 'checkpoint', [...places(t), t.id], standIn(t, '3.15'));
  assert.match(old.stderr, /is CRIU 3\.15, and 3\.16 or newer is needed/);
  const directory = join(t.dir, 'broken');
  mkdirSync(directory);
  writeFileSync(join(directory, 'criu'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const broken = await call(t, 'checkpoint', [...places(t), t.id], directory);
  assert.match(broken.stderr, /--version` does not tell the version of CRIU/);
  assert.is((await t.state()).status, 'running');
});

checkpoint('restore-makes-a-container-as-any-other', async t => {
  await running(t);
  await call(t, 'checkpoint', [...places(t), t.id]);
  const pidFile = join(t.dir, 'pid');
  const restored = await call(t, 'restore', [
    ...places(t),
    ...['-d', '-no-subreaper', '--bundle', t.bundle.dir, '--pid-file', pidFile, t.id],
  ]);
  assert.is(restored.code, 0, restored.stderr);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const { status, pid: known } = await t.state();
  assert.equal([status, known], ['running', pid]);
  // conmon and shims are subreapers, which become its parent.
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), new RegExp(`^PPid:\\s*${t.supervisor}$`, 'm'));
  const lines = asked(t, 'restore.log');
  for (const line of [`13 ${t.bundle.rootfs}`, '26 1', `37 mnt[/data]:${join(t.bundle.rootfs, 'home')}`])
    assert.ok(lines.includes(line), `${line} is not in ${lines.join(', ')}`);
  const paused = await t.call('pause', [t.id]);
  assert.is(paused.code, 0, paused.stderr);
  await t.call('resume', [t.id]);
  const deleted = await t.call('delete', ['--force', t.id]);
  assert.is(deleted.code, 0, deleted.stderr);
  assert.equal(inState(t), []);
});

checkpoint('every-option-of-checkpoint-reaches-criu', async t => {
  await running(t);
  const flags = ['tcp-skip-in-flight', 'link-remap', 'ext-unix-sk', 'shell-job', 'lazy-pages', 'file-locks'];
  const given = await call(t, 'checkpoint', [
    ...places(t),
    ...[...flags, 'auto-dedup', 'leave-running'].map(flag => `--${flag}`),
    ...['--manage-cgroups-mode', 'full', '--empty-ns', 'network', '--status-fd', '1'],
    ...['--network-lock', 'nftables', '--page-server', '127.0.0.1:77', '--parent-path', '../work', t.id],
  ]);
  assert.is(given.code, 0, given.stderr);
  const lines = asked(t, 'dump.log');
  const wanted = [
    '46 1',
    '18 1',
    '4 1',
    '7 1',
    '48 1',
    '8 1',
    '16 1',
    '3 1',
    '34 4',
    '38 1073741824',
    '49 1',
  ];
  for (const line of [...wanted, '65 2', '11 \n\t127.0.0.1\x10M', '14 ../work', '15 1'].flatMap(l =>
    l.split('\n'),
  ))
    assert.ok(lines.includes(line), `${JSON.stringify(line)} is not in ${JSON.stringify(lines)}`);
  const early = await call(t, 'checkpoint', [...places(t), '--pre-dump', t.id]);
  assert.is(early.code, 0, early.stderr);
  assert.ok(asked(t, 'dump.log').includes('15 1'));
  assert.is((await t.state()).status, 'running');
  for (const [option, value] of [
    ['--network-lock', 'ropes'],
    ['--manage-cgroups-mode', 'hard'],
    ['--empty-ns', 'uts'],
    ['--page-server', 'nowhere'],
  ] as const) {
    const refused = await call(t, 'checkpoint', [...places(t), option, value, t.id]);
    assert.match(refused.stderr, new RegExp(`${option}.* takes .*, not \`${value}\``));
  }
});

checkpoint('every-option-of-restore-reaches-criu', async t => {
  mkdirSync(join(t.dir, 'images'));
  writeFileSync(join(t.dir, 'images/inventory.img'), '');
  const flags = ['tcp-skip-in-flight', 'link-remap', 'ext-unix-sk', 'shell-job', 'lazy-pages', 'file-locks'];
  const config = join(t.dir, 'other.json');
  writeFileSync(config, JSON.stringify(t.config));
  const given = await call(t, 'restore', [
    ...places(t),
    ...[...flags, 'auto-dedup', 'tcp-established', 'tcp-close', 'detach'].map(flag => `--${flag}`),
    ...['--manage-cgroups-mode', 'ignore', '--empty-ns', 'network', '--config', config],
    ...['--lsm-profile', 'apparmor:one', '--lsm-mount-context', 'two', '--bundle', t.bundle.dir, t.id],
  ]);
  assert.is(given.code, 0, given.stderr);
  const lines = asked(t, 'restore.log');
  const wanted = [
    '46 1',
    '18 1',
    '4 1',
    '7 1',
    '48 1',
    '8 1',
    '16 1',
    '5 1',
    '52 1',
    '34 0',
    '38 1073741824',
  ];
  for (const line of [...wanted, '53 apparmor:one', '64 two'])
    assert.ok(lines.includes(line), `${line} is not in ${lines.join(', ')}`);
});

checkpoint(
  'restore-sends-the-terminal-to-the-console-socket',
  async t => {
    mkdirSync(join(t.dir, 'images'));
    writeFileSync(join(t.dir, 'images/inventory.img'), '');
    const { socket, console } = await listen(t);
    const restored = await call(t, 'restore', [
      ...places(t),
      ...['-d', '--bundle', t.bundle.dir, '--console-socket', socket, t.id],
    ]);
    assert.is(restored.code, 0, restored.stderr);
    assert.match(await console.printed('restored'), /restored/);
  },
  {
    config: c => {
      c.process.terminal = true;
    },
  },
);

for (const [how, words] of [
  ['fail', 'something is wrong'],
  ['die', 'it ended without an answer'],
  ['late', 'too late'],
] as const)
  checkpoint(`restore-that-fails-leaves-nothing-${how}`, async t => {
    mkdirSync(join(t.dir, 'images'));
    writeFileSync(join(t.dir, 'images/inventory.img'), '');
    fails(t, how);
    const restored = await call(t, 'restore', [...places(t), '-d', '--bundle', t.bundle.dir, t.id]);
    assert.is.not(restored.code, 0);
    assert.match(restored.stderr, words);
    assert.equal(inState(t), []);
  });

checkpoint('restore-that-is-killed-is-deleted-by-force', async t => {
  mkdirSync(join(t.dir, 'images'));
  writeFileSync(join(t.dir, 'images/inventory.img'), '');
  fails(t, 'hang');
  const path = standIn(t);
  const begun = t.begin('restore', [...places(t), '-d', '--bundle', t.bundle.dir, t.id], {
    env: { PATH: `${path}:/usr/bin:/bin` },
  });
  const log = join(t.dir, 'work/restore.log');
  while (!existsSync(log) || !readFileSync(log, 'utf8').includes('hangs'))
    await new Promise(next => setImmediate(next));
  process.kill(begun.pid, 'SIGKILL');
  await begun.done;
  const deleted = await t.call('delete', ['--force', t.id]);
  assert.is(deleted.code, 0, deleted.stderr);
  assert.equal(inState(t), []);
});

checkpoint('what-criu-leaves-of-a-restore-is-ended', async t => {
  mkdirSync(join(t.dir, 'images'));
  writeFileSync(join(t.dir, 'images/inventory.img'), '');
  fails(t, 'leave');
  const restored = await call(t, 'restore', [...places(t), '-d', '--bundle', t.bundle.dir, t.id]);
  assert.is.not(restored.code, 0);
  assert.match(restored.stderr, /^chos-runtime: restore: CRIU failed: it ended without an answer .*\n$/);
  assert.equal([inState(t), cgroupsNamed(t.id)], [[], []]);
  // The name is free.
  fails(t, '');
  const again = await call(t, 'restore', [...places(t), '-d', '--bundle', t.bundle.dir, t.id]);
  assert.is(again.code, 0, again.stderr);
});

checkpoint(
  'restore-whose-mounts-fail-leaves-nothing',
  async t => {
    mkdirSync(join(t.dir, 'images'));
    writeFileSync(join(t.dir, 'images/inventory.img'), '');
    const missing = join(t.bundle.rootfs, 'nowhere');
    const restored = await call(t, 'restore', [...places(t), '-d', '--bundle', t.bundle.dir, t.id]);
    assert.is.not(restored.code, 0);
    assert.is(restored.stderr, `chos-runtime: bind ${missing} for CRIU: No such file or directory\n`);
    assert.equal([inState(t), cgroupsNamed(t.id)], [[], []]);
  },
  {
    config: (c, bundle) => {
      // What is mounted on cannot be removed, as a cgroup is then.
      c.mounts = [
        ...(c.mounts ?? []),
        { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] },
        { destination: '/data', type: 'bind', source: join(bundle.rootfs, 'nowhere'), options: ['bind'] },
      ];
    },
  },
);

checkpoint('restore-wants-a-terminal-where-one-was', async t => {
  mkdirSync(join(t.dir, 'images'));
  writeFileSync(join(t.dir, 'images/inventory.img'), '');
  writeFileSync(join(t.dir, 'images/descriptors.json'), '["/dev/null", "tty[8800:19]", "pipe:[1]"]');
  const restored = await call(t, 'restore', [...places(t), '-d', '--bundle', t.bundle.dir, t.id]);
  assert.is.not(restored.code, 0);
  assert.match(
    restored.stderr,
    /^chos-runtime: standard output of the container was a terminal outside; .*\n$/,
  );
  assert.equal(inState(t), []);
});

checkpoint(
  'restore-makes-the-mount-points-that-a-new-root-lacks',
  async t => {
    mkdirSync(join(t.dir, 'images'));
    writeFileSync(join(t.dir, 'images/inventory.img'), '');
    const file = join(t.bundle.rootfs, 'made/names');
    const data = join(t.bundle.rootfs, 'made/data');
    for (const made of [file, data]) assert.not.ok(existsSync(made));
    const restored = await call(t, 'restore', [...places(t), '-d', '--bundle', t.bundle.dir, t.id]);
    assert.is(restored.code, 0, restored.stderr);
    assert.equal([statSync(file).isFile(), statSync(data).isDirectory()], [true, true]);
  },
  {
    config: (c, bundle) => {
      c.mounts = [
        ...(c.mounts ?? []),
        { destination: '/made/data', type: 'bind', source: join(bundle.rootfs, 'home'), options: ['bind'] },
        { destination: '/made/names', type: 'bind', source: '/etc/hosts', options: ['bind'] },
      ];
    },
  },
);

checkpoint('locks-that-are-not-restored-are-told-of', async t => {
  const images = join(t.dir, 'images');
  mkdirSync(images);
  writeFileSync(join(images, 'inventory.img'), '');
  const restore = async (locks: number, ...more: readonly string[]): Promise<string> => {
    writeFileSync(join(images, 'filelocks.img'), Buffer.alloc(locks));
    const args = [...places(t), ...more, '-d', '--bundle', t.bundle.dir, t.id];
    const restored = await call(t, 'restore', args);
    assert.is(restored.code, 0, restored.stderr);
    await t.call('delete', ['--force', t.id]);
    return restored.stderr;
  };
  assert.match(
    await restore(24),
    /leave out the file locks in .*images: give --file-locks to restore them, too\n$/,
  );
  assert.is(await restore(24, '--file-locks'), '');
  assert.is(await restore(8), '');
});

checkpoint('images-that-others-could-have-written-are-refused', async t => {
  const images = join(t.dir, 'images');
  mkdirSync(images);
  const refused = async (words: RegExp): Promise<void> => {
    const restored = await call(t, 'restore', [...places(t), '-d', '--bundle', t.bundle.dir, t.id]);
    assert.is.not(restored.code, 0);
    assert.match(restored.stderr, words);
    assert.equal(inState(t), []);
  };
  await refused(/holds no checkpoint/);
  writeFileSync(join(images, 'inventory.img'), '');
  chmodSync(join(images, 'inventory.img'), 0o666);
  await refused(/refuses the file .*inventory\.img: owner 0, mode 666/);
  chmodSync(join(images, 'inventory.img'), 0o600);
  symlinkSync('../gone', join(images, 'parent'));
  await refused(/open `.*images\/parent`: No such file or directory/);
  chmodSync(images, 0o777);
  await refused(/refuses the image directory .*: owner 0, mode 777/);
});
