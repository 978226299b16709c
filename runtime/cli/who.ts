/** `who [NAME|PID]`: which tree each process is in, of all that this caller can see. */
import { readdirSync, readFileSync } from 'node:fs';
import { SKELETON_SOURCE } from '../../spec/environment.js';
import { isRecord } from '../../spec/is-record.js';
import { STATE_ROOT_NAME, STATE_ROOT_SESSIONS } from '../../spec/state-root.js';
import {
  bootTime,
  jobsOfProcesses,
  knownUsers,
  type ProcessDetails,
  processDetails,
} from '../host/process-details.js';
import { table } from '../report/table.js';
import { listStates } from '../state/read-state.js';
import { versionAt, versionDigest } from '../store/place.js';
import { lookAtProcesses, type ProcessLook, pidsIn, pidsRootedIn } from '../trees/holders.js';
import { DEFAULT_SKELETON, type KernelFacts, probeKernelLink } from '../trees/kernel-link.js';
import { parseMountFacts } from '../trees/mount-facts.js';
import { type KnownContainer, type Occupant, occupants } from '../trees/occupants.js';
import { type Generation, PINS } from '../trees/pins.js';
import { privateViews } from '../trees/private-views.js';
import { readRegistry } from '../trees/read-registry.js';
import type { RegisteredTree } from '../trees/registry.js';
import { sourcesAt } from '../trees/skeleton-place.js';
import { treeOf } from './environment.js';
import { failed, type Invocation, type Outcome } from './invocation.js';
import { pidsOf } from './ps.js';

export interface WhoRow extends Occupant, ProcessDetails {
  /** Of the content of the tree, where it is known. */
  readonly digest: string | null;
}

const list = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
};

const below = (directory: string): readonly string[] => list(directory).map(name => `${directory}/${name}`);

/** That of the command line; else those that callers are known to give: Slurm, containerd, Docker. */
function stateRoots({ line, root }: Invocation): readonly string[] {
  if ((line.global.texts.get('root') ?? '') !== '') return [root];
  return [
    ...new Set([
      root,
      `/run/${STATE_ROOT_NAME}`,
      ...below(STATE_ROOT_SESSIONS).flatMap(path => [path, `${path}/${STATE_ROOT_NAME}`]),
      ...below('/run/containerd/runc'),
      ...list('/run/docker')
        .filter(name => name.startsWith('runtime-'))
        .flatMap(name => below(`/run/docker/${name}`)),
    ]),
  ];
}

function containersOf(roots: readonly string[], euid: number): readonly KnownContainer[] {
  return roots.flatMap(root =>
    listStates(root, euid)
      .filter(({ status, state }) => status !== 'stopped' && state.pid > 0)
      .map(({ state: { id, pid, annotations, rootfs, chos } }) => ({
        id,
        pid,
        annotations,
        root,
        rootfs,
        backEnd: chos.backEnd,
        link: chos.link,
        pids: pidsOf(chos.cgroups, pid),
      })),
  );
}

/** Of an imported tree its version's, of others that of the hook tree-digest (hooks/tree-digest/README.md), which is of generations. */
function digestOf({ name, record }: Generation): string | null {
  const version = versionDigest(record?.directory ?? '');
  if (version !== null) return version;
  try {
    const kept: unknown = JSON.parse(readFileSync(`/run/chos-hooks/tree-digest/${name}`, 'utf8'));
    return isRecord(kept) && typeof kept.digest === 'string' ? kept.digest : null;
  } catch {
    return null;
  }
}

/**
 * Also while the module is away, which moves nobody: only links cannot be read then. A directory that is no skeleton may be one of the file system that all others
 * have as their root.
 */
async function inSkeleton(facts: KernelFacts, look: ProcessLook, more: readonly number[]) {
  const path = facts.kind === 'present' ? facts.skeleton : DEFAULT_SKELETON;
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
  const isThere = sourcesAt(mountinfo, path).at(-1) === SKELETON_SOURCE;
  const pids = [...new Set([...(isThere ? pidsRootedIn(path, look) : []), ...more])];
  if (facts.kind !== 'present' || pids.length === 0) return { pids, links: new Map<number, string>() };
  try {
    return { pids, links: (await import('../host/libc.js')).linksOf(pids) };
  } catch {
    return { pids, links: new Map<number, string>() };
  }
}

/** Those that no state and no generation tells of. */
function unrecorded(look: ProcessLook, names: ReadonlyMap<string, string>) {
  const host = parseMountFacts(readFileSync('/proc/self/mountinfo', 'utf8'));
  const nameOf = (directory: string): string | undefined =>
    names.get(directory) ?? versionAt(directory)?.tree;
  const apart = look.generations.map(({ record }) => record?.inode ?? null);
  return privateViews(look, host, directory => nameOf(directory) !== undefined, apart).map(view => ({
    ...view,
    tree: nameOf(view.directory) ?? view.directory,
    digest: versionDigest(view.directory),
  }));
}

async function everybody(
  invocation: Invocation,
  trees: readonly RegisteredTree[],
): Promise<readonly WhoRow[]> {
  const containers = containersOf(stateRoots(invocation), invocation.request.caller.euid);
  const look = lookAtProcesses();
  const kernel = probeKernelLink();
  const held = look.generations.map(generation => ({
    ...generation,
    pids: pidsIn(generation, containers, PINS, look),
  }));
  // A skeleton's bear its path as their name.
  const ofSkeleton = held.filter(
    ({ tree }) => tree.startsWith('/') && !trees.some(({ name }) => name === tree),
  );
  const generations = held.filter(one => !ofSkeleton.includes(one));
  const digests = new Map(
    generations.filter(({ pids }) => pids.length > 0).map(one => [one.name, digestOf(one)]),
  );
  const names = new Map(trees.map(({ path, name }) => [path, name]));
  const views = unrecorded(look, names);
  const skeleton = await inSkeleton(
    kernel,
    look,
    ofSkeleton.flatMap(({ pids }) => pids),
  );
  // What is registered of an imported tree is a link to its version.
  for (const path of [...skeleton.links.values(), ...containers.flatMap(({ link }) => link ?? [])]) {
    const at = versionAt(path);
    if (at !== null) names.set(path, at.tree);
  }
  const shown = new Map([
    ...[...skeleton.links].map(([pid, path]) => [pid, versionDigest(path)] as const),
    ...views.flatMap(({ pids, digest }) => pids.map(pid => [pid, digest] as const)),
  ]);
  const found = occupants({
    trees: names,
    generations,
    views,
    skeleton,
    containers,
  });
  const [boot, jobOf] = [bootTime(), jobsOfProcesses()];
  return found.flatMap(one => {
    const details = processDetails(one.pid, boot, jobOf);
    return details === null
      ? []
      : [{ ...one, ...details, digest: digests.get(one.generation ?? '') ?? shown.get(one.pid) ?? null }];
  });
}

/** Of thousands that were started together it is the same. */
function secondsShown(): (milliseconds: number) => string {
  const known = new Map<number, string>();
  return milliseconds => {
    const second = Math.floor(milliseconds / 1000);
    const text = known.get(second) ?? `${new Date(second * 1000).toISOString().slice(0, -5)}Z`;
    known.set(second, text);
    return text;
  };
}

export function whoJson(rows: readonly WhoRow[], users: ReadonlyMap<number, string>): string {
  const second = secondsShown();
  const objects = rows.map(
    ({ pid, uid, tree, generation, digest, backEnd, container, job, start, command }) => ({
      pid,
      uid,
      user: users.get(uid) ?? null,
      tree,
      generation,
      digest,
      backEnd,
      container: container === null ? null : { id: container.id, root: container.root },
      job,
      start: second(start),
      command,
    }),
  );
  return `${JSON.stringify(objects)}\n`;
}

export function whoTable(rows: readonly WhoRow[], users: ReadonlyMap<number, string>): string {
  const second = secondsShown();
  return table(
    ['PID', 'USER', 'TREE', 'GENERATION', 'DIGEST', 'BACK END', 'CONTAINER', 'JOB', 'START', 'COMMAND'],
    rows.map(({ pid, uid, tree, generation, digest, backEnd, container, job, start, command }) => [
      String(pid),
      users.get(uid) ?? String(uid),
      tree ?? '?',
      generation ?? '-',
      digest?.slice(0, 'sha256:'.length + 12) ?? '-',
      backEnd,
      container?.id ?? '-',
      job === null ? '-' : `${job.id}${job.step === null ? '' : `.${job.step}`}`,
      second(start),
      command,
    ]),
  );
}

/** What an operand means: a process, a tree or a generation. */
export function isAsked(
  given: string | undefined,
): (row: Pick<WhoRow, 'pid' | 'tree' | 'generation'>) => boolean {
  if (given === undefined) return () => true;
  if (/^\d+$/.test(given)) return ({ pid }) => pid === Number(given);
  return ({ tree, generation }) => tree === given || generation === given;
}

export async function who(invocation: Invocation): Promise<Outcome> {
  const read = readRegistry();
  const registry = read.kind === 'registry' ? read.registry : null;
  const operand = invocation.line.operands[0];
  // `default` is a tree, too.
  const tree = registry === null || operand === undefined ? null : treeOf(registry, operand);
  const given = tree?.kind === 'ok' ? tree.value.name : operand;
  const rows = (await everybody(invocation, [...(registry?.trees.values() ?? [])])).filter(isAsked(given));
  // Who is in a tree that is not registered any more is found all the same.
  if (rows.length === 0 && tree?.kind === 'failure' && !/^\d+$|@\d+$/.test(operand ?? ''))
    return failed(tree.failure);
  const users = knownUsers();
  const out = invocation.line.options.flags.has('json') ? whoJson(rows, users) : whoTable(rows, users);
  return { kind: 'done', out, exitCode: given !== undefined && rows.length === 0 ? 1 : 0 };
}
