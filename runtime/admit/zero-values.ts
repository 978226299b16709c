/**
 * What stands for nothing. Go, in which most callers are written, writes a field that nobody set as its zero value unless the field says otherwise, and
 * runc and crun read it back as not set. docs/compatibility.md, "Empty means absent", says what follows.
 */
import { isRecord } from '../../spec/is-record.js';
import type { ValuePath } from './diagnostic.js';

type Container = Record<string | number, unknown>;

/** Names from the root of a document; `*` is each element of a list and each value of a map. */
type Pattern = readonly string[];

/** What is decided about one kind of document, before anything else looks at it. */
export interface ZeroRules {
  /** Objects that ask for something: one in which nothing is set asks for nothing. */
  readonly objects: readonly Pattern[];
  /** Words of a fixed list: the empty one is none of them, and means that there is none. */
  readonly words: readonly Pattern[];
  /** Lists of words, in which an empty one is none. */
  readonly lists: readonly Pattern[];
  /** The specification requires these; runc and crun both take a file without them and assume the value. */
  readonly assumed: readonly (readonly [Pattern, number | boolean])[];
}

export interface Assumed {
  readonly path: ValuePath;
  readonly value: number | boolean;
}

/** `process` of config.json, and the file of exec --process. */
export const processRules: ZeroRules = {
  objects: [['scheduler'], ['ioPriority']],
  words: [],
  lists: [
    ['capabilities', '*'],
    ['scheduler', 'flags'],
  ],
  assumed: [
    [['consoleSize', 'height'], 0],
    [['consoleSize', 'width'], 0],
    [['user', 'uid'], 0],
    [['user', 'gid'], 0],
    [['rlimits', '*', 'soft'], 0],
    [['rlimits', '*', 'hard'], 0],
  ],
};

/** `linux.resources` of config.json, and the file of update --resources. */
export const resourcesRules: ZeroRules = {
  objects: [['pids']],
  words: [['devices', '*', 'type']],
  lists: [],
  // Without a word the rule denies: the safe one of the two.
  assumed: [[['devices', '*', 'allow'], false]],
};

export const configRules: ZeroRules = joined(
  {
    objects: [
      ['linux', 'intelRdt'],
      ['linux', 'memoryPolicy'],
      ['linux', 'personality'],
      ['linux', 'timeOffsets', '*'],
    ],
    words: [['linux', 'rootfsPropagation']],
    lists: [
      ['mounts', '*', 'options'],
      ['linux', 'memoryPolicy', 'flags'],
      ['linux', 'personality', 'flags'],
    ],
    assumed: [
      [['linux', 'devices', '*', 'major'], 0],
      [['linux', 'devices', '*', 'minor'], 0],
      [['linux', 'seccomp', 'syscalls', '*', 'args', '*', 'index'], 0],
      [['linux', 'seccomp', 'syscalls', '*', 'args', '*', 'value'], 0],
    ],
  },
  below(['process'], processRules),
  below(['linux', 'resources'], resourcesRules),
);

/** Takes out of a parsed document what stands for nothing, and puts in what is assumed, which is returned. */
export function settleZeros(document: unknown, rules: ZeroRules): readonly Assumed[] {
  const assumed: Assumed[] = [];
  for (const pattern of rules.objects)
    each(document, pattern, (parent, name) => {
      if (isRecord(parent[name]) && isZero(parent[name], pattern)) Reflect.deleteProperty(parent, name);
    });
  for (const pattern of rules.words)
    each(document, pattern, (parent, name) => {
      if (parent[name] === '') Reflect.deleteProperty(parent, name);
    });
  for (const pattern of rules.lists)
    each(document, pattern, (parent, name) => {
      const list = parent[name];
      if (Array.isArray(list) && list.includes('')) parent[name] = list.filter(word => word !== '');
    });
  for (const [pattern, value] of rules.assumed)
    each(document, pattern, (parent, name, path) => {
      // A fifo has no number.
      if (name in parent || ((name === 'major' || name === 'minor') && parent.type === 'p')) return;
      parent[name] = value;
      assumed.push({ path, value });
    });
  return assumed;
}

/** Properties of these objects that are no numbers. A zero value of another type is a mistake, which the validator tells. */
const texts = new Set([
  'domain',
  'policy',
  'class',
  'closID',
  'l3CacheSchema',
  'memBwSchema',
  'mode',
  'nodes',
]);
const wordLists = new Set(['flags', 'schemata']);
const switches = /^enable/;

/** A limit of 0 tasks is a limit in version 1.3; of `pids` only the empty object is nothing. */
function isZero(value: Readonly<Record<string, unknown>>, pattern: Pattern): boolean {
  const properties = Object.entries(value);
  return pattern.at(-1) === 'pids' ? properties.length === 0 : properties.every(unset);
}

function unset([name, value]: readonly [string, unknown]): boolean {
  if (value === null) return true;
  if (texts.has(name)) return value === '';
  if (wordLists.has(name)) return Array.isArray(value) && value.every(word => word === '' || word === null);
  return value === (switches.test(name) ? false : 0);
}

/** Calls `act` for the place of every value that the pattern names, whether there is a value or not. */
function each(
  document: unknown,
  pattern: Pattern,
  act: (parent: Container, name: string, path: ValuePath) => void,
): void {
  const last = pattern.length - 1;
  const visit = (value: unknown, at: number, path: ValuePath): void => {
    if (typeof value !== 'object' || value === null) return;
    const name = pattern[at] ?? '';
    if (name === '*') {
      for (const [key, inside] of Object.entries(value)) {
        const here = [...path, Array.isArray(value) ? Number(key) : key];
        if (at === last) act(value as Container, key, here);
        else visit(inside, at + 1, here);
      }
    } else if (Array.isArray(value)) return;
    else if (at === last) act(value as Container, name, [...path, name]);
    else visit((value as Container)[name], at + 1, [...path, name]);
  };
  visit(document, 0, []);
}

function below(base: Pattern, { objects, words, lists, assumed }: ZeroRules): ZeroRules {
  const put = (pattern: Pattern): Pattern => [...base, ...pattern];
  return {
    objects: objects.map(put),
    words: words.map(put),
    lists: lists.map(put),
    assumed: assumed.map(([pattern, value]) => [put(pattern), value] as const),
  };
}

function joined(...rules: readonly ZeroRules[]): ZeroRules {
  return {
    objects: rules.flatMap(({ objects }) => objects),
    words: rules.flatMap(({ words }) => words),
    lists: rules.flatMap(({ lists }) => lists),
    assumed: rules.flatMap(({ assumed }) => assumed),
  };
}
