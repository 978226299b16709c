import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Entry } from '../../../spec/commands.js';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { attach } from '../executable.js';
import { act, imageFile, scratch } from './engine.js';

const door = join(process.cwd(), 'build/engine-test/chos-runtime');

interface Call {
  readonly file?: string;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Run by sh, which has closed or opened descriptors; ends in exec "$@". */
  readonly shell?: string;
}

function call(args: readonly string[], c: Call = {}) {
  const [file = '', ...rest] = [...(c.shell ? ['sh', '-c', c.shell, 'sh'] : []), c.file ?? door, ...args];
  const { status, stdout, stderr } = spawnSync(file, rest, {
    encoding: 'utf8',
    cwd: c.cwd ?? scratch,
    env: { PATH: '/usr/bin:/bin', ...c.environment },
    timeout: 20_000,
  });
  return { status, out: stdout, err: stderr };
}

/** A program whose entries print the parameters they were given. */
function showing(entries: readonly Entry[], joins = false): Uint8Array {
  const names = [
    'ID',
    'ROOT',
    'STATE_DIR',
    'SIGNAL',
    'ALL',
    'FORCE',
    'PID_FILE',
    'PRESERVE_FDS',
    'DETACH',
    'BUNDLE',
  ] as const;
  const parameters = new Map(names.map(name => [name, o.slots(name, 2, -1)] as const));
  const isText = new Set<string>(['ID', 'ROOT', 'STATE_DIR', 'PID_FILE', 'BUNDLE']);
  const arg0 = o.slots('arg0', 2);
  const line = o.buffer('line', 4096);
  const length = o.slot('length');
  const fields = [...parameters].flatMap(([name, slot]) => [
    `${name}=`,
    o.field(isText.has(name) ? 's' : 'd', slot),
    ' ',
  ]);
  return encode({
    arch: 'x86_64',
    joins,
    parameters: new Map([...parameters, ['ARG0', arg0]]),
    entries: entries.map(entry => ({ entry, track: entry })),
    tracks: entries.map(entry => ({
      name: entry,
      failed: [],
      actions: [
        act('show', [
          s.format(line, [`${entry}: `, ...fields, 'ARG0=', o.field('s', arg0), '\n'], { to: length }),
          s.sys('write', [1, line, length]),
          s.exit(3),
        ]),
      ],
    })),
  });
}

test('the cold way hands over arguments, environment, directory and nothing else', () => {
  const { status, out, err } = call(['features', '--answer', 'request', 'a', '', 'ü'], {
    environment: { ONE: '1' },
    shell: 'exec 7</dev/null 9</dev/null; cd /usr; exec "$@"',
  });
  assert.equal([status, err], [0, '']);
  const asked = JSON.parse(out);
  assert.equal(asked.argv.slice(1), ['features', '--answer', 'request', 'a', '', 'ü']);
  assert.ok(asked.environment.includes('ONE=1'));
  assert.equal([asked.cwd, asked.config, asked.program, asked.own], ['/usr', 0, 0, {}]);
  assert.equal(asked.descriptors.slice(0, 2), ['0 /dev/null', '1 /dev/null']);
  assert.match(asked.descriptors[2], /^2 \/memfd:errors/);
  assert.match(asked.descriptors[3], /^3 socket:/);
});

test('the compiler can ask for a Node that draws its seed, and that is asked the same', () => {
  const file = join(scratch, 'again.json');
  writeFileSync(file, 'text');
  const asked = (how: string) => {
    const { argv, flags, ...rest } = JSON.parse(call(['create', '-f', file, 'id', '--answer', how]).out);
    return { argv: argv.length, flags, rest };
  };
  const [first, again] = [asked('request'), asked('again')];
  assert.equal(
    first.flags.filter((flag: string) => !again.flags.includes(flag)),
    ['--no-rehash-snapshot'],
  );
  assert.equal({ ...again, flags: [] }, { ...first, flags: [] });
  assert.is(again.rest.config, 'text');
});

test('the front door opens config.json', () => {
  const bundle = join(scratch, 'bundle');
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'config.json'), '{"a":1}');
  const config = (args: readonly string[], cwd = scratch) => JSON.parse(call(args, { cwd }).out).config;
  assert.is(config(['create', '--answer', 'request', '-b', bundle]), -2);
  assert.is(config(['run', 'id', '--answer', 'request'], bundle), '{"a":1}');
  assert.is(config(['create', `--bundle=${bundle}`, '--answer', 'request']), '{"a":1}');
  assert.is(config(['create', '-f', 'bundle/config.json', 'id', '--answer', 'request']), '{"a":1}');
  assert.is(config(['state', '-b', bundle, '--answer', 'request']), 0);
});

test('answers: out, one error line, exit code', () => {
  const { status, out, err } = call(['x', '--answer', 'message', 'it\ndid not work', '42']);
  assert.equal([status, out, err], [42, 'out\n', 'chos-runtime: it did not work\n']);
});

test('a compiler that fails is one line', () => {
  const failed = (...how: readonly string[]) => {
    const { status, out, err } = call(['x', '--answer', ...how]);
    assert.equal([status, out], [1, '']);
    return err;
  };
  assert.is(failed('throw'), 'chos-runtime: the compiler failed: Error: out of ideas\n');
  assert.is(failed('close'), 'chos-runtime: the compiler ended without an answer\n');
  assert.is(
    failed('kill'),
    'chos-runtime: the compiler ended without an answer: it was killed, as the kernel does where memory runs out (memory limit of the cgroup?)\n',
  );
  assert.is(
    failed('raw', '00'.repeat(48)),
    'chos-runtime: the compiler gave an answer that makes no sense\n',
  );
  assert.is(
    call(['x'], { file: join(process.cwd(), 'build/engine-test/without-node') }).err,
    'chos-runtime: the compiler failed: cannot start /nonexistent/node: No such file or directory\n',
  );
});

test('answers that lie about their lengths or values are refused', () => {
  const header = (fields: Readonly<Record<number, number>>, body = '') => {
    const bytes = Buffer.alloc(48);
    const whole = [0x4e414843, 2, 48 + body.length / 2, 2, 0, 1, 0, 0, 0, 0, 0, 0];
    for (const [i, value] of whole.entries()) bytes.writeUInt32LE(fields[i] ?? value, 4 * i);
    return bytes.toString('hex') + body;
  };
  const senseless = 'chos-runtime: the compiler gave an answer that makes no sense\n';
  for (const raw of [
    header({ 0: 1 }),
    header({ 1: 1 }),
    header({ 2: 40 }),
    header({ 2: 0xffffffff }),
    header({ 3: 7 }),
    header({ 7: 1 }),
    header({ 7: 0xffffffff, 8: 1 }),
    header({ 10: 1 }),
    header({ 10: 1 }, `ffff0100${'00'.repeat(12)}`),
    header({ 10: 1 }, `00000000${'00'.repeat(12)}`),
    header({ 10: 1 }, `00000100ffffffff${'00'.repeat(8)}`),
    header({ 10: 1 }, `0a00020001000000${'00'.repeat(8)}4100000000000000`),
  ])
    assert.is(call(['x', '--answer', 'raw', raw]).err, senseless);
  assert.match(
    call(['x', '--answer', 'raw', header({ 6: 4096 })]).err,
    'invalid launch program: its file is too short',
  );
});

test('a program is run with the values of the answer over those of the arguments', () => {
  const image = imageFile(showing(['run']));
  const values = { BUNDLE: '/b', ARG0: 'sh', PRESERVE_FDS: 2, ID: 'box' };
  const { status, out, err } = call([
    '--root',
    '/r',
    'explain',
    '--answer',
    'program',
    image,
    JSON.stringify(values),
  ]);
  assert.is(err, '');
  assert.is(
    out,
    'run: ID=box ROOT=/r STATE_DIR=/r/box SIGNAL=-1 ALL=-1 FORCE=-1 PID_FILE= PRESERVE_FDS=2 DETACH=-1 BUNDLE=/b ARG0=sh\n',
  );
  assert.is(status, 3);
});

test('broken programs are one line', () => {
  const path = join(scratch, 'broken');
  writeFileSync(path, 'CHOS but no more');
  assert.is(
    call(['x', '--answer', 'program', path]).err,
    'chos-runtime: invalid launch program: not a launch program\n',
  );
  assert.is(
    call(['x', '--answer', 'program', imageFile(showing(['kill']))]).err,
    'chos-runtime: invalid launch program: it has no such entry\n',
  );
});

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
  const three = stored(['state']);
  rmSync(join(three, 'box', 'program'));
  spawnSync('mkfifo', ['-m', '0600', join(three, 'box', 'program')]);
  refused(three, 'stored program of ROOT/box: it is not a regular file');
  const four = stored(['state']);
  renameSync(join(four, 'box'), join(four, 'real'));
  symlinkSync('real', join(four, 'box'));
  assert.match(call(['--root', four, 'state', 'box']).err, 'cold: ');
  const five = stored(['state']);
  renameSync(join(five, 'box', 'program'), join(five, 'program'));
  symlinkSync('../program', join(five, 'box', 'program'));
  refused(five, 'stored program of ROOT/box: it is not a regular file');
  const six = stored(['state']);
  chmodSync(six, 0o1777);
  refused(six, `state root ROOT: owner 0, mode 1777${rule}`);
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

test('errors are logged as one object, or as text', () => {
  const log = join(scratch, 'log.json');
  const { err } = call(['--log', log, '--log-format', 'json', 'x', '--answer', 'message', 'say "no"\nö']);
  assert.is(err, 'chos-runtime: say "no" ö\n');
  const logged = JSON.parse(readFileSync(log, 'utf8'));
  assert.equal([logged.level, logged.msg], ['error', 'say "no" ö']);
  assert.match(logged.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  assert.ok(Math.abs(Date.parse(logged.time) - Date.now()) < 60_000);
  const text = join(scratch, 'log.txt');
  call([`--log=file:${text}`, 'x']);
  assert.match(readFileSync(text, 'utf8'), /^time="[^"]*" level=error msg="cold: [^\n]*"\n$/);
  assert.match(
    call(['--log', '/nonexistent/log', 'x']).err,
    'cannot open the log file /nonexistent/log: No such file',
  );
});

test('errors go to syslog or the journal', () => {
  // A daemon of our own for both, where nobody else sees it.
  const script = `
import os, socket, subprocess, sys
sockets = []
for path in ["/dev/log", "/run/systemd/journal/socket"]:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    sockets.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    sockets[-1].bind(path)
for where, bound in zip(["syslog:box", "journald:box"], sockets):
    subprocess.run([sys.argv[1], "--log", where, "--log-format", "json", "x", "--answer", "message", "say no"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    bound.settimeout(10)
    print(bound.recv(4096).decode().rstrip("\\n"))
`;
  const inside =
    'mount -t tmpfs none /run && mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && exec python3 -c "$0" "$@"';
  const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', inside, script, door], {
    encoding: 'utf8',
  });
  const entry = ['PRIORITY=3', 'SYSLOG_IDENTIFIER=chos-runtime', 'ID=box', 'MESSAGE=say no'];
  assert.equal(stdout.split('\n'), ['<11>box: say no', ...entry, ''], stderr);
  // No systemd here, or it would be written to.
  const { out } = call(['--log=journald:x', 'x', '--answer', 'message', 'a'], {
    shell: 'unshare -m sh -c \'mount -t tmpfs none /run && exec "$@" 2>&1\' sh "$@"',
  });
  assert.match(out, 'cannot open the log journald:x: No such file');
});

test('closed standard descriptors are opened on /dev/null', () => {
  const { out } = call(['x', '--answer', 'request'], { shell: 'exec "$@" 0<&- 2>&-' });
  assert.equal(JSON.parse(out).descriptors.slice(0, 2), ['0 /dev/null', '1 /dev/null']);
  assert.is(call(['x'], { shell: 'exec "$@" 2>&-' }).err, '');
});

/** A program whose run prints who it is. */
function identity(): Uint8Array {
  const [link, length, dumpable] = [o.buffer('link', 256), o.slot('length'), o.slot('dumpable')] as const;
  const line = o.buffer('line', 64);
  return encode({
    arch: 'x86_64',
    joins: true,
    parameters: new Map(),
    entries: [{ entry: 'run', track: 'host' }],
    tracks: [
      {
        name: 'host',
        failed: [],
        actions: [
          act('say', [
            s.sys('prctl', [3, 0, 0, 0, 0], { to: dumpable }),
            s.sys('readlinkat', [-100, o.text('/proc/self/exe'), link, 256], { to: length }),
            s.sys('write', [1, link, length]),
            s.format(line, [' dumpable ', o.field('d', dumpable), '\n'], { to: length }),
            s.sys('write', [1, line, length]),
            s.exit(0),
          ]),
        ],
      },
    ],
  });
}

test('what enters a container runs from a sealed copy of the engine', () => {
  const sealed = '/memfd:chos-runtime (deleted) dumpable 0\n';
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
  assert.match(call(['--help'], { file }).out, /^usage: .*my program \[--id ID\]/);
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
  assert.is(call([], { file }).out, '/memfd:chos-runtime (deleted) dumpable 0\n');
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
    /^\/(dev\/shm|tmp|var\/tmp|run)\/#\d+ \(deleted\) dumpable 0\n$/,
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
