/** Manual pages in roff (man(7)), from the command table: one for the runtime, one for each command that this version carries out. */

import { actionWords } from '../commands/action-words.js';
import { type Command, commands, globalOptions, type Option } from '../commands.js';
import { STATE_ROOT } from '../state-root.js';
import { type Example, type Notes, notes } from './man-notes.js';

const PROGRAM = 'chos-runtime';
const SECTION = '8';

/** Text that roff takes as it stands: a backslash begins an escape, a leading dot or quote a request, a hyphen is not a minus. */
export function escapeRoff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');
}

const bold = (text: string): string => `\\fB${escapeRoff(text)}\\fR`;
const italic = (text: string): string => `\\fI${escapeRoff(text)}\\fR`;

function heading(name: string, about: string, version: string): string {
  const title = name.toUpperCase();
  return `.TH "${escapeRoff(title)}" "${SECTION}" "" "${PROGRAM} ${version}" "System administration"\n.SH NAME\n${escapeRoff(name)} \\- ${escapeRoff(about)}\n`;
}

const takesValue = ({ kind }: Option): boolean => kind !== 'flag' && kind !== 'ignored';

function optionTerm(option: Option): string {
  const { long, short, value = 'VALUE' } = option;
  const names = [...(short === undefined ? [] : [`-${short}`]), `--${long}`].map(bold).join(', ');
  return takesValue(option) ? `${names} ${italic(value)}` : names;
}

function optionWords({ about, kind, refused }: Option): string {
  const more = kind === 'list' ? '; may be repeated' : refused ? '; refused by this version' : '';
  return escapeRoff(`${about}${more}.`);
}

/** Two letters for one long option are one entry. */
export function optionEntries(options: readonly Option[]): readonly string[] {
  const entries = new Map<string, string>();
  for (const option of options) {
    if (entries.has(option.long)) continue;
    entries.set(option.long, `.TP\n${optionTerm(option)}\n${optionWords(option)}\n`);
  }
  return [...entries.values()];
}

function section(title: string, body: string): string {
  return body === '' ? '' : `.SH ${title}\n${body}`;
}

const paragraphs = (texts: readonly string[]): string =>
  texts.map(text => `.PP\n${escapeRoff(text)}\n`).join('');

function exampleSection(examples: readonly Example[]): string {
  const body = examples
    .map(({ what, lines }) => `.PP\n${escapeRoff(what)}\n.PP\n.RS 4\n.nf\n${escapeRoff(lines)}\n.fi\n.RE\n`)
    .join('');
  return section('EXAMPLES', body);
}

const pageName = (command: Command): string => `${PROGRAM}-${command.name}`;
const isShown = (command: Command): boolean => command.support !== 'later';

/** The names of many actions in one word fit no line. */
const usageOf = ({ usage, actions }: Command): string =>
  actions === undefined ? usage : usage.replace(actions.join('|'), 'ACTION');

function actionEntries({ name, actions = [], operands = {} }: Command): string {
  return actions
    .map(action => {
      const term = `${bold(action)} ${italic(operands[action] ?? '')}`;
      return `.TP\n${term.trimEnd()}\n${escapeRoff(actionWords[name]?.[action] ?? '')}\n`;
    })
    .join('');
}

function seeAlso(names: readonly string[]): string {
  return section('SEE ALSO', `${names.map(name => `${bold(name)}(${SECTION})`).join(',\n')}\n`);
}

function commandPage(command: Command, version: string): string {
  const { name, about, options, stored } = command;
  const own: Notes = notes[name] ?? { text: [], examples: [] };
  const node =
    stored === undefined ? [] : ['It runs the program that create or run stored, without starting Node.'];
  const synopsis = `${bold(PROGRAM)} [${italic('global options')}] ${bold(name)}${options.length > 0 ? ` [${italic('options')}]` : ''} ${italic(usageOf(command))}`;
  return [
    heading(pageName(command), about, version),
    section('SYNOPSIS', `${synopsis.trim()}\n`),
    section(
      'DESCRIPTION',
      paragraphs([`${about.charAt(0).toUpperCase()}${about.slice(1)}.`, ...own.text, ...node]),
    ),
    section('ACTIONS', actionEntries(command)),
    section('OPTIONS', optionEntries(options).join('')),
    exampleSection(own.examples),
    seeAlso([PROGRAM]),
  ].join('');
}

function frontPage(version: string): string {
  const own: Notes = notes[''] ?? { text: [], examples: [] };
  const shown = commands.filter(isShown);
  const list = shown
    .map(
      command =>
        `.TP\n${bold(command.name)} ${italic(usageOf(command))}\n${escapeRoff(`${command.about}.`)}\n`,
    )
    .join('');
  const later = commands.filter(command => !isShown(command)).map(({ name }) => name);
  return [
    heading(PROGRAM, 'start containers and CHOS environments (OCI runtime)', version),
    section(
      'SYNOPSIS',
      `${bold(PROGRAM)} [${italic('global options')}] ${italic('COMMAND')} [${italic('options')}] [${italic('ARGUMENT')}...]\n`,
    ),
    section('DESCRIPTION', paragraphs(own.text)),
    section('GLOBAL OPTIONS', optionEntries(globalOptions).join('')),
    section('COMMANDS', `${list}${paragraphs([`Known, but refused by this version: ${later.join(', ')}.`])}`),
    exampleSection(own.examples),
    section(
      'EXIT STATUS',
      paragraphs([
        '0 on success, 1 on an error, 255 on an error of exec.',
        'run and exec in the foreground end with the exit code of the command, or with 128 plus the number of the signal that ended it.',
      ]),
    ),
    section(
      'FILES',
      [
        ['/etc/chos.d/*.json, /etc/chos', 'the registered trees'],
        [STATE_ROOT, 'states of the containers of root; --root names another directory'],
        ['/run/chos-trees', 'prepared trees'],
      ]
        .map(([file = '', what = '']) => `.TP\n${italic(file)}\n${escapeRoff(`${what}.`)}\n`)
        .join(''),
    ),
    seeAlso(shown.map(pageName)),
  ].join('');
}

/** All pages by file name. */
export function manPages(version: string): ReadonlyMap<string, string> {
  return new Map([
    [`${PROGRAM}.${SECTION}`, frontPage(version)],
    ...commands
      .filter(isShown)
      .map(command => [`${pageName(command)}.${SECTION}`, commandPage(command, version)] as const),
  ]);
}
