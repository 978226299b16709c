/**
 * A new time namespace (time_namespaces(7); config-linux.md "Offset for Time Namespace"). Its offsets can be set as long as nobody is in it, and whoever
 * unshares one does not get into it, but its children do: so the command makes it, starts init, and has its own for its children again.
 */
import { AT_FDCWD, Clone } from '../../../spec/kernel.js';
import type { Action, Because } from '../../program/action.js';
import { when } from '../../program/control.js';
import { characters, slot, text } from '../../program/operand.js';
import { type Line, move, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { writeFile } from '../idioms/write-file.js';
import { timeOffsets } from '../launch/annotations.js';
import type { Launch } from '../launch/launch.js';

export interface TimeNamespace {
  /** Host track, right before init is started, and right after. */
  readonly make: readonly Action[];
  readonly leave: readonly Line[];
}

/** What is written into /proc/PID/timens_offsets: a line for each clock, seconds and nanoseconds; one write(2) for all. */
function offsetsOf(launch: Launch): { readonly lines: string; readonly because: Because } {
  const annotated = timeOffsets(launch.config);
  if (annotated !== null)
    return { lines: `${annotated}\n`, because: launch.because('annotations', 'run.oci.timens_offset') };
  const lines = launch.config.linux.timeOffsets
    .map(({ clock, seconds, nanoseconds }) => `${clock} ${seconds} ${nanoseconds}\n`)
    .join('');
  return { lines, because: launch.because('linux', 'timeOffsets') };
}

export function timeNamespace(launch: Launch): TimeNamespace {
  if (launch.namespaces.get('time') !== 'new') return { make: [], leave: [] };
  const { open } = launch;
  const own = slot('own_time', -1);
  const because = launch.because('linux', 'namespaces', [...launch.namespaces.keys()].indexOf('time'));
  const offsets = offsetsOf(launch);
  const back = [sys('setns', [own, Clone.NEWTIME]), sys('close', [own]), move(own, -1)];
  return {
    make: [
      // Hooks that are run when it is all taken back have the time of the host.
      operation(
        { kind: 'make-namespace', type: 'time', because },
        [
          sys('openat', [AT_FDCWD, text('/proc/self/ns/time'), open.RDONLY | open.CLOEXEC, 0], { to: own }),
          sys('unshare', [Clone.NEWTIME]),
        ],
        { undo: when(own, 'GE', 0, back) },
      ),
      ...(offsets.lines === ''
        ? []
        : [
            operation(
              { kind: 'set-clocks', clocks: offsets.lines.trimEnd().split('\n'), because: offsets.because },
              writeFile(
                open,
                AT_FDCWD,
                '/proc/self/timens_offsets',
                characters('clocks', offsets.lines),
                'time_offsets_fd',
              ),
            ),
          ]),
    ],
    leave: back,
  };
}
