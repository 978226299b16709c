/**
 * A lab for a caller without rights, inside that of root: a directory of its own on root's tmpfs, and this program once more, called by it. Root
 * prepares, and looks at what is left when it is over.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countsOf } from '../harness/counts.js';
import { type CallerName, callerNamed } from '../suite/callers.js';
import { check, inside, type Lab, ownGroups, tally } from './lab.js';

export type WithoutRights = Exclude<CallerName, 'root'>;

/** Groups that this user may make others in, one of each hierarchy; and where its processes have to be to be given them. */
function delegate(
  tag: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): readonly Delegated[] {
  return ownGroups.map(({ mount, own, version }) => {
    const group = join(mount, own, `${tag}-own`);
    // A group of v2 with processes has no others beside it that are limited, so they are one further down.
    const entered = version === 1 ? group : join(group, 'calls');
    for (const path of new Set([group, entered])) {
      mkdirSync(path);
      for (const file of ['cpuset.cpus', 'cpuset.mems'])
        if (version === 1 && existsSync(join(path, file)))
          writeFileSync(join(path, file), readFileSync(join(path, '..', file)));
      for (const name of ['', ...readdirSync(path)]) chownSync(join(path, name), uid, gid);
    }
    return { group, entered };
  });
}

interface Delegated {
  readonly group: string;
  readonly entered: string;
}

/** Run this program once more as that caller; what it counts is counted here. */
export async function asCaller(
  lab: Lab,
  self: string,
  name: WithoutRights,
  more: readonly string[] = [],
): Promise<void> {
  const dir = mkdtempSync(join(lab.dir, `${name}-`));
  const outside = join(lab.dir, '..', 'outside');
  const caller = await callerNamed(name, dir, outside);
  const { owner } = caller;
  // A user has groups of its own, root of a user namespace has none: so there is each of them.
  const delegated = name === 'user' && owner !== undefined ? delegate(lab.tag, owner) : [];
  const enter =
    'for place; do shift; [ "$place" = -- ] && break; echo $$ >"$place/cgroup.procs"; done; exec "$@"';
  const argv = [
    ...['-c', enter, 'sh', ...delegated.map(({ entered }) => entered), '--'],
    ...[outside, 'supervise', ...caller.through, process.execPath, fileURLToPath(self)],
    ...[...process.argv.slice(2), ...more, '--caller', name, '--caller-lab', dir],
  ];
  const child = spawn('sh', argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...caller.env },
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk.toString('utf8').replace(/^\d+ passed, .*\n/m, ''));
    said = (said + chunk.toString('utf8')).slice(-4_096);
  });
  const code = await new Promise<number>(done => child.on('close', status => done(status ?? 128)));
  const counts = countsOf(said);
  tally.passed += counts?.passed ?? 0;
  tally.failed += counts?.failed ?? 0;
  const sound = counts !== null && code === (counts.failed === 0 ? 0 : 1);
  check(`${name}: it ends as its counts say`, sound ? [] : [`exit code ${code}`]);
  for (const { group, entered } of delegated) for (const path of new Set([entered, group])) rmdirSync(path);
  await caller.end();
}

/** In the process that {@link asCaller} has started. */
export async function callersLab(body: (lab: Lab) => Promise<void>): Promise<number> {
  closeSync(3);
  const argument = (name: string): string => process.argv[process.argv.indexOf(name) + 1] ?? '';
  const dir = argument('--caller-lab');
  chmodSync(dir, 0o755);
  const { XDG_RUNTIME_DIR = '' } = process.env;
  const debug = join(dir, '..', 'chos-runtime-debug');
  return await inside(dir, argument('--caller') as WithoutRights, { XDG_RUNTIME_DIR }, debug, body);
}
