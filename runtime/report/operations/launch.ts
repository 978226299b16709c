import { TemplateField } from '../../../spec/instructions.js';
import type { launch as catalog } from '../../../spec/operations/launch.js';
import { field, type Slot, type Template } from '../../program/operand.js';
import type { WordsOf } from './words-of.js';

/** What a command says that ends by a signal. */
export function interruptedBy(signal: Slot): Template {
  return ['interrupted by ', field(TemplateField.STRING, signal)];
}

export const launch: WordsOf<typeof catalog> = {
  titled: { title: o => o.words },
  'refuse-console-socket': {
    title: () => 'without a terminal there is nothing to send to a console socket',
    message: () => ['--console-socket is given, but the program was compiled with process.terminal false'],
  },
  'need-terminal-receiver': {
    title: () => 'somebody receives the terminal',
    message: () => ['process.terminal is true, but nobody would receive the terminal; give --console-socket'],
  },
  'hold-interrupts': { title: o => `hold back ${o.signals.join(', ')}` },
};
