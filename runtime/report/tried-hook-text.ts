/** Words for a hook that was tried by hand. */
import type { Tried } from '../hooks/try-hook.js';
import { errnoText } from './errno-text.js';
import { executeFault } from './operations/hooks.js';
import { visible } from './visible.js';

function ending(path: string, { end, number, name, interpreter }: Tried): string {
  switch (end) {
    case 'exit':
      return `${path} ended with exit code ${number}`;
    case 'signal':
      return `${path} was killed by signal ${number} (${name})`;
    case 'late':
      return `${path} took longer than ${number} s and was killed`;
    case 'not-executed':
      return executeFault(path, errnoText(name), interpreter);
  }
}

export function triedText(stage: string, path: string, tried: Tried): string {
  const said = (['stdout', 'stderr'] as const).flatMap(stream =>
    tried[stream] === ''
      ? []
      : tried[stream]
          .replace(/\n$/, '')
          .split('\n')
          .map(line => `${stream}: ${visible(line)}\n`),
  );
  const took = tried.end === 'not-executed' ? '' : `, after ${tried.milliseconds.toFixed(1)} ms`;
  return `${said.join('')}${stage} hook ${visible(ending(path, tried))}${took}\n`;
}
