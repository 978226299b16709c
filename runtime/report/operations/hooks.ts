import type { hooks as catalog } from '../../../spec/operations/hooks.js';
import type { Because } from '../../program/action.js';
import { placeOf } from '../../program/action.js';
import type { Field, Template } from '../../program/operand.js';
import { MISSING_INTERPRETER } from './process.js';
import { shorten } from './shorten.js';
import { errno, type WordsOf } from './words-of.js';

/** Longest path, name and place of a hook in a message; the rest of config.json's text is cut. Bundles of users' Podman are 150 long. */
const SHORT = 250;
export const NAMED = 4 * SHORT;

const shortened = (value: string): string => shorten(value, SHORT);

export const hooks: WordsOf<typeof catalog> = {
  'describe-to-hooks': { title: o => `describe the container to ${o.hook} hooks` },
  'run-hook': {
    title: o =>
      `run ${o.hook} hook ${o.path}${o.timeout === undefined ? '' : `, for at most ${o.timeout} s`}`,
  },
  // What goes wrong in the process of a hook is quoted behind its name and "was not executed".
  'become-hook': {
    title: o => `begin as ${o.hook} hook ${o.path}`,
    message: () => [errno],
    placeless: 'quoted by another message',
  },
  'enter-bundle': {
    title: o => `change directory to ${o.path}`,
    message: o => [`${shortened(o.path)}: `, errno],
    placeless: 'quoted by another message',
  },
  'execute-hook': {
    title: o => `execute ${o.path}`,
    message: () => [errno],
    placeless: 'quoted by another message',
  },
  'open-hook-output': { title: () => 'open what hooks inside write to' },
};

/** What `hooks check` and `hooks run` say of a program that cannot be executed: as a launch does. */
export const executeFault = (path: string, why: string, interpreter = false): string =>
  `${shortened(path)} ${NOT_EXECUTED}: ${interpreter ? `${MISSING_INTERPRETER}: ` : ''}${why}`;
const NOT_EXECUTED = 'was not executed';

/** The same, from its own process. */
export const interpreterFault = (why: Field): Template => [`${MISSING_INTERPRETER}: `, why];

/** Of a hook that has failed. */
export const hookName = (kind: string, index: number, path: string): string =>
  `${kind} hook #${index} ${shortened(path)}`;
/** `from`: the file of hooks.d that has such a hook. */
export const hookPlace = (because: Because, from?: string): string =>
  from === undefined
    ? shortened(placeOf(because))
    : `${shortened(placeOf(because).replace(/\)$/, ''))}, as in ${shortened(from)})`;

/** How a hook has ended, behind its name. */
export const hookEnds = {
  late: (seconds: number): string => `took longer than ${seconds} s and was killed`,
  interrupted: (signal: Field): Template => ['was ended, because chos-runtime got ', signal],
  /** `name`: none of the realtime signals has one. */
  killed: (signal: Field, name: Field | null): Template => [
    'was killed by signal ',
    signal,
    ...(name === null ? [] : [' (', name, ')']),
  ],
  exited: (code: Field): Template => ['ended with exit code ', code],
  notExecuted: [NOT_EXECUTED],
} as const;

/** Behind that: from its start to its end. */
export const hookTook = (milliseconds: Field, tenths: Field): Template => [
  ', after ',
  milliseconds,
  '.',
  tenths,
  ' ms',
];

/** Behind the last hook, which may have ended it. */
export const initEnded = (name: Field, place: Field): Template => [
  'init ended before the container was ready (killed?), after ',
  name,
  place,
];

/** `why` the file that an annotation names cannot be opened. */
export function outputNotOpened(path: string, annotation: string, why: Field): Template {
  return [`open ${shorten(path, 1000)} for the output of hooks: `, why, ` (annotation ${annotation})`];
}
