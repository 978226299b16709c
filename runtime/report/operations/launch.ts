import { TemplateField } from '../../../spec/instructions.js';
import type { launch as catalog } from '../../../spec/operations/launch.js';
import { field, type Slot, type Template } from '../../program/operand.js';
import { visible } from '../visible.js';
import type { WordsOf } from './words-of.js';

/** What a command says that ends by a signal. */
export function interruptedBy(signal: Slot): Template {
  return ['interrupted by ', field(TemplateField.STRING, signal)];
}

/** A pid namespace takes all its processes with it when init ends; a caller is to know that it is the container that is gone. */
export const endedMeanwhile = (id: string): string =>
  `container \`${id}\`: container not running: it ended while the process was being started`;

/** `spec` writes over nothing. */
const existsText = (path: string): string =>
  `write \`${visible(path)}\`: it exists already; remove it first or give another name with --file`;

/** Nothing can be said of any process then. */
export const NO_PROCFS = 'there is no procfs on /proc';

export const launch: WordsOf<typeof catalog> = {
  'refuse-console-socket': {
    title: () => 'check that no console socket is given',
    message: () => ['--console-socket is given, but the program was compiled with process.terminal false'],
  },
  'need-terminal-receiver': {
    title: () => 'check that somebody receives the terminal',
    message: () => ['process.terminal is true, but nobody would receive the terminal; give --console-socket'],
  },
  'hold-interrupts': { title: o => `hold back ${o.signals.join(', ')}` },
  'start-init': {
    title: o =>
      `start init${o.namespaces.length > 0 ? ` in new namespaces: ${o.namespaces.join(', ')}` : ''}`,
    fails: () => ['start init'],
  },
  'begin-as-init': { title: () => 'begin as init' },
  'learn-host-pid': { title: () => 'learn the pid that the host sees' },
  'clear-umask': { title: () => 'set the umask to 0' },
  'let-init-go-on': { title: () => 'let init go on' },
  'tell-ready': { title: () => 'tell the host that all is ready' },
  'wait-at-gate': { title: () => 'wait at the start gate' },
  'unlock-for-hooks': { title: () => 'let other commands in' },
  'stay-in-foreground': { title: () => 'stay in the foreground' },
  end: { title: () => 'end' },
  'find-as-before': {
    title: o =>
      `if the program is used again: see that init is still process ${o.pid}, and not frozen, or ask the compiler`,
  },
  'find-container': {
    title: o => `find init, process ${o.pid}`,
    message: o => [`container \`${o.id}\`: container not running`],
  },
  'enter-pid-namespace': { title: () => 'let children be in the pid namespace of init' },
  'start-process': { title: () => 'start the process' },
  'begin-as-process': { title: () => 'begin as a process of the container' },
  'open-container-root': { title: () => 'open the root of the container' },

  'create-file': {
    title: o => `create ${o.path}`,
    fails: o => [`write \`${visible(o.path)}\``],
  },
  'refuse-existing-file': {
    title: o => `check that ${o.path} is new`,
    message: o => [existsText(o.path)],
  },
  'write-file': { title: o => `write ${o.path}`, fails: o => [`write \`${visible(o.path)}\``] },
};
