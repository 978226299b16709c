/** `tree list|show|check|entry|files|prepare|release|load`; what concerns imported trees is in tree-store.ts. */
import { type StoreAction, storeActions, treeActions } from '../../spec/commands.js';
import { type Answer, answersOf } from '../host/answers.js';
import { knownUsers, ownerOfProcess } from '../host/process-details.js';
import { ageText } from '../report/age-text.js';
import { brokenFileText } from '../report/broken-file-text.js';
import { table } from '../report/table.js';
import { systemOf } from '../trees/check-tree.js';
import { whyUnused } from '../trees/choose.js';
import { describeHolder, holdersOf, lookAtProcesses, type ProcessLook, pidsIn } from '../trees/holders.js';
import { type KernelFacts, probeKernelLink } from '../trees/kernel-link.js';
import {
  currentGeneration,
  type Generation,
  PINS,
  type ReadyGeneration,
  readGenerations,
} from '../trees/pins.js';
import type { RegisteredFeature, RegisteredTree, Registry } from '../trees/registry.js';
import { resolveFeatures } from '../trees/resolve-features.js';
import { askedPaths, pathsOfTree, silentPaths } from './doctor/subject.js';
import { openRegistry, treeOf } from './environment.js';
import { type Attempt, done, failed, type Invocation, type Outcome } from './invocation.js';
import { outputFormat } from './output-format.js';
import { runningContainers } from './running-containers.js';
import { check } from './tree-check.js';
import { entry } from './tree-entry.js';
import { files } from './tree-files.js';
import { load } from './tree-load.js';
import { prepare } from './tree-prepare.js';
import { release } from './tree-release.js';

export interface Shown {
  readonly registry: Registry;
  readonly generations: readonly Generation[];
  readonly kernel: KernelFacts;
  /** Of all processes, when it is first asked for. */
  readonly look: () => ProcessLook;
  /** Of each path that a tree rests on. */
  readonly answers: ReadonlyMap<string, Answer>;
  readonly users: ReadonlyMap<number, string>;
}

/** A path of the tree that must not be gone to. */
function silentOf(
  { answers, registry }: Pick<Shown, 'answers' | 'registry'>,
  tree: RegisteredTree,
): string | undefined {
  const silent = new Set(silentPaths({ answers }));
  return pathsOfTree(tree, registry.features).find(path => silent.has(path));
}

const systemFor = (shown: Shown, tree: RegisteredTree): string | null =>
  silentPaths(shown).includes(tree.path) ? null : systemOf(tree.path);

/** Whether the kernel's list has the tree; null: there is no list, or it cannot be seen. */
function inKernel({ kernel }: Shown, { path }: RegisteredTree): boolean | null {
  return kernel.kind === 'present' ? (kernel.valid?.has(path) ?? null) : null;
}

const kernelWord = (listed: boolean | null): string => (listed === null ? '-' : listed ? 'yes' : 'no');

/** What launches of a tree use, why they do not, and who is in it. */
function use(invocation: Invocation, shown: Shown, tree: RegisteredTree) {
  const generation = currentGeneration(shown.generations, tree.name);
  const all = shown.generations.filter(one => one.tree === tree.name);
  const containers = all.length > 0 ? runningContainers(invocation) : [];
  const pids = new Set(all.flatMap(one => pidsIn(one, containers, PINS, shown.look())));
  const silent = silentOf(shown, tree);
  const unused = (ready: ReadyGeneration): string | null =>
    silent === undefined
      ? whyUnused(tree, ready, invocation.request.caller)
      : `not looked at, because ${silent} does not answer`;
  const owners = new Set([...pids].flatMap(pid => ownerOfProcess(pid) ?? []));
  return {
    name: generation?.name ?? null,
    stale: generation === undefined ? null : unused(generation),
    created: generation?.record.created ?? null,
    holders: pids.size,
    users: [...owners].sort((a, b) => a - b).map(uid => ({ uid, name: shown.users.get(uid) ?? null })),
  };
}

const MOST_USERS = 3;

function usersText(users: ReturnType<typeof use>['users']): string {
  const names = users.slice(0, MOST_USERS).map(({ uid, name }) => name ?? String(uid));
  const more = users.length - names.length;
  return users.length === 0 ? '-' : `${names.join(',')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** A release that was killed leaves one behind, which keeps its mounts. */
function closing({ generations }: Shown, tree: RegisteredTree): string {
  const left = generations.findLast(one => one.tree === tree.name && one.state === 'closing');
  return left === undefined ? '-' : `${left.name} closing`;
}

/** Generations of what the registry does not know (any more): nobody else tells of them. */
export function strays({
  registry,
  generations,
  kernel,
}: Pick<Shown, 'registry' | 'generations' | 'kernel'>): readonly Generation[] {
  const skeleton = kernel.kind === 'present' ? kernel.skeleton : null;
  return generations.filter(
    one => !registry.trees.has(one.tree) && one.tree !== skeleton && one.state !== 'unfinished',
  );
}

function list(invocation: Invocation, shown: Shown): Outcome {
  const format = outputFormat(invocation, ['table', 'json']);
  if (format.kind === 'failure') return failed(format.failure);
  const trees = [...shown.registry.trees.values()];
  const warnings = shown.registry.broken.map(brokenFileText);
  if (format.value === 'json')
    return done(`${JSON.stringify(trees.map(tree => treeObject(invocation, shown, tree)))}\n`, warnings);
  const used = trees.map(tree => use(invocation, shown, tree));
  const rows = trees.map((tree, i) => [
    tree.name === shown.registry.defaultTree ? `${tree.name} *` : tree.name,
    systemFor(shown, tree) ?? '?',
    tree.path,
    String(tree.shares.length - tree.files.length),
    tree.backEnd,
    used[i]?.name ? `${used[i].name}${used[i].stale ? ' stale' : ''}` : closing(shown, tree),
    ageText(used[i]?.created ?? null),
    used[i]?.holders ? String(used[i].holders) : used[i]?.name ? '0' : '-',
    usersText(used[i]?.users ?? []),
    kernelWord(inKernel(shown, tree)),
  ]);
  const left = strays(shown).map(one => [
    one.tree,
    '?',
    one.record?.path ?? '?',
    '-',
    '-',
    `${one.name} ${one.state === 'closing' ? 'closing' : 'not registered'}`,
    ageText(one.record?.created ?? null),
    String(pidsIn(one, runningContainers(invocation), PINS, shown.look()).length),
    '-',
    '-',
  ]);
  return done(
    table(
      ['NAME', 'SYSTEM', 'PATH', 'SHARES', 'BACK END', 'PREPARED', 'AGE', 'HOLDERS', 'USERS', 'KERNEL'],
      [...rows, ...left],
    ),
    warnings,
  );
}

/** With what they require. */
function featuresOf(registry: Registry, { features }: RegisteredTree): readonly RegisteredFeature[] {
  const resolved = resolveFeatures(registry.features, features);
  return resolved.kind === 'features' ? resolved.features : [];
}

/** How it is, and how long it took: of what answered only. */
function answerOf(answer: Answer | undefined) {
  return {
    answer: answer?.kind === 'failed' ? answer.code : (answer?.kind ?? 'unasked'),
    milliseconds: answer?.kind === 'answered' ? answer.milliseconds : null,
  };
}

/** By spec/tree-list.schema.json. */
function treeObject(
  invocation: Invocation,
  shown: Shown,
  tree: RegisteredTree,
): Readonly<Record<string, unknown>> {
  const { name, path, shares, backEnd, readonly, variables, shell, description, file, line } = tree;
  const prepared = use(invocation, shown, tree);
  return {
    name,
    path,
    system: systemFor(shown, tree),
    description,
    shares: shares
      .filter(share => share.from === undefined)
      .map(share => ({
        path: share.path,
        readonly: share.readonly,
        optional: share.optional,
        ...answerOf(shown.answers.get(share.path)),
      })),
    files: tree.files.map(({ path: shownAt, content }) => ({
      path: shownAt,
      how: content.kind,
      from: content.kind === 'from' ? content.from : null,
    })),
    backEnd,
    readonly,
    env: variables,
    features: featuresOf(shown.registry, tree).map(feature => feature.name),
    shell,
    default: name === shown.registry.defaultTree,
    prepared: prepared.name,
    stale: prepared.stale,
    created: prepared.created,
    holders: prepared.holders,
    users: prepared.users,
    kernel: inKernel(shown, tree),
    file,
    line,
  };
}

/** The tree that the command line names. */
function named({ line }: Invocation, { registry }: Shown): Attempt<RegisteredTree> {
  const name = line.operands[1];
  if (name !== undefined) return treeOf(registry, name);
  const operand = 'NAME';
  return {
    kind: 'failure',
    failure: { kind: 'usage', fault: { kind: 'missing-operand', operand, command: 'tree' } },
  };
}

function show(invocation: Invocation, shown: Shown): Outcome {
  const format = outputFormat(invocation, ['table', 'json']);
  if (format.kind === 'failure') return failed(format.failure);
  const tree = named(invocation, shown);
  if (tree.kind === 'failure') return failed(tree.failure);
  const containers = runningContainers(invocation);
  const generations = shown.generations
    .filter(one => one.tree === tree.value.name)
    .map(one => ({
      name: one.name,
      state: one.state,
      created: one.record?.created ?? null,
      namespace: one.record?.inode ?? null,
      shares: one.record?.shares ?? [],
      holders: holdersOf(one, containers),
    }));
  const object = { ...treeObject(invocation, shown, tree.value), generations };
  if (format.value === 'json') return done(`${JSON.stringify(object, null, 2)}\n`);
  const live = new Map(
    currentGeneration(shown.generations, tree.value.name)?.record.shares.map(share => [
      share.path,
      share.live,
    ]),
  );
  const { name, path, system, description, stale, backEnd, readonly, env, shell, file, line } =
    object as Record<string, unknown>;
  const rows: (readonly [string, unknown])[] = [
    ['name', name],
    ...(stale === null ? [] : [['not used', stale] as const]),
    ...(description === '' ? [] : [['description', description] as const]),
    ['system', system ?? '?'],
    ['path', readonly ? `${path} (read-only)` : path],
    ['registered', `${file}:${line}`],
    ['back end', backEnd],
    ["kernel's list", kernelWord(inKernel(shown, tree.value))],
    ['shell', shell],
    ...(env as readonly string[]).map(entry => ['variable', entry] as const),
    ...featuresOf(shown.registry, tree.value).map(
      ({ name: feature, description: what, file: at, line: where }) =>
        ['feature', `${feature}${what === '' ? '' : `, ${what}`} (${at}:${where})`] as const,
    ),
    ...tree.value.files.map(
      ({ path: file, content }) =>
        ['file', `${file} (${content.kind === 'from' ? content.from : content.kind})`] as const,
    ),
    ...tree.value.shares
      .filter(share => share.from === undefined)
      .map(
        share =>
          [
            'share',
            `${share.path}${share.readonly ? ' (read-only)' : ''}${live.get(share.path) === false ? ' (not live)' : ''}`,
          ] as const,
      ),
    ...generations.flatMap(one => [
      ['generation', `${one.name} ${one.state}, prepared ${one.created ?? '?'}`] as const,
      ...one.holders.map(holder => ['holder', `${one.name}: ${describeHolder(holder)}`] as const),
    ]),
  ];
  return done(
    table(
      ['PROPERTY', 'VALUE'],
      rows.map(([key, value]) => [key, String(value)]),
    ),
  );
}

const isOfStore = (action: string): action is StoreAction =>
  (storeActions as readonly string[]).includes(action);

export async function tree(invocation: Invocation): Promise<Outcome> {
  const given = invocation.line.operands[0] ?? '';
  const action = treeActions.find(name => name === given);
  if (action === undefined) {
    const fault = { kind: 'unknown-action', command: 'tree', given, actions: treeActions } as const;
    return failed({ kind: 'usage', fault });
  }
  if (isOfStore(action)) return (await import('./tree-store.js')).onStore(invocation, action);
  if (action === 'prepare') return prepare(invocation);
  if (action === 'release' || action === 'drain') return release(invocation);
  if (action === 'load') return load(invocation);
  if (action === 'check') return check(invocation);
  if (action === 'entry') return entry(invocation);
  if (action === 'files') return files(invocation);
  const registry = openRegistry();
  if (registry.kind === 'failure') return failed(registry.failure);
  let looked: ProcessLook | null = null;
  const look = (): ProcessLook => {
    looked ??= lookAtProcesses();
    return looked;
  };
  const generations = readGenerations(invocation.request.caller);
  const shown = {
    registry: registry.value,
    generations,
    kernel: probeKernelLink(),
    look,
    answers: await answersOf(askedPaths(registry.value, generations, { kind: 'absent' }, [])),
    users: knownUsers(),
  };
  switch (action) {
    case 'list':
      return list(invocation, shown);
    case 'show':
      return show(invocation, shown);
  }
}
