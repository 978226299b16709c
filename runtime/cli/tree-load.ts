import { closeSync, openSync, writeSync } from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { brokenFileText } from '../report/broken-file-text.js';
import { storeFaultText } from '../report/store-text.js';
import type { LoadRefusal } from '../report/tree-fault.js';
import { callerView } from '../trees/caller.js';
import { DIRECTORY, probeKernelLink } from '../trees/kernel-link.js';
import type { RegisteredTree } from '../trees/registry.js';
import { linkedTrees } from '../trees/skeleton-input.js';
import { faultOfDirectory } from '../trees/tree-directory.js';
import { type Finding, findingsText, valueText, wantsJson } from './as-json.js';
import { openRegistry } from './environment.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';
import { mountImageOf } from './mount-image-of.js';
import { publish } from './publish.js';

const VALID = `${DIRECTORY}/valid`;

/** One write is one path (docs/kernel-link.md). */
function write(path: string): string | null {
  try {
    const fd = openSync(VALID, 'w');
    try {
      writeSync(fd, path);
      return null;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return codeOf(error);
  }
}

function refusalsOf(trees: readonly RegisteredTree[]): readonly LoadRefusal[] {
  return trees.flatMap(({ name, path }) => {
    // The kernel follows every symlink, and from then on the directory is everybody's to choose.
    const fault = faultOfDirectory(path)?.kind;
    // And where its image is not mounted, the list would have the empty directory below it.
    const own = fault === 'foreign-link' ? 'ELOOP' : fault === 'not-mounted' ? 'ENODEV' : null;
    const code = own ?? write(path);
    return code === null ? [] : [{ tree: name, path, code }];
  });
}

/** `missing`: in the kernel's list; `surplus`: paths that are in it, and not registered. */
function compared(missing: readonly RegisteredTree[], surplus: readonly string[], json: boolean): Outcome {
  const found: readonly Finding[] = [
    ...missing.map(({ name, path }) => ({ name, what: `${path} is not in the kernel's list` })),
    ...surplus.map(path => ({ name: '-', what: `${path} is in the kernel's list, but not registered` })),
  ].map(one => ({ ...one, result: 'fault' }));
  const lines = found.map(({ name, what }) => (name === '-' ? `${what}\n` : `${name}: ${what}\n`));
  const said = lines.length === 0 ? "the kernel's list is that of the registry\n" : lines.join('');
  return { kind: 'done', out: json ? findingsText(found, true) : said, exitCode: lines.length === 0 ? 0 : 1 };
}

/**
 * `tree load [--check]`: the kernel's list of trees becomes that of the registry. A path that stays is written again: it then means the directory that is
 * there now. The list is emptied first only if it has a tree that the registry has not: links that are set stay in any case.
 */
export async function load(invocation: Invocation): Promise<Outcome> {
  const facts = probeKernelLink();
  if (facts.kind === 'absent') return failed({ kind: 'tree', fault: { kind: 'no-module' } });
  if (facts.kind === 'too-old')
    return failed({ kind: 'tree', fault: { kind: 'old-module', version: facts.version } });
  if (facts.valid === null) return failed({ kind: 'tree', fault: { kind: 'needs-root', verb: 'load' } });
  const registry = openRegistry();
  if (registry.kind === 'failure') return failed(registry.failure);
  const trees = linkedTrees(registry.value);
  const wanted = new Set(trees.map(tree => tree.path));
  const { valid } = facts;
  const surplus = [...valid].filter(path => !wanted.has(path));
  if (invocation.line.options.flags.has('check')) {
    const missing = trees.filter(tree => !valid.has(tree.path));
    return compared(missing, surplus, wantsJson(invocation));
  }
  const view = callerView(invocation.request.caller);
  if (view.kind !== 'same') return failed({ kind: 'tree', fault: { kind: 'not-on-the-host' } });
  // What a broken file registers is unknown: its trees stay in the list.
  const warnings = registry.value.broken.map(brokenFileText);
  if (surplus.length > 0 && warnings.length === 0) {
    const code = write('-');
    if (code !== null) return failed({ kind: 'file', verb: 'write', path: VALID, code });
  }
  for (const tree of trees) {
    const mounted = await mountImageOf(tree, view);
    if (mounted.kind === 'fault') warnings.push(storeFaultText(mounted.fault));
  }
  const refused = refusalsOf(trees);
  const others = [...warnings, ...(await publish(registry.value, null, ''))];
  if (refused.length > 0) return failed({ kind: 'tree', fault: { kind: 'not-loaded', refused, others } });
  if (wantsJson(invocation)) return done(valueText(trees.map(({ name, path }) => ({ name, path }))), others);
  return done(`${trees.length} ${trees.length === 1 ? 'tree' : 'trees'} loaded\n`, others);
}
