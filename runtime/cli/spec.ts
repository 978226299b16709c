import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokenFileText } from '../report/broken-file-text.js';
import { defaultConfig, treeConfig } from './default-config.js';
import { findTree } from './environment.js';
import { absolute, done, failed, type Invocation, type Outcome } from './invocation.js';
import { errnoOf } from './read-input.js';

/** `spec`: write a config.json; never over one that is there. */
export function spec(invocation: Invocation): Outcome {
  const { texts } = invocation.line.options;
  const name = texts.get('tree');
  let config = defaultConfig();
  const warnings: string[] = [];
  if (name !== undefined) {
    const tree = findTree(name);
    if (tree.kind === 'failure') return failed(tree.failure);
    config = treeConfig(name, tree.value.tree.path, tree.value.tree.shell);
    warnings.push(...tree.value.broken.map(brokenFileText));
  }
  const path = join(texts.get('bundle') ?? '.', texts.get('file') ?? 'config.json');
  try {
    writeFileSync(absolute(invocation, path), `${JSON.stringify(config, null, 2)}\n`, {
      flag: 'wx',
      mode: 0o644,
    });
  } catch (error) {
    const code = errnoOf(error);
    return failed(code === 'EEXIST' ? { kind: 'exists', path } : { kind: 'file', verb: 'write', path, code });
  }
  return done('', warnings);
}
