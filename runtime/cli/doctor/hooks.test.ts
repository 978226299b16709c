import { chmodSync, chownSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readDirectories } from '../../hooks/directories.js';
import { hookPrograms, hooks } from './hooks.js';
import { answers, directoryWith, type Files, forget, program, subjectWith, told } from './test/made-up.js';

const hook = (path: string, when: object = { always: true }): string =>
  JSON.stringify({ version: '1.0.0', hook: { path }, when, stages: ['createRuntime'] });

const found = (files: Files) => {
  const directory = directoryWith(files);
  chmodSync(directory, 0o755);
  return { directory, hooks: readDirectories([`${directory}/hooks.d`], true) };
};
const look = (files: Files) => told(hooks(subjectWith({ hooks: found(files).hooks })));

test('none, and those with which nothing is wrong', () => {
  assert.equal(told(hooks(subjectWith())), ['ok: there are none']);
  assert.equal(look({ '/hooks.d/a.json': hook('/bin/true'), '/hooks.d/b.json': hook('/bin/sh') }), [
    'ok: 2 files, none wrong',
  ]);
});

test('a program that is gone, a text that is none, a directory that cannot be read', () => {
  const lines = look({ '/hooks.d/a.json': hook('/gone/program'), '/hooks.d/b.json': '{' });
  assert.is(lines.length, 2);
  assert.match(lines[0] ?? '', /^fault: .*a\.json:1:\d+: .*\/gone\/program.*No such file or directory/);
  assert.match(lines[1] ?? '', /^fault: .*b\.json:1:/);
  const closed = { files: [], unreadable: [{ directory: '/etc/containers/oci/hooks.d', code: 'EACCES' }] };
  assert.equal(told(hooks(subjectWith({ hooks: closed }))), [
    'fault: /etc/containers/oci/hooks.d: Permission denied',
  ]);
});

test('a file or a directory that others can write to', () => {
  const { directory, hooks: read } = found({ '/hooks.d/a.json': hook('/bin/true') });
  const file = `${directory}/hooks.d/a.json`;
  const lines = () => told(hooks(subjectWith({ hooks: read })));
  chmodSync(file, 0o666);
  assert.equal(lines(), [
    `fault: ${file}: owner ${process.getuid?.()}, mode 666: others than root say what its hook does | chown root ${file} && chmod go-w ${file}`,
  ]);
  chmodSync(file, 0o644);
  chmodSync(`${directory}/hooks.d`, 0o777);
  assert.match(
    lines()[0] ?? '',
    /a\.json: \/.*hooks\.d has owner \d+, mode 777: .* && chmod go-w \/.*hooks\.d$/,
  );
  chmodSync(`${directory}/hooks.d`, 0o755);
  assert.equal(lines(), ['ok: 1 file, none wrong']);
  if (process.getuid?.() !== 0) return;
  chownSync(`${directory}/hooks.d`, 1234, 0);
  assert.match(lines()[0] ?? '', /hooks\.d has owner 1234, mode 755/);
});

test('a program on a server that is gone is not gone to', () => {
  const { directory, hooks: read } = found({
    '/hooks.d/a.json': hook('/share/bin/hook'),
    '/program': program,
  });
  assert.equal(hookPrograms(read), ['/share/bin/hook']);
  const given = { hooks: read, answers: answers({ '/share/bin/hook': 'silent' }) };
  assert.equal(told(hooks(subjectWith(given))), [
    `note: ${directory}/hooks.d/a.json: its program was not looked at, because it does not answer`,
  ]);
});

test.after(forget);
test.run();
