/**
 * Runs programs made with the assembler through the debug engine. ENGINE_ARCH=aarch64 runs the same under qemu-user, which cannot do everything.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry } from '../../../spec/commands.js';
import type { ParameterName } from '../../../spec/parameters.js';
import type { Action, Program, Track } from '../../program/action.js';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { action } from '../../program/test/action.js';

export const arch = process.env.ENGINE_ARCH === 'aarch64' ? 'aarch64' : 'x86_64';
/** qemu-user knows neither clone3 nor openat2: what needs them is tested on the machine's own processor only. */
export const native = arch === 'x86_64';
const command =
  arch === 'aarch64'
    ? ['qemu-aarch64-static', 'build/chos-engine-aarch64-debug']
    : ['build/chos-runtime-debug'];

/** A directory that is removed when the test process ends. */
export const scratch = mkdtempSync(join(tmpdir(), 'chos-engine-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Call {
  readonly values?: readonly string[];
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly entry?: Entry;
  /** A shell script that ends in `exec "$@"`, run in a mount namespace of its own. */
  readonly inNamespace?: string;
}

export function engine(args: readonly string[], call: Call = {}): Outcome {
  const wrapper =
    call.inNamespace === undefined ? [] : ['unshare', '--mount', 'sh', '-ec', call.inNamespace, 'sh'];
  const [file = '', ...before] = [...wrapper, ...command];
  const { status, signal, stdout, stderr } = spawnSync(file, [...before, ...args], {
    encoding: 'utf8',
    input: call.input ?? '',
    env: { ...call.environment },
    timeout: 20_000,
  });
  return { status, signal, out: stdout, err: stderr };
}

let count = 0;
export function imageFile(image: Uint8Array): string {
  const path = join(scratch, `image-${count++}`);
  writeFileSync(path, image);
  return path;
}

export function runImage(image: Uint8Array, call: Call = {}): Outcome {
  const path = imageFile(image);
  return engine(['--engine-run', path, call.entry ?? 'run', ...(call.values ?? [])], call);
}

/** An action named `title`, whose failure says "title: errno words". */
export function act(title: string, lines: readonly s.Line[], undo: readonly s.Line[] = []): Action {
  return action({ title, because: { kind: 'rule', rule: 'test' }, undo }, lines);
}

export interface ProgramInput {
  readonly actions: readonly Action[];
  readonly subroutines?: readonly s.Line[];
  readonly failed?: readonly s.Line[];
  readonly tracks?: readonly Track[];
  readonly parameters?: ReadonlyMap<ParameterName, o.Slot>;
  readonly entry?: Entry;
}

export function program(input: ProgramInput): Program {
  const track = {
    name: 'host',
    actions: input.actions,
    failed: [...(input.failed ?? [s.exitReporting(1)]), ...(input.subroutines ?? [])],
  };
  return {
    arch,
    joins: false,
    tracks: [track, ...(input.tracks ?? [])],
    entries: [{ entry: input.entry ?? 'run', track: 'host' }],
    parameters: input.parameters ?? new Map(),
  };
}

export function run(input: ProgramInput, call: Call = {}): Outcome {
  return runImage(encode(program(input)), call);
}

/** Steps that print slots as decimal numbers, separated by blanks. */
export function print(...values: readonly o.Slot[]): readonly s.Line[] {
  const line = o.buffer('line', 400);
  const length = o.slot('line length');
  const fields = values.flatMap((v, i) => (i ? [' ', o.field('d', v)] : [o.field('d', v)]));
  return [s.format(line, [...fields, '\n'], { to: length }), s.sys('write', [1, line, length])];
}

/** Run steps, then print slots; what comes back is the line that was printed, or the error line. */
export function results(
  lines: readonly s.Line[],
  values: readonly o.Slot[],
  more: Partial<ProgramInput> = {},
  call: Call = {},
): string {
  const { out, err } = run(
    { ...more, actions: [act('do', [...lines, ...print(...values), s.exit(0)])] },
    call,
  );
  return (out + err).trim();
}
