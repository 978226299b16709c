import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { faultOfShare, placeOf } from './place-shares.js';
import { isRoots, realPath } from './real-path.js';
import { faultOfDirectory } from './tree-directory.js';

/** A root of its own, so that nothing above it counts. */
const base = mkdtempSync('/tmp/real-path-');
chmodSync(base, 0o755);
test.after(() => rmSync(base, { recursive: true }));
const isRoot = process.geteuid?.() === 0;
const USER = 1000;

for (const path of ['H/u1', 'H/u1/own', 'real/x', 'site', 'tmp', 'bin'])
  mkdirSync(`${base}/${path}`, { recursive: true });
symlinkSync('real', `${base}/linked`);
symlinkSync('/linked/x', `${base}/site/twice`);
symlinkSync('../site/twice/..', `${base}/site/up`);
symlinkSync('round', `${base}/round`);
symlinkSync('/bin', `${base}/H/u1/project`);
symlinkSync('/bin', `${base}/tmp/moved`);
symlinkSync('/bin', `${base}/given`);
symlinkSync('/real', `${base}/H/away`);
symlinkSync('u1', `${base}/H/within`);
if (isRoot) {
  for (const path of ['H/u1', 'H/u1/own']) chownSync(`${base}/${path}`, USER, USER);
  lchownSync(`${base}/given`, USER, USER);
}
chmodSync(`${base}/tmp`, 0o1777);

const at = (path: string): string => {
  const real = realPath(path, base);
  return real.kind === 'at'
    ? real.path
    : real.kind === 'missing'
      ? real.code
      : `${real.link} in ${real.foreign.path}`;
};
const rootTest = isRoot ? test : test.skip;

rootTest("root's symlinks are followed, in the root that is given", () => {
  assert.is(at('/linked/x'), '/real/x');
  assert.is(at('//site/./twice/'), '/real/x');
  assert.is(at('/site/up'), '/real');
  assert.is(at('/round'), 'ELOOP');
  assert.is(at('/nothing/x'), 'ENOENT');
});

rootTest('a symlink below what somebody else can change is not, whoever owns it', () => {
  assert.is(at('/H/u1/project'), '/H/u1/project in /H/u1');
  assert.is(at('/H/u1/project/x'), '/H/u1/project in /H/u1');
  assert.is(at('/given'), '/given in /given');
  assert.is(at('/tmp/moved'), '/tmp/moved in /tmp');
  chmodSync(`${base}/site`, 0o775);
  assert.is(at('/site/twice'), '/site/twice in /site');
  chmodSync(`${base}/site`, 0o755);
});

rootTest('without symlinks, a path leads where it says', () => {
  assert.is(at('/H/u1/own'), '/H/u1/own');
  assert.equal(realPath('/H/u1/own', base), {
    kind: 'at',
    path: '/H/u1/own',
    foreign: { path: '/H/u1', uid: USER, mode: 0o755 },
  });
  assert.is((realPath('/H/u1', base) as { foreign: unknown }).foreign, null);
});

rootTest('a place that is to be made', () => {
  for (const path of ['/H/new', '/new', '/real/x', '/H/u1']) assert.ok(isRoots(path, base), path);
  for (const path of ['/H/u1/new', '/linked/x', '/linked/new', '/tmp/new'])
    assert.not.ok(isRoots(path, base), path);
});

rootTest('a share below another one goes where it is in that, and must not lead out of it', () => {
  const points = ['/H', '/H/within', '/H/away', '/linked', '/linked/x'];
  assert.equal(placeOf('/H/within', points, base), { source: '/H/u1', place: '/H/u1' });
  assert.equal(placeOf('/linked', points, base), { source: '/real', place: '/linked' });
  assert.equal(placeOf('/linked/x', points, base), { source: '/real/x', place: '/linked/x' });
  // What is missing is told as missing, whatever links of root's lead there.
  assert.equal(placeOf('/linked/none/x', points, base), { source: '/real/none/x', place: '/linked/none/x' });
  assert.equal(placeOf('/none', points, base), { source: '/none', place: '/none' });
  assert.is(faultOfShare('/H/within', points, base), null);
  assert.equal(faultOfShare('/H/away', points, base), { kind: 'leads-away', target: '/real' });
  assert.is(faultOfShare('/H/u1/project', points, base)?.kind, 'foreign-link');
  assert.equal(faultOfShare('/H/none', points, base), { kind: 'no-directory', code: 'ENOENT' });
});

test('the root of the host is no tree, by whatever it is named', () => {
  symlinkSync('.', `${base}/itself`);
  assert.equal(faultOfDirectory('/', base), { kind: 'root-directory', of: 'host' });
  assert.equal(faultOfDirectory('/bin/..', base), { kind: 'root-directory', of: 'host' });
  assert.equal(faultOfDirectory('/itself', base), { kind: 'leads-away', target: '/' });
});

test.run();
