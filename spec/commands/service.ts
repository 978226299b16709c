/** The compiler as a service (docs/compiler-service.md). */
import { type Command, command, text } from './command.js';

export const service: readonly Command[] = [
  command(
    'serve',
    '',
    'compile for other calls, which then start no Node',
    [text('idle', 'DURATION', 'end if nobody asks for so long, such as 10m (default: 5m)')],
    { serves: true },
  ),
];
