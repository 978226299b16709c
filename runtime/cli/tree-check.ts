/** `tree check [NAME|FILE]`: what would keep trees from starting, and what to expect. */
import { basename } from 'node:path';
import { brokenFileLines } from '../report/broken-file-text.js';
import { findingText } from '../report/finding-text.js';
import { checkTree, type Finding, isFault } from '../trees/check-tree.js';
import { parseClassicFile } from '../trees/classic-file.js';
import { parseJsonFile } from '../trees/json-file.js';
import { CLASSIC, DIRECTORY, mergeFiles, readRegistry } from '../trees/read-registry.js';
import type { BrokenFile, RegisteredTree, Registry } from '../trees/registry.js';
import { isFile } from '../trees/shown-shares.js';
import { findingsText, type Finding as Line } from './as-json.js';
import { openRegistry, registryFailure, treeOf } from './environment.js';
import { type Attempt, absolute, failed, type Invocation, type Outcome, ok } from './invocation.js';
import { outputFormat } from './output-format.js';
import { readInput } from './read-input.js';

interface Subject {
  /** Not in its place yet: what has to be done afterwards is no fault. */
  readonly later: boolean;
  readonly trees: readonly RegisteredTree[];
  readonly features: Registry['features'];
  readonly broken: readonly BrokenFile[];
}

/** What a command puts right once the file is in its place. */
const isForLater = (finding: Finding): boolean =>
  finding.kind === 'cannot-use' ||
  (finding.kind === 'diagnostic' && finding.diagnostic.what.kind === 'not-rendered');

/** A file as it would be among the others, in the place of the one of its name. */
function candidate(invocation: Invocation, given: string): Attempt<Subject> {
  const bytes = readInput(given, absolute(invocation, given));
  if (bytes.kind === 'failure') return bytes;
  const name = basename(given);
  const place = name.endsWith('.json') ? `${DIRECTORY}/${name}` : CLASSIC;
  const others = readRegistry('', place);
  if (others.kind !== 'registry') return { kind: 'failure', failure: registryFailure(others) };
  const read = name.endsWith('.json')
    ? parseJsonFile(given, bytes.value)
    : parseClassicFile(given, Buffer.from(bytes.value).toString('utf8'));
  if (read.kind === 'refused') {
    const why = { kind: 'diagnostics', diagnostics: read.diagnostics } as const;
    return ok({
      later: true,
      trees: [],
      features: new Map(),
      broken: [{ file: given, why, trees: read.trees }],
    });
  }
  const { trees, features, broken } = mergeFiles([...others.files, read.file], []);
  return ok({
    later: true,
    trees: [...trees.values()].filter(tree => tree.file === given),
    features,
    broken: broken.filter(one => one.file === given),
  });
}

function subject(invocation: Invocation, registry: Registry): Attempt<Subject> {
  const given = invocation.line.operands[1];
  if (given === undefined)
    return ok({
      later: false,
      trees: [...registry.trees.values()],
      features: registry.features,
      broken: registry.broken,
    });
  const isPath = given.includes('/') || given.endsWith('.json');
  if (isPath && !registry.trees.has(given) && isFile(absolute(invocation, given)))
    return candidate(invocation, given);
  const tree = treeOf(registry, given);
  return tree.kind === 'failure'
    ? tree
    : ok({ later: false, trees: [tree.value], features: registry.features, broken: [] });
}

export function check(invocation: Invocation): Outcome {
  const format = outputFormat(invocation, ['table', 'json']);
  if (format.kind === 'failure') return failed(format.failure);
  const registry = openRegistry();
  if (registry.kind === 'failure') return failed(registry.failure);
  const found = subject(invocation, registry.value);
  if (found.kind === 'failure') return failed(found.failure);
  const { later, trees, features, broken } = found.value;
  const isBad = (finding: Finding): boolean => isFault(finding) && !(later && isForLater(finding));
  let faults = broken.length;
  const rows: readonly Line[] = [
    ...broken.flatMap(one => {
      const name = one.trees.length === 1 ? (one.trees[0] ?? '') : '-';
      return brokenFileLines(one).map(what => ({ name, result: 'fault', what }) as const);
    }),
    ...trees.flatMap((tree): readonly Line[] => {
      const { name } = tree;
      const { findings, system } = checkTree(tree, features);
      faults += findings.filter(isBad).length;
      if (findings.length === 0) return [{ name, result: 'ok', what: system ?? '' }];
      return findings.map(one => ({ name, result: isBad(one) ? 'fault' : 'note', what: findingText(one) }));
    }),
  ];
  return { kind: 'done', out: findingsText(rows, format.value === 'json'), exitCode: faults > 0 ? 1 : 0 };
}
