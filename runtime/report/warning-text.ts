/** Words for what the compiler warns of: the command goes on, but not quite as config.json says. */
import { unreachable } from '../../spec/unreachable.js';
import type { CompileWarning, WarningReason } from '../compile/launch/refusal.js';
import { placeOf } from '../program/action.js';
import { visible } from './visible.js';

function reasonText(reason: WarningReason): string {
  switch (reason.kind) {
    case 'unknown-capabilities':
      return `leave out capabilities that this kernel does not know: ${reason.names.join(', ')}`;
    case 'lacking-capabilities':
      return `leave out capabilities that chos-runtime itself has not got: ${reason.names.join(', ')}`;
    case 'bind-options-without-effect':
      return `bind mount: the options \`${reason.options.join()}\` have no effect on it`;
    case 'annotation-without-effect':
      return `leave out the annotation ${reason.name}, which has no effect here`;
    default:
      return unreachable(reason);
  }
}

export function warningText({ because, reason }: CompileWarning): string {
  return visible(`${reasonText(reason)}${placeOf(because)}`);
}

/** Stands for those that are not shown. */
export function moreWarnings(count: number): string {
  return `and ${count} more warnings`;
}

/** Options that another one takes the place of. */
export function ignoredOptionsText(options: readonly string[], by: string): string {
  return `leave out ${options.join(', ')}: ${by} takes the place of all other options`;
}

/** Something in the state root that is left out of `list`. */
export function unreadStateText(directory: string): string {
  return visible(
    `leave out ${directory}: no state of a container that can be read or trusted; \`delete --force\` removes what is a container`,
  );
}

/** What of a checkpoint is not restored, although CRIU says nothing about it. */
export function locksLostText(images: string): string {
  return visible(`leave out the file locks in ${images}: give --file-locks to restore them, too`);
}
