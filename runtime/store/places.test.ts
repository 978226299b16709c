import * as assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { parseMountFacts } from '../trees/mount-facts.js';
import type { RegisteredShare } from '../trees/registry.js';
import { makePlaces, placesOf } from './places.js';

const base = mkdtempSync(join(tmpdir(), 'chos-places-'));
const tree = `${base}/tree`;
test.before.each(() => mkdirSync(tree));
test.after.each(() => rmSync(tree, { recursive: true }));
test.after(() => rmSync(base, { recursive: true }));

const modeOf = (path: string): number => lstatSync(`${tree}/${path}`).mode & 0o7777;
const share = (path: string, from?: string): RegisteredShare => ({
  path,
  readonly: false,
  optional: false,
  ...(from === undefined ? {} : { from }),
  diagnose: () => assert.fail(),
});

test('a tree gets what it lacks, whatever the umask is, and no more the next time', () => {
  const before = process.umask(0o077);
  const made = makePlaces(tree, placesOf(null, []));
  process.umask(before);
  assert.ok(['/proc', '/sys', '/dev', '/run', '/tmp', '/etc/hosts'].every(path => made.includes(path)));
  assert.deepEqual(['proc', 'tmp', 'etc', 'etc/hosts'].map(modeOf), [0o755, 0o1777, 0o755, 0o644]);
  assert.equal(readFileSync(`${tree}/etc/passwd`, 'utf8'), '');
  assert.deepEqual(makePlaces(tree, placesOf(null, [])), []);
});

test('what is there stays: files, modes, something else in the place, links that lead out', () => {
  mkdirSync(`${base}/outside`);
  mkdirSync(`${tree}/etc`, 0o700);
  mkdirSync(`${tree}/etc/hosts`);
  writeFileSync(`${tree}/etc/passwd`, 'root', { mode: 0o600 });
  symlinkSync('/nothing', `${tree}/etc/localtime`);
  writeFileSync(`${tree}/run`, '');
  mkdirSync(`${tree}/tmp`);
  chmodSync(`${tree}/tmp`, 0o700);
  symlinkSync(`${base}/outside`, `${tree}/home`);
  const made = makePlaces(tree, [
    ...placesOf(null, []),
    { path: '/home/user', kind: 'directory' },
    { path: '/run/x', kind: 'file' },
    { path: '/new/../../climb', kind: 'directory' },
  ]);
  assert.deepEqual(readdirSync(`${base}/outside`), []);
  assert.deepEqual(readdirSync(base), ['outside', 'tree']);
  assert.deepEqual(['etc', 'etc/passwd', 'tmp'].map(modeOf), [0o700, 0o600, 0o700]);
  assert.ok(lstatSync(`${tree}/etc/hosts`).isDirectory());
  assert.ok(lstatSync(`${tree}/etc/localtime`).isSymbolicLink());
  assert.deepEqual(
    made.filter(path => /home|^.run|climb|tmp|passwd|etc.hosts|localtime/.test(path)),
    [],
  );
  rmSync(`${base}/outside`, { recursive: true });
});

test('shares and shown files have places, of their kind, where nothing covers them', () => {
  mkdirSync(`${base}/data`);
  writeFileSync(`${base}/file`, '');
  const shown = {
    shares: [
      share(`${base}/data`),
      share(`${base}/data/deeper`),
      share(`${base}/file`),
      share(`${base}/nothing`),
      share('/dev/shm'),
      share('/etc/site', '/run/chos/files/nothing-yet'),
    ],
  };
  const places = placesOf(shown, []);
  const made = makePlaces(tree, places);
  assert.deepEqual(
    made.filter(path => path.startsWith(base) || path.includes('site') || path.startsWith('/dev/')),
    [`${base}/data`, `${base}/file`, '/etc/site'],
  );
  assert.ok(lstatSync(`${tree}${base}/data`).isDirectory());
  assert.ok(lstatSync(`${tree}${base}/file`).isFile());
  assert.ok(lstatSync(`${tree}/etc/site`).isFile());
});

test('of what is on a server nobody is asked', () => {
  const mounts = parseMountFacts(
    `20 1 8:1 / / rw - ext4 /dev/vda rw\n30 20 0:40 / ${base} rw - nfs4 filer1:/home rw\n31 20 0:41 / ${base}x rw - tmpfs tmpfs rw\n`,
  );
  const links = mkdtempSync(join(tmpdir(), 'chos-links-'));
  symlinkSync(base, `${links}/whole`);
  symlinkSync('round', `${links}/round`);
  symlinkSync('/etc/../etc', `${links}/here`);
  const paths = [
    ...[`${base}/nothing`, `${links}/whole/nothing`, `${links}/here`],
    ...[`${base}x/nothing`, `${links}/round`, '/etc/nothing/of/these'],
  ];
  const places = placesOf({ shares: paths.map(path => share(path)) }, mounts);
  rmSync(links, { recursive: true });
  assert.deepEqual(
    paths.map(path => places.find(place => place.path === path)?.kind),
    ['directory', 'directory', 'directory', undefined, undefined, undefined],
  );
});

test.run();
