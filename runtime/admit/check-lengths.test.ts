import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Config, Process } from '../../spec/generated/config.js';
import { oneLine } from '../report/diagnostic.js';
import { admit } from './admit.js';
import { checkLengths, checkProcessLengths } from './check-lengths.js';
import { formatPath, type Note } from './diagnostic.js';

const longest = `/${'a'.repeat(4094)}`;
const longer = `${longest}a`;

function findings(check: (note: Note) => void): readonly string[] {
  const found: string[] = [];
  check((path, what) => void found.push(`${formatPath(path)} ${what.kind}`));
  return found;
}

const ofConfig = (path: string): readonly string[] => {
  const config: Config = {
    ociVersion: '1.3.0',
    process: { args: ['sh'], cwd: '/' },
    root: { path },
    mounts: [
      { destination: path, type: 'tmpfs', source: longer },
      { destination: '/x', type: 'bind', source: path, options: ['bind'] },
    ],
    hooks: { createRuntime: [{ path }], poststop: [{ path }] },
    linux: {
      devices: [{ type: 'c', path, major: 1, minor: 3 }],
      namespaces: [{ type: 'mount' }, { type: 'network', path }],
      cgroupsPath: path,
      maskedPaths: ['/a', path],
      readonlyPaths: [path],
    },
  };
  return findings(note => checkLengths(config, note));
};

const ofProcess = (process: Partial<Process>): readonly string[] =>
  findings(note => checkProcessLengths({ args: ['sh'], cwd: '/', ...process } as Process, ['process'], note));

test('a path has PATH_MAX at most, in bytes', () => {
  assert.equal(ofConfig(longest), []);
  const places = [
    'root.path',
    'mounts[0].destination',
    'mounts[1].source',
    'hooks.createRuntime[0].path',
    'hooks.poststop[0].path',
    'linux.devices[0].path',
    'linux.namespaces[1].path',
    'linux.cgroupsPath',
    'linux.maskedPaths[1]',
    'linux.readonlyPaths[0]',
  ];
  assert.equal(
    ofConfig(longer),
    places.map(place => `${place} too-long`),
  );
  assert.is(ofConfig(`/${'é'.repeat(2047)}`).length, 0);
  assert.is(ofConfig(`/${'é'.repeat(2048)}`).length, places.length);
  assert.equal(ofProcess({ args: [longest, longer], cwd: longest }), []);
  assert.equal(ofProcess({ args: [longer], cwd: longer }), [
    'process.args[0] too-long',
    'process.cwd too-long',
  ]);
});

test('arguments and environment have 6 MiB together, pointers included', () => {
  const texts = (count: number, length: number): string[] =>
    Array.from({ length: count }, () => 'a'.repeat(length));
  // sh with NUL and pointer has 11.
  assert.equal(ofProcess({ args: ['sh', ...texts(63, 99_991)] as never }), [
    'process.args arguments-too-long',
  ]);
  assert.equal(ofProcess({ env: texts(63, 99_991) }), ['process.env arguments-too-long']);
  const hooks = { poststart: [{ path: '/a', args: texts(31, 99_991), env: texts(32, 99_991) }] };
  const config = { ociVersion: '1.3.0', process: { args: ['sh'], cwd: '/' }, root: { path: '/r' }, hooks };
  assert.equal(
    findings(note => checkLengths(config as never, note)),
    ['hooks.poststart[0].env arguments-too-long'],
  );
  const most = 6 * 1024 * 1024 - 11;
  assert.equal(ofProcess({ env: [...texts(62, 99_991), 'a'.repeat(most - 62 * 100_000 - 9)] }), []);
  assert.is(ofProcess({ env: [...texts(62, 99_991), 'a'.repeat(most - 62 * 100_000 - 8)] }).length, 1);
});

test('a process has 65536 additional groups', () => {
  const groups = (length: number) => ({
    user: { uid: 0, gid: 0, additionalGids: Array.from({ length }, () => 1) },
  });
  assert.equal(ofProcess(groups(65_536)), []);
  assert.equal(ofProcess(groups(65_537)), ['process.user.additionalGids too-many']);
});

test('they are told with their place', () => {
  const config = {
    ociVersion: '1.3.0',
    process: { args: ['sh'], cwd: longer, env: Array.from({ length: 63 }, () => `A=${'a'.repeat(100_000)}`) },
    root: { path: 'rootfs' },
  };
  const result = admit({ file: 'config.json', text: JSON.stringify(config, null, 1) });
  const lines = result.kind === 'refused' ? result.diagnostics.map(d => oneLine(d)) : [];
  assert.equal(
    lines.map(line => line.replace(/, not ".*/, '')),
    [
      'config.json:7:10: process.cwd must have at most 4095 bytes',
      'config.json:8:10: process.env: arguments and environment take 6300704 bytes together, and the kernel takes 6291456 at most',
    ],
  );
});

test.run();
