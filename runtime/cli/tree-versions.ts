/** `tree rollback NAME [VERSION]`, `tree remove NAME`, `tree gc [NAME]`. */
import { rmSync } from 'node:fs';
import { brokenFileText } from '../report/broken-file-text.js';
import { visible } from '../report/visible.js';
import { clearAway, removePlace } from '../store/clear-away.js';
import { holdersOf } from '../store/held.js';
import { mountImage } from '../store/image-file.js';
import { lockName } from '../store/lock.js';
import { currentOf, currentVersion, setCurrent, storedNames, versionOf, versionsOf } from '../store/place.js';
import { forgetDraft, register, treesWithin, unregister } from '../store/registration.js';
import type { RegisteredTree } from '../trees/registry.js';
import { openRegistry } from './environment.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';
import { withTree } from './tree-import.js';

const held = (name: string, holders: readonly string[]): Outcome =>
  failed({ kind: 'store', fault: { kind: 'held', name, holders } });

export function rollBack(invocation: Invocation): Promise<Outcome> {
  return withTree(invocation, 'roll back', async ({ name }) => {
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
    if (version === current) return done(`${name} is at version ${version} already\n`);
    const mounted = await mountImage(versionOf(name, version));
    if (mounted.kind === 'fault') return failed({ kind: 'store', fault: mounted.fault });
    setCurrent(name, version);
    return done(`${name} is at version ${version}; it was at ${current ?? '?'}\n`);
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
    rmSync(currentOf(name), { force: true });
    removePlace(name);
    return done(`${name} is removed\n`);
  });
}

/** Everything in the store, or one name of it. A name that another command is at work on is left out. */
export async function collect(invocation: Invocation): Promise<Outcome> {
  const given = invocation.line.operands[1];
  const registry = openRegistry();
  if (registry.kind === 'failure') return registry;
  const names = given === undefined ? storedNames() : [given];
  const lines: string[] = [];
  const warnings: string[] = registry.value.broken.map(brokenFileText);
  for (const name of names) {
    const lock = await lockName(name, 'gc', false);
    const passed = lock.kind === 'fault' && ['busy', 'foreign', 'bad-name'].includes(lock.fault.kind);
    if (lock.kind === 'fault' && (!passed || given !== undefined))
      return failed({ kind: 'store', fault: lock.fault });
    if (lock.kind === 'fault' || lock.value === null) {
      if (lock.kind === 'fault')
        lines.push(
          `${visible(name)}: ${lock.fault.kind === 'busy' ? 'another command is at work on it' : 'stays: no import has made it'}`,
        );
      continue;
    }
    try {
      // Read under the lock: an import may have ended just before.
      const current = openRegistry();
      if (current.kind === 'failure') return current;
      const used = treesWithin(name, current.value.trees.values()).map(({ path }) => path);
      // What a broken file names is not known: it may be this.
      if (used.length === 0 && current.value.broken.length > 0) continue;
      forgetDraft(name);
      const { removed, kept } = clearAway(name, used, true);
      lines.push(...removed.map(what => `${what} is removed`));
      lines.push(...kept.map(one => `${one.what} stays: held by ${one.holders.join(', ')}`));
    } finally {
      lock.value.release();
    }
  }
  return done(lines.map(line => `${line}\n`).join(''), warnings);
}
