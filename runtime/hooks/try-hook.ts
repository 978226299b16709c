/** `hooks run`: a hook with a made-up state, as a runtime would start it, or with a config.json, as Podman would. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { HookDefinition } from '../../spec/generated/hook-definition.js';
import { checkProgram } from './program.js';

/** Of each stream; more is read and thrown away. */
const KEPT = 64 * 1024;

export interface Tried {
  readonly end: 'exit' | 'signal' | 'late' | 'not-executed';
  /** Exit code or number of the signal. */
  readonly number: number;
  /** Name of the signal or of the errno. */
  readonly name: string;
  /** Not executed, although it is there. */
  readonly interpreter: boolean;
  readonly milliseconds: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Try {
  readonly hook: HookDefinition['hook'];
  /** On stdin: the state, or at `precreate` the config.json. */
  readonly input: string | Uint8Array;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Its whole group is ended when it has ended late; what it has left running otherwise goes on, as under a runtime. */
export function tryHook({ hook, input, cwd, environment }: Try): Promise<Tried> {
  const [name = hook.path, ...args] = hook.args ?? [];
  const streams = { stdout: '', stderr: '' };
  // Asked first: spawn(3) would have a shell execute what the kernel does not know.
  const fault = checkProgram(hook.path);
  if (fault?.kind === 'not-executable') {
    const { code, interpreter = false } = fault;
    return Promise.resolve({
      end: 'not-executed',
      number: 127,
      name: code,
      interpreter,
      milliseconds: 0,
      ...streams,
    });
  }
  return new Promise(resolve => {
    let late = false;
    const child = spawn(hook.path, args, { argv0: name, cwd, env: environment, detached: true });
    // spawn() has come back from the hook's execve(2).
    const began = process.hrtime.bigint();
    const timer =
      hook.timeout === undefined ? undefined : setTimeout(stop, Math.min(hook.timeout * 1000, 2 ** 31 - 1));
    function stop(): void {
      late = true;
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // It has ended in this moment.
      }
    }
    function end(end: Tried['end'], number: number, name: string): void {
      clearTimeout(timer);
      const milliseconds = Number((process.hrtime.bigint() - began) / 1000n) / 1000;
      // What it wrote before its end is in the pipes: one more round of the event loop has read it. Whoever holds them open longer is not waited for.
      setImmediate(() =>
        setImmediate(() => {
          child.stdout.destroy();
          child.stderr.destroy();
          resolve({ end, number, name, interpreter: false, milliseconds, ...streams });
        }),
      );
    }
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].on('data', (chunk: Buffer) => {
        streams[stream] = (streams[stream] + chunk.toString('utf8')).slice(-KEPT);
      });
    // A hook need not read it.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', error => end('not-executed', 127, 'code' in error ? String(error.code) : 'EIO'));
    child.on('exit', (code, signal) => {
      if (late) end('late', hook.timeout ?? 0, '');
      else if (signal !== null) end('signal', constants.signals[signal], signal);
      else end('exit', code ?? 0, '');
    });
  });
}
