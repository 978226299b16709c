import { type Asked, type ProcessLaunch, rule } from '../launch/launch.js';
import type { Judgement } from '../launch/refusal.js';
import { judgeCapabilities } from './capabilities.js';

/** What a command was asked to do with the terminal of the process that it starts. */
export interface TerminalOptions {
  /** --console-socket was given. */
  readonly console: Asked;
  /** Nobody stays in the foreground. */
  readonly detach: Asked;
}

/** What speaks against starting a process, the first of a container or one more; other concerns judge what is theirs. */
export function judgeProcess(
  launch: ProcessLaunch,
  { console, detach }: TerminalOptions,
  { refuse, warn }: Judgement,
): void {
  const { terminal } = launch.process;
  // First, because it is why the rest cannot be done either.
  if (launch.facts.euid !== 0) refuse(rule('rootless'), { kind: 'needs-root' });
  judgeCapabilities(launch, refuse, warn);
  if (console === true && !terminal)
    refuse(launch.because('process'), { kind: 'console-socket-without-terminal' });
  if (terminal && console === false && detach === true)
    refuse(launch.because('process', 'terminal'), { kind: 'terminal-without-console-socket' });
}
