/** The blocks of a page that stand between fences, and the command lines in them. */

export interface Block {
  readonly page: string;
  /** Of its first line in the page. */
  readonly line: number;
  /** What stands behind the fence: console, toml, json, ts, sh, or nothing. */
  readonly language: string;
  readonly lines: readonly string[];
}

export function blocksOf(page: string, text: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { readonly line: number; readonly language: string; readonly lines: string[] } | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^```(\w*)$/.exec(line);
    if (fence && open === null) open = { line: index + 2, language: fence[1] ?? '', lines: [] };
    else if (fence && open !== null) {
      blocks.push({ page, ...open });
      open = null;
    } else open?.lines.push(line);
  }
  return blocks;
}

export interface Command {
  /** Without the prompt and the remark behind it. */
  readonly text: string;
  /** What the page shows that it prints; empty: nothing is said of it. */
  readonly output: readonly string[];
}

const withoutRemark = (line: string): string => line.replace(/\s{2,}# .*$/, '');

/** In a block called console commands stand behind a prompt, and what they print below them. In others each line is a command. */
export function commandsOf({ language, lines }: Block): readonly Command[] {
  if (language !== 'console') return lines.map(line => ({ text: withoutRemark(line), output: [] }));
  const commands: { readonly text: string; readonly output: string[] }[] = [];
  for (const line of lines) {
    const [, command] = /^(?:[\w-]*[#$]) (.*)$/.exec(line) ?? [];
    if (command !== undefined) commands.push({ text: withoutRemark(command), output: [] });
    else commands.at(-1)?.output.push(line);
  }
  return commands;
}

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Whether a printed line is the one that the page shows; `...` in it stands for anything. */
export function isShown(shown: string, printed: string): boolean {
  return new RegExp(`^${shown.split('...').map(literally).join('.*')}$`).test(printed);
}

/** The first of the shown lines that does not come behind those before it; null: all are there, in their order. A line `...` stands for any number of lines. */
export function missingLine(shown: readonly string[], printed: readonly string[]): string | null {
  let from = 0;
  for (const line of shown) {
    if (line.trim() === '' || line.trim() === '...') continue;
    const found = printed.findIndex((one, index) => index >= from && isShown(line, one.trimEnd()));
    if (found < 0) return line;
    from = found + 1;
  }
  return null;
}
