import { brokenFileText } from '../report/broken-file-text.js';
import { valueText, wantsJson } from './as-json.js';
import { openRegistry, treeOf } from './environment.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';
import { hostViewFor, prefixOf } from './tree-prepare.js';
import { writeFiles } from './write-files.js';

/** `tree files [NAME]`: what trees show of the host's files, as it is now; who is inside sees it at once. */
export function files(invocation: Invocation): Outcome {
  const view = hostViewFor('files', invocation);
  if (view.kind === 'failure') return view;
  const prefix = prefixOf(view.value);
  const registry = openRegistry(prefix);
  if (registry.kind === 'failure') return registry;
  const name = invocation.line.operands[1];
  const one = name === undefined ? null : treeOf(registry.value, name);
  if (one?.kind === 'failure') return one;
  const trees = one === null ? [...registry.value.trees.values()] : [one.value];
  const broken = registry.value.broken.map(brokenFileText);
  const unwritten = writeFiles(trees, prefix);
  if (unwritten.length > 0)
    return failed({ kind: 'tree', fault: { kind: 'files-not-written', faults: [...unwritten, ...broken] } });
  if (wantsJson(invocation)) {
    const written = trees.map(tree => ({ name: tree.name, files: tree.files.map(({ path }) => path) }));
    return done(valueText(written), broken);
  }
  const count = trees.reduce((sum, tree) => sum + tree.files.length, 0);
  return done(
    `${count} ${count === 1 ? 'file' : 'files'} of ${trees.length === 1 ? trees[0]?.name : `${trees.length} trees`} written\n`,
    broken,
  );
}
