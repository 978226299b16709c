/** `tree versions NAME`: what is stored of an imported tree, the oldest first, and who holds it. */
import { jsonText } from '../report/json-text.js';
import { sizeText } from '../report/store-text.js';
import { table } from '../report/table.js';
import { visible } from '../report/visible.js';
import { holdersOf } from '../store/held.js';
import { currentVersion, readRecord, versionOf, versionsOf } from '../store/place.js';
import { wantsJson } from './as-json.js';
import { done, type Invocation, type Outcome } from './invocation.js';
import { importedTree } from './tree-import.js';

export function listVersions(invocation: Invocation): Outcome {
  const tree = importedTree(invocation.line.operands[1]);
  if (tree.kind === 'failure') return tree;
  const { name } = tree.value;
  const current = currentVersion(name);
  const versions = versionsOf(name).map(version => ({
    // What is not in it is known all the same.
    ...(readRecord(name, version) ?? { name, version }),
    path: versionOf(name, version),
    current: version === current,
    holders: holdersOf(versionOf(name, version)),
  }));
  if (wantsJson(invocation)) return done(`${jsonText(versions, 2)}\n`);
  const rows = versions.map(one => [
    one.current ? `${one.version} *` : `${one.version}`,
    'created' in one ? one.created : '?',
    'bytes' in one ? sizeText(one.bytes) : '?',
    String(one.holders.length),
    'digest' in one ? one.digest : '?',
    'source' in one ? visible(one.source) : '?',
  ]);
  return done(table(['VERSION', 'CREATED', 'SIZE', 'HOLDERS', 'DIGEST', 'SOURCE'], rows));
}
