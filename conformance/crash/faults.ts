/** A state root, a state directory, a bundle or a root file system that is not as it should be. */

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Bundle, makeBundle } from './bundles.js';
import {
  badError,
  call,
  check,
  chos,
  compileFile,
  type Ended,
  engineCommand,
  type Image,
  type Lab,
  residue,
} from './lab.js';
import { deleteForce } from './stops.js';

interface Scene {
  readonly lab: Lab;
  readonly id: string;
  readonly bundle: Bundle;
  readonly create: Image;
}

function quickCreate({ lab, id, bundle, create }: Scene): Ended {
  return call(lab, engineCommand(lab, create, { ID: id, STATE_DIR: join(lab.root, id) }), {
    cwd: bundle.dir,
  });
}

/** It fails with one line that matches. */
function refused(ended: Ended, words: RegExp): readonly string[] {
  return [...badError(ended, [1]), ...(words.test(ended.err) ? [] : [`it says: ${ended.err.trim()}`])];
}

const mkfifo = (path: string): void => void execFileSync('mkfifo', [path]);
/** One that gives bytes without an end: /dev/zero. */
const device = (path: string): void => void execFileSync('mknod', [path, 'c', '1', '5']);
const socket = (path: string): void =>
  void execFileSync('python3', ['-c', `import socket; socket.socket(1).bind("${path}")`]);

/** tmpfs of every size, from none to enough. */
async function fullDisk(scene: Scene): Promise<void> {
  const { lab, id, bundle, create } = scene;
  const root = join(lab.dir, 'small');
  mkdirSync(root);
  let enough = false;
  for (let pages = 1; !enough && pages < 200; pages += pages < 10 ? 1 : 5) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,size=${pages * 4}k,nr_inodes=64`, 'tmpfs', root]);
    const values = { ID: id, ROOT: root, STATE_DIR: join(root, id) };
    const ended = call(lab, engineCommand(lab, create, values), { cwd: bundle.dir });
    enough = ended.code === 0;
    const complaints = enough ? [] : [...refused(ended, /No space left/)];
    if (!enough && readdirSync(root).length > 0) complaints.push(`left: ${readdirSync(root).join(' ')}`);
    const removed = call(lab, [lab.runtime, '--root', root, 'delete', '--force', id]);
    if (removed.code !== 0) complaints.push(`delete --force: ${removed.err}`);
    if (readdirSync(root).length > 0) complaints.push('delete --force left something');
    execFileSync('umount', [root]);
    check(`state root of ${pages * 4} KiB`, [...complaints, ...residue(lab, id)]);
  }
  check('state root: some size is enough', enough ? [] : ['none was']);
  for (let inodes = 1; inodes < 9; inodes++) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,nr_inodes=${inodes}`, 'tmpfs', root]);
    const values = { ID: id, ROOT: root, STATE_DIR: join(root, id) };
    const ended = call(lab, engineCommand(lab, create, values), { cwd: bundle.dir });
    const complaints = ended.code === 0 ? [] : [...refused(ended, /No space left/)];
    const removed = call(lab, [lab.runtime, '--root', root, 'delete', '--force', id]);
    if (removed.code !== 0) complaints.push(`delete --force: ${removed.err}`);
    execFileSync('umount', [root]);
    check(`state root of ${inodes} inodes`, [...complaints, ...residue(lab, id)]);
  }
  rmSync(root, { recursive: true });
}

async function badRoots({ lab, id, bundle }: Scene): Promise<void> {
  const place = join(lab.dir, 'odd-root');
  const attempt = (
    name: string,
    words: RegExp,
    undo = (): void => rmSync(place, { recursive: true, force: true }),
  ) => {
    const made = call(lab, [lab.runtime, '--root', place, 'create', '--bundle', bundle.dir, id]);
    const complaints = [...refused(made, words)];
    for (const command of [
      ['state', id],
      ['start', id],
      ['kill', id],
    ]) {
      const ended = call(lab, [lab.runtime, '--root', place, ...command]);
      complaints.push(...badError(ended).map(text => `${command[0]}: ${text}`));
    }
    for (const command of [['delete', '--force', id], ['list']]) {
      const ended = call(lab, [lab.runtime, '--root', place, ...command]);
      complaints.push(...badError(ended, [0, 1]).map(text => `${command[0]}: ${text}`));
    }
    undo();
    check(`state root: ${name}`, [...complaints, ...residue(lab, id)]);
  };
  writeFileSync(place, '');
  attempt('a file', /state root .*Not a directory/);
  symlinkSync('odd-root', place);
  attempt('a symlink to itself', /state root .*(Too many|symbolic)/);
  mkfifo(place);
  attempt('a fifo', /state root .*Not a directory/);
  mkdirSync(place);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,mode=700', 'tmpfs', place]);
  attempt('read-only', /Read-only file system/, () => {
    execFileSync('umount', [place]);
    rmSync(place, { recursive: true });
  });
  // A symlink to a directory is fine, and so is a root that is not there yet.
  for (const [name, make] of [
    [
      'a symlink to a directory',
      () => {
        mkdirSync(join(lab.dir, 'elsewhere'));
        symlinkSync('elsewhere', place);
      },
    ],
    ['missing', () => undefined],
  ] as const) {
    make();
    const made = call(lab, [lab.runtime, '--root', place, 'create', '--bundle', bundle.dir, id]);
    const removed = call(lab, [lab.runtime, '--root', place, 'delete', '--force', id]);
    check(`state root: ${name}`, [
      ...(made.code === 0 ? [] : [made.err]),
      ...(removed.code === 0 ? [] : [removed.err]),
      ...residue(lab, id),
    ]);
    rmSync(place, { recursive: true, force: true });
  }
}

/** state.json and program, replaced behind the runtime's back. */
async function badState(scene: Scene): Promise<void> {
  const { lab, id } = scene;
  const directory = join(lab.root, id);
  const state = join(directory, 'state.json');
  const program = join(directory, 'program');
  const config = join(directory, 'config.json');
  const all = (change: (path: string) => void): void => {
    for (const path of [program, state, config]) change(path);
  };
  const whole = (change: (path: string) => void, path: string) => () => {
    rmSync(path);
    change(path);
  };
  const changes: readonly (readonly [name: string, change: (pid: number) => void, deletes: boolean])[] = [
    ['init dead', pid => process.kill(pid, 'SIGKILL'), true],
    ['state.json empty', () => truncateSync(state, 0), true],
    ['state.json cut', () => truncateSync(state, 40), true],
    ['state.json garbage', () => writeFileSync(state, '\0\u0001{{{:::"'), true],
    ['state.json with pid 1', () => writeFileSync(state, '{"pid":1,"pidStart":5,"id":"x"}'), true],
    [
      'state.json with a huge pid',
      () => writeFileSync(state, '{"pid":99999999999999999999,"pidStart":5}'),
      true,
    ],
    ['state.json with a negative pid', () => writeFileSync(state, '{"pid":-1,"pidStart":5}'), true],
    ['state.json huge', () => writeFileSync(state, `{"pid":"${'x'.repeat(8 << 20)}"}`), true],
    ['state.json a symlink', whole(path => symlinkSync('/etc/passwd', path), state), true],
    ['state.json a fifo', whole(mkfifo, state), true],
    ['state.json a directory', whole(path => mkdirSync(path), state), true],
    ['state.json a device', whole(device, state), true],
    ['state.json a socket', whole(socket, state), true],
    ['state.json of 8 GiB', () => truncateSync(state, 2 ** 33), true],
    ['state.json missing', () => rmSync(state), true],
    ['program empty', () => truncateSync(program, 0), true],
    ['program garbage', () => writeFileSync(program, 'x'.repeat(5_000)), true],
    ['program cut', () => truncateSync(program, 3_000), true],
    ['program of somebody else', () => chownSync(program, 1000, 1000), false],
    ['program writable by others', () => chmodSync(program, 0o666), false],
    ['program a symlink', whole(path => symlinkSync('/etc/passwd', path), program), true],
    ['program a fifo', whole(mkfifo, program), true],
    ['program a directory', whole(path => mkdirSync(path), program), true],
    ['program a device', whole(device, program), true],
    ['program a socket', whole(socket, program), true],
    ['program of 8 GiB', () => truncateSync(program, 2 ** 33), true],
    ['all three fifos', () => all(path => whole(mkfifo, path)()), true],
    ['all three of 8 GiB', () => all(path => truncateSync(path, 2 ** 33)), true],
    ['directory writable by others', () => chmodSync(directory, 0o777), false],
  ];
  for (const [name, change, deletes] of changes) {
    const made = quickCreate(scene);
    const pid = Number(/"pid":(\d+)/.exec(made.code === 0 ? readFileSync(state, 'utf8') : '')?.[1] ?? 0);
    change(pid);
    const complaints: string[] = made.code === 0 ? [] : [made.err];
    for (const args of [
      ['state', id],
      ['kill', id, 'TERM'],
      ['start', id],
      ['exec', id, 'true'],
      ['list'],
      ['ps', id],
    ]) {
      const ended = chos(lab, args, { milliseconds: 12_000 });
      complaints.push(...badError(ended, [0, 1, 255]).map(text => `${args[0]}: ${text}`));
    }
    if (/^state.json (empty|garbage|a .*|of 8 GiB)$/.test(name))
      complaints.push(
        ...refused(chos(lab, ['delete', id]), /read the state of container.*`delete --force` removes/),
      );
    const ended = chos(lab, ['delete', '--force', id]);
    complaints.push(...badError(ended, deletes ? [0] : [0, 1]).map(text => `delete --force: ${text}`));
    if (ended.code !== 0) {
      // What cannot be trusted is not executed: a person has to remove it.
      if (pid > 0) process.kill(pid, 'SIGKILL');
      rmSync(directory, { recursive: true, force: true });
      residue(lab, id);
    }
    check(name, [...complaints, ...residue(lab, id)]);
  }
}

/** config.json that is no file, or not one for us. */
async function badBundles({ lab, id, bundle }: Scene): Promise<void> {
  const config = join(bundle.dir, 'config.json');
  const kept = join(lab.dir, 'config.kept');
  renameSync(config, kept);
  const attempt = (name: string, make: () => void, words: RegExp) => {
    make();
    const ended = chos(lab, ['create', '--bundle', bundle.dir, id]);
    rmSync(config, { recursive: true, force: true });
    check(`config.json: ${name}`, [...refused(ended, words), ...residue(lab, id)]);
  };
  attempt('missing', () => undefined, /config\.json.*No such file/);
  attempt('a fifo', () => mkfifo(config), /not a regular file/);
  attempt('a directory', () => mkdirSync(config), /Is a directory/);
  attempt('a device', () => device(config), /not a regular file/);
  attempt('a symlink to itself', () => symlinkSync('config.json', config), /Too many levels/);
  attempt('empty', () => writeFileSync(config, ''), /config\.json/);
  attempt('binary', () => writeFileSync(config, readFileSync('/bin/true')), /config\.json/);
  attempt('huge', () => writeFileSync(config, `"${'x'.repeat(20 << 20)}"`), /config\.json/);
  attempt('deep', () => writeFileSync(config, '['.repeat(200_000)), /config\.json/);
  attempt('a socket', () => socket(config), /config\.json/);
  renameSync(kept, config);
  const withHooks = makeBundle(
    lab,
    {
      name: 'few descriptors',
      change: config => {
        const hook = { path: '/bin/true' };
        config.hooks = { poststop: [hook, { ...hook, timeout: 5 }] };
      },
    },
    'create',
  );
  // Wherever they end, also while a failure is unwound: the poststop hooks may not be had, and are not waited for.
  for (let most = 4; most <= 20; most++) {
    const limited = ['sh', '-c', 'ulimit -Sn $0; exec "$@"', `${most}`, lab.runtime, '--root', lab.root];
    const ended = call(lab, [...limited, 'create', '--bundle', withHooks.dir, id]);
    check(`${most} descriptors`, [
      ...badError(ended, [0, 1]),
      ...(most < 14 && !/descriptors|Too many open files|compiler/.test(ended.err) ? [ended.err] : []),
      ...(await deleteForce(lab, id)),
      ...residue(lab, id),
    ]);
  }
  const withoutProc = 'umount -l /proc; exec "$@"';
  for (const args of [
    ['create', '--bundle', bundle.dir, id],
    ['state', id],
    ['delete', '--force', id],
    ['list'],
  ]) {
    const ended = call(lab, [
      'unshare',
      '--mount',
      'sh',
      '-c',
      withoutProc,
      'sh',
      lab.runtime,
      '--root',
      lab.root,
      ...args,
    ]);
    check(`without /proc: ${args[0]}`, [
      ...badError(ended, [0, 1]),
      ...(await deleteForce(lab, id)),
      ...residue(lab, id),
    ]);
  }
}

/** An image that wants to reach the host: nothing outside it may be touched. */
async function hostileRoots({ lab, id, bundle, create }: Scene): Promise<void> {
  const { rootfs } = bundle;
  const canary = join(lab.dir, 'canary');
  mkdirSync(canary);
  const attempt = (name: string, make: () => void, instead?: string) => {
    if (instead !== undefined) rmSync(instead, { recursive: true });
    make();
    const ended = call(lab, engineCommand(lab, create, { ID: id, STATE_DIR: join(lab.root, id) }), {
      cwd: bundle.dir,
    });
    const removed = chos(lab, ['delete', '--force', id]);
    const found = readdirSync(canary);
    for (const place of ['proc', 'dev', 'sys', 'etc/passwd'])
      rmSync(join(rootfs, place), { recursive: true, force: true });
    for (const place of ['proc', 'dev', 'sys']) mkdirSync(join(rootfs, place));
    check(`root file system: ${name}`, [
      ...badError(ended, [0, 1]),
      ...(removed.code === 0 ? [] : [removed.err]),
      ...(found.length === 0 ? [] : [`made on the host: ${found.join(' ')}`]),
      ...residue(lab, id),
    ]);
  };
  for (const place of ['proc', 'dev', 'sys']) {
    const path = join(rootfs, place);
    for (const [kind, target] of [
      ['to the host', canary],
      ['up and out', `../../../../../../..${canary}`],
      ['dangling', '/nowhere/at/all'],
      ['to itself', `/${place}`],
      ['to a file', '/bin/busybox'],
    ] as const)
      attempt(`/${place} is a symlink ${kind}`, () => symlinkSync(target, path), path);
    attempt(`/${place} is a fifo`, () => mkfifo(path), path);
    attempt(`/${place} is a file`, () => writeFileSync(path, ''), path);
    attempt(`/${place} is a device`, () => execFileSync('mknod', [path, 'c', '1', '3']), path);
  }
  const open = makeBundle(
    lab,
    {
      name: 'without dev',
      change(config) {
        config.mounts = (config.mounts ?? []).filter(({ destination }) => !destination.startsWith('/dev'));
        config.root = { path: 'rootfs' };
      },
    },
    'create',
  );
  const image = await compileFile(lab, ['create', '--bundle', open.dir, 'id']);
  const victim = join(canary, 'victim');
  for (const [kind, make] of [
    ['a file', (path: string) => writeFileSync(path, 'kept')],
    ['a symlink to a file of the host', (path: string) => symlinkSync(victim, path)],
    ['a fifo', mkfifo],
    ['a directory', (path: string) => void mkdirSync(path)],
    ['another device', (path: string) => void execFileSync('mknod', [path, 'c', '1', '5'])],
  ] as const) {
    for (const name of ['null', 'ptmx', 'console', 'fd']) {
      const path = join(open.rootfs, 'dev', name);
      rmSync(join(open.rootfs, 'dev'), { recursive: true, force: true });
      mkdirSync(join(open.rootfs, 'dev'));
      make(path);
      const values = { ID: id, STATE_DIR: join(lab.root, id) };
      const ended = call(lab, engineCommand(lab, image, values), { cwd: open.dir });
      const removed = chos(lab, ['delete', '--force', id]);
      check(`root file system: /dev/${name} of the image is ${kind}`, [
        ...badError(ended, [0, 1]),
        ...(removed.code === 0 ? [] : [removed.err]),
        ...(existsSync(victim) ? ['made on the host'] : []),
        ...residue(lab, id),
      ]);
    }
  }
  attempt('/etc/passwd is a fifo', () => mkfifo(join(rootfs, 'etc/passwd')));
  attempt('/etc/passwd is huge', () =>
    writeFileSync(join(rootfs, 'etc/passwd'), 'x:x:0:0::/:/x\n'.repeat(1_000_000)),
  );
}

export async function faults(lab: Lab, only: RegExp): Promise<void> {
  const bundle = makeBundle(lab, { name: 'faults', change: () => undefined }, 'create');
  const create = await compileFile(lab, ['create', '--bundle', bundle.dir, 'id']);
  const scene: Scene = { lab, id: `${lab.tag}-q`, bundle, create };
  const groups = { fullDisk, badRoots, badState, badBundles, hostileRoots };
  for (const [name, group] of Object.entries(groups)) {
    if (!only.test(`faults ${name}`)) continue;
    const began = performance.now();
    await group(scene);
    console.log(`faults, ${name}: ${Math.round(performance.now() - began)} ms`);
  }
  if (existsSync(create.file)) rmSync(create.file);
}
