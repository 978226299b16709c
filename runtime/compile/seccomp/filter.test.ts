import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syscallNumbers, x32Bit } from '../../../spec/syscall-numbers.js';
import { compileSeccomp } from './filter.js';
import type { LinuxSeccomp } from './linux-seccomp.js';
import { type Call, encodeCall, runFilter, viewOf } from './test/classic-bpf.js';
import { type Machine, machines, meaningOf } from './test/meaning.js';
import {
  allNames,
  createRandom,
  interestingArguments,
  podmanProfile,
  randomProfile,
} from './test/profiles.js';

const ALLOW = 0x7fff0000;
const x86_64 = 0xc000003e;
const i386 = 0x40000003;

function compiled(profile: LinuxSeccomp, arch: Machine['native'] = 'x86_64') {
  const result = compileSeccomp(profile, arch);
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.reason));
  return result;
}

/** A filter as a function of its calls: arch, number, arguments. */
function filterOf(profile: LinuxSeccomp, arch: Machine['native'] = 'x86_64') {
  const program = viewOf(compiled(profile, arch).program);
  return (auditArch: number, number: number, ...args: readonly bigint[]) =>
    runFilter(program, encodeCall({ arch: auditArch, number, args })).verdict;
}

/** Every number that any table has, the gaps between, and both sides of every border. */
function* everyNumber(): Generator<number> {
  for (let number = 0; number < 1100; number++) yield number;
  for (let number = x32Bit - 3; number < x32Bit + 600; number++) yield number;
  for (let number = 0xf0000 - 3; number < 0xf0010; number++) yield number;
  yield* [0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
}

const auditArchs = [x86_64, i386, 0xc00000b7, 0x40000028, 0, 0xffffffff];

function* everyCall(args: readonly bigint[]): Generator<Call> {
  for (const arch of auditArchs) for (const number of everyNumber()) yield { arch, number, args };
}

function assertMeans(profile: LinuxSeccomp, machine: Machine, calls: Iterable<Call>, what: string): void {
  const program = viewOf(compiled(profile, machine.native).program);
  const meaning = meaningOf(profile, machine);
  for (const call of calls) {
    const { verdict } = runFilter(program, encodeCall(call));
    if (verdict === meaning(call)) continue;
    const shown = `arch ${call.arch.toString(16)} number ${call.number} args ${call.args.map(a => a.toString(16))}`;
    assert.is(verdict.toString(16), meaning(call).toString(16), `${what}: ${machine.native} ${shown}`);
  }
}

test("Podman's default profile: every call of every architecture", () => {
  for (const machine of machines) {
    const profile = podmanProfile(machine.native === 'x86_64' ? 'amd64' : 'arm64');
    const values = interestingArguments(profile);
    assertMeans(profile, machine, everyCall([0n, 0n, 0n]), 'Podman');
    assertMeans(profile, machine, everyCall(values.slice(0, 6)), 'Podman');

    const conditional = (profile.syscalls ?? []).filter(s => (s.args ?? []).length > 0).flatMap(s => s.names);
    for (const { auditArch, abi } of machine.archs)
      for (const name of new Set(conditional)) {
        const number = syscallNumbers(abi).get(name);
        if (number === undefined) continue;
        const calls = values.flatMap(a => values.map(b => ({ arch: auditArch, number, args: [a, b, b] })));
        assertMeans(profile, machine, calls, 'Podman');
      }
  }
});

test("Podman's default profile stays small, shallow and cacheable by the kernel", () => {
  const { program, instructions, flags } = compiled(podmanProfile('amd64'));
  assert.ok(instructions < 400, `${instructions} instructions`);
  assert.is(program.length, instructions * 8);
  assert.is(flags, 4);
  let deepest = 0;
  for (const number of everyNumber()) {
    const outcome = runFilter(viewOf(program), encodeCall({ arch: x86_64, number, args: [] }));
    if (!outcome.constant) continue;
    deepest = Math.max(deepest, outcome.steps);
  }
  assert.ok(deepest <= 16, `${deepest} instructions are executed for one call`);
  for (const number of [0, 1, 2, 3, 9, 202, 257]) {
    const outcome = runFilter(viewOf(program), encodeCall({ arch: x86_64, number, args: [] }));
    assert.ok(
      outcome.constant && outcome.verdict === ALLOW,
      `call ${number} is allowed without looking at arguments`,
    );
  }
});

test('random profiles: every call', () => {
  const names = allNames();
  for (let seed = 0; seed < 30; seed++) {
    const random = createRandom(seed);
    const profile = randomProfile(random, { names, rules: random(30), conditional: random(100) });
    const values = interestingArguments(profile);
    const args = Array.from({ length: 6 }, () => values[random(values.length)] ?? 0n);
    for (const machine of machines) assertMeans(profile, machine, everyCall(args), `seed ${seed}`);
  }
});

test('random argument rules: values around the constants', () => {
  const names = ['read', 'write', 'socket', 'connect', 'ipc', 'semget', 'clone'];
  const numbers = [0, 1, 3, 4, 41, 42, 56, 63, 102, 117, 120, 198, 203, 359, 362, 393, x32Bit, x32Bit + 56];
  for (let seed = 1000; seed < 1100; seed++) {
    const random = createRandom(seed);
    const profile = randomProfile(random, { names, rules: 6, conditional: 90 });
    const values = interestingArguments(profile);
    for (const machine of machines) {
      const calls: Call[] = [];
      for (let i = 0; i < 2000; i++)
        calls.push({
          arch: auditArchs[random(4)] ?? 0,
          number: numbers[random(numbers.length)] ?? 0,
          args: Array.from({ length: 6 }, () => values[random(values.length)] ?? 0n),
        });
      assertMeans(profile, machine, calls, `seed ${seed}`);
    }
  }
});

test('several conditions on different arguments must all hold; on the same argument any', () => {
  const arg = (index: number, value: number) => ({ index, value, op: 'SCMP_CMP_EQ' });
  const rule = (...args: readonly ReturnType<typeof arg>[]) => ({
    names: ['write'],
    action: 'SCMP_ACT_ALLOW',
    args,
  });
  const both = filterOf({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [rule(arg(0, 1), arg(1, 2))] });
  assert.is(both(x86_64, 1, 1n, 2n), ALLOW);
  assert.is(both(x86_64, 1, 1n, 3n), 0x50001);
  const any = filterOf({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [rule(arg(0, 1), arg(0, 2))] });
  assert.is(any(x86_64, 1, 2n), ALLOW);
  assert.is(any(x86_64, 1, 3n), 0x50001);
});

test('a rule without conditions decides alone, wherever it stands', () => {
  const conditional = {
    names: ['write'],
    action: 'SCMP_ACT_KILL_PROCESS',
    args: [{ index: 0, value: 7, op: 'SCMP_CMP_EQ' }],
  };
  const first = { names: ['write'], action: 'SCMP_ACT_ERRNO', errnoRet: 5 };
  const second = { names: ['write'], action: 'SCMP_ACT_TRAP' };
  const filter = filterOf({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [conditional, first, second] });
  assert.is(filter(x86_64, 1, 7n), 0x50005);
});

test('only the listed architectures and the own one are let in', () => {
  const own = filterOf({ defaultAction: 'SCMP_ACT_ALLOW' });
  assert.is(own(x86_64, 0), ALLOW);
  assert.is(own(x86_64, x32Bit), 0);
  assert.is(own(i386, 3), 0);
  const listed = filterOf({
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_RISCV64'],
  });
  assert.is(listed(x86_64, 0), ALLOW);
  assert.is(listed(i386, 3), ALLOW);
  assert.is(listed(0xc00000f3, 3), 0); // AUDIT_ARCH_RISCV64
});

test('calls newer than the profile get ENOSYS instead of its errno', () => {
  const allow = { names: ['read', 'openat', 'statx'], action: 'SCMP_ACT_ALLOW' };
  const errno = filterOf({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [allow] });
  assert.is(errno(x86_64, 332), ALLOW);
  assert.is(errno(x86_64, 331), 0x50001);
  assert.is(errno(x86_64, 439), 0x50026);
  const kill = filterOf({ defaultAction: 'SCMP_ACT_KILL_PROCESS', syscalls: [allow] });
  assert.is(kill(x86_64, 439), 0x80000000);
});

test('unknown names are ignored and told', () => {
  const syscalls = [
    { names: ['read', 'no_such_call', 'semop', 's390_pci_mmio_read'], action: 'SCMP_ACT_ALLOW' },
  ];
  const { unknownNames } = compiled({ defaultAction: 'SCMP_ACT_ERRNO', syscalls });
  assert.equal(unknownNames, ['no_such_call', 's390_pci_mmio_read']);
});

test('flags', () => {
  const flags = (...words: readonly string[]) =>
    compiled({ defaultAction: 'SCMP_ACT_ALLOW', flags: words }).flags;
  assert.is(flags(), 0);
  assert.is(
    flags('SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'),
    7,
  );
  assert.is(flags('SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'), 0);
  assert.is(compiled({ defaultAction: 'SCMP_ACT_ALLOW' }).flags, 4);
});

test('what cannot be compiled is refused with its place', () => {
  const call = (more: object): LinuxSeccomp => ({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW', ...more }],
  });
  const argument = (more: object): LinuxSeccomp =>
    call({ args: [{ index: 0, value: 0, op: 'SCMP_CMP_EQ', ...more }] });
  const cases: readonly (readonly [LinuxSeccomp, string, string])[] = [
    [{ defaultAction: 'ALLOW' }, 'unknown-action', 'defaultAction'],
    [{ defaultAction: 'SCMP_ACT_NOTIFY' }, 'notify-default', 'defaultAction'],
    [{ defaultAction: 'SCMP_ACT_KILL', defaultErrnoRet: 1 }, 'errno-without-use', 'defaultErrnoRet'],
    [{ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 4096 }, 'errno-range', 'defaultErrnoRet'],
    [
      { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_Z80'] },
      'unknown-architecture',
      'architectures[0]',
    ],
    [
      { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_S390X'] },
      'other-byte-order',
      'architectures[1]',
    ],
    [{ defaultAction: 'SCMP_ACT_ALLOW', flags: ['FAST'] }, 'unknown-flag', 'flags[0]'],
    [call({ action: 'SCMP_ACT_NOTIFY', names: ['mkdir', 'write'] }), 'notify-write', 'syscalls[0].names[1]'],
    [call({ action: 'SCMP_ACT_NOTIFY', errnoRet: 1 }), 'errno-without-use', 'syscalls[0].errnoRet'],
    [call({ errnoRet: 1 }), 'errno-without-use', 'syscalls[0].errnoRet'],
    [argument({ op: '==' }), 'unknown-operator', 'syscalls[0].args[0].op'],
    [argument({ index: 6 }), 'argument-index', 'syscalls[0].args[0].index'],
    [argument({ value: -1 }), 'argument-value', 'syscalls[0].args[0].value'],
    [argument({ value: 2 ** 64 }), 'argument-value', 'syscalls[0].args[0].value'],
    [argument({ valueTwo: 1n << 64n }), 'argument-value', 'syscalls[0].args[0].valueTwo'],
  ];
  for (const [profile, kind, at] of cases) {
    const result = compileSeccomp(profile, 'x86_64');
    assert.is(result.kind, 'refused');
    if (result.kind === 'refused') assert.equal([result.reason.kind, result.reason.at], [kind, at]);
  }
});

test('the longest filter that the kernel takes works, a longer one is refused', () => {
  const rules = (count: number): LinuxSeccomp => ({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: Array.from({ length: count }, (_, i) => ({
      names: ['ioctl'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: i % 7,
      args: [{ index: 1, value: 0x1_0000_0000n * BigInt(i) + BigInt(i), op: 'SCMP_CMP_EQ' }],
    })),
  });
  const { instructions } = compiled(rules(900));
  assert.ok(instructions > 3600 && instructions <= 4096);
  const filter = filterOf(rules(900));
  assert.is(filter(x86_64, 16, 0n, 0x383_0000_0383n), 0x50000 + (899 % 7));
  assert.is(filter(x86_64, 16, 0n, 0x383_0000_0382n), ALLOW);
  for (const count of [1100, 4100]) {
    const result = compileSeccomp(rules(count), 'x86_64');
    assert.is(result.kind === 'refused' && result.reason.kind, 'too-long', `${count}`);
  }
});

test('a profile of any length is told to be too long in no time', () => {
  const many = 60_000;
  const list = <Item>(make: (i: number) => Item): Item[] => Array.from({ length: many }, (_, i) => make(i));
  const argument = (value: number) => ({ index: 0, value, op: 'SCMP_CMP_EQ' });
  const shapes: Readonly<Record<string, LinuxSeccomp['syscalls']>> = {
    rules: list(i => ({ names: ['mmap'], action: 'SCMP_ACT_ALLOW', args: [argument(i)] })),
    'equal rules': list(() => ({ names: ['mmap'], action: 'SCMP_ACT_ALLOW', args: [argument(1)] })),
    conditions: [{ names: ['mmap'], action: 'SCMP_ACT_ALLOW', args: list(argument) }],
    'names of conditions': [
      { names: list(() => 'mmap'), action: 'SCMP_ACT_ALLOW', args: list(argument).slice(0, 4000) },
    ],
    'names behind a multiplexer': [{ names: list(() => 'socket'), action: 'SCMP_ACT_ALLOW' }],
  };
  for (const [name, syscalls = []] of Object.entries(shapes)) {
    const architectures = ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'];
    const before = performance.now();
    const result = compileSeccomp({ defaultAction: 'SCMP_ACT_ERRNO', architectures, syscalls }, 'x86_64');
    assert.is(result.kind === 'refused' && result.reason.kind, 'too-long', name);
    // 20 to 60 ms. What is more than linear took 10 s.
    assert.ok(performance.now() - before < 2000, `${name}: ${performance.now() - before} ms`);
  }
});

test('what a rule without conditions settles is not too long, however many stand before it', () => {
  const argument = (value: number) => ({ index: 0, value, op: 'SCMP_CMP_EQ' });
  const before = Array.from({ length: 5000 }, (_, i) => ({
    names: ['mmap'],
    action: 'SCMP_ACT_TRAP',
    args: [argument(i)],
  }));
  const last = { names: ['mmap'], action: 'SCMP_ACT_ALLOW' };
  assert.equal(
    compiled({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [...before, last] }).program,
    compiled({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [last] }).program,
  );
});

test('the same profile gives the same bytes', () => {
  assert.equal(compiled(podmanProfile('amd64')).program, compiled(podmanProfile('amd64')).program);
});

test.run();
