import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { codeOf } from '../host/error-code.js';
import { brokenFileText } from '../report/broken-file-text.js';
import { defaultConfig, treeConfig } from './default-config.js';
import { findTree } from './environment.js';
import { absolute, done, failed, type Invocation, type Outcome } from './invocation.js';

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
  const named = texts.get('file') ?? 'config.json';
  const path = isAbsolute(named) ? named : join(texts.get('bundle') ?? '.', named);
  const file = absolute(invocation, path);
  let fd: number;
  try {
    fd = openSync(file, 'wx', 0o644);
  } catch (error) {
    const code = codeOf(error);
    return failed(code === 'EEXIST' ? { kind: 'exists', path } : { kind: 'file', verb: 'write', path, code });
  }
  try {
    writeFileSync(fd, `${JSON.stringify(config, null, 2)}\n`);
  } catch (error) {
    // Half a file would be in the way of the next try.
    unlinkSync(file);
    return failed({ kind: 'file', verb: 'write', path, code: codeOf(error) });
  } finally {
    closeSync(fd);
  }
  return done('', warnings);
}
