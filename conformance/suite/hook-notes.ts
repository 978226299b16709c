/** A bundle whose hooks leave notes, fail or hang, and what cases ask of it. */
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Bundle } from '../harness/bundle.js';
import type { Config, Hook, HookKind } from '../harness/config.js';
import type { Finished, Running } from '../harness/processes.js';
import type { Driver } from './case.js';

/** All read the state: a runtime that writes it to a pipe may otherwise die of SIGPIPE, which is its own case. */
export function shell(script: string, more: Partial<Hook> = {}): Hook {
  return { path: '/bin/sh', args: ['sh', '-c', `read -r state; ${script}`], env: ['PATH=/bin'], ...more };
}

/** A directory that hooks on the host and inside see under the same name. */
export const notes = ({ dir }: Bundle) => join(dir, 'notes');

export function hookNotes(c: Config, bundle: Bundle, hooks: Partial<Record<HookKind, string | Hook>>): void {
  mkdirSync(notes(bundle), { recursive: true });
  c.mounts.push({ destination: '/notes', type: 'bind', source: notes(bundle), options: ['bind'] });
  c.process.args = ['/bin/reporter', 'sleep'];
  c.hooks = { poststop: [shell(`echo "$state" >> ${notes(bundle)}/poststop`)] };
  for (const [kind, hook] of Object.entries(hooks))
    c.hooks = { ...c.hooks, [kind]: [typeof hook === 'string' ? shell(hook) : hook] };
}

export const noted = ({ bundle }: Driver, name: string): string => {
  const file = join(notes(bundle), name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

export async function untilNoted(t: Driver, name: string): Promise<string> {
  for (;;) {
    const text = noted(t, name);
    if (text.endsWith('\n')) return text.trim();
    await new Promise(setImmediate);
  }
}

/** Nothing is left of it, and poststop hooks have run once, with the state `stopped`. */
export async function takenBack(t: Driver, finished: Finished): Promise<void> {
  assert.is.not(finished.code, 0);
  assert.not.ok(finished.timedOut, finished.stderr);
  assert.is.not((await t.call('state', [t.id])).code, 0, 'the container is still there');
  const lines = noted(t, 'poststop').trim().split('\n');
  assert.is(lines.length, 1, `poststop ran ${lines.length} times`);
  const { id, status } = JSON.parse(lines[0] ?? '');
  assert.equal([id, status], [t.id, 'stopped']);
}

export const createArgs = (t: Driver) => ['--bundle', t.bundle.dir, t.id];
export const insideShell = ({ rootfs }: Bundle) => symlinkSync('busybox', join(rootfs, 'bin/sleep'));
export const createKinds = ['prestart', 'createRuntime', 'createContainer'] as const;

/** Says that it is at work and which process hangs below it; ends never. */
export const hanging = (directory: string): string => `sleep 1000 & echo $! > ${directory}/hangs; wait`;

/** A hook of that kind hangs, and the command that waits for it is begun. */
export async function beginHanging(
  t: Driver,
  kind: HookKind,
): Promise<{ readonly running: Running; readonly child: number }> {
  let running: Running;
  if (kind === 'startContainer' || kind === 'poststart') {
    await t.create();
    running = t.begin('start', [t.id]);
  } else {
    running = t.begin('create', createArgs(t));
  }
  return { running, child: Number(await untilNoted(t, 'hangs')) };
}

export const hangConfig =
  (kind: HookKind, more: Partial<Hook> = {}) =>
  (c: Config, bundle: Bundle): void => {
    const inside = kind === 'startContainer';
    hookNotes(c, bundle, { [kind]: shell(hanging(inside ? '/notes' : notes(bundle)), more) });
  };

/** crun and runc leave hooks, init and cgroups behind, for which the suite would wait and look. */
export const oursAlone = (runtime: string): string | undefined =>
  runtime.startsWith('chos') ? undefined : 'leaves processes and cgroups behind, or does not come back';
