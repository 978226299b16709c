/** `kill --regex`, `delete --regex`: the same command for each container whose id matches. Each is a run of the engine, so that it is just what it would be by itself. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { unlessMissing } from '../host/error-code.js';
import { distrustWay } from '../state/trusted.js';
import { isContainerId } from './container-id.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';

/** Whatever is in ROOT by a name that may be a container's: what is wrong with it, the command says. */
function idsIn(root: string): readonly string[] {
  const names = unlessMissing(root, () => readdirSync(root)) ?? [];
  return names.filter(isContainerId).sort();
}

interface Run {
  readonly failed: boolean;
  /** Lines without the name of the program. */
  readonly said: readonly string[];
}

/** `chos-runtime --root ROOT COMMAND ARGS`, by the engine that is our parent, with what the caller gave it. */
function runEngine({ request, root }: Invocation, args: readonly string[]): Run {
  const env = Object.fromEntries(
    request.environment.map(entry => {
      const equals = entry.indexOf('=');
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
  const { status, stderr, error } = spawnSync(`/proc/${process.ppid}/exe`, ['--root', root, ...args], {
    argv0: 'chos-runtime',
    cwd: request.cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said = (stderr ?? '')
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.replace(/^chos-runtime: (warning: )?/, ''));
  return { failed: status !== 0, said: error === undefined ? said : [error.message] };
}

/** `argsFor`: command and operands for one id. One that fails does not keep the others from their turn. */
export async function eachMatching(
  invocation: Invocation,
  argsFor: (id: string) => readonly string[],
): Promise<Outcome> {
  const { command, operands } = invocation.line;
  const [pattern = ''] = operands;
  const { posixRegex } = await import('../host/posix-regex.js');
  const regex = posixRegex(pattern);
  if (regex.kind === 'invalid') return failed({ kind: 'bad-regex', pattern, why: regex.why });
  const distrust = distrustWay(invocation.root, invocation.request.caller.euid);
  if (distrust !== null) return failed({ kind: 'distrust', distrust });
  const ids = idsIn(invocation.root).filter(id => regex.matches(id));
  const runs = ids.map(id => runEngine(invocation, argsFor(id)));
  const faults = runs.filter(run => run.failed).flatMap(({ said }) => said.slice(0, 1));
  if (faults.length > 0) return failed({ kind: 'some-failed', verb: command.name, of: ids.length, faults });
  return done(
    '',
    runs.flatMap(({ said }) => said),
  );
}
