import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { docker } from './docker.js';
import { type Files, forget, hostWith, program, subjectWith, told } from './test/made-up.js';

const installed: Files = { '/usr/bin/dockerd': program, '/usr/local/bin/chos-runtime': program };
const conf = '/etc/docker/daemon.json';
const look = (content?: unknown, files: Files = {}) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const own: Files = content === undefined ? {} : { [conf]: text };
  return told(docker(subjectWith({ host: hostWith({ ...installed, ...files, ...own }) })));
};
const runtimes = { 'chos-runtime': { path: '/usr/local/bin/chos-runtime' } };
const known = ['ok: Docker knows it as --runtime chos-runtime'];

test('not installed, known, and its runtime', () => {
  assert.equal(told(docker(subjectWith())), ['ok: it is not installed']);
  assert.equal(look({ runtimes }), known);
  assert.equal(look({ runtimes, 'default-runtime': 'chos-runtime' }), [
    "ok: chos-runtime is Docker's runtime",
  ]);
  const options = { BinaryName: '/usr/local/bin/chos-runtime' };
  assert.equal(look({ runtimes: { mine: { runtimeType: 'io.containerd.runc.v2', options } } }), [
    'ok: Docker knows it as --runtime mine',
  ]);
});

test('the command that mends it writes what makes it good', () => {
  const [line = ''] = look();
  assert.match(line, /^note: Docker does not know chos-runtime \| mkdir -p \/etc\/docker && /);
  const print = line.slice(line.indexOf('printf'), line.lastIndexOf(' >'));
  assert.equal(look(execFileSync('sh', ['-c', print], { encoding: 'utf8' })), known);
  const other = { runtimes: { other: { path: '/x' } }, debug: true };
  const [more = ''] = look(other, { '/run/systemd/system/x': '' });
  assert.match(more, / && systemctl reload docker$/);
  const filter = more.slice(more.indexOf('jq '), more.indexOf(` ${conf}`));
  const text = execFileSync('sh', ['-c', filter], { encoding: 'utf8', input: JSON.stringify(other) });
  assert.equal(look(text), known);
  assert.equal(JSON.parse(text), { ...other, runtimes: { ...other.runtimes, ...runtimes } });
});

test('an entry that leads nowhere, cgroups of a systemd that is not there, a file that is none', () => {
  assert.equal(look({ runtimes: { chos: { path: '/gone/chos-runtime' } } }), [
    `fault: ${conf}, runtimes.chos: /gone/chos-runtime is not there`,
  ]);
  const driven = { runtimes, 'exec-opts': ['native.cgroupdriver=systemd'] };
  assert.match(
    look(driven)[0] ?? '',
    /^fault: .*exec-opts: native\.cgroupdriver=systemd, but process 1 is not/,
  );
  assert.equal(look(driven, { '/run/systemd/system/x': '' }), known);
  assert.match(look('{')[0] ?? '', /^fault: \/etc\/docker\/daemon\.json is no JSON: /);
  assert.equal(look('[]'), [`fault: ${conf} is no JSON object`]);
});

test.after(forget);
test.run();
