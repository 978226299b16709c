/** What a filter is asked about: struct seccomp_data (linux/seccomp.h). */
export interface Call {
  readonly arch: number;
  readonly number: number;
  readonly args: readonly bigint[];
}

export interface Outcome {
  readonly verdict: number;
  /** Instructions that were executed. */
  readonly steps: number;
  /** The verdict was reached without looking at arguments, as kernel/seccomp.c (seccomp_is_const_allow) demands. */
  readonly constant: boolean;
}

export function encodeCall({ arch, number, args }: Call): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, number, true);
  view.setUint32(4, arch, true);
  for (const [i, arg] of args.entries()) view.setBigUint64(16 + 8 * i, arg, true);
  return view;
}

/** Runs a seccomp filter. Whatever the kernel would refuse to load or the generator should never make is a throw. */
export function runFilter(program: DataView, call: DataView): Outcome {
  const length = program.byteLength / 8;
  let accumulator = 0;
  let constant = true;
  let steps = 0;
  for (let at = 0; at < length; at++) {
    steps++;
    const code = program.getUint16(at * 8, true);
    const k = program.getUint32(at * 8 + 4, true);
    switch (code) {
      case 0x20: // BPF_LD | BPF_W | BPF_ABS
        accumulator = call.getUint32(k, true);
        constant &&= k < 8;
        break;
      case 0x54: // BPF_ALU | BPF_AND | BPF_K
        accumulator = (accumulator & k) >>> 0;
        break;
      case 0x05: // BPF_JMP | BPF_JA
        at += k;
        break;
      case 0x15: // BPF_JMP | BPF_JEQ | BPF_K
        at += offset(program, at, accumulator === k);
        break;
      case 0x25: // BPF_JMP | BPF_JGT | BPF_K
        at += offset(program, at, accumulator > k);
        break;
      case 0x35: // BPF_JMP | BPF_JGE | BPF_K
        at += offset(program, at, accumulator >= k);
        break;
      case 0x06: // BPF_RET | BPF_K
        return { verdict: k, steps, constant };
      default:
        throw new Error(`unknown instruction 0x${code.toString(16)} at ${at}`);
    }
  }
  throw new Error('ran off the end');
}

/** How far a conditional jump goes. */
function offset(program: DataView, at: number, holds: boolean): number {
  return program.getUint8(at * 8 + (holds ? 2 : 3));
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
