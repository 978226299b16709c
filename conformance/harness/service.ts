/** The compiler's service beside cases (docs/compiler-service.md), in the namespaces of their callers. It tells in a line what it answers: a case that gets no answer shows nothing. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commands } from '../../spec/commands.js';
import { STATE_ROOT } from '../../spec/state-root.js';
import { SERVICE_SCRATCH } from '../../spec/wire.js';
import { defaultEnv, launch } from './processes.js';

/** What asks the service, if there is one. */
export const asks = (name: string): boolean => commands.some(one => one.name === name && one.warm);

export interface Service {
  readonly pid: number;
  /** Requests that it has answered so far. */
  readonly answered: () => number;
  /** What it has said so far. */
  readonly said: () => string;
  /** It ends; its exit code, if it had not been killed. */
  readonly end: () => Promise<number | null>;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number | null>;
}

/** What is wrong with a case that has asked so often, and was answered so often. It may ask from where nobody can answer, but not only. */
export const complaintsAbout = (asked: number, answered: number): readonly string[] =>
  asked > 0 && answered === 0 ? ['the service has answered nothing'] : [];

/** Root's socket is in the state root, whose mount namespace must be our own. */
export function ownStateRoot(): void {
  mkdirSync(STATE_ROOT, { recursive: true, mode: 0o700 });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=700', 'tmpfs', STATE_ROOT]);
}

/** Milliseconds until it answers. */
const WARM = 60_000;

/** Until it does nothing by itself any more: it answers before it has warmed up to the end, and then takes away what it has written for that. */
export async function warmedUp(socket: string): Promise<void> {
  const scratch = join(dirname(socket), SERVICE_SCRATCH);
  const end = performance.now() + WARM;
  while (readdirSync(scratch).length > 0) {
    if (performance.now() > end) throw new Error('the service warms up for ever');
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

/** Starts it and waits until it answers. `through`: what becomes the caller and then its own last arguments. */
export async function startService(
  runtime: string,
  dir: string,
  environment: Readonly<Record<string, string>>,
  through: readonly string[] = [],
): Promise<Service> {
  const file = join(dir, 'service');
  const env = { ...environment, ...defaultEnv };
  const [program = '', ...args] = [...through, runtime, '--debug', 'serve'];
  const said = openSync(file, 'w');
  const service = spawn(program, args, { cwd: '/', env, stdio: ['ignore', 'ignore', said] });
  closeSync(said);
  const ended = new Promise<number | null>(done => service.on('exit', done));
  const list = [...through, runtime, '--debug', 'list'];
  const end = performance.now() + WARM;
  for (let last = '-'; last !== ''; ) {
    if (service.exitCode !== null)
      throw new Error(`the service has ended: ${readFileSync(file, 'utf8').trim()}`);
    last = (await launch(list, dir, { env, cwd: '/' }).done).stderr;
    if (last === '' || performance.now() < end) continue;
    service.kill('SIGKILL');
    throw new Error(`the service does not answer: ${last.trim()}`);
  }
  const text = (): string => readFileSync(file, 'utf8');
  return {
    pid: service.pid ?? 0,
    said: text,
    answered: () => text().match(/^chos-runtime: answered /gm)?.length ?? 0,
    ended,
    end: () => {
      service.kill('SIGTERM');
      return ended;
    },
  };
}
