/** `tree rollback NAME [VERSION]`, `tree remove NAME`, `tree gc [NAME]`. */
import { rmSync } from 'node:fs';
import { brokenFileText } from '../report/broken-file-text.js';
import { jsonText } from '../report/json-text.js';
import { visible } from '../report/visible.js';
import { type Cleared, clearAway, type Piece, removePlace } from '../store/clear-away.js';
import { holdersOf } from '../store/held.js';
import { mountImage } from '../store/image-file.js';
import { lockName } from '../store/lock.js';
import { currentOf, currentVersion, setCurrent, storedNames, versionOf, versionsOf } from '../store/place.js';
import { forgetDraft, register, treesWithin, unregister } from '../store/registration.js';
import type { RegisteredTree } from '../trees/registry.js';
import { wantsJson } from './as-json.js';
import { openRegistry } from './environment.js';
import { type Attempt, done, failed, type Invocation, type Outcome, ok } from './invocation.js';
import { withTree } from './tree-import.js';

const held = (name: string, holders: readonly string[]): Outcome =>
  failed({ kind: 'store', fault: { kind: 'held', name, holders } });

export function rollBack(invocation: Invocation): Promise<Outcome> {
  return withTree(invocation, 'roll back', async ({ name }, lock) => {
    const wanted = invocation.line.operands[2];
    const versions = versionsOf(name);
    const current = currentVersion(name);
    const version =
      wanted === undefined
        ? versions.findLast(one => current !== null && one < current)
        : versions.find(one => String(one) === wanted);
    if (version === undefined)
      return failed({
        kind: 'store',
        fault: { kind: 'no-version', name, wanted: wanted ?? '', known: versions.map(String) },
      });
    const told = (text: string): Outcome =>
      done(wantsJson(invocation) ? `${jsonText({ name, version, before: current }, 2)}\n` : `${text}\n`);
    if (version === current) return told(`${name} is at version ${version} already`);
    const mounted = await mountImage(versionOf(name, version), [lock.fd]);
    if (mounted.kind === 'fault') return failed({ kind: 'store', fault: mounted.fault });
    setCurrent(name, version);
    return told(`${name} is at version ${version}; it was at ${current ?? '?'}`);
  });
}

/** Who keeps it from being removed. */
function holders({ name }: RegisteredTree): readonly string[] {
  const registry = openRegistry();
  if (registry.kind === 'failure') return ['a registry that cannot be read'];
  const { trees, defaultTree, broken } = registry.value;
  const others = treesWithin(name, trees.values())
    .filter(tree => tree.name !== name)
    .map(tree => `the tree ${tree.name} (${tree.file})`);
  return [
    ...(defaultTree === name ? ['the registry, of which it is the default'] : []),
    // What a broken file names is not known.
    ...broken.map(one => `the file ${one.file}, which is broken`),
    ...others,
    ...versionsOf(name).flatMap(version => holdersOf(versionOf(name, version))),
  ];
}

export function remove(invocation: Invocation): Promise<Outcome> {
  return withTree(invocation, 'remove', tree => {
    const { name } = tree;
    const early = holders(tree);
    if (early.length > 0) return held(name, early);
    const gone = unregister(tree);
    if (gone.kind === 'fault') return failed({ kind: 'store', fault: gone.fault });
    // Nobody finds it from here on; whoever came in before that is in it.
    const late = versionsOf(name).flatMap(version => holdersOf(versionOf(name, version)));
    if (late.length > 0) {
      register(name);
      return held(name, late);
    }
    const versions = versionsOf(name);
    rmSync(currentOf(name), { force: true });
    removePlace(name);
    return done(wantsJson(invocation) ? `${jsonText({ name, versions }, 2)}\n` : `${name} is removed\n`);
  });
}

interface Collected {
  readonly removed: Piece[];
  readonly kept: Cleared['kept'][number][];
  /** Names that nothing is done to. */
  readonly passed: { readonly name: string; readonly why: 'busy' | 'foreign' }[];
}

const pieceText = ({ name, version }: Piece): string =>
  `${name}: ${version === null ? 'what a command that was killed has left' : `version ${version}`}`;

function collectedText({ removed, kept, passed }: Collected): string {
  const lines = [
    ...passed.map(
      ({ name, why }) =>
        `${visible(name)}: ${why === 'busy' ? 'another command is at work on it' : 'stays: no import has made it'}`,
    ),
    ...removed.map(piece => `${pieceText(piece)} is removed`),
    ...kept.map(one => `${pieceText(one)} stays: held by ${one.holders.join(', ')}`),
  ];
  return lines.map(line => `${line}\n`).join('');
}

/** With the lock. */
function collectOne(name: string, into: Collected): Attempt<null> {
  // Read under the lock: an import may have ended just before.
  const current = openRegistry();
  if (current.kind === 'failure') return current;
  const used = treesWithin(name, current.value.trees.values()).map(({ path }) => path);
  // What a broken file names is not known: it may be this.
  if (used.length === 0 && current.value.broken.length > 0) return ok(null);
  forgetDraft(name);
  const { removed, kept } = clearAway(name, used, { empty: true });
  into.removed.push(...removed);
  into.kept.push(...kept);
  return ok(null);
}

/** Everything in the store, or one name of it. A name that another command is at work on is left out. */
export async function collect(invocation: Invocation): Promise<Outcome> {
  const given = invocation.line.operands[1];
  const registry = openRegistry();
  if (registry.kind === 'failure') return registry;
  const all: Collected = { removed: [], kept: [], passed: [] };
  for (const name of given === undefined ? storedNames() : [given]) {
    const lock = await lockName(name, 'gc', false);
    if (lock.kind === 'fault') {
      const passed = ['busy', 'foreign', 'bad-name'].includes(lock.fault.kind);
      if (!passed || given !== undefined) return failed({ kind: 'store', fault: lock.fault });
      all.passed.push({ name, why: lock.fault.kind === 'busy' ? 'busy' : 'foreign' });
      continue;
    }
    if (lock.value === null) continue;
    try {
      const done = collectOne(name, all);
      if (done.kind === 'failure') return done;
    } finally {
      lock.value.release();
    }
  }
  const text = wantsJson(invocation) ? `${jsonText(all, 2)}\n` : collectedText(all);
  return done(text, registry.value.broken.map(brokenFileText));
}
