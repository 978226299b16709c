/**
 * process.rlimits (config.md, "POSIX process"; setrlimit(2)): in force at the very end, so that none of them hits what is done before the command is
 * there: NOFILE 8 would stop init at its ninth descriptor, FSIZE 0 the state that a hook is given, NPROC the hook itself.
 */
import { resourceLimits } from '../../../spec/kernel.js';
import type { NormalRlimit } from '../../../spec/normal-config.js';
import type { Action, Because } from '../../program/action.js';
import { when } from '../../program/control.js';
import { buffer, type Operand, slot, struct, u64 } from '../../program/operand.js';
import { alu, load, store, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import type { ProcessLaunch } from '../launch/launch.js';

/** What process.scheduler may rely on; these two limit nothing that init does. */
const forScheduling: readonly NormalRlimit['type'][] = ['RLIMIT_NICE', 'RLIMIT_RTPRIO'];

/** Turns the order of unsigned numbers, with RLIM_INFINITY as the greatest, into that of BRANCH, which is signed. */
const SIGN = 1n << 63n;

function set(limit: NormalRlimit, because: Because, of: Operand = 0): Action {
  const { type, soft, hard } = limit;
  return operation({ kind: 'set-limit', type, soft, hard, because }, [
    sys('prlimit64', [of, resourceLimits[type], struct('rlimit', [u64(soft), u64(hard)], true), 0]),
  ]);
}

/** Raise the hard limit alone, which binds nobody: it takes CAP_SYS_RESOURCE, and what cannot be had must be said by `create`. */
function reserve({ type, hard }: NormalRlimit, because: Because, of: Operand): Action {
  const now = buffer('rlimit_now', 16);
  const present = slot('rlimit_hard');
  return operation({ kind: 'reserve-limit', type, hard, because }, [
    sys('prlimit64', [of, resourceLimits[type], 0, now]),
    load(present, 'U64', now, 8),
    alu(present, present, 'XOR', -SIGN),
    ...when(present, 'LT', BigInt.asIntN(64, hard ^ SIGN), [
      store('U64', now, 8, BigInt.asIntN(64, hard)),
      sys('prlimit64', [of, resourceLimits[type], now, 0]),
    ]),
  ]);
}

export interface Limits {
  /** While all rights are there. */
  readonly reserve: readonly Action[];
  /** Right before execve(2), needs no rights. */
  readonly set: readonly Action[];
}

/** `of`: the process that has them reserved; 0: by itself. */
export function limits(launch: ProcessLaunch, of: Operand = 0): Limits {
  const early: Action[] = [];
  const late: Action[] = [];
  for (const [i, limit] of launch.process.rlimits.entries()) {
    const because = launch.because('process', 'rlimits', i);
    if (forScheduling.includes(limit.type)) early.push(set(limit, because, of));
    else {
      early.push(reserve(limit, because, of));
      late.push(set(limit, because));
    }
  }
  return { reserve: early, set: late };
}
