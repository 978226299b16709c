import { spawnSync } from 'node:child_process';
/** The cold way: what the compiler is asked, and what comes of its answers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ANSWER_HEADER_SIZE } from '../../../spec/wire.js';
import { thisProcess } from '../../host/caller.js';
import { call, showing } from './door.js';
import { imageFile, scratch } from './engine.js';

test('the cold way hands over arguments, environment, directory and nothing else', () => {
  const { status, out, err } = call(['features', '--answer', 'request', 'a', '', 'ü'], {
    environment: { ONE: '1' },
    shell: 'exec 7</dev/null 9</dev/null; cd /usr; exec "$@"',
  });
  assert.equal([status, err], [0, '']);
  const asked = JSON.parse(out);
  assert.equal(asked.argv.slice(1), ['features', '--answer', 'request', 'a', '', 'ü']);
  assert.ok(asked.environment.includes('ONE=1'));
  assert.equal([asked.cwd, asked.input, asked.at], ['/usr', { kind: 'none' }, '/']);
  assert.equal(asked.own, { BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' });
  assert.equal(asked.descriptors.slice(0, 2), ['0 /dev/null', '1 /dev/null']);
  assert.match(asked.descriptors[2], /^2 \/memfd:errors/);
  assert.match(asked.descriptors[3], /^3 socket:/);
});

test('the compiler can ask for a Node that draws its seed, and that is asked the same', () => {
  const file = join(scratch, 'again.json');
  writeFileSync(file, 'text');
  const asked = (how: string) => {
    const { argv, flags, pid, caller, ...rest } = JSON.parse(
      call(['create', '-f', file, 'id', '--answer', how]).out,
    );
    assert.is(caller.pid, pid);
    return { argv: argv.length, flags, rest };
  };
  const [first, again] = [asked('request'), asked('again')];
  assert.equal(
    first.flags.filter((flag: string) => !again.flags.includes(flag)),
    ['--no-rehash-snapshot'],
  );
  assert.equal({ ...again, flags: [] }, { ...first, flags: [] });
  assert.is(again.rest.input, 'text');
});

test('the front door tells who it is', () => {
  const of = (shell: string) => {
    const { caller, pid } = JSON.parse(call(['x', '--answer', 'request'], { shell }).out);
    return { ...caller, isEngine: caller.pid === pid };
  };
  const { status, cgroup, uid_map } = of('exec "$@"').texts;
  const own = thisProcess();
  const line = (text: string, name: string) => text.split('\n').find(one => one.startsWith(name));
  for (const name of ['Uid:', 'Gid:', 'Groups:', 'CapPrm:', 'CapBnd:'])
    assert.is(line(status, name), line(own.texts.status, name));
  assert.equal([cgroup, uid_map], [own.texts.cgroup, own.texts.uid_map]);
  const { texts: _, isEngine, ...rest } = of('exec 4</dev/null 3</dev/null "$@"');
  const { texts: _texts, pid: _pid, ...expected } = own;
  assert.ok(isEngine);
  const { pid: _engine, ...told } = rest;
  assert.equal(told, { ...expected, handed: 2 });
  assert.is(of('exec 5</dev/null 3</dev/null 4<&- "$@"').handed, 1);
  // In /proc/self/status groups stand before capabilities.
  const many = of('exec setpriv --groups $(seq -s, 4000000000 4000005000) "$@"').texts.status;
  assert.match(line(many, 'Groups:') ?? '', '4000000000 ');
  assert.is(line(many, 'CapPrm:'), line(own.texts.status, 'CapPrm:'));
});

test('the front door reads config.json', () => {
  const bundle = join(scratch, 'bundle');
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'config.json'), '{"a":1}');
  const config = (args: readonly string[], cwd = scratch) => JSON.parse(call(args, { cwd }).out).input;
  assert.equal(config(['create', '--answer', 'request', '-b', bundle]), {
    kind: 'failed',
    verb: 'open',
    errno: 2,
  });
  assert.is(config(['run', 'id', '--answer', 'request'], bundle), '{"a":1}');
  assert.is(config(['create', `--bundle=${bundle}`, '--answer', 'request']), '{"a":1}');
  assert.is(config(['create', '-f', 'bundle/config.json', 'id', '--answer', 'request']), '{"a":1}');
  assert.equal(config(['state', '-b', bundle, '--answer', 'request']), { kind: 'none' });
});

test('a stream of any size is read whole, and nothing else is written over', () => {
  const image = imageFile(showing(['run']));
  const values = JSON.stringify({ ID: 'box', STATE_DIR: '/r/box' });
  for (const size of [0, 24_320, 24_321, 28_672, 65_536, 1_000_000]) {
    const shell = `head -c ${size} /dev/zero | tr '\\0' x | "$@"`;
    const sent = (...how: readonly string[]) =>
      call(['--root', '/r', 'run', '-f', '/dev/stdin', 'box', '--answer', ...how], { shell });
    const { status, out, err } = sent('request');
    assert.equal([status, err], [0, '']);
    assert.ok(JSON.parse(out).input === 'x'.repeat(size), `${size} bytes`);
    assert.match(sent('program', image, values).out, /^run: ID=box ROOT=\/r STATE_DIR=\/r\/box /);
  }
});

test('answers: out, one error line, exit code', () => {
  const { status, out, err } = call(['x', '--answer', 'message', 'it\ndid not work', '42']);
  assert.equal([status, out, err], [42, 'out\n', 'chos-runtime: it did not work\n']);
});

test('a Node that knows other flags than the one of the build is started without any', () => {
  const file = join(process.cwd(), 'build/engine-test/of-another-node');
  const { out, err } = call(['x', '--answer', 'request'], { file });
  assert.is(err, '');
  assert.equal((JSON.parse(out) as { flags: unknown }).flags, []);
  assert.match(call(['x'], { file }).err, 'cold: x');
});

test('make leaves out flags that Node does not know', () => {
  const fake = join(scratch, 'node');
  const knows = ['  --sparkplug (baseline)', '        type: bool', '  --v8-pool-size=...    threads'];
  writeFileSync(fake, `#!/bin/sh\necho '${knows.join("'; echo '")}'\n`, { mode: 0o755 });
  const flagsFor = (node: string): string =>
    spawnSync('make', ['--no-print-directory', '-s', 'print-node-flags', `NODE=${node}`], {
      encoding: 'utf8',
    }).stdout;
  assert.is(flagsFor(fake), '--no-sparkplug\n');
  assert.match(flagsFor(process.execPath), '--no-rehash-snapshot');
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
    failed('raw', '00'.repeat(ANSWER_HEADER_SIZE)),
    'chos-runtime: the compiler gave an answer that makes no sense\n',
  );
  assert.is(
    call(['x'], { file: join(process.cwd(), 'build/engine-test/without-node') }).err,
    'chos-runtime: the compiler failed: cannot start /nonexistent/node: No such file or directory\n',
  );
});

test('answers that lie about their lengths or values are refused', () => {
  const header = (fields: Readonly<Record<number, number>>, body = '') =>
    call(['x', '--answer', 'header', JSON.stringify(fields), body]).err;
  const senseless = 'chos-runtime: the compiler gave an answer that makes no sense\n';
  for (const told of [
    header({ 0: 1 }),
    header({ 1: 1 }),
    header({ 2: 40 }),
    header({ 2: 0xffffffff }),
    header({ 3: 5 }),
    header({ 3: 6 }),
    header({ 3: 7 }),
    header({ 7: 1 }),
    header({ 7: 0xffffffff, 8: 1 }),
    header({ 10: 1 }),
    header({ 10: 1 }, `ffff0100${'00'.repeat(12)}`),
    header({ 10: 1 }, `00000000${'00'.repeat(12)}`),
    header({ 10: 1 }, `00000100ffffffff${'00'.repeat(8)}`),
    header({ 10: 1 }, `0a00020001000000${'00'.repeat(8)}4100000000000000`),
    header({ 6: 0x7fffffff }),
    header({ 12: 1 }), // to another request
  ])
    assert.is(told, senseless);
  assert.match(header({ 6: 4096 }), 'the compiler ended in the middle of its answer');
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

test('closed standard descriptors are opened on /dev/null', () => {
  const { out } = call(['x', '--answer', 'request'], { shell: 'exec "$@" 0<&- 2>&-' });
  assert.equal(JSON.parse(out).descriptors.slice(0, 2), ['0 /dev/null', '1 /dev/null']);
  assert.is(call(['x'], { shell: 'exec "$@" 2>&-' }).err, '');
});

test.run();
