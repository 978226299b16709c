import { compileEntry } from '../compile/entry.js';
import { hostArch } from '../host/facts.js';
import { explain } from '../program/explain.js';
import { brokenFileText } from '../report/broken-file-text.js';
import { explainText } from '../report/explain-text.js';
import { entryChoice } from '../trees/entry-view.js';
import { probeKernelLink } from '../trees/kernel-link.js';
import { valueText, wantsJson } from './as-json.js';
import { openRegistry, treeOf } from './environment.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';
import { givenName } from './tree-prepare.js';

/** `tree entry NAME`: the entry program that `tree prepare` would write for `chos` now, in words (docs/chos.md). */
export function entry(invocation: Invocation): Outcome {
  const name = givenName(invocation);
  if (name.kind === 'failure') return name;
  // As `chos` has it, whose --explain asks this.
  if (name.value === '/' && !wantsJson(invocation)) return done('/ is the host: nothing is entered\n');
  const registry = openRegistry();
  if (registry.kind === 'failure') return registry;
  const tree = treeOf(registry.value, name.value);
  if (tree.kind === 'failure') return tree;
  const choice = entryChoice(tree.value, registry.value, probeKernelLink());
  if (choice.kind === 'refused')
    return failed({ kind: 'tree', fault: { kind: 'no-entry', tree: tree.value.name, why: choice.why } });
  const program = compileEntry({ ...choice, arch: hostArch() });
  const steps = invocation.line.options.flags.has('steps');
  const records = explain(program, { steps });
  const out = wantsJson(invocation) ? valueText(records) : explainText(records);
  return done(out, registry.value.broken.map(brokenFileText));
}
