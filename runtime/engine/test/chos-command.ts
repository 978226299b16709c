/** The command `chos` with a place of its own in the place of /run/chos, and entry programs that the tests make. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { act, program, scratch } from './engine.js';

export const executable = join(process.cwd(), 'build/chos-debug');
chmodSync(scratch, 0o755);

/** Enters nothing: what is executed is on the host. */
export const stay = encode(program({ actions: [act('go on', [s.handover()])], entry: 'enter' }));

/** Its tree is that directory. */
export const into = (directory: string): Uint8Array =>
  encode(
    program({
      actions: [
        act('enter', [s.sys('chroot', [o.text(directory)]), s.sys('chdir', [o.text('/')]), s.handover()]),
      ],
      entry: 'enter',
    }),
  );

export const fails: Uint8Array = encode(
  program({
    actions: [act('enter the tree', [s.sys('chroot', [o.text('/nonexistent')]), s.handover()])],
    failed: [s.exitReporting(125)],
    entry: 'enter',
  }),
);

export interface Site {
  readonly place: string;
  readonly home: string;
}

export const two =
  'chos 1\ndefault debian12\ntree alma9\ndescription AlmaLinux 9\nenv SITE_OS=alma\ntree debian12\nshell sh\n';

/** `trees`: the list; `entries`: images by the name of the file. */
export function site(trees: string | null = two, entries: Readonly<Record<string, Uint8Array>> = {}): Site {
  const place = mkdtempSync(join(scratch, 'place-'));
  chmodSync(place, 0o755);
  mkdirSync(join(place, 'entries'), { mode: 0o755 });
  if (trees !== null) writeFileSync(join(place, 'trees'), trees, { mode: 0o644 });
  for (const [name, image] of Object.entries({ alma9: stay, debian12: stay, ...entries }))
    writeFileSync(join(place, 'entries', name), image, { mode: 0o644 });
  const home = mkdtempSync(join(scratch, 'home-'));
  chmodSync(home, 0o755);
  return { place, home };
}

interface Call {
  /** Another copy of it. */
  readonly file?: string;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly input?: string;
  /** A shell script that ends in `exec "$@"`. */
  readonly shell?: string;
  /** The same, by root in a mount namespace of its own. */
  readonly inNamespace?: string;
}

export function chos({ place, home }: Site, args: readonly string[], c: Call = {}) {
  const who =
    c.uid === undefined ? [] : ['setpriv', `--reuid=${c.uid}`, `--regid=${c.uid}`, '--clear-groups'];
  const wrapper = c.shell === undefined ? [] : ['sh', '-c', c.shell, 'sh'];
  const outside = c.inNamespace === undefined ? [] : ['unshare', '--mount', 'sh', '-ec', c.inNamespace, 'sh'];
  const [file = '', ...rest] = [...outside, ...who, ...wrapper, c.file ?? executable, ...args];
  const { status, stdout, stderr } = spawnSync(file, rest, {
    encoding: 'utf8',
    cwd: c.cwd ?? scratch,
    input: c.input ?? '',
    env: { PATH: '/usr/bin:/bin', HOME: home, CHOS_PUBLIC: place, ...c.environment },
    timeout: 20_000,
  });
  return { status, out: stdout, err: stderr };
}

export const which = (
  s: Site,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
) => chos(s, ['--which', ...args], { environment });
/** What it says, where it starts nothing and prints nothing. */
export const error = (r: {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}): string => {
  assert.is(r.status, 125);
  assert.is(r.out, '');
  return r.err;
};
