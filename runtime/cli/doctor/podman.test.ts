import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { podman } from './podman.js';
import {
  ann,
  answers,
  type Files,
  forget,
  hostWith,
  program,
  subjectWith,
  told,
  type Who,
} from './test/made-up.js';
import { parseToml } from './toml.js';

const installed: Files = { '/usr/bin/podman': program, '/usr/local/bin/chos-runtime': program };
const conf = '/etc/containers/containers.conf';
const good = `[engine]
runtime_supports_json = ["crun", "chos-runtime"]
runtime_supports_nocgroup = ["chos-runtime"]
[engine.runtimes]
chos-runtime = ["/opt/chos-runtime", "/usr/local/bin/chos-runtime"]
`;
const look = (files: Files = {}, who: Who = {}) =>
  told(podman(subjectWith({ host: hostWith({ ...installed, ...files }, who) })));

test('it is known, or is the runtime', () => {
  assert.equal(look({ [conf]: good }), ['ok: Podman knows it as --runtime chos-runtime']);
  assert.equal(look({ [conf]: good.replace('[engine]', '[engine]\nruntime = "chos-runtime"') }), [
    "ok: chos-runtime is Podman's runtime",
  ]);
  assert.equal(told(podman(subjectWith())), ['ok: it is not installed']);
});

test('the command that mends it writes what makes it good', () => {
  const [line = ''] = look();
  assert.match(line, /^note: Podman does not know chos-runtime/);
  const command = line.split(' | ')[1] ?? '';
  const file = '/etc/containers/containers.conf.d/chos-runtime.conf';
  assert.ok(command.startsWith('mkdir -p /etc/containers/containers.conf.d && '));
  assert.ok(command.endsWith(` >>${file}`));
  const text = execFileSync(
    'sh',
    ['-c', command.slice(command.indexOf('printf'), command.lastIndexOf('>>'))],
    {
      encoding: 'utf8',
    },
  );
  assert.is(parseToml(text).size, 3);
  assert.equal(look({ [file]: text }), ['ok: Podman knows it as --runtime chos-runtime']);
});

test('what is missing in the lists, and an entry that leads nowhere', () => {
  const lines = look({ [conf]: '[engine.runtimes]\nchos-runtime = ["/usr/local/bin/chos-runtime"]\n' });
  assert.match(lines[0] ?? '', /^note: runtime_supports_json lacks/);
  assert.match(lines[1] ?? '', /^note: runtime_supports_nocgroup lacks/);
  assert.match(
    look({ [conf]: '[engine.runtimes]\nmine = ["/gone/chos-runtime"]\n' })[0] ?? '',
    /^fault: .* \/gone\/chos-runtime is not there \| /,
  );
});

test('users have files of their own, which count after those of the system', () => {
  const own = '/home/ann/.config/containers/containers.conf';
  const who: Who = { ...ann, variables: { HOME: '/home/ann' } };
  assert.match(look({ [own]: good })[0] ?? '', /^note/);
  assert.equal(look({ [own]: good }, who), ['ok: Podman knows it as --runtime chos-runtime']);
  assert.match(
    look({}, who)[0] ?? '',
    />>\/home\/ann\/\.config\/containers\/containers\.conf\.d\/chos-runtime\.conf$/,
  );
  const elsewhere: Who = { ...ann, variables: { HOME: '/home/ann', CONTAINERS_CONF: '/c.conf' } };
  assert.equal(look({ '/c.conf': good }, elsewhere), ['ok: Podman knows it as --runtime chos-runtime']);
});

test('a file that is none is a fault and not waited for; a home that does not answer is not gone to', () => {
  const host = hostWith({ ...installed, '/c.conf/x': '' }, { variables: { CONTAINERS_CONF: '/c.conf' } });
  assert.match(told(podman(subjectWith({ host })))[0] ?? '', /^fault: \/c\.conf: /);
  const dead = hostWith(installed, { ...ann, variables: { HOME: '/home/ann' } });
  assert.match(
    told(podman(subjectWith({ host: dead, answers: answers({ '/home/ann': 'silent' }) })))[0] ?? '',
    /^note: its configuration was not read/,
  );
});

test.after(forget);
test.run();
