/** The front door with a compiler of our own behind it (fake-compiler.ts). */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Entry } from '../../../spec/commands.js';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { act, scratch } from './engine.js';

export const door = join(process.cwd(), 'build/engine-test/chos-runtime');

interface Call {
  readonly file?: string;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Run by sh, which has closed or opened descriptors; ends in exec "$@". */
  readonly shell?: string;
}

export function call(args: readonly string[], c: Call = {}) {
  const [file = '', ...rest] = [...(c.shell ? ['sh', '-c', c.shell, 'sh'] : []), c.file ?? door, ...args];
  const { status, stdout, stderr } = spawnSync(file, rest, {
    encoding: 'utf8',
    cwd: c.cwd ?? scratch,
    env: { PATH: '/usr/bin:/bin', ...c.environment },
    timeout: 20_000,
  });
  return { status, out: stdout, err: stderr };
}

/** A program whose entries print the parameters they were given. */
export function showing(entries: readonly Entry[], joins = false): Uint8Array {
  const names = [
    'ID',
    'ROOT',
    'STATE_DIR',
    'SIGNAL',
    'ALL',
    'FORCE',
    'PID_FILE',
    'PRESERVE_FDS',
    'DETACH',
    'BUNDLE',
  ] as const;
  const parameters = new Map(names.map(name => [name, o.slots(name, 2, -1)] as const));
  const isText = new Set<string>(['ID', 'ROOT', 'STATE_DIR', 'PID_FILE', 'BUNDLE']);
  const arg0 = o.slots('arg0', 2);
  // Two paths and more.
  const line = o.buffer('line', 16384);
  const length = o.slot('length');
  const fields = [...parameters].flatMap(([name, slot]) => [
    `${name}=`,
    o.field(isText.has(name) ? 's' : 'd', slot),
    ' ',
  ]);
  return encode({
    arch: 'x86_64',
    joins,
    parameters: new Map([...parameters, ['ARG0', arg0]]),
    entries: entries.map(entry => ({ entry, track: entry })),
    tracks: entries.map(entry => ({
      name: entry,
      failed: [],
      actions: [
        act('show', [
          s.format(line, [`${entry}: `, ...fields, 'ARG0=', o.field('s', arg0), '\n'], { to: length }),
          s.sys('write', [1, line, length]),
          s.exit(3),
        ]),
      ],
    })),
  });
}
