/** What `tree prepare` and `tree load` leave for `chos` (docs/chos.md). */
import { lstatSync, rmSync } from 'node:fs';
import { fileName } from '../../spec/records/names.js';
import { compileEntry } from '../compile/entry.js';
import { codeOf } from '../host/error-code.js';
import { hostArch } from '../host/facts.js';
import { encode } from '../program/encode.js';
import { errnoText } from '../report/errno-text.js';
import { entryChoice, whyNever } from '../trees/entry-view.js';
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
    const choice = entryChoice(tree, registry, facts, prefix);
    if (choice.kind === 'refused') refused.set(tree.name, choice.why);
    entries.set(tree.name, {
      image: choice.kind === 'refused' ? null : encode(compileEntry({ ...choice, arch: hostArch() })),
      link: choice.kind === 'link' ? { path: choice.tree.path, skeleton: choice.skeleton } : null,
    });
  }
  let former: EntryPrograms | null = null;
  try {
    former = entryPrograms(`${prefix}${PLACE}/${ENTRIES}`, only === null ? null : fileName(only.name));
    const trees = treesText(registry, refused, featured);
    writePublicFiles(prefix + PLACE, { trees, entries, all: only === null });
    const surplus = only === null ? surplusFilesOfAll(registry, prefix) : surplusFiles(only, prefix);
    const seen = surplus.map(stamp);
    const late = surplus.length > 0 ? await former.untilUnused() : [];
    // Another command may have written what is registered again meanwhile.
    const same = surplus.filter((path, i) => stamp(path) === seen[i]);
    for (const path of same) rmSync(path, { recursive: true, force: true });
    const waited = late.map(
      who =>
        `${who} has held an entry program of ${PLACE} for more than 5 s: it is not waited for, and a start of its may lack files that were taken away`,
    );
    return [...unwritten, ...waited];
  } catch (error) {
    return [...unwritten, `what chos needs is not written to ${PLACE}: ${errnoText(codeOf(error))}`];
  } finally {
    former?.close();
  }
}
