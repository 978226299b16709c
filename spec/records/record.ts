/**
 * Records: files of JSON that launch programs write and later commands read. Each stands in one file of this folder: its type, the template that a program
 * fills in, and the parser. A parser believes nothing: a file decides which pid gets a signal, or from which namespace a container starts.
 */
import type { TemplateField } from '../instructions.js';
import { isRecord } from '../is-record.js';

type Fields = typeof TemplateField;

/** How a number that only the program knows gets into the text: the compiler gives its own field of a template for it. */
export type Fill<Name extends string, Field> = (as: Fields['DECIMAL' | 'JSON' | 'TIME'], name: Name) => Field;

/** Text, and fields that the program fills in. */
export type Filled<Field> = readonly (string | Field)[];

export type Parsed<Record> =
  | { readonly kind: 'record'; readonly record: Record }
  /** `at`: the first member that is missing or not what it should be, e.g. `shares[2].path`; '' for the whole text. */
  | { readonly kind: 'malformed'; readonly at: string };

/** An object of a record, read member by member. What is wrong gives an empty value, and is noted. */
export interface Members {
  has(name: string): boolean;
  text(name: string): string;
  /** An integer from 0 on; inode numbers beyond 2^53 are rounded, as those of fs.Stats are. */
  natural(name: string): number;
  flag(name: string): boolean;
  texts(name: string): readonly string[];
  object<Value>(name: string, read: (members: Members) => Value): Value;
  list<Value>(name: string, read: (members: Members) => Value): readonly Value[];
  /** Any names, each with a value of the same kind. */
  map<Value>(name: string, read: (members: Members, name: string) => Value): Readonly<Record<string, Value>>;
  isNull(name: string): boolean;
}

interface Fault {
  at: string | null;
}

const NOTHING: Readonly<Record<string, unknown>> = {};

function membersOf(value: unknown, at: string, fault: Fault): Members {
  const wrong = (where: string): void => {
    fault.at ??= where;
  };
  if (!isRecord(value)) wrong(at);
  const object = isRecord(value) ? value : NOTHING;
  const place = (name: string): string => (at === '' ? name : `${at}.${name}`);
  const get = (name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined);
  const list = (name: string): readonly unknown[] => {
    const found = get(name);
    if (Array.isArray(found)) return found;
    wrong(place(name));
    return [];
  };
  const textAt = (found: unknown, where: string): string => {
    if (typeof found === 'string') return found;
    wrong(where);
    return '';
  };
  return {
    has: name => get(name) !== undefined,
    isNull: name => get(name) === null,
    text: name => textAt(get(name), place(name)),
    natural(name) {
      const found = get(name);
      if (typeof found === 'number' && Number.isInteger(found) && found >= 0) return found;
      wrong(place(name));
      return 0;
    },
    flag(name) {
      const found = get(name);
      if (typeof found !== 'boolean') wrong(place(name));
      return found === true;
    },
    texts: name => list(name).map((found, i) => textAt(found, `${place(name)}[${i}]`)),
    object: (name, read) => read(membersOf(get(name), place(name), fault)),
    list: (name, read) => list(name).map((found, i) => read(membersOf(found, `${place(name)}[${i}]`, fault))),
    map(name, read) {
      const found = get(name);
      const inner = membersOf(found, place(name), fault);
      const names = isRecord(found) ? Object.keys(found) : [];
      return Object.fromEntries(names.map(one => [one, read(inner, one)]));
    },
  };
}

/** The value of a text; undefined: it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function parseRecord<Record>(value: unknown, read: (members: Members) => Record): Parsed<Record> {
  const fault: Fault = { at: null };
  const record = read(membersOf(value, '', fault));
  return fault.at === null ? { kind: 'record', record } : { kind: 'malformed', at: fault.at };
}
