/** What a program waits for without a deadline of its own: each has its reason here, or it is a flaw, since somebody else decides whether it ends. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LOCK_NB, LOCK_UN } from '../../spec/kernel.js';
import { layOut } from '../program/layout.js';
import type { Operand } from '../program/operand.js';
import type { Step } from '../program/step.js';
import { caseNames, readCase } from './golden/case.js';

/** linux/wait.h; no program has a use for it. */
const WNOHANG = 1;

const looks = 'each second it is seen whether init or the process is frozen or stopped; a signal ends it';
const alone = 'in no cgroup of its own and with pids of its own: nobody in a container stops or freezes it';
const host = 'from the command that started this process: the channel ends with it';
const said = 'behind a wait that is bounded: there is something to read';
const file = 'regular, or of the kernel: there is nobody who would have to answer';
const alarm = 'SO_SNDTIMEO of the socket is its deadline (idioms/unix-socket.ts)';
const roots = 'nobody but root can hold it';

/** Operation and what waits. */
const reasons: Readonly<Record<string, string>> = {
  'await-message: wait': alone,
  'await-execve: wait': alone,
  'receive-terminal: wait': alone,
  'await-message: recv': looks,
  'await-execve: recv': looks,
  'receive-terminal: recv': looks,
  'start-init: recv': said,
  'await-host: recv': host,
  'take-sources: recv': host,
  'hold-id-map: recv': host,
  'wait-at-gate: read': 'a container may stay created as long as it likes; delete ends it',
  'open-start-gate: read': said,
  'await-execve: read': said,
  'send-listener: read': said,
  'give-listener: read': host,
  'stay-in-foreground: supervise': 'the command may run as long as it likes',
  'await-readiness: read': said,
  'await-readiness: connect': alarm,
  'await-holder: wait': '--drain is asked to wait; a signal ends it',
  'pin: recv': 'from a child of root’s, which nobody else can see or stop',
  'await-pin: read': host,
  'lock-pins: flock': roots,
  'hold-closed-records: flock': roots,
  'connect-console: connect': alarm,
  'send-pidfd: connect': alarm,
  'send-listener: connect': alarm,
  'end: connect': 'the socket does not block',
  'end: waitid': 'of a hook or a helper that has ended by then, or has been killed',
  'end: wait for a time that is given': 'what is left of a deadline',
  'record-init: read': file,
  'end: read': file,
  'look-up-home: read':
    'regular; a file system may take as long as it likes, and a signal to the command ends it',
  'make-resctrl-group: read': file,
  'remove-resctrl-group: read': file,
  'find-as-before: read': file,
  'find-container: read': file,
  'open-cgroup: read': file,
  'make-cgroup: read': file,
  'check-scope: read': file,
  'start-scope: wait for a time that is given': 'between two attempts: 200 ms at most, and a signal ends it',
  'move-net-device: read': 'netlink answers what was asked',
  'set-up-net-device: read': 'netlink answers what was asked',
  'write-down-mounts: read': file,
};

const lacks = (operand: Operand | undefined, bit: number): boolean =>
  typeof operand === 'number' && (operand & bit) === 0;

function endless({ op, sub, call, args }: Step): string | null {
  if (op === 'RECV' || op === 'SUPERVISE') return op.toLowerCase();
  if (op === 'WAIT' && args[1] === -1) return 'wait';
  if (op === 'WAIT' && sub === 0 && typeof args[1] !== 'number') return 'wait for a time that is given';
  if (call === 'flock' && args[1] !== LOCK_UN && lacks(args[1], LOCK_NB)) return 'flock';
  if (call === 'waitid' && lacks(args[3], WNOHANG)) return call;
  return call === 'connect' || call === 'read' ? call : null;
}

/** Of the programs of all golden cases. */
function endlessWaits(names: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const name of names) {
    const golden = readCase(name);
    for (const kind of golden.kinds) {
      if (kind === 'explain') continue;
      const { steps, actionOf, actions } = layOut(golden.compile(kind));
      for (const [i, step] of steps.entries()) {
        const wait = endless(step);
        if (wait !== null) found.add(`${actions[actionOf[i] ?? -1]?.action.operation.kind}: ${wait}`);
      }
    }
  }
  return [...found].sort();
}

test('nothing waits without a deadline or a reason', () => {
  assert.equal(endlessWaits(caseNames()), Object.keys(reasons).sort());
});

test('where processes of a container see init or the process of exec, a look is taken whether it is stopped', () => {
  for (const name of ['exec', 'exec-terminal', 'exec-kmod', 'join-namespaces', 'users-joined']) {
    const golden = readCase(name);
    for (const kind of golden.kinds) {
      const { subroutines } = layOut(golden.compile(kind));
      assert.ok(
        subroutines.some(({ subroutine }) => subroutine.entry.name === 'see_stopped'),
        `${name}, ${kind}`,
      );
    }
    assert.not.ok(endlessWaits([name]).includes('await-message: wait'), name);
  }
});

test.run();
