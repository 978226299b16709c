/** What is written down of a container while it is made, and what callers are told of it. */
import type { Slot } from '../../program/operand.js';
import type { Line } from '../../program/step.js';
import type { Groups } from '../cgroups/driver.js';
import { operation } from '../idioms/operation.js';
import { ifAsked } from '../launch/asked.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Contribution } from '../launch/phases.js';
import { letGoOfHost, pidFile, sweepDescriptors } from './descriptors.js';
import { guardKernel } from './kernel.js';
import { type Opening, unlock } from './own-directory.js';
import { sendPidfd, sendToReceiver } from './pidfd-socket.js';
import {
  dropGateError,
  gateReplies,
  hasGateError,
  makeGate,
  makeStateDirectory,
  recordInit,
} from './state.js';
import { openStateRoot } from './state-root.js';

export interface WrittenDown {
  readonly rootFd: Slot;
  readonly cgroups: Groups['record'];
  /** The image of the stored commands. */
  readonly stored: Uint8Array;
  /** Of the undoing, for a container that came to nothing. */
  readonly poststop: readonly Line[];
  /** While hooks are at work, at create and at start. */
  readonly opening: Opening | null;
  readonly hooksAtStart: boolean;
  /** Descriptors of init that hooks inside still need. */
  readonly keptByInit: readonly Slot[];
}

export function containerInLaunch(launch: Launch, of: WrittenDown): Contribution {
  const { cells, options } = launch;
  const { opening } = of;
  const opensGate = options.entry === 'run';
  return {
    host: {
      kernel: [guardKernel()],
      descriptors: [sweepDescriptors(launch)],
      'state-root': openStateRoot(launch, of.rootFd),
      state: makeStateDirectory(launch, of.rootFd, of.stored, of.poststop),
      gate: makeGate(launch),
      record: [recordInit(launch, of.cgroups)],
      ...(opening ? { 'others-in': [opening.begin], 'others-out': [opening.end] } : {}),
      announced: [
        ...ifAsked(options.pidfdSocket, cells.pidfdSocket, [sendPidfd(launch, 'launch')]),
        ...sendToReceiver(launch),
        pidFile(launch),
      ],
      'others-in-again':
        opensGate && of.hooksAtStart
          ? [operation({ kind: 'unlock-for-hooks', because: rule('hooks are at work') }, unlock(launch))]
          : [],
      'gate-opened': opensGate && hasGateError(launch) ? [dropGateError(launch)] : [],
    },
    init: {
      'let-go-of-host': [
        letGoOfHost(launch, [
          ...[cells.initEnd, cells.gate, cells.gateError],
          ...(gateReplies(launch) ? [cells.gateReply] : []),
          ...of.keptByInit,
        ]),
      ],
    },
  };
}
