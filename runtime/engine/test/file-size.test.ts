/** Under RLIMIT_FSIZE (ulimit -f) a write that fails is told, what was begun is taken back, and what is executed has the signal as the caller had it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AT_FDCWD, openFlags } from '../../../spec/kernel.js';
import { writeAll } from '../../compile/idioms/whole.js';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { chos, site } from './chos-command.js';
import { act, imageFile, native, program, scratch } from './engine.js';

const only = native ? test : test.skip;
const runtime = join(process.cwd(), 'build/chos-runtime');

/** `limit`: in blocks of 512 bytes. */
function limited(limit: number, script: string, cwd: string) {
  const { status, stderr } = spawnSync('sh', ['-c', `ulimit -f ${limit}; ${script}`], {
    encoding: 'utf8',
    cwd,
  });
  return { status, err: stderr };
}

only('half of a file is taken away again', () => {
  const directory = mkdtempSync(join(scratch, 'half-'));
  const path = o.text(join(directory, 'half'));
  const { WRONLY, CREAT, CLOEXEC } = openFlags('x86_64');
  const fd = o.slot('fd', -1);
  const content = o.characters('content', 'x'.repeat(2000));
  const image = encode(
    program({
      actions: [
        act('make the file', [
          s.sys('openat', [AT_FDCWD, path, WRONLY | CREAT | CLOEXEC, 0o644], { to: fd }),
        ]),
        act('hold the file', [s.move(fd, fd)], [s.sys('unlinkat', [AT_FDCWD, path, 0])]),
        act('write the file', [...writeAll(fd, content, content.size), s.exit(0)]),
      ],
      failed: [s.exitReporting(1)],
    }),
  );
  const script = `exec build/chos-runtime-debug --engine-run ${imageFile(image)} run`;
  assert.equal(limited(2, script, process.cwd()), {
    status: 1,
    err: 'chos-runtime: write the file: File too large\n',
  });
  assert.equal(readdirSync(directory), []);
  assert.is(limited(4, script, process.cwd()).status, 0);
  assert.is(readFileSync(join(directory, 'half'), 'utf8').length, 2000);
});

test('what is printed, and a program that has no room', () => {
  const directory = mkdtempSync(join(scratch, 'limited-'));
  const printed = { status: 1, err: 'chos-runtime: write to standard output: File too large\n' };
  assert.equal(limited(1, `exec ${runtime} features >out`, directory), printed);
  assert.equal(limited(0, `exec ${runtime} --version >out`, directory), printed);
  assert.equal(limited(1, `exec ${runtime} spec`, directory), {
    status: 1,
    err: 'chos-runtime: keep what was compiled in memory: File too large\n',
  });
  assert.equal(readdirSync(directory), ['out']);
});

test('chos: what is printed, and the command is ended by the signal as if it stood alone', () => {
  const s = site();
  const list = chos(s, ['--list'], { shell: `ulimit -f 0; exec "$@" >${s.home}/out` });
  assert.equal(list, { status: 125, out: '', err: 'chos: write to standard output: File too large\n' });
  const command = ['alma9', 'sh', '-c', `head -c 2000 /dev/zero >${s.home}/zero; echo $?`];
  assert.is(chos(s, command, { shell: 'ulimit -f 1; exec "$@"' }).out, `${128 + 25}\n`);
  const ignored = chos(s, command, { shell: 'trap "" XFSZ; ulimit -f 1; exec "$@"' });
  assert.is(ignored.out, '1\n');
  assert.ok(existsSync(join(s.home, 'zero')));
});

test.run();
