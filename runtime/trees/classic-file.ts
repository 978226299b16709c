/**
 * The registry file of CHOS since 2004: `/etc/chos`. Sections begin with `%NAME`; in `%SHELLS` each line is `alias:path`, or a path that is its own
 * alias; `#` begins a comment. Other sections belong to the PAM module of old and are skipped.
 */
import type { Diagnostic, Reason } from '../admit/diagnostic.js';
import { Lines } from '../admit/document.js';
import {
  allVariables,
  cleanPath,
  isPathAlias,
  isTreeName,
  type ReadFile,
  type RegisteredTree,
} from './registry.js';

const SECTION = '%SHELLS';

interface Entry {
  readonly name: string;
  readonly path: string;
  /** Offsets in the file. */
  readonly at: number;
  readonly pathAt: number;
}

function entryOf(content: string, at: number): Entry {
  const colon = content.indexOf(':');
  if (colon < 0) return { name: content, path: content, at, pathAt: at };
  return {
    name: content.slice(0, colon).trim(),
    path: content.slice(colon + 1).trim(),
    at,
    pathAt: at + colon + 1,
  };
}

function faultOf({ name, path }: Entry): Reason | null {
  if (name === '' || path === '') return { kind: 'not-alias-path' };
  if (!path.startsWith('/')) return { kind: 'not-absolute' };
  return isTreeName(name) || isPathAlias(name) ? null : { kind: 'bad-tree-name' };
}

export function parseClassicFile(file: string, text: string): ReadFile {
  const lines = new Lines(text);
  const trees: RegisteredTree[] = [];
  const diagnostics: Diagnostic[] = [];
  const firstLine = new Map<string, number>();
  let section = '';
  let at = 0;
  for (const raw of text.split('\n')) {
    const start = at;
    at += raw.length + 1;
    const content = raw.replace(/#.*/, '').trim();
    if (content === '') continue;
    if (content.startsWith('%')) {
      section = content;
      continue;
    }
    if (section !== '' && section !== SECTION) continue;
    const entry = entryOf(content, start + raw.indexOf(content));
    const { line } = lines.place(entry.at);
    const note = (what: Reason): void => {
      diagnostics.push(lines.diagnose(file, entry.at, content.length, entry.name, what, entry.path));
    };
    const fault: Reason | null = section === '' ? { kind: 'not-alias-path' } : faultOf(entry);
    const before = firstLine.get(entry.name);
    if (fault !== null) note(fault);
    else if (before !== undefined) note({ kind: 'taken', first: `${file}:${before}` });
    else {
      firstLine.set(entry.name, line);
      trees.push({
        name: entry.name,
        path: cleanPath(entry.path),
        shares: [],
        files: [],
        ownShares: false,
        backEnd: 'auto',
        readonly: false,
        variables: [],
        hooks: {},
        features: [],
        cpuLevel: 0,
        strict: false,
        environment: allVariables,
        shell: 'sh',
        description: '',
        file,
        line,
        diagnose: what => lines.diagnose(file, entry.pathAt, entry.path.length, entry.name, what, entry.path),
        diagnoseFeatures: what =>
          lines.diagnose(file, entry.pathAt, entry.path.length, entry.name, what, entry.path),
      });
    }
  }
  return diagnostics.length > 0
    ? { kind: 'refused', diagnostics, trees: trees.map(tree => tree.name) }
    : {
        kind: 'read',
        file: { trees, shares: [], files: [], siteWide: false, defaultTree: null, choices: [], features: [] },
      };
}
