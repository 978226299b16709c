/** `tree import SOURCE --name NAME` and `tree update NAME SOURCE`. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Recipe } from '../../spec/generated/recipe.js';
import type { Failure } from '../report/failure.js';
import { jsonText } from '../report/json-text.js';
import { sizeText } from '../report/store-text.js';
import { clearAway, removePlace } from '../store/clear-away.js';
import { bad, good, type Result } from '../store/fault.js';
import { holdersOf } from '../store/held.js';
import { type Lock, lockName } from '../store/lock.js';
import { type Making, makeVersion } from '../store/make-version.js';
import {
  currentOf,
  currentVersion,
  homeOf,
  isThere,
  registryFileOf,
  setCurrent,
  type VersionRecord,
  versionOf,
  versionsOf,
} from '../store/place.js';
import { placesOf } from '../store/places.js';
import { asRegistered, forgetDraft, isOurs, register, treesWithin } from '../store/registration.js';
import type { Sharing } from '../store/share.js';
import { isPath } from '../store/source.js';
import { parseMountFacts } from '../trees/mount-facts.js';
import type { RegisteredTree } from '../trees/registry.js';
import { openRegistry, treeOf } from './environment.js';
import {
  type Attempt,
  absolute,
  done,
  failed,
  type Invocation,
  type Outcome,
  ok,
  refuse,
} from './invocation.js';
import { type Progress, progressOf, silent } from './progress.js';
import { recipeOf } from './recipe-options.js';
import { sizeOption } from './size-option.js';

const missing = (operand: string): Failed =>
  failure({ kind: 'usage', fault: { kind: 'missing-operand', operand, command: 'tree' } });

/** Null: there is none. An empty one, of a variable that is not set, would be the working directory. */
const sourceAt = ({ line }: Invocation, at: number): string | null => line.operands[at] || null;

export const ofStore = <Value>(result: Result<Value>): Attempt<Value> =>
  result.kind === 'ok' ? ok(result.value) : refuse({ kind: 'store', fault: result.fault });

interface Failed {
  readonly kind: 'failure';
  readonly failure: Failure;
}

/** An outcome, and a step on the way to one. */
const failure = (failure: Failure): Failed => ({ kind: 'failure', failure });

const pathOf = (invocation: Invocation, source: string): string =>
  isPath(source) ? absolute(invocation, source) : source;

function makingOf(
  invocation: Invocation,
  name: string,
  source: string,
  recipe: Recipe | null,
  steps: Progress,
): Attempt<Making> {
  const { texts, flags } = invocation.line.options;
  const limit = sizeOption(invocation, 'limit');
  // Other values are refused where the command line is read.
  const how = texts.get('share') as Sharing | undefined;
  const current = currentVersion(name);
  const before = current === null ? null : versionOf(name, current);
  if (limit.kind === 'failure') return limit;
  return ok({
    name,
    source,
    path: pathOf(invocation, source),
    image: texts.get('image') ?? null,
    digest: texts.get('digest') ?? null,
    recipe,
    devices: flags.has('devices'),
    unpacks: flags.has('devices') || how !== undefined,
    limit: limit.value,
    steps,
    places: placesOf(asRegistered(name), parseMountFacts(readFileSync('/proc/self/mountinfo', 'utf8'))),
    share: before === null ? null : { before, how: how ?? 'auto' },
  });
}

function told(invocation: Invocation, verb: string, record: VersionRecord): Outcome {
  const { name, version, entries, bytes, shared, digest } = record;
  if (invocation.line.options.flags.has('json'))
    return done(`${jsonText({ ...record, path: versionOf(name, version) }, 2)}\n`);
  return done(
    `${name} ${verb}: version ${version}, ${entries} entries, ${sizeText(bytes)}${shared === 0 ? '' : ` (${sizeText(shared)} shared)`}, ${digest}\n`,
  );
}

/**
 * What is stored of a name that the registry does not know: commands that were killed have left it. What somebody uses nevertheless, or what is no command's,
 * stays, and is told.
 */
function clear(name: string): Result<null> {
  const holders = versionsOf(name).flatMap(version => holdersOf(versionOf(name, version)));
  if (holders.length > 0) return bad({ kind: 'held', name, holders });
  forgetDraft(name);
  const { kept, others } = clearAway(name, [], { takenUp: true });
  if (kept.length > 0) return bad({ kind: 'held', name, holders: kept.flatMap(one => one.holders) });
  if (others.length > 0) return bad({ kind: 'foreign', name, path: `${homeOf(name)}/${others[0]}` });
  rmSync(currentOf(name), { force: true });
  return good(null);
}

async function makeFirst(making: Making, lock: Lock): Promise<Result<VersionRecord>> {
  const { name } = making;
  const made = await makeVersion(making, lock);
  if (made.kind === 'fault') return made;
  setCurrent(name, made.value.version);
  const registered = register(name);
  return registered.kind === 'fault' ? registered : made;
}

export async function importTree(invocation: Invocation): Promise<Outcome> {
  const source = sourceAt(invocation, 1);
  if (source === null) return missing('SOURCE');
  const name = invocation.line.options.texts.get('name');
  return name === undefined ? missing('--name') : importAs(invocation, source, name);
}

/** An import of what the recipe makes, by its name if no other is given. */
export async function createTree(invocation: Invocation): Promise<Outcome> {
  const recipe = invocation.line.operands[1];
  if (recipe === undefined) return missing('RECIPE');
  return importAs(invocation, `recipe:${recipe}`, invocation.line.options.texts.get('name') ?? recipe);
}

async function importAs(invocation: Invocation, source: string, name: string): Promise<Outcome> {
  const steps = invocation.line.options.flags.has('json') ? silent : progressOf(name);
  const limit = sizeOption(invocation, 'limit');
  if (limit.kind === 'failure') return limit;
  const recipe = recipeOf(invocation, source);
  if (recipe.kind === 'failure') return recipe;
  const lock = ofStore(await lockName(name, 'import', true));
  if (lock.kind === 'failure') return lock;
  const held = lock.value as Lock;
  try {
    const registry = openRegistry();
    if (registry.kind === 'failure') return failed(registry.failure);
    const { trees } = registry.value;
    const taken = trees.get(name) ?? treesWithin(name, trees.values())[0];
    const broken = registry.value.broken.find(({ trees }) => trees.includes(name))?.file;
    // A file of that name that is broken, or hidden in some other way, is somebody's; so is what it may lead to.
    const file = isThere(registryFileOf(name)) ? registryFileOf(name) : undefined;
    const where = taken === undefined ? (broken ?? file) : `${taken.file}:${taken.line}`;
    const ours = taken !== undefined && isOurs(taken);
    if (where !== undefined) {
      // The lock may have made the place.
      if (readdirSync(homeOf(name)).every(file => file === 'lock')) removePlace(name);
      return failure({ kind: 'store', fault: { kind: 'taken', name, where, ours } });
    }
    const unknown = registry.value.broken[0]?.file;
    if (unknown !== undefined && versionsOf(name).length > 0)
      return failure({ kind: 'store', fault: { kind: 'taken', name, where: unknown, ours: false } });
    const cleared = clear(name);
    if (cleared.kind === 'fault') return failure({ kind: 'store', fault: cleared.fault });
    const making = makingOf(invocation, name, source, recipe.value, steps);
    if (making.kind === 'failure') return making;
    const made = await makeFirst(making.value, held);
    steps.end();
    if (made.kind === 'ok') return told(invocation, 'is imported', made.value);
    removePlace(name);
    return failure({ kind: 'store', fault: made.fault });
  } finally {
    held.release();
  }
}

/** A tree that was imported, by its name. */
export function importedTree(name: string | undefined): Attempt<RegisteredTree> {
  if (name === undefined) return missing('NAME');
  const registry = openRegistry();
  if (registry.kind === 'failure') return registry;
  const tree = treeOf(registry.value, name);
  if (tree.kind === 'failure' || isOurs(tree.value)) return tree;
  return refuse({ kind: 'store', fault: { kind: 'not-ours', name, where: tree.value.path } });
}

/** With the lock of an imported tree. */
export async function withTree(
  invocation: Invocation,
  verb: string,
  act: (tree: RegisteredTree, lock: Lock) => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  const asked = importedTree(invocation.line.operands[1]);
  if (asked.kind === 'failure') return asked;
  const lock = ofStore(await lockName(asked.value.name, verb, true));
  if (lock.kind === 'failure') return lock;
  const held = lock.value as Lock;
  try {
    // It may have been removed while the lock was somebody else's.
    const tree = importedTree(asked.value.name);
    return tree.kind === 'failure' ? tree : await act(tree.value, held);
  } finally {
    held.release();
  }
}

export function updateTree(invocation: Invocation): Promise<Outcome> | Outcome {
  const source = sourceAt(invocation, 2);
  if (source === null) return missing('SOURCE');
  const recipe = recipeOf(invocation, source);
  if (recipe.kind === 'failure') return recipe;
  return withTree(invocation, 'update', async ({ name }, lock) => {
    const steps = invocation.line.options.flags.has('json') ? silent : progressOf(name);
    const making = makingOf(invocation, name, source, recipe.value, steps);
    if (making.kind === 'failure') return making;
    const made = ofStore(await makeVersion(making.value, lock));
    steps.end();
    if (made.kind === 'failure') return made;
    setCurrent(name, made.value.version);
    return told(invocation, 'is updated', made.value);
  });
}
