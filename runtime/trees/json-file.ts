/** One file of /etc/chos.d (spec/registry.schema.json), read and checked as config.json is. */
import type { Share } from '../../spec/environment.js';
import type {
  Registry as Content,
  RegisteredHook,
  RegisteredHooks,
  RegisteredShare,
} from '../../spec/generated/registry.js';
import { validateRegistry } from '../../spec/generated/validators.js';
import { checkAbsolute, checkEnvironment, checkText } from '../admit/check-text.js';
import type { Diagnostic, Note, ValuePath } from '../admit/diagnostic.js';
import { parse } from '../admit/parse.js';
import { noteViolations } from '../admit/shape.js';
import { isTreeName, type ReadFile, type RegisteredTree } from './registry.js';

const properties = {
  file: ['$schema', 'trees', 'shares', 'elide', 'default'],
  tree: ['path', 'shares', 'backEnd', 'readonly', 'env', 'hooks', 'shell', 'description'],
  hooks: ['createRuntime', 'startContainer', 'poststart', 'poststop'],
  hook: ['path', 'args', 'env', 'timeout'],
  share: ['path', 'readonly'],
} as const;

/** In a file that only people write, an unknown property is a misspelt one. */
function checkNames(object: object, allowed: readonly string[], path: ValuePath, note: Note): void {
  for (const name of Object.keys(object))
    if (!allowed.includes(name)) note([...path, name], { kind: 'unknown-name', allowed });
}

function checkPath(path: string, at: ValuePath, note: Note): void {
  checkAbsolute(path, at, note);
  if (path.split('/').includes('..')) note(at, { kind: 'dot-dot' });
}

function checkShares(shares: readonly RegisteredShare[], at: ValuePath, note: Note): void {
  const first = new Map<string, number>();
  shares.forEach((share, i) => {
    checkNames(share, properties.share, [...at, i], note);
    checkPath(share.path, [...at, i, 'path'], note);
    const place = share.path.replace(/\/+$/, '');
    const before = first.get(place);
    if (before !== undefined)
      note([...at, i, 'path'], { kind: 'duplicate', first: `${at.join('.')}[${before}].path` });
    else first.set(place, i);
    // The root is the tree's.
    if (share.path.startsWith('/') && place === '') note([...at, i, 'path'], { kind: 'empty' });
  });
}

/** As admit checks those of config.json. */
function checkHooks(hooks: RegisteredHooks, at: ValuePath, note: Note): void {
  checkNames(hooks, properties.hooks, at, note);
  for (const [kind, list] of Object.entries(hooks) as readonly [string, readonly RegisteredHook[]][])
    list.forEach((hook, i) => {
      const base = [...at, kind, i];
      checkNames(hook, properties.hook, base, note);
      checkAbsolute(hook.path, [...base, 'path'], note);
      checkEnvironment(hook.env ?? [], [...base, 'env'], note);
    });
}

function check(content: Content, note: Note): void {
  checkNames(content, properties.file, [], note);
  checkShares(content.shares ?? [], ['shares'], note);
  for (const [name, tree] of Object.entries(content.trees ?? {})) {
    const at = ['trees', name];
    if (!isTreeName(name)) note(at, { kind: 'bad-tree-name' });
    checkNames(tree, properties.tree, at, note);
    checkPath(tree.path, [...at, 'path'], note);
    if (/^\/+$/.test(tree.path)) note([...at, 'path'], { kind: 'empty' });
    checkShares(tree.shares ?? [], [...at, 'shares'], note);
    checkEnvironment(tree.env ?? [], [...at, 'env'], note);
    checkHooks(tree.hooks ?? {}, [...at, 'hooks'], note);
  }
}

const clean = (path: string): string => path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');

const shareOf = ({ path, readonly = false }: RegisteredShare): Share => ({ path: clean(path), readonly });

export function parseJsonFile(file: string, text: Uint8Array | string): ReadFile {
  const parsed = parse({ file, text });
  if (parsed.kind === 'refused') return parsed;
  const { document } = parsed;
  const diagnostics: Diagnostic[] = [];
  const note: Note = (path, what) => diagnostics.push(document.diagnose(path, what));
  if (!validateRegistry(document.value)) noteViolations(document.value, validateRegistry.errors ?? [], note);
  checkText(document.text, document.value, note);
  const content = document.value as Content;
  if (diagnostics.length === 0) check(content, note);
  if (diagnostics.length > 0) {
    diagnostics.sort((one, other) => one.line - other.line || one.column - other.column);
    return { kind: 'refused', diagnostics };
  }
  const trees = Object.entries(content.trees ?? {}).map(([name, tree]): RegisteredTree => {
    const own = tree.shares !== undefined;
    const at: ValuePath = ['trees', name];
    return {
      name,
      path: clean(tree.path),
      shares: (tree.shares ?? content.shares ?? []).map(shareOf),
      backEnd: tree.backEnd ?? 'auto',
      readonly: tree.readonly ?? false,
      variables: tree.env ?? [],
      hooks: tree.hooks ?? {},
      strict: content.elide === 'strict',
      shell: tree.shell ?? 'sh',
      description: tree.description ?? '',
      file,
      line: document.place(at).line,
      diagnose: (share, what) =>
        document.diagnose(
          share === null ? [...at, 'path'] : [...(own ? at : []), 'shares', share, 'path'],
          what,
        ),
    };
  });
  const name = content.default;
  return {
    kind: 'read',
    file: {
      trees,
      shares: (content.shares ?? []).map(shareOf),
      defaultTree:
        name === undefined ? null : { name, diagnose: what => document.diagnose(['default'], what) },
    },
  };
}
