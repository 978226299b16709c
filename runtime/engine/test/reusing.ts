/** A container of which programs of `exec` may be left, and calls of it with a compiler of our own behind them (fake-compiler.ts). */
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { call } from './door.js';
import { act, scratch } from './engine.js';

/** Prints whether it is used again, its first argument and other values; hands over where it is used again and `handsOver`. */
export function program({ handsOver = false, ballast = 0 } = {}): string {
  const reused = o.slot('reused');
  const [arg0, id, pidFile] = [o.slots('arg0', 2), o.slots('id', 2), o.slots('pid_file', 2, -1)];
  const line = o.buffer('line', 8192);
  const length = o.slot('length');
  const goOn = o.label('go_on');
  const file = join(scratch, `program-${Number(handsOver)}-${ballast}`);
  const image = encode({
    arch: 'x86_64',
    joins: false,
    parameters: new Map([
      ['REUSED', reused],
      ['ARG0', arg0],
      ['ID', id],
      ['PID_FILE', pidFile],
    ]),
    entries: [{ entry: 'exec', track: 'exec' }],
    tracks: [
      {
        name: 'exec',
        failed: [],
        actions: [
          act('show', [
            ...(ballast > 0 ? [s.sys('write', [1, o.text('x'.repeat(ballast)), 0])] : []),
            ...(handsOver ? [s.branch(reused, 'EQ', 0, goOn), s.handover(), goOn] : []),
            s.format(
              line,
              [
                'reused ',
                o.field('d', reused),
                ' ',
                o.field('s', id),
                ' ',
                o.field('s', arg0),
                ' ',
                o.field('s', pidFile),
                '\n',
              ],
              { to: length },
            ),
            s.sys('write', [1, line, length]),
            s.exit(3),
          ]),
        ],
      },
    ],
  });
  writeFileSync(file, image);
  return file;
}

export interface Container {
  readonly root: string;
  readonly directory: string;
}

export function container(): Container {
  const root = mkdtempSync(join(scratch, 'reuse-'));
  const directory = join(root, 'box');
  mkdirSync(directory, { mode: 0o700 });
  for (const name of ['state.json', 'config.json'])
    writeFileSync(join(directory, name), name, { mode: 0o600 });
  return { root, directory };
}

export const left = ({ directory }: Container): readonly string[] =>
  readdirSync(directory).filter(name => name.startsWith('exec.'));

export interface Asked {
  readonly options?: readonly string[];
  readonly global?: readonly string[];
  readonly command?: readonly string[];
  readonly image?: string;
  readonly how?: string;
  readonly values?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly shell?: string;
  readonly file?: string;
}

export const usual = program();

/** What comes of an `exec` whose compiler would answer with `image`; `reused 1` if nobody asked it. */
export function exec({ root }: Container, asked: Asked = {}): string {
  const { options = [], global = [], command = ['/bin/true'], image = usual, how = 'reusable' } = asked;
  const { values = { ID: 'box', ARGS: command, ARG0: command[0] }, environment = {} } = asked;
  const ended = call(['--root', root, ...global, 'exec', ...options, 'box', ...command], {
    environment: { ANSWER: `${how} ${image} ${JSON.stringify(values)}`, ...environment },
    ...(asked.shell === undefined ? {} : { shell: asked.shell }),
    ...(asked.file === undefined ? {} : { file: asked.file }),
  });
  return ended.out + ended.err;
}

export const said = (reused: number, rest = 'box /bin/true '): string => `reused ${reused} ${rest}\n`;
