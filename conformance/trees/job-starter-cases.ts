/** `chos-job-starter` (docs/batch.md), called as batch systems call it: LSF by sh(1), Grid Engine with its variables and the file of the job. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { caseList, good } from './case.js';
import { chos as chosRuntime, home, registry, runtime, writeRegistry } from './machine.js';

const { cases, test } = caseList('chos-job-starter: ');

const ANN = 1001;
const bin = `${home}/starter`;
const starter = `${bin}/chos-job-starter`;
const spool = `${home}/spool`;
const script = `${home}/job.sh`;
const variables = { PATH: '/usr/bin:/bin', HOME: home, SHELL: '/bin/sh' };

interface Call {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** `text`: what sh(1) of the host is given. */
function byShell(text: string, { env = {}, input = '' }: Call = {}) {
  const words = [`--reuid=${ANN}`, `--regid=${ANN}`, '--clear-groups', '--', '/bin/sh', '-c', text];
  const all = { ...variables, CHOS: 'one', ...env };
  return spawnSync('setpriv', words, { encoding: 'utf8', cwd: home, env: all, input, timeout: 20_000 });
}

interface Job {
  readonly mode?: string;
  readonly shell?: string;
  readonly login?: boolean;
  /** Lines of the job's file. */
  readonly config?: readonly string[];
  readonly input?: string;
}

/** As sge_shepherd executes it: a dash before its name for a login shell. */
function byGridEngine(
  words: readonly string[],
  { mode = 'posix_compliant', shell = '/bin/sh', login = true, config = [], input }: Job = {},
) {
  writeFileSync(
    `${spool}/config`,
    ['job_id=7', 'handle_as_binary=0', 'no_shell=0', ...config, ''].join('\n'),
  );
  return byShell(`exec /bin/bash -c 'exec -a "$0" ${starter} "$@"' "$NAME" ${words.join(' ')}`, {
    env: {
      NAME: login ? '-chos-job-starter' : 'chos-job-starter',
      SGE_JOB_SPOOL_DIR: spool,
      SGE_STARTER_SHELL_PATH: shell,
      SGE_STARTER_SHELL_START_MODE: mode,
      ...(login ? { SGE_STARTER_USE_LOGIN_SHELL: 'true' } : {}),
    },
    ...(input === undefined ? {} : { input }),
  });
}

const where = '. /etc/os-release; echo "$ID $CHOS';

test('LSF: words, quotes, spaces, a script of many lines, input, exit code', () => {
  rmSync(bin, { recursive: true, force: true });
  for (const directory of [bin, spool]) mkdirSync(directory);
  symlinkSync(`${dirname(runtime)}/chos`, starter);
  writeFileSync(script, `#!/bin/sh\n${where} [$1] [$2]"\ncat\nexit 5\n`, { mode: 0o755 });
  good(chosRuntime('tree', 'prepare', '--all'));
  const { status, stdout } = byShell(`${starter} ${script} 'a  b' '"$HOME"'`, { input: 'of stdin\n' });
  assert.equal(stdout, 'one one [a  b] ["$HOME"]\nof stdin\n');
  assert.equal(status, 5);
  const several = `${starter} /bin/sh -c 'echo "$CHOS"; echo "a  b"'`;
  assert.equal(good(byShell(several)), 'one\na  b\n');
  assert.equal(good(byShell(`PATH=${bin}:$PATH exec chos-job-starter busybox echo x`)), 'x\n');
});

test('which tree: as chos, and the host where nobody chooses', () => {
  const host = good(byShell('cat /etc/os-release'));
  assert.equal(good(byShell(`${starter} cat /etc/os-release`, { env: { CHOS: '/' } })), host);
  assert.match(good(byShell(`${starter} cat /etc/os-release`, { env: { CHOS: '' } })), /^ID=one$/m);
  writeRegistry({ ...registry, default: undefined });
  good(chosRuntime('tree', 'prepare', '--all'));
  assert.equal(good(byShell(`${starter} cat /etc/os-release`, { env: { CHOS: '' } })), host);
  writeRegistry(registry);
  good(chosRuntime('tree', 'prepare', '--all'));
});

test('an unknown tree, no job, a command that is missing: one line, and no job', () => {
  const unknown = byShell(`${starter} ${script}`, { env: { CHOS: 'onee' } });
  assert.deepEqual([unknown.status, unknown.stdout], [125, '']);
  assert.equal(unknown.stderr, 'chos: there is no tree "onee"; did you mean one?\n');
  const empty = byShell(starter);
  assert.equal(empty.status, 125);
  assert.match(empty.stderr, /^chos: no job: .*\n$/);
  const missing = byShell(`${starter} /nowhere/job`);
  assert.equal(missing.status, 127);
  assert.match(missing.stderr, /^chos: execute \/nowhere\/job in one: .*\n$/);
});

test('Grid Engine: a script by the shell that was asked for, as a login shell, and by its first line', () => {
  writeFileSync(script, `#!/bin/cat\n${where} [$0] [$1]"\n`, { mode: 0o755 });
  assert.equal(good(byGridEngine([script, "'a  b'"])), `one one [${script}] [a  b]\n`);
  assert.equal(good(byGridEngine([script], { login: false })), `one one [${script}] []\n`);
  assert.match(good(byGridEngine([script], { mode: 'unix_behavior' })), /^#!\/bin\/cat\n/);
  writeFileSync(script, 'cat /proc/self/cmdline /proc/$$/cmdline\n', { mode: 0o755 });
  assert.ok(good(byGridEngine([script])).includes('\0-sh\0'));
  assert.ok(good(byGridEngine([script], { login: false })).includes('\0sh\0'));
});

test('Grid Engine: a script by standard input, binaries, qrsh', () => {
  const given = { mode: 'script_from_stdin', input: `${where} [$1]"\n` };
  assert.equal(good(byGridEngine(['-s', "'a  b'"], given)), 'one one [a  b]\n');
  const binary = ['handle_as_binary=1'];
  // As `qsub -b y` has it without a starter: a shell reads the words anew, unless the user wants none (`-shell n`).
  assert.equal(good(byGridEngine(['echo', "'$CHOS  x'"], { config: binary })), 'one x\n');
  const bare = { config: [...binary, 'no_shell=1'] };
  assert.equal(good(byGridEngine(['/bin/busybox', 'echo', "'$CHOS  x'"], bare)), '$CHOS  x\n');
  // qrsh COMMAND
  assert.equal(good(byGridEngine(['echo', "'$CHOS'"], { mode: 'unix_behavior', shell: '' })), 'one\n');
});

export const jobStarterCases = cases;
