import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseOciConf, slurm } from './slurm.js';
import {
  answers,
  type Files,
  forget,
  hostWith,
  program,
  subjectWith,
  told,
  type Who,
} from './test/made-up.js';

const installed: Files = { '/usr/sbin/slurmd': program, '/usr/local/bin/chos-runtime': program };
const file = '/etc/slurm/oci.conf';
const look = (text: string | null, files: Files = {}, who: Who = {}) =>
  told(
    slurm(
      subjectWith({
        host: hostWith({ ...installed, ...files, ...(text === null ? {} : { [file]: text }) }, who),
      }),
    ),
  );

/** The blocks of docs/slurm.md. */
const [patterns = '', pair = ''] = [
  ...readFileSync('docs/slurm.md', 'utf8').matchAll(/```\n(RunTime[^`]*)```/g),
].map(([, text = '']) => text);

test('the lines of docs/slurm.md are good, and those that doctor writes are the same', () => {
  assert.equal(look(patterns), [`ok: ${file} names chos-runtime`]);
  const [line = ''] = look(null);
  assert.match(line, /^note: there is no \/etc\/slurm\/oci\.conf/);
  const command = line.slice(line.indexOf('printf'), line.lastIndexOf(' >'));
  assert.is(execFileSync('sh', ['-c', command], { encoding: 'utf8' }), patterns);
});

test('create and start may stand in the place of run', () => {
  const without = patterns.replace(/^RunTimeRun=.*\n/m, '');
  assert.equal(look(without + pair), [`ok: ${file} names chos-runtime`]);
  assert.match(look(without)[0] ?? '', /^fault: .* has no RunTimeRun \| printf .*run --bundle/);
  assert.match(
    look(without + pair.replace(/ >>[^"]*/, ''))[0] ?? '',
    /^fault: .*runtimecreate: .*let it write to a file/,
  );
});

test('what one Slurm does not know, and a program that is not there', () => {
  assert.match(look(patterns.replace('$(id -u)', '%U'))[0] ?? '', /^note: .*runtimequery: .*%U/);
  assert.match(
    look(patterns.replace('exec chos-runtime', '/gone/chos-runtime'))[0] ?? '',
    /^fault: .*: \/gone\/chos-runtime is not there/,
  );
});

test('another runtime is none of our business', () => {
  assert.equal(look('RunTimeQuery="crun state %n"\n'), [`ok: ${file} names another runtime`]);
  assert.equal(told(slurm(subjectWith())), ['ok: it is not installed']);
});

test('its place is that of slurm.conf', () => {
  const variables = { SLURM_CONF: '/opt/slurm/slurm.conf' };
  assert.match(look(patterns, {}, { variables })[0] ?? '', /there is no \/opt\/slurm\/oci\.conf/);
  const host = hostWith(installed, { variables });
  assert.match(
    told(slurm(subjectWith({ host, answers: answers({ '/opt/slurm': 'silent' }) })))[0] ?? '',
    /was not read/,
  );
});

test('names in any case, lines that go on', () => {
  assert.equal(
    [...parseOciConf('# x\n runtimeQUERY = a b \nRunTimeKill="c \\\nd"\nbad\n')],
    [
      ['runtimequery', 'a b'],
      ['runtimekill', 'c d'],
    ],
  );
});

test.after(forget);
test.run();
