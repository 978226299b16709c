/** A bare Debian of `trees`, in which commands are run as on a machine of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Machine {
  /** Standard output of the shell script; it throws with what was said on both if the script fails. */
  readonly sh: (script: string) => string;
  readonly end: () => void;
}

const environment = {
  DEBIAN_FRONTEND: 'noninteractive',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
};

async function ready(child: ChildProcess, tree: string): Promise<void> {
  await new Promise<void>((done, fail) => {
    child.stdout?.once('data', () => done());
    child.once('close', status => fail(new Error(`${tree} was not entered (${status})`)));
  });
}

/** `place`: an empty directory, or one to be made. */
export async function machineOf(trees: string, name: string, place: string): Promise<Machine> {
  mkdirSync(place, { recursive: true });
  const own = ['--mount', '--pid', '--fork', '--kill-child'];
  const child = spawn('unshare', [...own, 'conformance/packages/enter', join(trees, name), place], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await ready(child, name);
  const first = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
  const into = ['--target', first, '--mount', '--pid', 'bash', '--norc', '-euc'];
  return {
    sh(script) {
      const { status, stdout, stderr } = spawnSync('nsenter', [...into, `cd /\n${script}`], {
        encoding: 'utf8',
        env: environment,
        timeout: 300_000,
        maxBuffer: 2 ** 26,
      });
      if (status !== 0)
        throw new Error(`${script} ended with ${status}:\n${stdout.slice(-2000)}${stderr.slice(-2000)}`);
      return stdout;
    },
    end: () => void child.stdin?.end(),
  };
}
