/** Starts of bundles, of which programs may be left in the state root, with a compiler of our own behind them (fake-compiler.ts). */
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGAIN_DIRECTORY } from '../../../spec/reuse.js';
import { Looks } from '../../host/looks.js';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { call } from './door.js';
import { act, scratch } from './engine.js';

/** Prints a text, where the bundle is, and the id. */
export function program(shown: string, ballast = 0): Uint8Array {
  const [id, bundle] = [o.slots('id', 2), o.slots('bundle', 2, -1)];
  const line = o.buffer('line', 32_768);
  const length = o.slot('length');
  const actions = [
    act('show', [
      ...(ballast > 0 ? [s.sys('write', [1, o.text('x'.repeat(ballast)), 0])] : []),
      s.format(line, [shown, ' ', o.field('s', bundle), ' ', o.field('s', id), '\n'], { to: length }),
      s.sys('write', [1, line, length]),
      s.exit(0),
    ]),
  ];
  return encode({
    arch: 'x86_64',
    joins: false,
    parameters: new Map([
      ['ID', id],
      ['BUNDLE', bundle],
    ]),
    entries: [
      { entry: 'create', track: 'start' },
      { entry: 'run', track: 'start' },
    ],
    tracks: [{ name: 'start', failed: [], actions }],
  });
}

export const newRoot = (): string => mkdtempSync(join(scratch, 'again-'));

export const left = (root: string): readonly string[] => {
  try {
    return readdirSync(join(root, AGAIN_DIRECTORY));
  } catch {
    return [];
  }
};

export interface Start {
  readonly config?: string | Uint8Array;
  readonly bundle?: string;
  readonly command?: 'create' | 'run';
  readonly id?: string;
  readonly options?: readonly string[];
  readonly global?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly shell?: string;
  readonly file?: string;
  /** What the compiler has looked at; null: it does not say. */
  readonly looks?: ((looks: Looks) => void) | null;
  /** In the place of these. */
  readonly bytes?: Uint8Array;
  readonly warning?: string;
  readonly ballast?: number;
}

/** What is said; `compiled` becomes a part of the program if a compiler is asked. */
export function start(root: string, compiled: string, asked: Start = {}): string {
  const { config = '{}', command = 'run', id = 'box', looks: look = () => undefined } = asked;
  const bundle = asked.bundle ?? join(root, 'bundle');
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'config.json'), config);
  const [image, seen] = [join(scratch, 'start.image'), join(scratch, 'start.looks')];
  const looks = new Looks();
  look?.(looks);
  writeFileSync(image, program(compiled, asked.ballast));
  writeFileSync(seen, look === null ? '' : (asked.bytes ?? looks.bytes() ?? ''));
  const options = asked.options ?? ['--bundle', bundle];
  const ended = call(['--root', root, ...(asked.global ?? []), command, ...options, id], {
    environment: {
      ANSWER: `start ${image} ${look === null ? '-' : seen} ${JSON.stringify({ BUNDLE: bundle, ID: id })} ${asked.warning ?? ''}`,
      ...asked.environment,
    },
    cwd: asked.cwd ?? root,
    ...(asked.shell === undefined ? {} : { shell: asked.shell }),
    ...(asked.file === undefined ? {} : { file: asked.file }),
  });
  return ended.out + ended.err;
}
