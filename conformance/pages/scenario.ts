/** How a block of a page is tried. Each block of each page has exactly one scenario; a new one that has none fails. */
import * as assert from 'node:assert/strict';
import { type Block, commandsOf, isShown } from './blocks.js';
import { type How, shell } from './machine.js';

/** For a command line, by its beginning. */
export type Line =
  | (How & {
      /** Exit code; 0 if not given. */
      readonly status?: number;
      /** What the reader puts in the place of a word of the page, e.g. ID. */
      readonly with?: Readonly<Record<string, string>>;
      /** Looks at what it printed. */
      readonly look?: (printed: string) => void;
    })
  /** It is not run here, and why. */
  | { readonly not: string };

export interface Scenario {
  readonly page: string;
  /** How its first line begins. */
  readonly first: string;
  /** `string`: it holds no command line that could be run here, and why. */
  readonly run: string | ((block: Block) => void);
}

function tell(command: string, status: number | null, printed: string): string {
  return `${command}\nended with ${status}:\n${printed}`;
}

/** Run the command lines of a block one after the other, and compare what they print with what the page shows. */
export function inOrder(block: Block, lines: Readonly<Record<string, Line>> = {}): void {
  const used = new Set<string>();
  for (const { text, output } of commandsOf(block)) {
    const key = Object.keys(lines).find(beginning => text.startsWith(beginning));
    if (key !== undefined) used.add(key);
    const line = key === undefined ? {} : (lines[key] ?? {});
    if ('not' in line) continue;
    let command = text;
    for (const [word, value] of Object.entries(line.with ?? {})) command = command.replaceAll(word, value);
    const { status, stdout, stderr } = shell(command, line);
    assert.equal(status, line.status ?? 0, tell(command, status, stdout + stderr));
    line.look?.(stdout + stderr);
    if (output.length === 0) continue;
    const printed = stdout
      .trimEnd()
      .split('\n')
      .map(one => one.trimEnd());
    const same = printed.length === output.length && output.every((one, i) => isShown(one, printed[i] ?? ''));
    assert.ok(same, `${command} prints\n${printed.join('\n')}\nnot\n${output.join('\n')}`);
  }
  const unused = Object.keys(lines).filter(beginning => !used.has(beginning));
  assert.deepEqual(unused, [], `no line of the block begins like that`);
}
