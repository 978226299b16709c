/** The parts of README.md and docs/compatibility.md that say what this version refuses, made of the tables by which it refuses. */
import { commands, type Option } from '../commands.js';
import { unsupported } from '../features.js';
import { table } from './table.js';

const code = (text: string): string => `\`${text}\``;

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

const laterCommands = (): readonly string[] =>
  commands.flatMap(({ name, support }) => (support === 'later' ? [code(name)] : []));

const refusedOptions = (): readonly string[] =>
  commands.flatMap(({ name, support, options }) =>
    support === 'later'
      ? []
      : options.filter(({ refused }: Option) => refused).map(({ long }) => code(`${name} --${long}`)),
  );

function limitsTable(): string {
  const rows = unsupported.map(({ feature, asked, why }) => [feature, asked, why]);
  return table(['refused', 'asked for by', 'because without it'], rows);
}

/** Empty: nothing of the command line is refused. */
function commandLine(): string {
  const lists = [
    ['the commands', laterCommands()],
    ['the options', refusedOptions()],
  ] as const;
  return lists
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${kind} ${listed(names)}`)
    .join('; ');
}

/** Generated blocks by their name; a page has them between `<!-- NAME -->` and `<!-- /NAME -->`. */
const blocks: Readonly<Record<string, () => string>> = {
  limits: () =>
    `Refused: ${[unsupported.map(({ feature }) => feature).join(', '), commandLine()].filter(text => text !== '').join('; ')}.`,
  refused: () =>
    `${limitsTable()}\n\nOn the command line: ${commandLine() || 'nothing that is in the table of commands'}.`,
};

export const PAGES_WITH_BLOCKS = ['README.md', 'docs/compatibility.md'];

/** A page with its blocks as they should be. A name that is no block is a mistake. */
export function withBlocks(page: string): string {
  return page.replace(/<!-- (\w+): made[^>]* -->\n[\s\S]*?<!-- \/\1 -->/g, (found, name: string) => {
    const make = blocks[name];
    if (make === undefined) throw new Error(`no block is called ${name}`);
    const [first = ''] = found.split('\n');
    return `${first}\n\n${make()}\n\n<!-- /${name} -->`;
  });
}
