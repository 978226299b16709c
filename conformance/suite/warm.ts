/**
 * The compiler's service beside the suite (docs/compiler-service.md): as the caller, in the caller's namespaces, with a state root of its own. What it answers it
 * tells in a line each, and a case in which it is asked nothing is one that shows nothing.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from '../../spec/commands.js';
import { STATE_ROOT } from '../../spec/state-root.js';
import { defaultEnv, launch } from '../harness/processes.js';
import type { Caller } from './callers.js';

/** What asks the service, if there is one. */
export const asks = (name: string): boolean => commands.some(one => one.name === name && one.warm);

export interface Warm {
  /** Requests that it has answered so far. */
  readonly answered: () => number;
  readonly end: () => Promise<void>;
}

/** What is wrong with a case that has asked so often, and was answered so often. It may ask from where nobody can answer, but not only. */
export const complaintsAbout = (asked: number, answered: number): readonly string[] =>
  asked > 0 && answered === 0 ? ['the service has answered nothing'] : [];

/** Starts it and waits until it answers. */
export async function startService(caller: Caller, runtime: string, dir: string): Promise<Warm> {
  if (caller.owner === undefined) {
    // In our own mount namespace.
    mkdirSync(STATE_ROOT, { recursive: true, mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=700', 'tmpfs', STATE_ROOT]);
  }
  const file = join(dir, 'service');
  const env = { ...caller.env, ...defaultEnv };
  const [program = '', ...args] = [...caller.through, runtime, '--debug', 'serve'];
  const service = spawn(program, args, { cwd: '/', env, stdio: ['ignore', 'ignore', openSync(file, 'w')] });
  const ended = new Promise<void>(done => service.on('exit', () => done()));
  const list = [...caller.through, runtime, '--debug', 'list'];
  for (let said = '-'; said !== ''; ) {
    if (service.exitCode !== null)
      throw new Error(`the service has ended: ${readFileSync(file, 'utf8').trim()}`);
    said = (await launch(list, dir, { env, cwd: '/' }).done).stderr;
  }
  return {
    answered: () => readFileSync(file, 'utf8').match(/^chos-runtime: answered /gm)?.length ?? 0,
    end: () => {
      service.kill('SIGTERM');
      return ended;
    },
  };
}
