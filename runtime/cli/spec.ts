import { isAbsolute, join } from 'node:path';
import { compileSpecFile } from '../compile/spec-file.js';
import { hostArch } from '../host/facts.js';
import { encode } from '../program/encode.js';
import { brokenFileText } from '../report/broken-file-text.js';
import { defaultConfig, treeConfig } from './default-config.js';
import { findTree } from './environment.js';
import { failed, type Invocation, type Outcome, variable } from './invocation.js';
import { rootlessConfig, rootlessTreeConfig, type SpecCaller } from './rootless-config.js';

function callerOf({ request }: Invocation): SpecCaller {
  const { euid: uid, egid: gid } = request.caller;
  return { uid, gid, home: variable(request, 'HOME') };
}

/** `spec`: write a config.json; never over one that is there. The engine does it, where the caller is. */
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
  const content = `${JSON.stringify(config, null, 2)}\n`;
  return {
    kind: 'launch',
    entry: 'host',
    image: encode(compileSpecFile({ arch: hostArch(), path, content })),
    values: {},
    warnings,
  };
}
