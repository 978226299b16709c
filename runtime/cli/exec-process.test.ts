import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Config } from '../../spec/generated/config.js';
import type { NormalProcess } from '../../spec/normal-config.js';
import { failureText } from '../report/failure-text.js';
import { readArguments } from './arguments.js';
import { defaultConfig } from './default-config.js';
import { execProcess } from './exec-process.js';
import type { Attempt, Invocation } from './invocation.js';
import { ownRequest } from './own-request.js';

const directory = mkdtempSync(join(tmpdir(), 'chos-exec-'));
const config: Config = {
  ...defaultConfig(),
  process: {
    ...defaultConfig().process,
    user: { uid: 5, gid: 6, additionalGids: [7] },
    rlimits: [{ type: 'RLIMIT_FSIZE', soft: 18446744073709551615n, hard: 18446744073709551615n }],
  },
};

const invocation = (...args: string[]): Invocation => {
  const read = readArguments(['exec', ...args]);
  if (read.kind !== 'command') throw new Error(JSON.stringify(read));
  const request = ownRequest(args, { cwd: directory });
  return { request, line: read.line, root: '/run/x' };
};
const processOf = (...args: string[]): NormalProcess => {
  const made = execProcess(invocation(...args), config);
  if (made.kind === 'failure') throw new Error(failureText(made.failure));
  return made.value.spec.process;
};
const wordsOf = (made: Attempt<unknown>): string =>
  made.kind === 'failure' ? failureText(made.failure) : 'none';

test('labels come from the command line', () => {
  const process = processOf('--apparmor', 'strict', '--process-label=a:b:c:s0', 'id', 'ls');
  assert.equal([process.apparmorProfile, process.selinuxLabel], ['strict', 'a:b:c:s0']);
  assert.is(processOf('id', 'ls').apparmorProfile, config.process.apparmorProfile ?? null);
});

test("the command line changes the container's own process", () => {
  const process = processOf(
    '-t',
    '-e',
    'A=1',
    '--cwd=/tmp',
    '-c',
    'net_admin',
    '-g',
    '9',
    '--no-new-privs',
    'id',
    'ls',
    '-l',
  );
  assert.equal(process.args, ['ls', '-l']);
  assert.is(process.terminal, true);
  assert.is(process.cwd, '/tmp');
  assert.is(process.env.at(-1), 'A=1');
  assert.equal(process.user, { uid: 5, gid: 6, umask: 0o022, additionalGids: [7, 9] });
  assert.ok(process.capabilities?.effective.includes('CAP_NET_ADMIN'));
  assert.is(process.noNewPrivileges, true);
});

test('--cap is ambient where it is inheritable, and only there', () => {
  const inheriting = {
    ...config,
    process: {
      ...config.process,
      capabilities: { inheritable: ['CAP_NET_ADMIN', 'CAP_KILL'], ambient: ['CAP_KILL'] },
    },
  };
  const ambient = (cap: string, from: Config): readonly string[] | undefined => {
    const made = execProcess(invocation('--cap', cap, 'id', 'ls'), from);
    return made.kind === 'failure' ? undefined : made.value.spec.process.capabilities?.ambient;
  };
  assert.equal(ambient('net_admin', inheriting), ['CAP_KILL', 'CAP_NET_ADMIN']);
  assert.equal(ambient('CAP_KILL', inheriting), ['CAP_KILL']);
  assert.equal(ambient('CAP_CHOWN', inheriting), ['CAP_KILL']);
  assert.equal(ambient('CAP_CHOWN', { ...config, process: { ...config.process, capabilities: {} } }), []);
});

test('a limit of 64 bits keeps its value', () => {
  assert.equal(processOf('id', 'ls').rlimits[0]?.hard, 18446744073709551615n);
});

test('--user without a group leaves the group', () => {
  assert.equal(processOf('-u', '1000', 'id', 'ls').user.gid, 6);
  assert.equal(processOf('-u', '1000:44', 'id', 'ls').user.gid, 44);
  assert.is(
    wordsOf(execProcess(invocation('-u', 'root', 'id', 'ls'), config)),
    'option `--user` takes UID[:GID], from 0 to 4294967294, not `root`',
  );
});

test('4294967295 is nobody: the kernel would leave the process root', () => {
  for (const user of ['4294967295', '0:4294967295', '4294967296', '99999999999', '-1', '1:', ':1', '1:-1'])
    assert.match(
      wordsOf(execProcess(invocation('--user', user, 'id', 'ls'), config)),
      '`--user` takes UID[:GID], from',
    );
  for (const gid of ['4294967295', '4294967296', '-1', 'wheel', ''])
    assert.match(
      wordsOf(execProcess(invocation(`--additional-gids=${gid}`, 'id', 'ls'), config)),
      '`--additional-gids` takes a number from 0 to 4294967294',
    );
  const most = processOf('-u', '4294967294:4294967294', '-g', '4294967294', 'id', 'ls').user;
  assert.equal(most, { uid: 4294967294, gid: 4294967294, umask: 0o022, additionalGids: [7, 4294967294] });
});

test('a process file is the whole truth', () => {
  writeFileSync(
    join(directory, 'p.json'),
    JSON.stringify({ cwd: '/', args: ['id'], user: { uid: 1, gid: 2 } }),
  );
  const process = processOf('--process', 'p.json', 'id');
  assert.equal(process.args, ['id']);
  assert.equal(process.env, []);
});

test('what is missing, doubled or wrong', () => {
  assert.match(wordsOf(execProcess(invocation('id'), config)), /lacks the command/);
  assert.match(
    wordsOf(execProcess(invocation('-p', 'p.json', 'id', 'ls'), config)),
    /cannot be given together/,
  );
  assert.is(
    wordsOf(execProcess(invocation('-p', 'no.json', 'id'), config)),
    'open `no.json`: No such file or directory',
  );
  assert.is(wordsOf(execProcess(invocation('-p', '.', 'id'), config)), 'read `.`: Is a directory');
  writeFileSync(join(directory, 'bad.json'), '{"cwd": "tmp"');
  assert.match(wordsOf(execProcess(invocation('-p', 'bad.json', 'id'), config)), /^bad\.json:1:/);
});

test('a process that was asked for before is the one that was found then, under that name of its file alone', () => {
  assert.is(processOf('id', 'ls', '-l'), processOf('other', 'ls', '-l'));
  assert.is.not(processOf('id', 'ls', '-l'), processOf('id', 'ls', '-a'));
  const [one, other] = [join(directory, 'one.json'), join(directory, 'other.json')];
  for (const file of [one, other]) writeFileSync(file, JSON.stringify({ ...config.process, rlimits: [] }));
  const fileIn = (file: string): string => {
    const made = execProcess(invocation('--process', file, 'id'), config);
    if (made.kind === 'failure') throw new Error(failureText(made.failure));
    return made.value.spec.file;
  };
  assert.equal([fileIn(one), fileIn(other), fileIn(one)], [one, other, one]);
});

test.after(() => rmSync(directory, { recursive: true }));
test.run();
