/** What `tree prepare` and `tree load` leave for `chos` (docs/chos.md). */
import { lstatSync, rmSync } from 'node:fs';
import { fileName } from '../../spec/records/names.js';
import { compileEntry } from '../compile/entry.js';
import { codeOf, isUnreadable } from '../host/error-code.js';
import { hostArch } from '../host/facts.js';
import { encode } from '../program/encode.js';
import { errnoText } from '../report/errno-text.js';
import { visible } from '../report/visible.js';
import { type EntryChoice, entryChoice, whyNever } from '../trees/entry-view.js';
import { type Variables, variablesOf } from '../trees/feature-content.js';
import { probeKernelLink } from '../trees/kernel-link.js';
import {
  ENTRIES,
  type EntryFiles,
  isPublicName,
  PLACE,
  treesText,
  writePublicFiles,
} from '../trees/public-files.js';
import type { RegisteredTree, Registry } from '../trees/registry.js';
import { surplusFiles, surplusFilesOfAll } from '../trees/render-files.js';
import { resolveFeatures } from '../trees/resolve-features.js';
import { type EntryPrograms, entryPrograms } from '../trees/starts-in-work.js';
import { writeFiles } from './write-files.js';

/** Which file that is, and when it was written last. */
function stamp(path: string): string {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.ino}:${stat.ctimeNs}`;
}

/** A warning instead, where they cannot be opened: what they show stays then. */
function formerPrograms(directory: string, only: string | null): EntryPrograms | string {
  try {
    return entryPrograms(directory, only);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return `files that no tree shows any more are left where they are, since it cannot be read who uses them: ${error.path}: ${errnoText(error.code)}`;
  }
}

/** One that cannot be read keeps no other from being published. */
function choiceOf({ name }: RegisteredTree, look: () => EntryChoice): EntryChoice {
  try {
    return look();
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const why = `${error.path} could not be read: ${errnoText(error.code)}`;
    return { kind: 'refused', why: `${why}; root runs chos-runtime tree prepare ${name}` };
  }
}

/** As many names as somebody reads. */
const NAMES = 3;

function lateText(late: readonly string[]): readonly string[] {
  if (late.length === 0) return [];
  const more = late.length > NAMES ? ` and ${late.length - NAMES} more` : '';
  return [
    `entry programs in ${PLACE} are locked for more than 5 s, by ${late.slice(0, NAMES).map(visible).join(', ')}${more}: nobody is waited for longer, and a start on its way in may lack files that were taken away`,
  ];
}

/** `only`: the one whose entry program is written; null: those of all. Returns warnings: what the command itself was asked for does not depend on it. */
export async function publish(
  registry: Registry,
  only: RegisteredTree | null,
  prefix: string,
): Promise<readonly string[]> {
  // Of one, it is written before its view is looked at.
  const unwritten = only === null ? writeFiles(registry.trees.values(), prefix) : [];
  const facts = probeKernelLink();
  const featured = new Map<string, Variables>();
  const refused = new Map<string, string>();
  const entries = new Map<string, EntryFiles>();
  for (const tree of registry.trees.values()) {
    if (!isPublicName(tree.name)) continue;
    const resolved = resolveFeatures(registry.features, tree.features);
    if (resolved.kind === 'features' && resolved.features.length > 0)
      featured.set(tree.name, variablesOf(resolved.features, prefix));
    // Others are not looked at: one of them may be on a server that does not answer.
    if (only !== null && only.name !== tree.name) {
      const why = whyNever(tree);
      if (why !== null) refused.set(tree.name, why);
      continue;
    }
    const choice = choiceOf(tree, () => entryChoice(tree, registry, facts, prefix));
    if (choice.kind === 'refused') refused.set(tree.name, choice.why);
    entries.set(tree.name, {
      image: choice.kind === 'refused' ? null : encode(compileEntry({ ...choice, arch: hostArch() })),
      link: choice.kind === 'link' ? { path: choice.tree.path, skeleton: choice.skeleton } : null,
    });
  }
  const former = formerPrograms(`${prefix}${PLACE}/${ENTRIES}`, only === null ? null : fileName(only.name));
  try {
    const trees = treesText(registry, refused, featured);
    writePublicFiles(prefix + PLACE, { trees, entries, all: only === null });
    if (typeof former === 'string') return [...unwritten, former];
    const surplus = only === null ? surplusFilesOfAll(registry, prefix) : surplusFiles(only, prefix);
    const seen = surplus.map(stamp);
    const late = surplus.length > 0 ? await former.untilUnused() : [];
    // Another command may have written what is registered again meanwhile.
    const same = surplus.filter((path, i) => stamp(path) === seen[i]);
    for (const path of same) rmSync(path, { recursive: true, force: true });
    return [...unwritten, ...lateText(late)];
  } catch (error) {
    return [...unwritten, `what chos needs is not written to ${PLACE}: ${errnoText(codeOf(error))}`];
  } finally {
    if (typeof former !== 'string') former.close();
  }
}
