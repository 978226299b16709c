/** Mounts with more than the 255 bytes that fsconfig(2) takes in a string. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { test } from '../case.js';
import { mountAt } from '../report.js';

const source = (length: number): string => 's'.repeat(length);
/** An octal number of 300 digits. */
const long = (octal: string): string => octal.padStart(300, '0');

for (const length of [255, 256, 300, 4095])
  test(`long-mounts/source-of-${length}`, {
    config: c => {
      const options = ['nosuid', 'noexec', 'noatime', 'sync', 'size=64k', 'mode=711'];
      c.mounts.push({ destination: '/t', type: 'tmpfs', source: source(length), options });
    },
    probes: ['statfs /t', 'stat /t', 'write /t/x'],
    inside: ({ report, at }) => {
      const line = mountAt(report, '/t');
      assert.is(line?.source, source(length));
      for (const option of ['nosuid', 'noexec', 'noatime'])
        assert.ok(line?.options.includes(option), `${option} not in ${line?.options}`);
      assert.not.ok(line?.options.includes('nodev'));
      assert.is(at('statfs /t').bytes, 65536);
      assert.is(at('stat /t').mode, 0o711);
      assert.is(at('write /t/x').error, '');
      // Nothing is left of where it was mounted.
      assert.equal(
        report.mountinfo.split('\n').filter(entry => entry.includes('/aside')),
        [],
      );
    },
  });

test('long-mounts/source-of-4096-is-refused', {
  config: c => void c.mounts.push({ destination: '/t', type: 'tmpfs', source: source(4096) }),
  refused: /4096 bytes of source, and the kernel takes 4095 at most|Invalid argument|file name too long/i,
});

const kinds: readonly (readonly [type: string, options: string[]])[] = [
  ['devpts', ['newinstance', 'ptmxmode=0666', 'mode=0620']],
  ['mqueue', ['nosuid']],
  ['sysfs', ['nosuid', 'ro']],
];
for (const [type, options] of kinds)
  test(`long-mounts/source-of-${type}`, {
    config: c => void c.mounts.push({ destination: '/t', type, source: source(300), options }),
    inside: ({ report }) => {
      assert.is(mountAt(report, '/t')?.type, type);
      assert.is(mountAt(report, '/t')?.source, source(300));
    },
  });

test('long-mounts/read-only-with-a-mount-below', {
  config: c => {
    c.mounts.push({ destination: '/t', type: 'tmpfs', source: source(300), options: ['ro'] });
    c.mounts.push({ destination: '/t/below', type: 'tmpfs', source: source(301) });
  },
  probes: ['write /t/x', 'write /t/below/x'],
  inside: ({ at }) => {
    assert.is(at('write /t/x').error, 'EROFS');
    assert.is(at('write /t/below/x').error, '');
  },
});

test('long-mounts/copy-up', {
  config: c =>
    void c.mounts.push({
      destination: '/data',
      type: 'tmpfs',
      source: source(300),
      options: ['tmpcopyup'],
    }),
  probes: ['read /data/note'],
  inside: ({ at }) => assert.is(at('read /data/note').text, 'note\n'),
});

test('long-mounts/option-of-a-tmpfs', {
  config: c =>
    void c.mounts.push({
      destination: '/t',
      type: 'tmpfs',
      source: 'tmpfs',
      options: [`size=${long('200000')}`],
    }),
  probes: ['statfs /t'],
  inside: ({ at }) => assert.is(at('statfs /t').bytes, 65536),
});

for (const [name, attributes] of [
  ['read-only', ['ro', 'nosuid', 'noexec']],
  ['writable', ['nodev']],
] as const)
  test(`long-mounts/remount-of-a-${name}-one`, {
    config: c => {
      const [destination, type, tmpfs] = ['/t', 'tmpfs', 'tmpfs'];
      c.mounts.push({ destination, type, source: tmpfs, options: ['size=64k', ...attributes] });
      const options = ['remount', `size=${long('400000')}`, ...attributes];
      c.mounts.push({ destination, type, source: tmpfs, options });
    },
    probes: ['statfs /t', 'write /t/x'],
    inside: ({ report, at }) => {
      assert.is(at('statfs /t').bytes, 131072);
      assert.is(at('write /t/x').error, name === 'writable' ? '' : 'EROFS');
      for (const attribute of attributes) assert.ok(mountAt(report, '/t')?.options.includes(attribute));
    },
  });

/** Volumes of an overlay whose paths have that many bytes together. */
function layers(dir: string, bytes: number): readonly string[] {
  const one = (n: number) => join(dir, 'layers', `${'l'.repeat(60)}${n}`);
  const out: string[] = [];
  for (let n = 10; out.join(':').length < bytes; n++) out.push(one(n));
  return out;
}

function overlay(c: Config, dir: string, bytes: number, more: readonly string[]): void {
  const options = [`lowerdir=${layers(dir, bytes).join(':')}`, ...more];
  c.mounts.push({ destination: '/o', type: 'overlay', source: 'overlay', options });
}

function makeLayers(dir: string, bytes: number): void {
  for (const [n, path] of layers(dir, bytes).entries()) {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, `file${n}`), `${n}\n`);
  }
  for (const name of ['upper', 'work']) mkdirSync(join(dir, name));
}

for (const bytes of [300, 3400])
  test(`long-mounts/overlay-with-${bytes}-bytes-of-layers`, {
    files: ({ dir }) => makeLayers(dir, bytes),
    config: (c, { dir }) =>
      overlay(c, dir, bytes, ['nosuid', `upperdir=${dir}/upper`, `workdir=${dir}/work`]),
    probes: ['read /o/file0', 'read /o/file2', 'write /o/new'],
    inside: ({ report, at }) => {
      assert.is(at('read /o/file0').text, '0\n');
      assert.is(at('read /o/file2').text, '2\n');
      assert.is(at('write /o/new').error, '');
      assert.ok(mountAt(report, '/o')?.options.includes('nosuid'));
    },
  });

test('long-mounts/overlay-beyond-a-page-is-refused', {
  files: ({ dir }) => makeLayers(dir, 4200),
  config: (c, { dir }) => overlay(c, dir, 4200, []),
  refused: /4[2-9]\d\d bytes of options, and the kernel takes 4095 at most|overlay/,
});

test('long-mounts/many-short-options', {
  config: c => {
    const options = [...new Array<string>(600).fill('size=64k'), 'mode=711'];
    c.mounts.push({ destination: '/t', type: 'tmpfs', source: 'tmpfs', options });
  },
  probes: ['stat /t', 'statfs /t'],
  inside: ({ at }) => {
    assert.is(at('statfs /t').bytes, 65536);
    assert.is(at('stat /t').mode, 0o711);
  },
});

for (const flag of ['silent', 'iversion'])
  test(`long-mounts/flag-${flag}-is-one-of-mount`, {
    config: c => void c.mounts.push({ destination: '/t', type: 'tmpfs', source: 'tmpfs', options: [flag] }),
    inside: ({ report }) => assert.is(mountAt(report, '/t')?.type, 'tmpfs'),
  });
