import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type EntryChoice, entryChoice } from './entry-view.js';
import { parseJsonFile } from './json-file.js';
import type { KernelFacts } from './kernel-link.js';
import { mergeFiles } from './read-registry.js';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'chos-entry-')));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const path = join(scratch, 'tree');
for (const name of ['', 'proc', 'sys', 'dev', 'home']) mkdirSync(join(path, name), { recursive: true });

const absent: KernelFacts = { kind: 'absent' };
const present = (...valid: readonly string[]): KernelFacts => ({
  kind: 'present',
  version: '0.1.0',
  skeleton: '/chos',
  valid: new Set(valid),
});

// A tree below /tmp is a fault of its own: prefix makes the scratch directory the root of the host.
function choice(tree: object, facts: KernelFacts, shares: readonly object[] = []): EntryChoice {
  const content = { trees: { one: { path: '/tree', ...tree } }, shares };
  const read = parseJsonFile('/etc/chos.d/a.json', JSON.stringify(content));
  if (read.kind === 'refused') throw new Error('refused');
  const registry = mergeFiles([read.file]);
  const [one] = registry.trees.values();
  if (one === undefined) throw new Error('no tree');
  return entryChoice(one, registry, facts, scratch);
}

test('by the link where the module has the tree, else by mounts', () => {
  const linked = choice({}, present('/tree'));
  assert.equal([linked.kind, linked.kind === 'link' && linked.skeleton], ['link', '/chos']);
  assert.is(choice({}, present('/other')).kind, 'mounts');
  assert.is(choice({}, absent).kind, 'mounts');
  assert.is(choice({ backEnd: 'private' }, present('/tree')).kind, 'mounts');
});

test('shares that the skeleton does not show are mounted', () => {
  mkdirSync(join(scratch, 'home'), { recursive: true });
  const site = [{ path: '/home' }];
  assert.is(choice({}, present('/tree'), site).kind, 'link');
  assert.is(choice({ shares: [] }, present('/tree'), site).kind, 'mounts');
  const readonly = choice({ shares: [{ path: '/home', readonly: true }] }, present('/tree'), site);
  assert.is(readonly.kind, 'mounts');
  assert.equal(readonly.kind === 'mounts' && readonly.shares.map(one => [one.place, one.readonly]), [
    ['/home', true],
  ]);
});

test('each share says where it stands: of the site, or of the tree', () => {
  mkdirSync(join(scratch, 'home'), { recursive: true });
  const at = (tree: object, shares: readonly object[]) => {
    const made = choice(tree, absent, shares);
    return made.kind === 'mounts' && made.shares.map(one => one.registered);
  };
  const place = { file: '/etc/chos.d/a.json', line: 1 };
  assert.equal(at({}, [{ path: '/home' }]), [{ ...place, path: 'shares[0].path' }]);
  assert.equal(at({ shares: [{ path: '/home' }] }, []), [{ ...place, path: 'trees.one.shares[0].path' }]);
});

test('what the registry demands and is not there is refused, with the reason', () => {
  const why = (tree: object, facts: KernelFacts = absent) => {
    const one = choice(tree, facts);
    return one.kind === 'refused' ? one.why : one.kind;
  };
  assert.is(
    why({ backEnd: 'kmod' }),
    'the registry demands the back end kmod, but the kernel module chos is not loaded',
  );
  assert.is(why({ backEnd: 'kmod' }, present('/tree')), 'link');
  assert.match(why({ backEnd: 'pinned' }), 'users enter at login only');
  assert.match(
    why({ path: '/nonexistent' }),
    'something is wrong with it: root runs chos-runtime tree check one',
  );
});

test('mount points of a skeleton have no owner, since no other id is mapped', () => {
  mkdirSync(join(scratch, 'srv/data'), { recursive: true });
  const made = choice({ shares: [{ path: '/srv/data' }] }, absent);
  assert.is(made.kind, 'mounts');
  if (made.kind !== 'mounts' || made.root.kind !== 'skeleton') return assert.unreachable();
  const directories = made.root.entries.filter(entry => entry.kind === 'directory');
  assert.ok(directories.length > 0);
  for (const entry of directories) assert.equal(Object.keys(entry), ['kind', 'path', 'mode']);
});

test.run();
