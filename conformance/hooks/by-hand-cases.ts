/** `chos-runtime hooks ...`, with the directories that the options name. */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HookCase } from './case.js';
import { bundle, insist, type Machine, newName, oursOf, runtimeCommand } from './machine.js';

const hookCase = (name: string, run: HookCase['run']): HookCase => ({ name, run });

const shell = {
  version: '1.0.0',
  hook: { path: '/bin/sh', args: ['sh', '-c', 'cat; echo >&2 said; exit 3'] },
  when: { annotations: { '^org\\.chos\\.job$': '.' } },
  stages: ['poststop', 'poststart'],
};

function directory(machine: Machine, files: Readonly<Record<string, object>> = {}): string {
  const dir = join(machine.dir, `by-hand-${newName()}`);
  mkdirSync(dir);
  for (const [name, value] of Object.entries(files)) writeFileSync(join(dir, name), JSON.stringify(value));
  return dir;
}

export const byHandCases: readonly HookCase[] = [
  hookCase('by-hand/list of these directories', machine => {
    const one = directory(machine, { 'a.json': shell });
    const two = directory(machine, { 'b.json': shell });
    for (const option of ['--dir', '--hooks-dir']) {
      const args = ['hooks', 'list', option, one, option, two, '--format', 'json'];
      const { code, stdout } = runtimeCommand(oursOf(machine), ...args);
      insist(`${option}: exit code`, code, 0);
      const names = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
      insist(option, names.join(), 'a,b');
    }
  }),
  hookCase('by-hand/run tells the hook of bundle and stage', machine => {
    const runtime = oursOf(machine);
    const annotate = { 'org.chos.job': 'a\n"b' };
    const change = (config: object) => Object.assign(config, { annotations: annotate });
    const b = bundle(machine, runtime, { hooks: {}, change }, newName());
    const dir = directory(machine, { 'a.json': shell });
    const at = (...stage: string[]) =>
      runtimeCommand(runtime, 'hooks', 'run', 'a', '--dir', dir, '--bundle', b, ...stage);
    const first = at();
    insist('exit code', first.code, 1);
    insist('words', first.stdout, /\nstderr: said\npoststop hook \/bin\/sh ended with exit code 3, after /);
    const told = JSON.parse(/^stdout: (.*)$/m.exec(at('--stage', 'poststart').stdout)?.[1] ?? '');
    insist('status', told.status, 'running');
    insist('bundle', told.bundle, b);
    insist('annotations', JSON.stringify(told.annotations), JSON.stringify(annotate));
    const { stdout } = runtimeCommand(runtime, 'hooks', 'match', b, '--dir', dir);
    insist('match', stdout, /\na +poststop,poststart +yes +annotation "org\.chos\.job"/);
  }),
  hookCase('by-hand/run gives config.json to a hook of precreate', machine => {
    const runtime = oursOf(machine);
    const b = bundle(machine, runtime, { hooks: {} }, newName());
    appendFileSync(join(b, 'config.json'), '\n');
    const sum = createHash('sha256')
      .update(readFileSync(join(b, 'config.json')))
      .digest('hex');
    const hook = { path: '/usr/bin/sha256sum' };
    const dir = directory(machine, { 'a.json': { ...shell, hook, stages: ['precreate'] } });
    const { code, stdout } = runtimeCommand(runtime, 'hooks', 'run', 'a', '--dir', dir, '--bundle', b);
    insist('stdin', stdout, new RegExp(`^stdout: ${sum} `));
    insist('exit code', code, 0);
    const without = runtimeCommand(runtime, 'hooks', 'run', 'a', '--dir', dir, '--bundle', dir);
    insist('no config.json', without.stderr, /config\.json.*: No such file or directory\n$/);
  }),
  hookCase('by-hand/install and remove leave the files of others alone', machine => {
    const runtime = oursOf(machine);
    const dir = directory(machine, { 'job-report.json': shell });
    const hooks = (action: string, name: string) =>
      runtimeCommand(runtime, 'hooks', action, name, '--dir', dir);
    insist('install', hooks('install', 'share-check').stderr, /^$/);
    insist('again', hooks('install', 'share-check').stdout, /is there already\n$/);
    const early = /share-check-precreate\.json is written; the hook is \S+\/hooks\/share-check\n$/;
    insist('of another stage', hooks('install', 'share-check-precreate').stdout, early);
    insist('check', runtimeCommand(runtime, 'hooks', 'check', dir).stdout, /3 files, 0 wrong\n/);
    insist('remove that', hooks('remove', 'share-check-precreate').code, 0);
    for (const action of ['install', 'remove']) {
      const { code, stderr } = hooks(action, 'job-report');
      insist(`${action}: exit code`, code === 0, false);
      insist(action, stderr, /job-report\.json` is not the file of a hook of chos-runtime/);
    }
    insist('kept', readFileSync(join(dir, 'job-report.json'), 'utf8'), JSON.stringify(shell));
    insist('remove', hooks('remove', 'share-check').code, 0);
    insist('remove again', hooks('remove', 'share-check').stderr, /No such file or directory/);
    insist('unknown', hooks('install', 'nonesuch').stderr, /no hook `nonesuch` \(there is .*share-check/);
  }),
  hookCase('by-hand/run has the words of a launch for a program that is not there', machine => {
    const path = '/nonexistent/hook';
    const dir = directory(machine, { 'a.json': { ...shell, hook: { path } } });
    const { code, stdout } = runtimeCommand(oursOf(machine), 'hooks', 'run', 'a', '--dir', dir);
    insist('exit code', code, 1);
    insist('words', stdout, new RegExp(`hook ${path} was not executed: No such file or directory\n$`));
  }),
];
