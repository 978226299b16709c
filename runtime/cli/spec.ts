import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { codeOf } from '../host/error-code.js';
import { brokenFileText } from '../report/broken-file-text.js';
import { defaultConfig, treeConfig } from './default-config.js';
import { findTree } from './environment.js';
import { absolute, done, failed, type Invocation, type Outcome, variable } from './invocation.js';
import { type Caller, rootlessConfig, rootlessTreeConfig } from './rootless-config.js';

function callerOf({ request }: Invocation): Caller {
  const [uid = 0, gid = 0] = [process.geteuid?.(), process.getegid?.()];
  return { uid, gid, home: variable(request, 'HOME') };
}

/** `spec`: write a config.json; never over one that is there. */
export function spec(invocation: Invocation): Outcome {
  const { texts } = invocation.line.options;
  const name = texts.get('tree');
  const caller = invocation.line.options.flags.has('rootless') ? callerOf(invocation) : null;
  let config = caller === null ? defaultConfig() : rootlessConfig(caller);
  const warnings: string[] = [];
  if (name !== undefined) {
    const tree = findTree(name);
    if (tree.kind === 'failure') return failed(tree.failure);
    const { path, shell } = tree.value.tree;
    config = caller === null ? treeConfig(name, path, shell) : rootlessTreeConfig(caller, name, path, shell);
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
