/** One file of /etc/chos.d (spec/registry.schema.json), read and checked as config.json is. */
import type {
  Registry as Content,
  RegisteredShare as ContentShare,
  RegisteredChoice,
  RegisteredEnvironment,
  RegisteredHook,
  RegisteredHooks,
} from '../../spec/generated/registry.js';
import { validateRegistry } from '../../spec/generated/validators.js';
import { isRecord } from '../../spec/is-record.js';
import { fileName } from '../../spec/records/names.js';
import { checkNames } from '../admit/check-names.js';
import { checkAbsolute, checkEnvironment, checkText } from '../admit/check-text.js';
import type { Note, Reason, ValuePath } from '../admit/diagnostic.js';
import { parse } from '../admit/parse.js';
import { noteViolations } from '../admit/shape.js';
import { MERGED } from './accounts.js';
import { checkFeatureNames, checkFeatures, checkPath, featuresIn } from './feature-file.js';
import {
  cleanPath,
  isTreeName,
  type ReadFile,
  type RegisteredFile,
  type RegisteredShare,
  type RegisteredTree,
  type SiteChoice,
  type TreeVariables,
} from './registry.js';

const properties = {
  file: ['$schema', 'trees', 'shares', 'files', 'elide', 'default', 'choices', 'features'],
  choice: ['user', 'group', 'host', 'tree'],
  tree: [
    'path',
    'shares',
    'files',
    'backEnd',
    'readonly',
    'env',
    'environment',
    'hooks',
    'features',
    'cpuLevel',
    'shell',
    'description',
  ],
  environment: ['keep', 'unset', 'set', 'path'],
  hooks: ['createRuntime', 'startContainer', 'poststart', 'poststop'],
  hook: ['path', 'args', 'env', 'timeout'],
  share: ['path', 'readonly', 'optional'],
} as const;

function eachOf(value: unknown, path: ValuePath, visit: (item: unknown, path: ValuePath) => void): void {
  if (Array.isArray(value)) for (const [i, item] of value.entries()) visit(item, [...path, i]);
}

/** Names first, whatever shape the rest has: "paht" is the cause where `path` is missing. */
function checkAllNames(content: unknown, note: Note): void {
  if (!isRecord(content)) return;
  const checkShareNames = (list: unknown, at: ValuePath): void =>
    eachOf(list, at, (share, place) => checkNames(share, { allowed: properties.share }, place, note));
  checkNames(content, { allowed: properties.file }, [], note);
  checkShareNames(content.shares, ['shares']);
  eachOf(content.choices, ['choices'], (choice, at) =>
    checkNames(choice, { allowed: properties.choice }, at, note),
  );
  checkFeatureNames(content.features, note);
  if (!isRecord(content.trees)) return;
  for (const [name, tree] of Object.entries(content.trees)) {
    const at = ['trees', name];
    checkNames(tree, { allowed: properties.tree }, at, note);
    if (!isRecord(tree)) continue;
    checkShareNames(tree.shares, [...at, 'shares']);
    checkNames(tree.environment, { allowed: properties.environment }, [...at, 'environment'], note);
    checkNames(tree.hooks, { allowed: properties.hooks }, [...at, 'hooks'], note);
    for (const [kind, list] of Object.entries(isRecord(tree.hooks) ? tree.hooks : {}))
      eachOf(list, [...at, 'hooks', kind], (hook, place) =>
        checkNames(hook, { allowed: properties.hook }, place, note),
      );
  }
}

interface Noted {
  readonly path: ValuePath;
  readonly what: Reason;
}

/** Where an unknown property stands, what seems to be missing is most likely that one, misspelt: it is not told as well. */
function withoutConsequences(notes: readonly Noted[]): readonly Noted[] {
  const parent = ({ path }: Noted): string => JSON.stringify(path.slice(0, -1));
  const misspelt = new Set(notes.filter(({ what }) => what.kind === 'unknown-name').map(parent));
  return notes.filter(note => note.what.kind !== 'missing' || !misspelt.has(parent(note)));
}

function checkShares(shares: readonly ContentShare[], at: ValuePath, note: Note): void {
  const first = new Map<string, number>();
  shares.forEach((share, i) => {
    checkPath(share.path, [...at, i, 'path'], note);
    const place = cleanPath(share.path);
    const before = first.get(place);
    if (before !== undefined)
      note([...at, i, 'path'], { kind: 'duplicate', first: `${at.join('.')}[${before}].path` });
    else first.set(place, i);
    if (place === '/') note([...at, i, 'path'], { kind: 'root-directory', of: 'tree' });
  });
}

/** Below what is the kernel's, and at the root, is no file of a tree. */
const kernels = ['/proc', '/sys', '/dev'];

function checkFiles(files: Readonly<Record<string, string>>, at: ValuePath, note: Note): void {
  const first = new Map<string, string>();
  for (const [path, content] of Object.entries(files)) {
    const here = [...at, path];
    const place = cleanPath(path);
    if (path.startsWith('/') && place === '/') note(here, { kind: 'root-directory', of: 'tree' });
    else if (!path.startsWith('/') || path.endsWith('/') || Buffer.byteLength(fileName(place)) > 240)
      note(here, { kind: 'bad-file-path' });
    else if (path.split('/').includes('..')) note(here, { kind: 'dot-dot' });
    else if (kernels.some(top => place === top || place.startsWith(`${top}/`)))
      note(here, { kind: 'bad-file-path' });
    const before = first.get(place);
    if (before !== undefined) note(here, { kind: 'duplicate', first: before });
    first.set(place, path);
    const known = content === 'host' || content === 'tree' || (content === 'merge' && place in MERGED);
    if (!known && !content.startsWith('/')) note(here, { kind: 'wrong-form', form: 'shown-file' });
    else if (content.split('/').includes('..')) note(here, { kind: 'dot-dot' });
  }
}

/** Patterns of names are a line each for `chos`; a directory of PATH has no colon, and is none of the caller's. */
function checkVariables(
  { keep = [], unset = [], set = [], path = [] }: RegisteredEnvironment,
  at: ValuePath,
  note: Note,
): void {
  for (const [name, list] of Object.entries({ keep, unset }))
    list.forEach((pattern, i) => {
      if (/[=\s\p{Cc}]/u.test(pattern)) note([...at, name, i], { kind: 'wrong-form', form: 'variable-name' });
    });
  checkEnvironment(set, [...at, 'set'], note);
  path.forEach((directory, i) => {
    if (directory.includes(':')) note([...at, 'path', i], { kind: 'wrong-form', form: 'other' });
    else checkAbsolute(directory, [...at, 'path', i], note);
  });
}

const conditions = ['user', 'group', 'host'] as const;

/** One condition each, so that the order of the choices is all that has to be known. */
function checkChoices(choices: readonly RegisteredChoice[], note: Note): void {
  choices.forEach((choice, i) => {
    const given = conditions.filter(name => choice[name] !== undefined);
    const [first, second] = given;
    if (first === undefined) note(['choices', i, 'user'], { kind: 'missing' });
    else if (second !== undefined)
      note(['choices', i, second], { kind: 'conflict', property: `choices[${i}].${first}` });
    for (const name of given)
      if (/[\s\p{Cc}]/u.test(choice[name] ?? ''))
        note(['choices', i, name], { kind: 'wrong-form', form: 'account' });
    if (/\p{Cc}/u.test(choice.tree)) note(['choices', i, 'tree'], { kind: 'bad-tree-name' });
  });
}

/** As admit checks those of config.json. */
function checkHooks(hooks: RegisteredHooks, at: ValuePath, note: Note): void {
  for (const [kind, list] of Object.entries(hooks) as readonly [string, readonly RegisteredHook[]][])
    list.forEach((hook, i) => {
      const base = [...at, kind, i];
      checkAbsolute(hook.path, [...base, 'path'], note);
      checkEnvironment(hook.env ?? [], [...base, 'env'], note);
    });
}

function check(content: Content, note: Note): void {
  checkShares(content.shares ?? [], ['shares'], note);
  checkFiles(content.files ?? {}, ['files'], note);
  checkChoices(content.choices ?? [], note);
  checkFeatures(content.features ?? {}, note);
  for (const [name, tree] of Object.entries(content.trees ?? {})) {
    const at = ['trees', name];
    if (!isTreeName(name)) note(at, { kind: 'bad-tree-name' });
    checkPath(tree.path, [...at, 'path'], note);
    if (cleanPath(tree.path) === '/') note([...at, 'path'], { kind: 'root-directory', of: 'host' });
    checkShares(tree.shares ?? [], [...at, 'shares'], note);
    checkFiles(tree.files ?? {}, [...at, 'files'], note);
    checkEnvironment(tree.env ?? [], [...at, 'env'], note);
    checkVariables(tree.environment ?? {}, [...at, 'environment'], note);
    checkHooks(tree.hooks ?? {}, [...at, 'hooks'], note);
  }
}

function environmentOf({ keep, unset = [], set = [], path }: RegisteredEnvironment): TreeVariables {
  return {
    keep: keep ?? null,
    unset,
    set: [...set, ...(path === undefined ? [] : [`PATH=${path.join(':')}`])],
  };
}

const fileContent = (content: string): RegisteredFile['content'] =>
  content === 'host' || content === 'tree' || content === 'merge'
    ? { kind: content }
    : { kind: 'from', from: cleanPath(content) };

export function parseJsonFile(file: string, text: Uint8Array | string): ReadFile {
  const parsed = parse({ file, text });
  if (parsed.kind === 'refused') return { ...parsed, trees: [] };
  const { document } = parsed;
  const noted: Noted[] = [];
  const note: Note = (path, what) => noted.push({ path, what });
  if (!validateRegistry(document.value)) noteViolations(document.value, validateRegistry.errors ?? [], note);
  checkAllNames(document.value, note);
  checkText(document.text, document.value, note);
  const content = document.value as Content;
  if (noted.length === 0) check(content, note);
  if (noted.length > 0) {
    const diagnostics = withoutConsequences(noted).map(({ path, what }) => document.diagnose(path, what));
    diagnostics.sort((one, other) => one.line - other.line || one.column - other.column);
    const trees = isRecord(content) && isRecord(content.trees) ? Object.keys(content.trees) : [];
    return { kind: 'refused', diagnostics, trees };
  }
  const sharesAt = (shares: readonly ContentShare[], at: ValuePath): readonly RegisteredShare[] =>
    shares.map(({ path, readonly = false, optional = false }, i) => ({
      path: cleanPath(path),
      readonly,
      optional,
      diagnose: what => document.diagnose([...at, i, 'path'], what),
    }));
  const filesAt = (files: Readonly<Record<string, string>>, at: ValuePath): readonly RegisteredFile[] =>
    Object.entries(files).map(([path, content]) => ({
      path: cleanPath(path),
      content: fileContent(content),
      diagnose: what => document.diagnose([...at, path], what),
    }));
  const shares = sharesAt(content.shares ?? [], ['shares']);
  const files = filesAt(content.files ?? {}, ['files']);
  const trees = Object.entries(content.trees ?? {}).map(([name, tree]): RegisteredTree => {
    const at: ValuePath = ['trees', name];
    return {
      name,
      path: cleanPath(tree.path),
      shares: tree.shares === undefined ? shares : sharesAt(tree.shares, [...at, 'shares']),
      files: [...filesAt(tree.files ?? {}, [...at, 'files']), ...files],
      ownShares: tree.shares !== undefined,
      backEnd: tree.backEnd ?? 'auto',
      readonly: tree.readonly ?? false,
      variables: tree.env ?? [],
      environment: environmentOf(tree.environment ?? {}),
      hooks: tree.hooks ?? {},
      features: tree.features ?? [],
      cpuLevel: Number(tree.cpuLevel?.slice(-1) ?? 0),
      strict: content.elide === 'strict',
      shell: tree.shell ?? 'sh',
      description: tree.description ?? '',
      file,
      line: document.place(at).line,
      diagnose: what => document.diagnose([...at, 'path'], what),
      diagnoseFeatures: what => document.diagnose([...at, 'features'], what),
    };
  });
  const name = content.default;
  return {
    kind: 'read',
    file: {
      trees,
      shares,
      files,
      siteWide: content.trees === undefined,
      defaultTree:
        name === undefined ? null : { name, diagnose: what => document.diagnose(['default'], what) },
      features: featuresIn(content.features ?? {}, document),
      choices: (content.choices ?? []).flatMap(({ tree, ...choice }, i) =>
        conditions.flatMap(by => {
          const of = choice[by];
          const diagnose: SiteChoice['diagnose'] = what => document.diagnose(['choices', i, 'tree'], what);
          return of === undefined ? [] : [{ by, of, tree, diagnose }];
        }),
      ),
    },
  };
}
