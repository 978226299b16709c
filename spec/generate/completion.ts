/** What shell completion offers, from the command table: bash-completion.ts, zsh-completion.ts and fish-completion.ts write it for their shells. No name needs the compiler: a shell reads directories and files. */
import { type Command, commands, globalOptions, type Option } from '../commands.js';
import { PUBLIC } from '../environment.js';
import { recipes } from '../recipes.js';
import { signals } from '../signals.js';

/** What stands in a place: words that are known here, or names that are on the machine. `prepared`: trees, and behind an "@" their generations. `versions`: of the tree that stands before. `sources`: of a tree, but files. */
export type Source =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | {
      readonly kind:
        | 'trees'
        | 'prepared'
        | 'containers'
        | 'recipes'
        | 'sources'
        | 'versions'
        | 'directories'
        | 'files';
    };

const words = (...list: readonly string[]): Source => ({ kind: 'words', words: list });
const trees: Source = { kind: 'trees' };
const prepared: Source = { kind: 'prepared' };
const containers: Source = { kind: 'containers' };
const directories: Source = { kind: 'directories' };
const files: Source = { kind: 'files' };

/** The operands of a command, or of an action, in their order: each may be one of several. */
export type Operands = readonly (readonly Source[])[];

const source: readonly Source[] = [files, { kind: 'sources' }];

/** What `podman:` and `container:` name, only a program could tell. */
export const sourcePrefixes: readonly string[] = ['podman:', 'container:'];

const signalNames = Object.keys(signals);
/** `kill` takes them with and without SIG. */
const kill: Operands = [[containers], [words(...signalNames, ...signalNames.map(name => `SIG${name}`))]];

/** The ready-made hooks are those whose definitions `make install` installs. */
const own = (hooks: readonly string[]): Readonly<Record<string, Operands>> => ({
  kill,
  explain: [[directories, containers]],
  compile: [[directories]],
  who: [[prepared]],
  'tree list': [],
  'tree load': [],
  'tree show': [[trees]],
  'tree check': [[trees, files]],
  'tree entry': [[trees]],
  'tree files': [[trees]],
  'tree prepare': [[trees]],
  'tree release': [[prepared]],
  'tree drain': [[prepared]],
  'tree create': [[{ kind: 'recipes' }]],
  'tree import': [source],
  'tree update': [[trees], source],
  'tree versions': [[trees]],
  'tree rollback': [[trees], [{ kind: 'versions' }]],
  'tree remove': [[trees]],
  'tree gc': [[trees]],
  'tree digest': [[trees]],
  'tree export': [[trees]],
  'skeleton create': [[directories]],
  'skeleton check': [[directories]],
  'skeleton remove': [[directories]],
  'hooks list': [],
  'hooks check': [[files]],
  'hooks match': [[directories]],
  'hooks run': [[files]],
  'hooks install': [[words(...hooks)]],
  'hooks remove': [[words(...hooks)]],
});

export const shown: readonly Command[] = commands.filter(({ support }) => support !== 'later');

/** Those that are carried out and do something. */
export const offered = (options: readonly Option[]): readonly Option[] =>
  options.filter(({ refused, kind }) => !refused && kind !== 'ignored' && kind !== 'ignored-text');

export const takesValue = ({ kind }: Option): boolean =>
  kind === 'text' || kind === 'number' || kind === 'list' || kind === 'ignored-text';

export const spell = ({ long, short }: Option): readonly string[] => [
  `--${long}`,
  ...(short ? [`-${short}`] : []),
];

/** What an option takes; empty: anything. */
export function sourcesOf({ long, value, values }: Option): readonly Source[] {
  if (values) return [words(...values)];
  if (long === 'tree' || long === 'start') return [trees];
  if (value === 'DIR') return [directories];
  return value === 'FILE' || value === 'SOCKET' ? [files] : [];
}

/** One way to call it: a command, or one of its actions. */
export interface Way {
  readonly command: Command;
  readonly action?: string;
  readonly options: readonly Option[];
  /** Without the action. */
  readonly operands: Operands;
}

function operandsOf(command: Command, row: Operands | undefined): Operands {
  if (row) return row;
  return command.id && command.name !== 'create' && command.name !== 'run' ? [[containers]] : [];
}

export function waysOf(command: Command, hooks: readonly string[]): readonly Way[] {
  const rows = own(hooks);
  const { name, options, actions } = command;
  if (!actions) return [{ command, options, operands: operandsOf(command, rows[name]) }];
  return actions.map(action => ({
    command,
    action,
    options: options.filter(option => option.actions?.includes(action) ?? true),
    operands: operandsOf(command, rows[`${name} ${action}`]),
  }));
}

/** `command:--option` for each option that takes a value and is wanted; the command is empty before one is given. */
export function placesOf(wanted: (option: Option) => boolean): readonly string[] {
  const places = [{ name: '', options: globalOptions }, ...shown].flatMap(({ name, options }) =>
    options
      .filter(option => takesValue(option) && wanted(option))
      .flatMap(option => spell(option).map(one => `${name}:${one}`)),
  );
  return [...new Set(places)];
}

export const recipeNames: readonly string[] = Object.keys(recipes);

/** Where the files are whose names are generations, for all to read; a name that is more than letters, as a classic alias may be, is not offered. */
export const GENERATIONS = PUBLIC;

/** For a shell's own regular expressions: the name of a tree in a file of the registry, before its path. */
export const TREE_IN_JSON =
  '"([A-Za-z0-9][A-Za-z0-9._-]*)"[[:space:]]*:[[:space:]]*[{][^{}]*"path"[[:space:]]*:';
