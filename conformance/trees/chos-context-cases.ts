/** `chos` where users call it from: pipes, xargs, watch, cron, a terminal with job control, another tree, shells with functions in their environment. */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { caseList, good } from './case.js';
import { chos as chosRuntime, home, makeTree, registry, runtime, writeRegistry } from './machine.js';

const { cases, test } = caseList('chos in ');

const command = `${dirname(runtime)}/chos`;
const ANN = 1001;
const asAnn = ['setpriv', `--reuid=${ANN}`, `--regid=${ANN}`, '--clear-groups', '--'];
const variables = { PATH: `${dirname(runtime)}:/usr/bin:/bin`, HOME: home };

/** A script for bash(1) as a user. */
function script(text: string, env: Readonly<Record<string, string>> = variables) {
  const [file = '', ...rest] = [...asAnn, '/bin/bash', '--norc', '-c', text];
  return spawnSync(file, rest, { encoding: 'utf8', cwd: home, env, input: '', timeout: 20_000 });
}

test('pipes and xargs', () => {
  chosRuntime('tree', 'prepare', '--all');
  assert.equal(good(script('set -o pipefail; echo x | chos one cat | chos three cat')), 'x\n');
  assert.equal(good(script('yes | chos one true')), '');
  assert.equal(
    good(script("printf 'a\\nb\\n' | xargs -n1 chos one sh -c 'echo $CHOS $0'")),
    'one a\none b\n',
  );
  assert.equal(script('echo x | xargs chos one false').status, 123);
});

test('cron’s environment, and with none at all', () => {
  assert.equal(
    good(
      script(`${command} one sh -c 'echo $SHELL $HOME $CHOS'`, {
        SHELL: '/bin/sh',
        HOME: home,
        LOGNAME: 'ann',
      }),
    ),
    `/bin/sh ${home} one\n`,
  );
  assert.equal(good(script(`exec env -i ${command} one sh -c 'echo $CHOS'`)), 'one\n');
});

test('shells with BASH_ENV and functions in their environment', () => {
  writeFileSync(`${home}/environment`, 'echo from BASH_ENV\n');
  const env = { ...variables, BASH_ENV: `${home}/environment`, 'BASH_FUNC_module%%': '() { echo loaded; }' };
  const shown = good(script('module; exec chos one cat /proc/self/environ', env))
    .split('\n')
    .join('\0')
    .split('\0');
  assert.ok(shown.includes('loaded'));
  assert.ok(shown.includes(`BASH_ENV=${home}/environment`));
  assert.ok(shown.some(entry => entry.startsWith('BASH_FUNC_module%%=() {')));
});

test('the tree that this is in already: the command starts where it is', () => {
  copyFileSync(command, `${home}/chos`);
  const inside = (text: string) => script(`exec chos one sh -c '${text}'`);
  assert.equal(
    good(
      inside(
        '~/chos one sh -c "echo in \\$CHOS"; ~/chos -- readlink /proc/self/ns/mnt; readlink /proc/self/ns/mnt; ~/chos --which',
      ),
    ).replace(/(mnt:\S+)\n\1/, 'same'),
    'in one\nsame\none (entered)\n',
  );
  assert.equal(inside('exec ~/chos one sh -c "exit 9"').status, 9);
  assert.equal(good(inside('unset CHOS; ~/chos -- sh -c "echo \\$CHOS"')), 'one\n');
  assert.match(
    inside('CHOS=three exec ~/chos -- true').stderr,
    /^chos: this is in one: three is entered from the host/,
  );
  // On the host it says nothing. (Another view of the tree may have the number of one that has ended.)
  const view = good(inside('echo "$CHOS_VIEW"')).trim();
  assert.match(view, /^mnt:\[\d+\] \d+:\d+:\d+ one$/);
  assert.equal(good(script(`export CHOS_VIEW='${view}'; chos --which one`)), 'one (argument)\n');
  rmSync(`${home}/chos`);
});

test('chos itself, a shared file: the same tree goes on in place, another one ends with one line', () => {
  const path = makeTree('nested', [dirname(command).slice(1)]);
  writeFileSync(path + command, '');
  const nested = { path, shares: [...registry.shares, { path: command, readonly: true }] };
  writeRegistry({ ...registry, trees: { ...registry.trees, nested } });
  chosRuntime('tree', 'prepare', '--all');
  const inside = (text: string) => script(`exec chos nested sh -c '${text}'`);
  assert.equal(
    good(inside(`${command} nested ${command} -- cat /etc/os-release hello`)),
    'ID=nested\nPRETTY_NAME="Tree nested"\nhello\n',
  );
  assert.equal(
    good(inside(`${command} --which; ${command} --explain`)),
    'nested (entered)\nenter nothing: this is in nested already\nexecute what was asked for   <- chos\n',
  );
  const refused = (call: string) => {
    const { status, stderr } = inside(`exec ${command} ${call}`);
    assert.equal(status, 125);
    return stderr;
  };
  assert.equal(
    refused('three true'),
    'chos: this is in nested: three is entered from the host: end what chos has started here first (exit)\n',
  );
  assert.equal(
    refused('/ true'),
    'chos: leave: this is in nested by mounts of its own, and stays there until it ends (exit)\n',
  );
  writeRegistry(registry);
  chosRuntime('tree', 'release', 'nested');
  chosRuntime('tree', 'prepare', '--all');
});

/** A terminal with an interactive bash in it. */
function terminal() {
  const [file = '', ...rest] = [...asAnn, 'script', '-qefc', 'bash --norc --noprofile -i', '/dev/null'];
  const child = spawn(file, rest, {
    cwd: home,
    env: { ...variables, PS1: '$ ', TERM: 'dumb' },
    stdio: 'pipe',
  });
  let seen = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      for (const look of waiting) look();
    });
  const ended = new Promise<void>(resolve => child.on('close', () => resolve()));
  /** What comes behind what was waited for before. */
  const until = (words: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${words} in ${JSON.stringify(seen)}`)), 15_000);
      const look = (): void => {
        const found = words.exec(seen);
        if (found === null) return;
        clearTimeout(timer);
        waiting.delete(look);
        seen = seen.slice(found.index + found[0].length);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { type: (text: string) => void child.stdin.write(text), until, ended };
}

test('a terminal: its size, ^C, ^Z and fg, watch', async () => {
  const { type, until, ended } = terminal();
  type(
    `chos one sh -c 'trap "echo si''ze" WINCH; trap "echo in''terrupted" INT; readlink /proc/self/fd/0; while :; do read x && break; done; echo got $x; exit 7'\n`,
  );
  const [, device = ''] = await until(/(\/dev\/pts\/\d+)\r\n/);
  assert.equal(spawnSync('stty', ['-F', device, 'rows', '41', 'columns', '91']).status, 0);
  await until(/size\r\n/);
  type('\x03');
  await until(/interrupted\r\n/);
  type('\x1a');
  await until(/Stopped/);
  type('fg\n');
  type('word\n');
  await until(/got word\r\n/);
  type('echo code $?\n');
  await until(/code 7\r\n/);
  // Two rounds: the number of the process is another one.
  type("watch -xgtn 0.1 chos one sh -c 'echo $$'; echo watched $?\n");
  await until(/watched 0\r\n/);
  type('exit\n');
  await ended;
});

export const chosContextCases = cases;
