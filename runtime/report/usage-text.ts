/** Words for what is wrong with the command line: one line each, with a hint. */
import { commands, globalOptions } from '../../spec/commands.js';
import { unreachable } from '../../spec/unreachable.js';
import type { UsageFault } from './failure.js';
import { nearest } from './nearest.js';

const PROGRAM = 'chos-runtime';

function helpHint(command: string | null): string {
  return `see \`${PROGRAM} ${command === null ? '--help' : `${command} --help`}\``;
}

function of(command: string | null): string {
  return command === null ? '' : ` of \`${command}\``;
}

function guess(given: string, known: readonly string[], command: string | null): string {
  // Any letter is near any other.
  const best = given.length < 3 ? undefined : nearest(given, known);
  return best === undefined ? helpHint(command) : `did you mean \`${best}\`?`;
}

function optionNames(command: string | null): readonly string[] {
  const own = commands.find(({ name }) => name === command)?.options ?? globalOptions;
  return own.map(({ long }) => `--${long}`);
}

export function usageText(fault: UsageFault): string {
  switch (fault.kind) {
    case 'no-command':
      return `no command given; ${helpHint(null)}`;
    case 'unknown-command': {
      const names = commands.map(({ name }) => name);
      return `unknown command \`${fault.given}\`; ${guess(fault.given, names, null)}`;
    }
    case 'unknown-action': {
      const { command, given, actions } = fault;
      return `unknown action \`${given}\`${of(command)}; ${guess(given, actions, command)}`;
    }
    case 'unknown-option': {
      const misplaced =
        fault.command !== null && globalOptions.some(({ long }) => `--${long}` === fault.option)
          ? `it goes before \`${fault.command}\``
          : guess(fault.option, optionNames(fault.command), fault.command);
      return `unknown option \`${fault.option}\`${of(fault.command)}; ${misplaced}`;
    }
    case 'option-of-other-action': {
      const { option, command, action, actions } = fault;
      const others = actions.map(name => `\`${command} ${name}\``).join(' and ');
      return `\`${command} ${action}\` has no option \`${option}\`; it goes with ${others}`;
    }
    case 'missing-value':
      // These words, since Podman takes them for support of restoring into a pod.
      return `option \`${fault.option}\`${of(fault.command)} requires an argument; ${helpHint(fault.command)}`;
    case 'bad-value': {
      const expected =
        typeof fault.expected === 'string'
          ? fault.expected
          : fault.expected.map(word => `\`${word}\``).join(' or ');
      return `option \`${fault.option}\` takes ${expected}, not \`${fault.value}\``;
    }
    case 'option-later':
      return `option \`${fault.option}\`${of(fault.command)} is not supported by this version`;
    case 'command-later':
      return `command \`${fault.command}\` is not supported by this version`;
    case 'missing-operand':
      return `\`${fault.command}\` lacks its ${fault.operand}; ${helpHint(fault.command)}`;
    case 'extra-operand':
      return `unexpected argument \`${fault.operand}\` of \`${fault.command}\`; ${helpHint(fault.command)}`;
    case 'conflict':
      return `\`${fault.one}\` and \`${fault.other}\` cannot be given together`;
    default:
      return unreachable(fault);
  }
}
