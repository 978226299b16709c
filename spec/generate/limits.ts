/** The parts of README.md and docs/compatibility.md that say what this version refuses, made of the tables by which it refuses. */
import { absentCgroupDrivers } from '../cgroup-drivers.js';
import { commands, globalOptions, type Option } from '../commands.js';
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

const absentDrivers = (): readonly string[] =>
  absentCgroupDrivers.flatMap(name => {
    const short = globalOptions.filter(({ long }) => long === `${name}-cgroup`);
    return [`--cgroup-manager ${name}`, ...short.map(({ long }) => `--${long}`)].map(code);
  });

function limitsTable(): string {
  const rows = unsupported.map(({ feature, asked, why }) => [feature, asked, why]);
  return table(['refused', 'asked for by', 'because without it'], rows);
}

const commandLine = (): string =>
  `the commands ${listed(laterCommands())}; the options ${listed([...refusedOptions(), ...absentDrivers()])}`;

/** Generated blocks by their name; a page has them between `<!-- NAME -->` and `<!-- /NAME -->`. */
const blocks: Readonly<Record<string, () => string>> = {
  limits: () => `Refused are ${unsupported.map(({ feature }) => feature).join(', ')}; ${commandLine()}.`,
  refused: () => `${limitsTable()}\n\nOn the command line: ${commandLine()}.`,
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
