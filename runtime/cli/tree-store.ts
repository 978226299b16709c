/** What `tree` does with trees that are imported. */
import { isAbsolute } from 'node:path';
import type { StoreAction } from '../../spec/commands.js';
import { jsonText } from '../report/json-text.js';
import { digestOf } from '../store/digest.js';
import type { StoreFault } from '../store/fault.js';
import { takeBackOnSignals } from '../store/interruption.js';
import { faultOfDirectory } from '../trees/tree-directory.js';
import { wantsJson } from './as-json.js';
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
import { refusedInput } from './refusal.js';
import { exportTree } from './tree-export.js';
import { createTree, importTree, updateTree } from './tree-import.js';
import { givenName } from './tree-prepare.js';
import { listVersions } from './tree-version-list.js';
import { collect, remove, rollBack } from './tree-versions.js';

export const storeFailure = (fault: StoreFault): Outcome => failed({ kind: 'store', fault });

/** A registered tree by its name, or any directory: what has a slash is a path. */
function directoryOf(invocation: Invocation): Attempt<string> {
  const given = givenName(invocation);
  if (given.kind === 'failure') return given;
  const registry = openRegistry();
  if (registry.kind === 'failure') return refuse(registry.failure);
  const isPath = given.value.includes('/') && !registry.value.trees.has(given.value);
  if (isPath) return ok(isAbsolute(given.value) ? given.value : absolute(invocation, given.value));
  const tree = treeOf(registry.value, given.value);
  if (tree.kind === 'failure') return tree;
  const fault = faultOfDirectory(tree.value.path);
  return fault === null ? ok(tree.value.path) : refuse(refusedInput([tree.value.diagnose(fault)]));
}

async function digest(invocation: Invocation): Promise<Outcome> {
  const directory = directoryOf(invocation);
  if (directory.kind === 'failure') return directory;
  const found = await digestOf(directory.value);
  if (found.kind === 'fault') return storeFailure(found.fault);
  const { digest } = found.value;
  return done(
    wantsJson(invocation) ? `${jsonText({ path: directory.value, ...found.value }, 2)}\n` : `${digest}\n`,
  );
}

export async function onStore(invocation: Invocation, action: StoreAction): Promise<Outcome> {
  // The others make nothing, or what they leave is taken by the next of them.
  if (['create', 'import', 'update', 'export'].includes(action)) takeBackOnSignals();
  switch (action) {
    case 'create':
      return createTree(invocation);
    case 'import':
      return importTree(invocation);
    case 'update':
      return updateTree(invocation);
    case 'versions':
      return listVersions(invocation);
    case 'rollback':
      return rollBack(invocation);
    case 'remove':
      return remove(invocation);
    case 'gc':
      return collect(invocation);
    case 'export': {
      const directory = directoryOf(invocation);
      return directory.kind === 'failure' ? directory : exportTree(invocation, directory.value);
    }
    case 'digest':
      return digest(invocation);
  }
}
