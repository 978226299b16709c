/**
 * The part of TOML in which containers.conf and containerd's config.toml say what the checks ask: tables, keys, strings, lists of strings, and `true` and `false`, as these words. What else there is (numbers, dates, tables in one
 * line) is passed over; only Podman and containerd judge their own files.
 */

/** By dotted key: `engine.runtimes.chos-runtime`. */
export type TomlStrings = ReadonlyMap<string, string | readonly string[]>;

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

const unescaped = (text: string): string =>
  text.replace(
    /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs,
    (_, four?: string, eight?: string, one?: string) => {
      if (one !== undefined) return escapes[one] ?? one;
      const code = Number.parseInt(four ?? eight ?? '0', 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '';
    },
  );

const gap = /(?:\s|#[^\n]*)*/y;
const inLine = /[ \t]*/y;
const rest = /[^\n]*/y;
const truth = /true\b|false\b/y;
const bareKey = /[A-Za-z0-9_-]+/y;
/** Strings of several lines first: they begin like an empty one. */
const strings = [
  { form: /"""\n?((?:[^\\]|\\.)*?)"""(?!")/sy, raw: false },
  { form: /'''\n?(.*?)'''(?!')/sy, raw: true },
  { form: /"((?:[^"\\\n]|\\.)*)"/y, raw: false },
  { form: /'([^'\n]*)'/y, raw: true },
];

class Reader {
  at = 0;
  constructor(readonly text: string) {}

  take(form: RegExp): RegExpExecArray | null {
    form.lastIndex = this.at;
    const found = form.exec(this.text);
    if (found !== null) this.at = form.lastIndex;
    return found;
  }

  is(sign: string): boolean {
    if (!this.text.startsWith(sign, this.at)) return false;
    this.at += sign.length;
    return true;
  }

  string(): string | null {
    for (const { form, raw } of strings) {
      const found = this.take(form);
      if (found !== null) return raw ? (found[1] ?? '') : unescaped(found[1] ?? '');
    }
    return null;
  }

  /** `a.b."c d"` */
  key(): string | null {
    const parts: string[] = [];
    do {
      this.take(inLine);
      const part = this.string() ?? this.take(bareKey)?.[0];
      if (part === undefined) return null;
      parts.push(part);
      this.take(inLine);
    } while (this.is('.'));
    return parts.join('.');
  }

  /** A list of strings; null: of something else. */
  list(): readonly string[] | null {
    const items: string[] = [];
    for (;;) {
      this.take(gap);
      if (this.is(']')) return items;
      const item = this.string();
      if (item === null) return null;
      items.push(item);
      this.take(gap);
      if (!this.is(',')) {
        this.take(gap);
        return this.is(']') ? items : null;
      }
    }
  }
}

export function parseToml(text: string): TomlStrings {
  const found = new Map<string, string | readonly string[]>();
  const reader = new Reader(text);
  let table = '';
  for (;;) {
    reader.take(gap);
    if (reader.at >= text.length) return found;
    if (reader.is('[')) {
      const name = reader.key();
      // A list of tables ([[...]]) has none of ours.
      if (name === null) table = '?.';
      else if (reader.is(']')) table = `${name}.`;
    } else {
      const key = reader.key();
      if (key !== null && reader.is('=')) {
        reader.take(inLine);
        const value = reader.is('[') ? reader.list() : (reader.string() ?? reader.take(truth)?.[0] ?? null);
        if (value !== null) found.set(table + key, value);
      }
    }
    reader.take(rest);
  }
}
