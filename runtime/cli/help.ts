/** Help pages, by commander from the command table. Loaded for --help only. */
import { Command as Page } from 'commander';
import { actionWords } from '../../spec/commands/action-words.js';
import { type Command, commands, globalOptions, type Option } from '../../spec/commands.js';
import { done, type Outcome } from './invocation.js';

function flagsOf({ long, short, kind, value }: Option): string {
  const name = short === undefined ? `--${long}` : `-${short}, --${long}`;
  return kind === 'flag' || kind === 'ignored' ? name : `${name} <${value ?? 'VALUE'}>`;
}

function addOptions(page: Page, options: readonly Option[]): void {
  const seen = new Set(['help']);
  for (const option of options) {
    if (seen.has(option.long)) continue;
    seen.add(option.long);
    page.option(flagsOf(option), option.about);
  }
}

function pageOf(command: Command): Page {
  const page = new Page(command.name).description(command.about).usage(`[options] ${command.usage}`.trim());
  page.helpOption('-h, --help', 'print help');
  addOptions(page, command.options);
  return page;
}

/** Each with what stands behind it. */
function actionsText({ name, operands }: Command): string {
  const lines = Object.entries(operands ?? {}).map(([action, usage]) =>
    `  ${name} ${action} ${usage}`.trimEnd(),
  );
  return lines.length === 0 ? '' : `\nActions:\n${lines.join('\n')}\n`;
}

/** `drain, release --drain: give up then`: which actions have it, its page need not say. */
const withoutActions = (option: Option): Option =>
  option.actions ? { ...option, about: option.about.replace(/^[a-z][a-z ,-]*: /, '') } : option;

/** Of one action: its own operands, words and options, and no others. */
function actionPage(command: Command, action: string): Page {
  const { name, about, options, operands } = command;
  const page = new Page(action).description(actionWords[name]?.[action] ?? about);
  page.usage(`[options] ${operands?.[action] ?? ''}`.trim()).helpOption('-h, --help', 'print help');
  addOptions(page, options.filter(({ actions }) => actions?.includes(action) ?? true).map(withoutActions));
  return page;
}

function frontPage(): Page {
  const front = new Page('chos-runtime')
    .description('Start containers and CHOS environments (OCI runtime)')
    .usage('[global options] COMMAND [options] [ARGUMENT...]')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false);
  addOptions(front, globalOptions);
  return front;
}

/** The page of one command, of one of its actions, or the one that lists them all. */
export function help(command: Command | null, action?: string): Outcome {
  const front = frontPage();
  if (command !== null && action !== undefined) {
    const page = actionPage(command, action);
    front.addCommand(new Page(command.name).addCommand(page));
    return done(page.helpInformation());
  }
  if (command !== null) {
    const page = pageOf(command);
    front.addCommand(page);
    return done(page.helpInformation() + actionsText(command));
  }
  for (const entry of commands) front.addCommand(pageOf(entry), { hidden: entry.support === 'later' });
  front.configureHelp({ subcommandTerm: page => page.name() });
  return done(front.helpInformation());
}
