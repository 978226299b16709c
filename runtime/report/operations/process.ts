import type { process as catalog } from '../../../spec/operations/process.js';
import type { WordsOf } from './words-of.js';

export const FROZEN_WHILE_STARTED = 'its cgroup, or one above it, was frozen while it was being started';

const told = {
  'run-hooks': 'let the host run its hooks',
  'go-on-after-hooks': 'let init go on after the hooks',
  'open-gate': 'open the start gate',
  'use-terminal': 'let the process use its terminal',
};

const awaited = {
  record: 'wait until the host has recorded this process',
  hooks: 'wait for the hooks of the host',
  'window-size': 'wait for the size of the window',
};

export const process: WordsOf<typeof catalog> = {
  'open-channel': { title: o => `open a channel to ${o.to === 'init' ? 'init' : 'the process'}` },
  'await-message': {
    title: o => `wait for ${o.who === 'init' ? 'init' : 'the process'}`,
    message: o => [
      o.who === 'init'
        ? 'init ended before the container was ready (killed?)'
        : 'the process ended before its command was executed (killed? short of memory?)',
    ],
  },
  tell: { title: o => told[o.what] },
  'await-host': { title: o => awaited[o.what] },
  'await-execve': { title: () => 'see that execve happened' },
  'hold-signals': { title: () => 'hold signals back' },
  'receive-terminal': { title: () => 'receive the terminal', message: () => ['init made no terminal'] },
};
