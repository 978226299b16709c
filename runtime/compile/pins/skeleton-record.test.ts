/** Through the real engine, with a directory of the test in the place of /run. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PUBLIC } from '../../../spec/environment.js';
import { AT_FDCWD, openFlags } from '../../../spec/kernel.js';
import { act, arch, runImage, scratch } from '../../engine/test/engine.js';
import { encode } from '../../program/encode.js';
import { slot, text } from '../../program/operand.js';
import { exit, sys } from '../../program/step.js';
import { hostProgram } from '../idioms/host-program.js';
import { recordSkeleton } from './skeleton-record.js';

const PLACE = '/run/pins';
const FILE = '%2Fchos';

const work = {
  ...{ cpus: 1, place: { directory: PLACE, file: FILE }, enter: false, path: '/', root: null, leftovers: 0 },
  ...{ detach: [], unlink: [], open: [], make: [], mount: [], alter: [], generation: 1, stale: [] },
  ...{ boot: 'b', shares: [], holders: ['/ostrees'], readonly: [], files: [] },
};

const fresh = (): string => {
  const run = mkdtempSync(join(scratch, 'run-'));
  mkdirSync(join(run, 'pins'), { mode: 0o700 });
  return run;
};

function record(run: string) {
  const open = openFlags(arch);
  const pins = slot('pins', -1);
  const actions = [
    act('open', [sys('openat', [AT_FDCWD, text(PLACE), open.PATH, 0], { to: pins })]),
    recordSkeleton(work, pins, open),
    act('end', [exit(0)]),
  ];
  const inNamespace = `mount --bind ${run} /run; umask 077; exec "$@"`;
  return runImage(encode(hostProgram(arch, actions)), { entry: 'host', inNamespace });
}

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

if (process.getuid?.() === 0) {
  test('users can read the copy, whatever the umask of root is, and nobody else can write it', () => {
    const run = fresh();
    const copies = join(run, PUBLIC.slice('/run/'.length));
    for (const again of [false, true]) {
      if (again) writeFileSync(join(copies, `${FILE}.closing`), '');
      const { status, err } = record(run);
      assert.is(status, 0, err);
      const copy = join(copies, `${FILE}.json`);
      assert.equal([modeOf(copies), modeOf(copy)], ['755', '644']);
      assert.is(readFileSync(copy, 'utf8'), readFileSync(join(run, 'pins', `${FILE}.json`), 'utf8'));
      assert.equal(readdirSync(copies), [`${FILE}.json`]);
    }
    assert.is(modeOf(join(run, 'pins', `${FILE}.json`)), '600');
  });

  test('a link in the place of their directory is not followed', () => {
    const run = fresh();
    const secret = join(run, 'secret');
    mkdirSync(secret);
    chmodSync(secret, 0o700);
    symlinkSync('/run/secret', join(run, PUBLIC.slice('/run/'.length)));
    const { status, err } = record(run);
    assert.is(status, 1);
    assert.match(err, /Not a directory|Too many levels of symbolic links/);
    assert.equal([modeOf(secret), readdirSync(secret)], ['700', []]);
  });
}

test.run();
