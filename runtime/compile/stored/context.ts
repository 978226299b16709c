import { STATE_LIMIT } from '../../../spec/container-limits.js';
import { buffer, type Data, type Slot, slot, slots } from '../../program/operand.js';
import type { Groups } from '../cgroups/driver.js';
import { driverOf } from '../cgroups/drivers.js';
import { createInterrupts, type Interrupts } from '../idioms/interrupts.js';
import type { Launch } from '../launch/launch.js';

/** What all stored commands know. */
export interface Context {
  readonly launch: Launch;
  readonly id: Slot;
  readonly stateDir: Slot;
  readonly environ: Slot;
  /** NOTIFY_SOCKET of the command. */
  readonly notifySocket: Slot;
  readonly dir: Slot;
  readonly pid: Slot;
  readonly pidfd: Slot;
  /** The pid of state.json, whoever has it now; 0 if there is none. */
  readonly recorded: Slot;
  readonly groups: Groups;
  readonly interrupts: Interrupts;
  /** One of Status. */
  readonly status: Slot;
  /** What is wrong with state.json, an errno, if the status is DAMAGED. */
  readonly problem: Slot;
  readonly state: Data;
  readonly stateSize: Slot;
  /** Position behind `{"pid":N,"pidStart":N,` in state. */
  readonly rest: Slot;
}

export const Status = {
  /** Killed while it was created, before there was a process: whoever holds the lock finds nobody at work. */
  CREATING: 0,
  CREATED: 1,
  RUNNING: 2,
  PAUSED: 3,
  STOPPED: 4,
  DAMAGED: 5,
  /** creating, and hooks are at work. */
  PREPARING: 6,
  /** created, and `start` has opened the gate: startContainer hooks are at work. */
  STARTING: 7,
} as const;

/** `directories`: of the cgroups, if they need not be where create would make them now. */
export function createContext(launch: Launch, directories?: readonly string[]): Context {
  const id = slots('id', 2);
  const dir = slot('dir', -1);
  return {
    launch,
    id,
    stateDir: slots('state_dir', 2),
    environ: slot('environ', -1),
    notifySocket: slots('notify_socket', 2, -1),
    dir,
    pid: slot('pid'),
    pidfd: slot('pidfd', -1),
    recorded: slot('recorded_pid'),
    groups: driverOf(launch).find(launch, { id, dir }, directories),
    interrupts: createInterrupts(),
    status: slot('status'),
    problem: slot('state_problem'),
    state: buffer('state', STATE_LIMIT),
    stateSize: slot('state_size'),
    rest: slots('rest', 2),
  };
}
