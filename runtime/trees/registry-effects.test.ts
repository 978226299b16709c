/** Every key of a registry file does something: another program comes of it, or a test that is named fails when it is ignored. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { registryProofs, registrySamples } from '../../spec/effects/registry.js';
import type { Sample } from '../../spec/effects/sample.js';
import { registryWithoutEffect } from '../../spec/effects/without-effect.js';
import type { Environment } from '../../spec/environment.js';
import { propertiesOf } from '../../spec/generate/property-paths.js';
import { normalHooks } from '../admit/normal/hooks.js';
import { compileLaunch } from '../compile/compile.js';
import { documentOf } from '../compile/test/document-of.js';
import { inputOf } from '../compile/test/input.js';
import { encode } from '../program/encode.js';
import { parseJsonFile } from './json-file.js';
import type { RegisteredTree, RegistryFile } from './registry.js';

const properties = propertiesOf('spec/registry.schema.json');

/** As runtime/trees hands over a tree in which nothing has to be found first. */
function environmentOf(tree: RegisteredTree): Environment {
  return {
    tree: tree.name,
    path: tree.path,
    readonly: tree.readonly,
    hostView: [],
    shares: tree.shares.map(({ path, readonly }) => ({ path, readonly, source: path, place: path })),
    backEnd: 'private',
    reason: '',
    chosenBy: '--tree',
    pin: null,
    root: { kind: 'tree' },
    sources: { mounts: [], directories: new Map(), shares: new Map() },
    variables: tree.variables,
    hooks: normalHooks(tree.hooks),
    strict: tree.strict,
    file: tree.file,
    line: tree.line,
  };
}

function read(path: string, sample: Sample, value: unknown): RegistryFile {
  const result = parseJsonFile('/etc/chos.d/a.json', JSON.stringify(documentOf({}, path, sample, value)));
  if (result.kind === 'refused') throw new Error(`${path}: ${JSON.stringify(result.diagnostics)}`);
  return result.file;
}

function program({ trees }: RegistryFile): string {
  const [tree] = trees;
  if (tree === undefined) throw new Error('no tree');
  const compiled = compileLaunch({ ...inputOf(), environment: environmentOf(tree) });
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.refusals));
  return Buffer.from(encode(compiled.program)).toString('hex');
}

for (const { path } of properties) {
  test(`registry: ${path}`, () => {
    const sample = registrySamples[path];
    const reason = registryWithoutEffect[path];
    if (sample === undefined)
      return assert.type(reason, 'string', `${path} has no sample, nor a reason to be without effect`);
    const withIt = read(path, sample, sample.value);
    const without = read(path, sample, sample.other);
    assert.not.equal(JSON.stringify(withIt), JSON.stringify(without), `${path} is not read`);
    const compiled = program(withIt) !== program(without);
    assert.is(
      compiled,
      registryProofs[path] === undefined,
      `${path}: another program, or a test that is named`,
    );
  });
}

test('the tables name nothing that is not in the schema', () => {
  const known = new Set(properties.map(({ path }) => path));
  const named = [registrySamples, registryProofs, registryWithoutEffect].flatMap(table => Object.keys(table));
  assert.equal(
    named.filter(path => !known.has(path)),
    [],
  );
});

test.run();
