import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bootId } from '../host/boot-id.js';
import { thisProcess } from '../host/caller.js';
import { probeHostFacts } from '../host/facts.js';
import { defaultConfig } from './default-config.js';
import { factsText, parseFacts } from './facts-file.js';

const directory = mkdtempSync(join(tmpdir(), 'chos-facts-'));
const engine = join(process.cwd(), 'build/chos-runtime');
const call = (...args: readonly string[]) => spawnSync(engine, args, { cwd: directory, encoding: 'utf8' });

const host = probeHostFacts(thisProcess());
const other = {
  ...host,
  kernel: { major: 6, minor: 12 },
  euid: 0,
  egid: 0,
  userNamespace: null,
  cgroup: {
    layout: 'v2',
    unified: { mount: '/sys/fs/cgroup-of-the-other', controllers: ['cpu', 'memory', 'pids'], own: '/own' },
  },
} as const;

test('what is written is read', () => {
  assert.equal(parseFacts('facts.json', factsText(host)), {
    kind: 'ok',
    value: { facts: host, machine: bootId() },
  });
  const inside = { uids: [{ first: 0, count: 1 }], gids: [{ first: 0, count: 1 }], setgroups: false };
  const withheld = { controllers: ['memory'], all: { layout: 'none' } } as const;
  const user = { ...other, userNamespace: inside, withheld };
  const read = parseFacts('facts.json', factsText(user, 'another'));
  assert.equal(read, { kind: 'ok', value: { facts: user, machine: 'another' } });
});

test('what is wrong in a file of facts is one line that names the place', () => {
  const says = (change: object | string, expected: string | RegExp): void => {
    const text =
      typeof change === 'string' ? change : JSON.stringify({ ...JSON.parse(factsText(other)), ...change });
    const read = parseFacts('facts.json', text);
    assert.ok(read.kind === 'failure' && read.failure.kind === 'refused-input', text);
    assert.match(
      read.kind === 'failure' && read.failure.kind === 'refused-input' ? read.failure.text : '',
      expected,
    );
  };
  says('{', /^facts\.json:1:2: /);
  says('[]', /^facts\.json:1:1: /);
  says('{}', /^facts\.json:1:1: version/);
  says({ version: 1, unheardOf: true }, /^facts\.json:1:\d+: version .*2/);
  says({ machine: 7 }, /^facts\.json:1:\d+: machine/);
  says({ kernle: 1 }, /^facts\.json:1:\d+: kernle/);
  says({ kernel: { major: 6, minor: '12' } }, /^facts\.json:1:\d+: kernel\.minor/);
  says({ arch: 'pdp11' }, /^facts\.json:1:\d+: arch/);
  says({ euid: -1 }, /^facts\.json:1:\d+: euid/);
  says({ capabilities: [64] }, /capabilities\[0\]/);
  says({ lsm: { apparmor: 1, selinux: false } }, /lsm\.apparmor/);
  says({ cgroup: { layout: 'v3' } }, /cgroup\.layout/);
  says({ cgroup: { layout: 'v2' } }, /cgroup\.unified/);
  says({ cgroup: { layout: 'none', hierarchies: [] } }, /cgroup\.hierarchies/);
  says({ cgroup: { layout: 'v2', unified: { mount: '/a/../b', controllers: [], own: '/' } } }, /mount/);
  says({ owner: 'a\0b' }, /owner/);
});

test('a file of facts takes the place of this machine', () => {
  const config = defaultConfig();
  mkdirSync(join(directory, 'rootfs'));
  writeFileSync(
    join(directory, 'config.json'),
    JSON.stringify({
      ...config,
      linux: { ...config.linux, cgroupsPath: '/facts', resources: { pids: { limit: 7 } } },
    }),
  );
  writeFileSync(join(directory, 'other.json'), factsText(other));
  const written = call('facts');
  assert.equal([written.status, written.stderr], [0, '']);
  writeFileSync(join(directory, 'own.json'), written.stdout);
  const explained = call('explain', '--steps', '--facts', 'other.json');
  assert.equal([explained.status, explained.stderr], [0, '']);
  assert.match(explained.stdout, '/sys/fs/cgroup-of-the-other');
  assert.not.match(call('explain', '--steps').stdout, 'cgroup-of-the-other');
  assert.is(call('explain', '--steps', '--facts', 'own.json').stdout, call('explain', '--steps').stdout);
  assert.equal(call('compile', '--facts', 'other.json', '-o', 'compiled').stderr, '');
  assert.ok(readFileSync(join(directory, 'compiled')).includes('/sys/fs/cgroup-of-the-other'));
  assert.match(
    call('compile', '--facts', 'config.json', '-o', 'no').stderr,
    /^chos-runtime: config\.json:1:\d+: /,
  );
  assert.match(call('explain', '--facts', 'none.json').stderr, /none\.json/);
  writeFileSync(join(directory, 'user.json'), factsText({ ...other, euid: 1000, egid: 1000 }));
  assert.equal(call('explain', '--facts', 'user.json').stderr, '');
  const refused = call('--systemd-cgroup', 'explain', '--facts', 'user.json');
  assert.is(refused.status, 1);
  assert.match(
    refused.stderr,
    /^chos-runtime: --facts: .*which systemd makes the cgroups depends on the caller/,
  );
  // One like this, with the facts of this caller.
  writeFileSync(join(directory, 'like.json'), factsText(host, 'another'));
  const like = ['explain', '--facts', 'like.json'];
  assert.equal([call(...like).status, call(...like).stderr], [0, '']);
  assert.is(
    call('--systemd-cgroup', ...like).stderr,
    'chos-runtime: --facts: they are of another machine, or of an earlier boot of this one, and which systemd makes the cgroups is found out on this one: run it there, or print the facts anew\n',
  );
});

test.after(() => rmSync(directory, { recursive: true }));
test.run();
