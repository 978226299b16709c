/**
 * A program serves for other names than those that it was compiled of (spec/reuse.ts), because the compiler takes them as they are: wherever in config.json one stands, what comes of another is the
 * same but for it. Where a name was split or cut, what is left of it tells the engine that the program serves once (runtime/engine/door/names.c).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { configSamples } from '../../spec/effects/config.js';
import type { NormalConfig } from '../../spec/normal-config.js';
import { admit } from '../admit/admit.js';
import { encode } from '../program/encode.js';
import { compileLaunch } from './compile.js';
import { caseNames, casesFolder } from './golden/case.js';
import { rawFilter } from './launch/annotations.js';
import { documentOf } from './test/document-of.js';
import { hierarchy, inputOf, unified } from './test/input.js';

type Json = { [key: string]: unknown };

/** With a letter first, with a digit; as long as each other. */
const kinds: Readonly<Record<string, readonly [string, string]>> = {
  short: ['a5f1c8d20b7e', '09be3d71fa46'],
  long: [
    'd4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35',
    '4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce',
  ],
  uuid: ['f47ac10b-58cc-4372-a567-0e02b2c3d479', '16fd2706-8baf-433b-82eb-8c7fada847da'],
  time: ['2026-11-30T05:38:32.123456789', '1987-06-05T04:03:02.101234567'],
};

const placed: readonly ((text: string, name: string) => string)[] = [
  (_, name) => name,
  (text, name) => `${text}-${name}`,
  (text, name) => `${text}/${name}`,
  (text, name) => `${name}:${text}`,
];

const v1 = ['cpu', 'cpuset', 'memory', 'pids', 'blkio', 'hugetlb', 'devices'].map(name => hierarchy([name]));

/** Compiled each time (runtime/cli/create.ts). */
const isAnotherKind = (config: NormalConfig): boolean =>
  rawFilter(config) !== null ||
  Object.keys(config.annotations).some(name => /^org\.systemd\.property\..*\d/.test(name));

function imageOf(text: string, name: string, systemd: boolean, isV1: boolean): Buffer | null {
  const admitted = admit({ file: 'config.json', text });
  if (admitted.kind === 'refused' || isAnotherKind(admitted.spec.config)) return null;
  const input = inputOf({
    facts: {
      cgroup: isV1 ? { layout: 'v1', hierarchies: v1 } : { layout: 'v2', unified },
      lsm: { apparmor: true, selinux: true },
      resctrl: { mount: '/sys/fs/resctrl', group: null },
    },
    options: {
      bundle: `/run/${name}/userdata`,
      configText: text,
      console: admitted.spec.config.process.terminal,
      ...(systemd ? { cgroupManager: 'systemd' } : {}),
    },
  });
  const compiled = compileLaunch({ ...input, spec: admitted.spec });
  return compiled.kind === 'refused' ? null : Buffer.from(encode(compiled.program));
}

const PIECE = 8;

/** As in names.c: the engine does not leave such a program. */
function holdsPieces(image: string, name: string): boolean {
  const rest = image.replaceAll(name, '\0');
  return Array.from({ length: name.length - PIECE + 1 }, (_, i) => name.slice(i, i + PIECE)).some(
    piece => /^[0-9a-f]/.test(piece) && rest.includes(piece),
  );
}

/** Each text in it, in turn, with `how` in its place. */
function* variants(document: unknown, how: (text: string) => string): Generator<unknown> {
  if (typeof document === 'string') yield how(document);
  else if (Array.isArray(document)) {
    for (const [i, one] of document.entries())
      for (const made of variants(one, how))
        yield document.map((other: unknown, j) => (i === j ? made : other));
  } else if (document !== null && typeof document === 'object') {
    for (const [key, one] of Object.entries(document)) {
      for (const made of variants(one, how)) yield { ...document, [key]: made };
      const { [key]: _, ...others } = document as Json;
      yield { ...others, [how(key)]: one };
    }
  }
}

let [same, kept] = [0, 0];

/** Each text with a name in two of the four ways. */
function compare(document: unknown, which: number): void {
  const all = Object.values(kinds);
  for (const [i, place] of placed.entries()) {
    if ((which + i) % 2 === 1) continue;
    const pair = all[(which + i) % all.length] ?? ['', ''];
    const [one = '', other = ''] = which % 4 < 2 ? pair : pair.toReversed();
    const given = [...variants(document, text => place(text, one))].map(made => JSON.stringify(made));
    for (const text of given) {
      const systemd = text.includes('systemd') || which % 2 === 1;
      const image = imageOf(text, one, systemd, which % 3 === 0);
      if (image === null) continue;
      const latin = image.toString('latin1');
      if (holdsPieces(latin, one)) {
        kept++;
        continue;
      }
      assert.not(new RegExp(`[0-9a-f]${one}|${one}[0-9a-f]`).test(latin), `${text}: digits are beside it`);
      const next = imageOf(text.replaceAll(one, other), other, systemd, which % 3 === 0);
      same++;
      assert.ok(
        next !== null && next.toString('latin1') === latin.replaceAll(one, other),
        `${text} and with ${other}`,
      );
    }
  }
}

const base = {
  ociVersion: '1.3.0',
  process: { args: ['/bin/true'], cwd: '/', env: ['PATH=/bin'] },
  root: { path: 'rootfs' },
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }], cgroupsPath: 'a-b.slice:crio:name' },
};

test('wherever a name stands, the program is the same but for it', () => {
  compare(base, 0);
  compare(base, 1);
  for (const [i, [path, sample]] of Object.entries(configSamples).entries())
    if (sample.shows !== 'exec') compare(documentOf(base, path, sample, sample.value), i);
  assert.ok(same > 1500, `${same} were compared`);
  const before = kept;
  const [one] = kinds.uuid ?? [''];
  compare({ ...base, linux: { ...base.linux, cgroupsPath: `a-${one}.slice:crio:name` } }, 1);
  assert.ok(kept > before, 'of a slice there is one for each part of its name');
});

test('also of what tools write', () => {
  for (const [i, name] of caseNames().entries()) {
    const file = join(casesFolder, name, 'config.json');
    if (!existsSync(file) || !['default', 'kmod-podman'].includes(name)) continue;
    const { linux, ...others } = JSON.parse(readFileSync(file, 'utf8')) as { linux: Json };
    // It would be compiled anew for each.
    const { seccomp: _, ...plain } = linux;
    compare({ ...others, linux: plain }, i);
  }
});

/** As in names.c: what is cut is marked. */
const isCut = (image: string): boolean =>
  new RegExp(`[0-9a-f:.T-]${Buffer.from('…').toString('latin1')}`).test(image);

test('wherever a long text of a hook is cut, in the middle of a name, too, the cut is seen', () => {
  const [one = '', other = ''] = kinds.long ?? [];
  let [cut, whole] = [0, 0];
  for (let length = 150; length <= 270; length += 1) {
    const imageAt = (name: string): string => {
      const path = `/${'x'.repeat(length)}/${name}/hook`;
      const hooks = { createRuntime: [{ path }], createContainer: [{ path }] };
      return imageOf(JSON.stringify({ ...base, hooks }), name, false, true)?.toString('latin1') ?? '';
    };
    const image = imageAt(one);
    if (isCut(image) || holdsPieces(image, one)) {
      cut++;
      continue;
    }
    whole++;
    assert.is(imageAt(other), image.replaceAll(one, other), `${length} letters before it`);
  }
  assert.ok(cut > 60 && whole > 10, `${cut} were cut, ${whole} not`);
});

test.run();
