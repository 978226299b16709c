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
import { isConfined } from '../launch/confined.js';
import type { Launch } from '../launch/launch.js';

export interface TimeNamespace {
  /** Host track, right before init is started, and right after. */
  readonly make: readonly Action[];
  readonly leave: readonly Line[];
  /** Init track: in a user namespace, to which that of time belongs. From there nobody could go back to the clocks of the host, which do not. */
  readonly inInit: readonly Action[];
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
  if (launch.namespaces.get('time') !== 'new') return { make: [], leave: [], inInit: [] };
  const { open } = launch;
  const own = slot('own_time', -1);
  const because = launch.because('linux', 'namespaces', [...launch.namespaces.keys()].indexOf('time'));
  if (isConfined(launch)) return { make: [], leave: [], inInit: enterNew(launch, because) };
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
      ...setClocks(launch),
    ],
    leave: back,
    inInit: [],
  };
}

function setClocks(launch: Launch): readonly Action[] {
  const { lines, because } = offsetsOf(launch);
  if (lines === '') return [];
  const { open } = launch;
  const written = characters('clocks', lines);
  return [
    operation(
      { kind: 'set-clocks', clocks: lines.trimEnd().split('\n'), because },
      writeFile(open, AT_FDCWD, '/proc/self/timens_offsets', written, 'time_offsets_fd'),
    ),
  ];
}

/** A process may go where its children would be, as long as it has one thread. */
function enterNew(launch: Launch, because: Because): readonly Action[] {
  const { open } = launch;
  const made = slot('made_time', -1);
  const path = text('/proc/self/ns/time_for_children');
  return [
    operation({ kind: 'make-namespace', type: 'time', because }, [sys('unshare', [Clone.NEWTIME])]),
    ...setClocks(launch),
    operation({ kind: 'enter-time', because }, [
      sys('openat', [AT_FDCWD, path, open.RDONLY | open.CLOEXEC, 0], { to: made }),
      sys('setns', [made, Clone.NEWTIME]),
      sys('close', [made]),
    ]),
  ];
}
