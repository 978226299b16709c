/** Finds the CRIU of this machine and sees whether it will do. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { CRIU_MINIMUM, CRIU_PATH } from '../../spec/criu.js';
import { type Attempt, type Invocation, ok, refuse, variable } from './invocation.js';

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Milliseconds for `criu --version`: where it was never read before, on a busy machine, it takes many seconds. */
const DEADLINE = 60_000;

function versionOf(program: string): string | null {
  try {
    const text = execFileSync(program, ['--version'], {
      encoding: 'utf8',
      env: { PATH: CRIU_PATH },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: DEADLINE,
    });
    return /^Version: (\d+\.\d+\S*)/m.exec(text)?.[1] ?? null;
  } catch {
    return null;
  }
}

/** Of the caller's PATH first, then of the usual directories. */
export function criuProgram({ request }: Pick<Invocation, 'request'>): Attempt<string> {
  const own = (variable(request, 'PATH') ?? '').split(':');
  const directories = [...new Set([...own, ...CRIU_PATH.split(':')])].filter(path => path.startsWith('/'));
  const program = directories.map(directory => `${directory}/criu`).find(isProgram);
  if (program === undefined) return refuse({ kind: 'criu', fault: { kind: 'missing', directories } });
  const version = versionOf(program);
  if (version === null) return refuse({ kind: 'criu', fault: { kind: 'silent', program } });
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const old = major < CRIU_MINIMUM.major || (major === CRIU_MINIMUM.major && minor < CRIU_MINIMUM.minor);
  return old ? refuse({ kind: 'criu', fault: { kind: 'too-old', program, version } }) : ok(program);
}
