import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { instructions } from '../../../spec/instructions.js';
import { LINUX_CAPABILITY_VERSION_3, Prctl } from '../../../spec/kernel.js';
import { noCapabilities } from '../../../spec/normal-config.js';
import type { Action } from '../../program/action.js';
import type { Operand } from '../../program/operand.js';
import type { Step } from '../../program/step.js';
import { refusalText } from '../../report/compile-refusal.js';
import { warningText } from '../../report/warning-text.js';
import { compileLaunch } from '../compile.js';
import { factsOf, inputOf } from '../test/input.js';
import { capabilityActions } from './capabilities.js';

const because = { kind: 'rule', rule: 'test' } as const;
const [CHOWN, KILL, CHECKPOINT_RESTORE] = [0, 5, 40];

const stepsOf = (...actions: readonly Action[]): readonly Step[] =>
  actions.flatMap(a => a.lines.filter((l): l is Step => l.kind === 'step'));

function prctls(steps: readonly Step[], option: number): readonly (Operand | undefined)[] {
  return steps.filter(s => s.call === 'prctl' && s.args[0] === option).map(s => s.args[1]);
}

/** The mask of capabilities that the loop over all of them leaves in the bounding set. */
function keptIn(bound: Action): bigint {
  const mask = stepsOf(bound).find(s => s.op === 'ALU' && s.sub === instructions.ALU.subs.SHR)?.args[0];
  if (typeof mask !== 'number') throw new Error('no mask');
  return BigInt(mask);
}

function bytesOf(o: Operand | undefined): Uint8Array {
  if (typeof o !== 'object' || o.kind !== 'data' || typeof o.bytes === 'string') throw new Error('no struct');
  return o.bytes;
}

/** The three sets that capset(2) gets, as masks. */
function sets(
  actions: readonly Action[],
): Readonly<Record<'effective' | 'permitted' | 'inheritable', bigint>> {
  const [header, data] = stepsOf(...actions).find(s => s.call === 'capset')?.args ?? [];
  assert.is(new Uint32Array(bytesOf(header).buffer)[0], LINUX_CAPABILITY_VERSION_3);
  const words = new Uint32Array(bytesOf(data).buffer);
  const mask = (i: number): bigint => BigInt(words[i] ?? 0) | (BigInt(words[i + 3] ?? 0) << 32n);
  return { effective: mask(0), permitted: mask(1), inheritable: mask(2) };
}

const bits = (...numbers: readonly number[]): bigint => numbers.reduce((m, n) => m | (1n << BigInt(n)), 0n);

test('without capabilities every set is empty and everything is dropped', () => {
  const { bound, apply } = capabilityActions(null, factsOf({ lastCapability: 3 }), because);
  assert.is(keptIn(bound), 0n);
  assert.is(bound.title, 'drop 4 capabilities from the bounding set');
  assert.equal(sets(apply), { effective: 0n, permitted: 0n, inheritable: 0n });
});

test('five sets, each with its own names', () => {
  const { bound, apply } = capabilityActions(
    {
      bounding: ['CAP_CHOWN', 'CAP_KILL', 'CAP_CHECKPOINT_RESTORE'],
      permitted: ['CAP_CHOWN', 'CAP_KILL', 'CAP_CHECKPOINT_RESTORE'],
      effective: ['CAP_CHOWN'],
      inheritable: ['CAP_KILL'],
      ambient: ['CAP_KILL'],
    },
    factsOf(),
    because,
  );
  assert.is(keptIn(bound), bits(CHOWN, KILL, CHECKPOINT_RESTORE));
  assert.equal(sets(apply), {
    effective: bits(CHOWN),
    permitted: bits(CHOWN, KILL, CHECKPOINT_RESTORE),
    inheritable: bits(KILL),
  });
  const raised = stepsOf(...apply).filter(s => s.args[1] === Prctl.CAP_AMBIENT_RAISE);
  assert.equal(
    raised.map(s => s.args[2]),
    [KILL],
  );
});

test('what the kernel would refuse is left out: effective beyond permitted, ambient beyond both', () => {
  const { apply } = capabilityActions(
    {
      ...noCapabilities,
      permitted: ['CAP_CHOWN'],
      effective: ['CAP_CHOWN', 'CAP_KILL'],
      ambient: ['CAP_CHOWN', 'CAP_KILL'],
    },
    factsOf(),
    because,
  );
  assert.is(sets(apply).effective, bits(CHOWN));
  assert.equal(prctls(stepsOf(...apply), Prctl.CAP_AMBIENT), [Prctl.CAP_AMBIENT_CLEAR_ALL]);
});

test('names that the host has not, or that nobody knows, are left out (spec 1.3)', () => {
  const { apply } = capabilityActions(
    { ...noCapabilities, permitted: ['CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_FROM_THE_FUTURE', 'constructor'] },
    factsOf({ capabilities: [CHOWN] }),
    because,
  );
  assert.is(sets(apply).permitted, bits(CHOWN));
});

test('what is held up to execve is permitted and effective, and in no set that outlives it', () => {
  const { bound, apply } = capabilityActions(
    { ...noCapabilities, bounding: ['CAP_CHOWN'], permitted: ['CAP_CHOWN'], inheritable: ['CAP_CHOWN'] },
    factsOf(),
    because,
    ['CAP_SYS_ADMIN'],
  );
  const SYS_ADMIN = 21;
  assert.is(keptIn(bound), bits(CHOWN));
  assert.equal(sets(apply), {
    effective: bits(SYS_ADMIN),
    permitted: bits(CHOWN, SYS_ADMIN),
    inheritable: bits(CHOWN),
  });
  const without = capabilityActions(noCapabilities, factsOf({ capabilities: [CHOWN] }), because, [
    'CAP_SYS_ADMIN',
  ]);
  assert.is(sets(without.apply).permitted, 0n, 'who has it not cannot hold it');
});

test('a kernel with more capabilities than the one compiled for keeps none of them', () => {
  const { bound } = capabilityActions(
    { ...noCapabilities, bounding: ['CAP_CHOWN'] },
    factsOf({ lastCapability: 3 }),
    because,
  );
  const drops = stepsOf(bound).filter(s => s.args[0] === Prctl.CAPBSET_DROP);
  const last = drops.at(-1);
  assert.is(typeof last?.args[1], 'object', 'counts on');
  assert.equal(last?.errnos, ['EINVAL']);
});

test('the bounding set goes before the identity changes, keepcaps spans the change', () => {
  const { bound, apply } = capabilityActions(null, factsOf(), because);
  assert.equal(prctls(stepsOf(bound), Prctl.SET_KEEPCAPS), [1]);
  assert.equal(prctls(stepsOf(...apply), Prctl.SET_KEEPCAPS), [0]);
  const calls = stepsOf(...apply).map(s => s.call);
  assert.ok(calls.indexOf('capset') < calls.lastIndexOf('prctl'));
});

test('what cannot be given is warned of: names that no kernel has, that this one has not, that the caller has not', () => {
  const capabilities = {
    bounding: ['CAP_CHOWN', 'CAP_NOSUCH', 'CAP_CHECKPOINT_RESTORE', 'cap_kill'],
    permitted: ['CAP_NOSUCH'],
    ambient: ['CAP_NOSUCH', 'CAP_CHOWN'],
  };
  const facts = { lastCapability: 39, capabilities: [CHOWN] };
  const compiled = compileLaunch(inputOf({ config: { process: { capabilities } }, facts }));
  if (compiled.kind === 'refused') throw new Error('refused');
  assert.equal(compiled.warnings.map(warningText), [
    'leave out capabilities that this kernel does not know: CAP_NOSUCH, CAP_CHECKPOINT_RESTORE (config.json:1 process.capabilities)',
    'leave out capabilities that chos-runtime itself has not got: cap_kill (config.json:1 process.capabilities)',
  ]);
  const asRuncSpec = {
    bounding: ['CAP_CHOWN'],
    effective: ['CAP_CHOWN'],
    permitted: ['CAP_CHOWN'],
    ambient: ['CAP_CHOWN'],
  };
  for (const config of [{}, { process: { capabilities: asRuncSpec } }]) {
    const plain = compileLaunch(inputOf({ config }));
    assert.equal(plain.kind === 'program' && plain.warnings, []);
  }
});

function refused(capabilities: object, own: readonly number[] = [CHOWN, KILL]): readonly string[] {
  const facts = { capabilities: own };
  const compiled = compileLaunch(inputOf({ config: { process: { capabilities } }, facts }));
  return compiled.kind === 'refused' ? compiled.refusals.map(refusalText) : [];
}

test('what capset(2) refuses is refused before anything is made', () => {
  const chown = ['CAP_CHOWN'];
  for (const set of ['effective', 'permitted', 'inheritable']) {
    const sets = { bounding: ['CAP_KILL'], permitted: ['CAP_KILL'], [set]: ['CAP_KILL'] };
    assert.match(
      refused(sets, [CHOWN])[0] ?? '',
      /has not got: CAP_KILL \(config.json:1 process.capabilities\)/,
      set,
    );
  }
  assert.match(
    refused({ bounding: chown, effective: chown })[0] ?? '',
    /effective .* not permitted: CAP_CHOWN/,
  );
  assert.match(
    refused({ permitted: chown, inheritable: chown })[0] ?? '',
    /inheritable .* not bounding: CAP_CHOWN/,
  );
  assert.equal(refused({ permitted: chown, effective: ['cap_chown'], ambient: ['CAP_KILL'] }), []);
  assert.equal(refused({ bounding: ['CAP_KILL'] }, [CHOWN]), []);
});

test.run();
