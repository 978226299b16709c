/** Compiled executables, and what anything that enters a container runs from. */
import { chmodSync, existsSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { attach } from '../executable.js';
import { call, door, showing } from './door.js';
import { act, imageFile, scratch } from './engine.js';

/** A program whose run prints who it is. */
function identity(): Uint8Array {
  const [self, length, dumpable] = [o.slot('self'), o.slot('length'), o.slot('dumpable')] as const;
  const readlink = o.vector('readlink', ['readlink', '/proc/self/fd/9']);
  const line = o.buffer('line', 64);
  return encode({
    arch: 'x86_64',
    joins: true,
    parameters: new Map(),
    entries: [{ entry: 'run', track: 'host' }],
    tracks: [
      {
        name: 'host',
        failed: [s.exitReporting(1)],
        actions: [
          act('say', [
            s.sys('prctl', [3, 0, 0, 0, 0], { to: dumpable }),
            s.format(line, ['dumpable ', o.field('d', dumpable), ' '], { to: length }),
            s.sys('write', [1, line, length]),
            s.sys('openat', [-100, o.text('/proc/self/exe'), 0, 0], { to: self }),
            s.sys('dup3', [self, 9, 0]),
            s.sys('execve', [o.text('/usr/bin/readlink'), readlink, o.vector('environment', [])]),
          ]),
        ],
      },
    ],
  });
}

test('what enters a container runs from a sealed copy of the engine', () => {
  const sealed = 'dumpable 0 /memfd:chos-runtime (deleted)\n';
  assert.is(call(['exec', 'id', '--answer', 'program', imageFile(identity())]).out, sealed);
  assert.is(call(['features', '--answer', 'program', imageFile(identity())]).out, sealed);
});

function executable(image: Uint8Array): string {
  const made = attach(readFileSync(door), image);
  if (made.kind === 'fault') throw new Error(made.fault);
  const path = join(scratch, 'my program');
  writeFileSync(path, made.bytes);
  chmodSync(path, 0o755);
  return path;
}

/** The front door has one piece of memory for all that it makes: the longest of each at once, and a way with a link in it, which takes two more. */
test('a default root and a default id, both as long as they can be, leave each other alone', () => {
  const file = join(scratch, 'x'.repeat(220));
  renameSync(executable(showing(['run'])), file);
  symlinkSync('.', join(scratch, 'link'));
  const start = `${scratch}/link/`;
  const most = 4096 - '/chos-runtime'.length - 1;
  for (const length of [most, most - 230]) {
    const directory = `${start}${`${'y'.repeat(200)}/`.repeat(20).slice(0, length - start.length - 1)}z`;
    const { out, err } = call([], {
      file,
      environment: { XDG_RUNTIME_DIR: directory },
      // Not root, and yet the owner of the files.
      shell: 'exec unshare --user "$@"',
    });
    const root = `${directory}/chos-runtime`;
    const [, id = ''] = / ?ID=(x{200}-[0-9]+) /.exec(out) ?? [];
    assert.ok(id !== '', `${length}: ${out}${err}`);
    assert.ok(out.includes(` ROOT=${root} `), `${length}: ${out}`);
    if (length < most) assert.ok(out.includes(` STATE_DIR=${root}/${id} `), out);
  }
});

test('a compiled executable runs its program', () => {
  const file = executable(showing(['run']));
  const environment = { XDG_RUNTIME_DIR: '/run/user/1' };
  const root = process.getuid?.() === 0 ? '/run/chos-runtime' : '/run/user/1/chos-runtime';
  const options = ['--id', 'a', '--detach', '--pid-file=p', '--preserve-fds', '3', '--', '/bin/sh', '--help'];
  assert.equal(call(options, { file, environment }), {
    status: 3,
    out: `run: ID=a ROOT=${root} STATE_DIR=${root}/a SIGNAL=-1 ALL=-1 FORCE=-1 PID_FILE=p PRESERVE_FDS=3 DETACH=1 BUNDLE= ARG0=/bin/sh\n`,
    err: '',
  });
  assert.match(
    call(['--root', '/r'], { file }).out,
    /^run: ID=my_program-\d+ ROOT=\/r STATE_DIR=\/r\/my_program-\d+ /,
  );
  const usage = call(['--help'], { file }).out;
  assert.match(usage, /^usage: .*my program \[--id ID\] \[--detach\]/);
  for (const [, option = '', value = ''] of usage.matchAll(/\[(--[\w-]+)(?: ([^\]]+))?\]/g)) {
    const given = value === 'N' ? '0' : value.includes('|') ? value.replace(/\|.*/, '') : '/dev/null';
    const { err } = call(value === '' ? [option] : [option, given], { file });
    assert.not.match(err, 'does not know this argument', option);
  }
  const refused = 'chos-runtime: a compiled program does not know this argument (see --help):';
  assert.is(call(['--frobnicate'], { file }).err, `${refused} --frobnicate\n`);
  assert.is(call(['sh'], { file }).err, `${refused} sh\n`);
  // What was settled when it was compiled.
  for (const settled of ['--bundle', '--config', '--systemd-cgroup', '--no-pivot=false', '--log-level=x'])
    assert.is(call([settled, 'x'], { file }).err, `${refused} ${settled}\n`);
  // The program has no place for it.
  const unused = 'chos-runtime: this program was compiled without the option: pidfd-socket\n';
  assert.is(call(['--pidfd-socket', '/s'], { file }).err, unused);
  assert.is(call(['--id', '../x'], { file }).err, 'chos-runtime: invalid container id ../x\n');
  assert.match(call(['--root', 'x'], { file }).err, 'no directory for the container state');
});

test('a compiled executable runs from a sealed copy, without /proc as well', () => {
  const file = executable(identity());
  assert.is(call([], { file }).out, 'dumpable 0 /memfd:chos-runtime (deleted)\n');
  if (process.getuid?.() !== 0) return;
  const shell = 'exec unshare --mount sh -c \'mount -t tmpfs none /proc; exec "$@"\' sh "$@"';
  assert.match(call(['--root', '/r'], { file: executable(showing(['run'])), shell }).out, 'ROOT=/r');
});

test('where memory files may not be executed, an unlinked file takes their place', () => {
  if (process.getuid?.() !== 0 || !existsSync('/proc/sys/vm/memfd_noexec')) return;
  const file = executable(identity());
  // The setting belongs to the pid namespace.
  const forbid = 'echo 2 > /proc/sys/vm/memfd_noexec';
  const inside = (script: string) =>
    call([], { file, shell: `exec unshare --pid --fork --mount-proc sh -c '${script}' sh "$@"` });
  assert.match(
    inside(`${forbid}; exec "$@"`).out,
    /^dumpable 0 \/(dev\/shm|tmp|var\/tmp|run)\/#\d+ \(deleted\)\n$/,
  );
  const noexec = '/dev/shm /tmp /var/tmp /run';
  const everywhere = `cp "$1" /opt/chos-engine-test; for d in ${noexec}; do mount -t tmpfs -o noexec none $d; done; ${forbid}; /opt/chos-engine-test; rm /opt/chos-engine-test`;
  assert.match(inside(everywhere).err, 'cannot run from a copy of itself in memory or in a temporary file');
});

test('set-user-ID is refused', () => {
  if (process.getuid?.() !== 0) return;
  const file = join(scratch, 'setuid');
  writeFileSync(file, readFileSync(door));
  chmodSync(file, 0o4755);
  chmodSync(scratch, 0o755);
  const { status, err } = call(['state', 'x'], {
    shell: 'exec setpriv --reuid=65534 --clear-groups "$@"',
    file,
  });
  assert.equal(
    [status, err],
    [1, 'chos-runtime: refuses to run with set-user-ID, set-group-ID or file capabilities\n'],
  );
});

test.run();
