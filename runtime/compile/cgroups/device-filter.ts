/** One rule of `linux.resources.devices` (OCI config-linux.md#allowed-device-list). */
export interface DeviceRule {
  readonly allow: boolean;
  /** All devices, block devices, character devices. */
  readonly type: 'a' | 'b' | 'c';
  /** Absent or -1: any. */
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
  /** Some of r, w and m (mknod); other letters mean nothing. */
  readonly access: string;
}

// linux/bpf.h: BPF_DEVCG_*
const typeNumbers = { b: 1, c: 2 } as const;
const accessBits = [
  ['m', 1],
  ['r', 2],
  ['w', 4],
] as const;
const everyAccess = 7;

/** The kernel's device numbers have 12 and 20 bits (linux/kdev_t.h): a rule for a larger one fits no device. */
const largestMajor = 0xfff;
const largestMinor = 0xf_ffff;

/** struct bpf_insn without src_reg's and dst_reg's packing */
interface Instruction {
  readonly code: number;
  readonly to: number;
  readonly from?: number;
  readonly offset?: number;
  readonly value?: number;
}

// linux/bpf.h, linux/bpf_common.h
const LDX_W = 0x61;
const MOV64_K = 0xb7;
const MOV64_X = 0xbf;
const AND64_K = 0x57;
const RSH64_K = 0x77;
const JEQ_K = 0x15;
const JNE_K = 0x55;
const EXIT = 0x95;

// What the registers hold: r1 is struct bpf_cgroup_dev_ctx when the program begins.
const [result, context, type, pending, major, minor, scratch] = [0, 1, 2, 3, 4, 5, 6];

/**
 * Compiles device rules to a program for BPF_PROG_TYPE_CGROUP_DEVICE (cgroup v2; Linux 4.15): struct bpf_insn[], little-endian.
 *
 * Each wanted access (read, write, mknod) is decided by the last rule that fits the device and names that access; what no
 * rule decides is denied. That is what writing the rules to devices.allow and devices.deny of cgroup v1 one after the other
 * does. (crun asks for one rule that names all that is wanted: there `deny w` does not stop who opens for reading and
 * writing, and `allow r` with `allow w` does not let him.) A check that wants no access at all, as access(2) makes for X_OK, is
 * decided by the last rule that fits and is not a denial of some accesses only.
 *
 * The program walks the rules from the last to the first and keeps the accesses that are still undecided.
 */
export function compileDeviceFilter(rules: readonly DeviceRule[]): Uint8Array {
  const program: Instruction[] = [
    { code: LDX_W, to: type, from: context, offset: 0 }, // access_type: accesses << 16 | type
    { code: MOV64_X, to: pending, from: type },
    { code: AND64_K, to: type, value: 0xffff },
    { code: RSH64_K, to: pending, value: 16 },
    { code: LDX_W, to: major, from: context, offset: 4 },
    { code: LDX_W, to: minor, from: context, offset: 8 },
  ];
  for (const rule of [...rules].reverse()) {
    const access = accessOf(rule);
    if (access === 0 || !fitsSomeDevice(rule)) continue;
    const tests = testsOf(rule);
    const decision = decisionOf(rule.allow, access);
    // Each test goes on behind the rule if the device is another one.
    const length = tests.length + decision.length;
    tests.forEach((test, i) => void program.push({ ...test, offset: length - i - 1 }));
    program.push(...decision);
    // A rule for everything hides those before it, and the verifier refuses instructions that cannot be reached.
    if (tests.length === 0 && access === everyAccess) return encode(program);
  }
  return encode([...program, ...verdict(false)]);
}

function accessOf({ access }: DeviceRule): number {
  return accessBits.reduce((bits, [letter, bit]) => (access.includes(letter) ? bits | bit : bits), 0);
}

function isAny(number: number | undefined): number is undefined | -1 {
  return number === undefined || number === -1;
}

function fitsSomeDevice({ major, minor }: DeviceRule): boolean {
  const fits = (number: number | undefined, largest: number): boolean =>
    isAny(number) || (number >= 0 && number <= largest);
  return fits(major, largestMajor) && fits(minor, largestMinor);
}

function testsOf(rule: DeviceRule): readonly Instruction[] {
  const tests: Instruction[] = [];
  if (rule.type !== 'a') tests.push({ code: JNE_K, to: type, value: typeNumbers[rule.type] });
  if (!isAny(rule.major)) tests.push({ code: JNE_K, to: major, value: rule.major });
  if (!isAny(rule.minor)) tests.push({ code: JNE_K, to: minor, value: rule.minor });
  return tests;
}

/** What a rule does with the undecided accesses of a device that it fits. */
function decisionOf(allow: boolean, access: number): readonly Instruction[] {
  if (access === everyAccess) return verdict(allow);
  if (allow)
    return [
      { code: AND64_K, to: pending, value: everyAccess & ~access },
      { code: JNE_K, to: pending, value: 0, offset: 2 },
      ...verdict(true),
    ];
  return [
    { code: MOV64_X, to: scratch, from: pending },
    { code: AND64_K, to: scratch, value: access },
    { code: JEQ_K, to: scratch, value: 0, offset: 2 },
    ...verdict(false),
  ];
}

function verdict(allow: boolean): readonly Instruction[] {
  return [
    { code: MOV64_K, to: result, value: allow ? 1 : 0 },
    { code: EXIT, to: 0 },
  ];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [i, { code, to, from = 0, offset = 0, value = 0 }] of program.entries()) {
    view.setUint8(i * 8, code);
    view.setUint8(i * 8 + 1, (from << 4) | to);
    view.setInt16(i * 8 + 2, offset, true);
    view.setInt32(i * 8 + 4, value, true);
  }
  return bytes;
}
