import { type Diagnostic, formatPath, type Place, type Reason, type ValuePath } from './diagnostic.js';
import { endOf, isList, itemsOf, membersOf, type Outline, startOf } from './outline.js';

/** A JSON text that was parsed, and the way back from each value to its place. */
export interface Document {
  readonly file: string;
  readonly text: string;
  /** As JSON.parse makes it, with bigints where it would have rounded. */
  readonly value: unknown;
  /** Place of the value, or of the nearest value around it if there is none at `path`. */
  place(path: ValuePath): Place;
  /** A diagnostic about the value at `path`. */
  diagnose(path: ValuePath, what: Reason): Diagnostic;
}

/** Longest piece of the source that a diagnostic quotes, in characters. */
const quoteLimit = 60;

/** Turns offsets of one text into places. Nothing is computed before the first question. */
export class Lines {
  readonly #text: string;
  #starts: number[] | undefined;
  #wide: boolean | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** The place of the character at `offset`. */
  place(offset: number): Place {
    const [line, start] = this.#lineAt(offset);
    return { line, column: this.#width(start, offset) + 1 };
  }

  /** A diagnostic about `length` code units at `offset`. */
  diagnose(file: string, offset: number, length: number, path: string, what: Reason, found = ''): Diagnostic {
    const [line, start] = this.#lineAt(offset);
    const newline = this.#text.indexOf('\n', offset);
    const lineEnd = newline === -1 ? this.#text.length : newline;
    const end = Math.min(offset + length, lineEnd);
    return {
      file,
      line,
      column: this.#width(start, offset) + 1,
      length: Math.max(1, this.#width(offset, end)),
      path,
      what,
      found,
      sourceLine: this.#text.slice(start, lineEnd).replace(/\r$/, ''),
    };
  }

  #lineAt(offset: number): readonly [line: number, start: number] {
    this.#starts ??= lineStarts(this.#text);
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return [low + 1, this.#starts[low] ?? 0];
  }

  /** Characters between two offsets. Most texts have one code unit for each. */
  #width(start: number, end: number): number {
    this.#wide ??= /[\uD800-\uDBFF]/.test(this.#text);
    return this.#wide ? [...this.#text.slice(start, end)].length : end - start;
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Puts a parsed value and its outline together. */
export function createDocument(file: string, text: string, value: unknown, shape: Outline): Document {
  const lines = new Lines(text);
  const members = new Map<number, ReadonlyMap<string, number> | Int32Array>();

  function inside(container: number): ReadonlyMap<string, number> | Int32Array {
    const known = members.get(container);
    if (known !== undefined) return known;
    const found = isList(text, shape, container)
      ? itemsOf(shape, container)
      : membersOf(text, shape, container);
    members.set(container, found);
    return found;
  }

  function locate(path: ValuePath): { readonly value: number; readonly exact: boolean } {
    let current = 0;
    for (const part of path) {
      const found = inside(current);
      const next = found instanceof Int32Array ? found[Number(part)] : found.get(String(part));
      if (next === undefined) return { value: current, exact: false };
      current = next;
    }
    return { value: current, exact: true };
  }

  return {
    file,
    text,
    value,
    place: path => lines.place(startOf(shape, locate(path).value)),
    diagnose(path, what) {
      const { value: at, exact } = locate(path);
      const start = startOf(shape, at);
      const end = endOf(text, shape, at);
      // For what is missing, only the opening brace of what should hold it is marked.
      return lines.diagnose(
        file,
        start,
        exact ? end - start : 1,
        formatPath(path),
        what,
        exact ? excerpt(text.slice(start, Math.min(end, start + 4 * quoteLimit))) : '',
      );
    },
  };
}

/** A piece of JSON on one line and not longer than a message can bear. */
function excerpt(json: string): string {
  const flat = [...json.replace(/\s+/g, ' ')];
  return flat.length <= quoteLimit ? flat.join('') : `${flat.slice(0, quoteLimit - 1).join('')}…`;
}
