/** Programs that `create` has left, and which commands they serve. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Entry } from '../../../spec/commands.js';
import { encode } from '../../program/encode.js';
import * as s from '../../program/step.js';
import { call, showing } from './door.js';
import { act, scratch } from './engine.js';

/** A state directory with a stored program. */
function stored(entries: readonly Entry[], id = 'box') {
  const root = join(scratch, `root-${Math.random().toString(36).slice(2)}`);
  mkdirSync(join(root, id), { recursive: true, mode: 0o700 });
  writeFileSync(join(root, id, 'program'), showing(entries), { mode: 0o600 });
  return root;
}

const tail = 'PID_FILE= PRESERVE_FDS=-1 DETACH=-1 BUNDLE= ARG0=\n';

test('stored programs serve their commands', () => {
  const root = stored(['kill', 'delete', 'state', 'start']);
  const kill = (signal: number, all = -1) =>
    `kill: ID=box ROOT=${root} STATE_DIR=${root}/box SIGNAL=${signal} ALL=${all} FORCE=-1 ${tail}`;
  const out = (...args: readonly string[]) => call(['--root', root, ...args]).out;
  assert.is(out('kill', 'box'), kill(15));
  assert.is(out('kill', 'box', '9'), kill(9));
  assert.is(out('kill', 'box', 'KILL'), kill(9));
  assert.is(out('kill', 'box', 'sigusr1'), kill(10));
  assert.is(out('kill', 'box', 'RTMIN+3'), kill(37));
  assert.is(out('kill', '-a', 'box', 'rtmin'), kill(34, 1));
  assert.is(out('kill', '--all=false', '--', 'box', '2'), kill(2, 0));
  assert.is(
    out('--log-format=json', '--systemd-cgroup', '--rootless', 'auto', 'kill', '--all', 'box'),
    kill(15, 1),
  );
  const other = (name: string, force = -1) =>
    `${name}: ID=box ROOT=${root} STATE_DIR=${root}/box SIGNAL=-1 ALL=-1 FORCE=${force} ${tail}`;
  assert.is(out('delete', 'box', '--force'), other('delete', 1));
  assert.is(out('delete', '-f', 'box'), other('delete', 1));
  assert.is(out('state', 'box'), other('state'));
  assert.is(out('start', 'box'), other('start'));
});

test('what the front door does not understand goes the cold way', () => {
  const root = stored(['kill', 'delete', 'state']);
  const cold = (...args: readonly string[]) =>
    assert.is(
      call(['--root', root, ...args]).err,
      `chos-runtime: cold: ${['--root', root, ...args].join(' ')}\n`,
    );
  cold('kill');
  cold('kill', 'box', 'NOSUCH');
  cold('kill', 'box', '65');
  cold('kill', 'box', '15', '16');
  cold('kill', 'box', '--all');
  cold('kill', '--regex', 'box');
  cold('kill', '--all=maybe', 'box');
  cold('state', 'other');
  cold('state', '.box');
  cold('state', '../box');
  cold('state', 'box', 'box');
  cold('state', '--help', 'box');
  cold('--version', 'state', 'box');
  cold('start', 'box');
  cold('delete', '-x', 'box');
  cold('--debug');
  assert.match(call(['--root', 'relative', 'state', 'box']).err, 'cold: ');
  assert.match(call([]).err, 'cold: ');
  assert.match(call(['--root']).err, 'cold: --root');
});

test('stored programs that cannot be run go the cold way, which is told so', () => {
  const root = stored(['state', 'kill']);
  const path = join(root, 'box', 'program');
  const good = readFileSync(path);
  const unusable = () =>
    JSON.parse(call(['--root', root, 'state', '--answer', 'request', 'box']).out).unusable;
  const another = Buffer.from(good);
  another.writeUInt16LE(99, 4);
  const inside = Buffer.from(good);
  inside.fill(0xff, 200, 260);
  for (const image of [
    another,
    inside,
    Buffer.alloc(500),
    good.subarray(0, good.length - 1),
    Buffer.alloc(0),
  ]) {
    writeFileSync(path, image);
    assert.match(call(['--root', root, 'state', 'box']).err, 'cold: ');
  }
  assert.is(unusable(), false, 'the front door does not understand this one, so it has not looked');
  rmSync(path);
  assert.match(call(['--root', root, 'state', 'box']).err, 'cold: ');
});

test('a compiler that has the stored program run is asked again if that cannot be', () => {
  const root = stored(['kill']);
  const args = [
    '--root',
    root,
    'kill',
    '-a=1',
    'box',
    '--answer',
    'stored',
    JSON.stringify({ ROOT: root, ID: 'box', ALL: 1 }),
  ];
  assert.match(call(args).out, /^kill: ID=box ROOT=.* ALL=1 /);
  writeFileSync(join(root, 'box', 'program'), '');
  assert.is(call(args).err, 'chos-runtime: no program\n');
});

test('stored programs that others could have written are refused', () => {
  const refused = (root: string, why: string) =>
    assert.is(
      call(['--root', root, 'state', 'box']).err,
      `chos-runtime: refuses the ${why.replaceAll('ROOT', root)}\n`,
    );
  const rule = '; only root or the caller may own it, and nobody else write to it';
  const one = stored(['state']);
  chmodSync(join(one, 'box', 'program'), 0o620);
  refused(one, `stored program of ROOT/box: owner 0, mode 620${rule}`);
  const two = stored(['state']);
  chmodSync(join(two, 'box'), 0o777);
  refused(two, `state directory ROOT/box: owner 0, mode 777${rule}`);
  const four = stored(['state']);
  renameSync(join(four, 'box'), join(four, 'real'));
  symlinkSync('real', join(four, 'box'));
  assert.match(call(['--root', four, 'state', 'box']).err, 'cold: ');
  const six = stored(['state']);
  chmodSync(six, 0o1777);
  refused(six, `state root ROOT: owner 0, mode 1777${rule}`);
});

test('what is no file in the place of a stored program is not executed, nor waited for: the compiler is asked', () => {
  const kinds: Readonly<Record<string, (path: string, root: string) => void>> = {
    fifo: path => spawnSync('mkfifo', ['-m', '0600', path]),
    device: path => spawnSync('mknod', ['-m', '0600', path, 'c', '1', '5']),
    socket: path => spawnSync('python3', ['-c', `import socket; socket.socket(1).bind("${path}")`]),
    directory: path => mkdirSync(path, 0o700),
    // To a program that is sound.
    link: (path, root) => {
      renameSync(join(root, 'sound'), join(root, 'program'));
      symlinkSync('../program', path);
    },
    sparse: path => {
      writeFileSync(path, '');
      truncateSync(path, 2 ** 33);
    },
  };
  for (const [name, make] of Object.entries(kinds)) {
    const root = stored(['state']);
    renameSync(join(root, 'box', 'program'), join(root, 'sound'));
    make(join(root, 'box', 'program'), root);
    assert.match(call(['--root', root, 'state', 'box']).err, 'cold: ', name);
  }
});

test('HANDOVER gives the command to TypeScript', () => {
  const root = stored([]);
  const image = encode({
    arch: 'x86_64',
    joins: false,
    parameters: new Map(),
    entries: [{ entry: 'delete', track: 'host' }],
    tracks: [{ name: 'host', failed: [], actions: [act('hand over', [s.handover()])] }],
  });
  writeFileSync(join(root, 'box', 'program'), image);
  const args = ['--root', root, 'delete', 'box'];
  assert.equal(call(args), { status: 1, out: '', err: `chos-runtime: cold: ${args.join(' ')}\n` });
});

test.run();
