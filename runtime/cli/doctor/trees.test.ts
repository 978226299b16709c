import { chmodSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding } from '../../trees/check-tree.js';
import type { KernelFacts } from '../../trees/kernel-link.js';
import type { Generation } from '../../trees/pins.js';
import { readRegistry } from '../../trees/read-registry.js';
import type { SkeletonLook } from '../../trees/skeleton-input.js';
import type { Subject } from './subject.js';
import {
  ann,
  answers,
  directoryWith,
  forget,
  hostWith,
  registryOf,
  subjectWith,
  told,
} from './test/made-up.js';
import { pins, registryCheck, skeleton, trees } from './trees.js';

const site = registryOf({
  'site.json': {
    shares: [{ path: '/home' }],
    trees: {
      a: { path: '/ostrees/a' },
      b: { path: '/ostrees/b', shares: [], hooks: { poststop: [{ path: '/tools/hook' }] } },
      c: { path: '/ostrees/c', backEnd: 'private' },
    },
    default: 'a',
  },
});

test('the registry: what it has, what is broken in it, nobody has one', () => {
  assert.equal(told(registryCheck(subjectWith(site))), ['ok: 3 trees, 1 share, default a']);
  assert.match(
    told(registryCheck(subjectWith()))[0] ?? '',
    /^note: no tree is registered \| chos-runtime tree import/,
  );
  const broken = registryOf({ 'bad.json': '{ "trees": 5 }' });
  assert.match(told(registryCheck(subjectWith(broken)))[0] ?? '', /^fault: .*bad\.json:1:/);
});

test('a file or directory of the registry that others can write to', () => {
  const prefix = directoryWith({ '/etc/chos.d/a.json': '{}' });
  const seen = (): readonly string[] => {
    const read = readRegistry(prefix);
    const given = read.kind === 'registry' ? { registry: read.registry } : { noRegistry: read };
    return told(registryCheck(subjectWith(given)));
  };
  chmodSync(`${prefix}/etc/chos.d/a.json`, 0o666);
  assert.match(seen()[0] ?? '', /^fault: .* \| chmod go-w \/etc\/chos\.d\/a\.json$/);
  chmodSync(`${prefix}/etc/chos.d`, 0o777);
  assert.match(seen()[0] ?? '', /^fault: .*chos\.d: .* \| chmod go-w .*chos\.d$/);
});

test('in a user namespace nobody can tell whose the registry is', () => {
  const host = hostWith();
  const userNamespace = { uids: [], gids: [], setgroups: false };
  const noRegistry = { kind: 'untrusted', path: '/etc/chos.d', why: 'owner' } as const;
  const inside = { ...host, facts: { ...host.facts, userNamespace } };
  assert.match(
    told(registryCheck(subjectWith({ host, noRegistry })))[0] ?? '',
    /^fault: .* \| chown root \/etc\/chos\.d$/,
  );
  assert.match(told(registryCheck(subjectWith({ host: inside, noRegistry })))[0] ?? '', /^note: [^|]*$/);
});

const finding = (given: Readonly<Record<string, readonly Finding[]>>): Subject['checkTree'] => {
  return ({ name }) => ({ findings: given[name] ?? [], system: null });
};

test('what several trees have in common is told once', () => {
  const stale = { kind: 'stale', name: 'x@1', why: 'it changed' } as const;
  const writable = { kind: 'writable', path: '/ostrees', uid: 7, mode: 0o755 } as const;
  const checkTree = finding({ a: [stale, writable, { kind: 'skeleton', why: 'w' }], b: [stale] });
  assert.equal(told(trees(subjectWith({ ...site, checkTree }))), [
    'note: a, b: x@1 is not used: it changed | chos-runtime tree prepare --all',
    'fault: a: /ostrees belongs to user 7, who decides what everybody in it runs; chown it to root | chown root /ostrees',
  ]);
  assert.equal(told(trees(subjectWith(site))), ['ok: each can be started']);
});

test('a back end that cannot be used, with the command that its reason ends with', () => {
  const because = (reason: string) =>
    told(
      trees(
        subjectWith({
          ...site,
          checkTree: finding({ a: [{ kind: 'cannot-use', backEnd: 'kmod', reason }] }),
        }),
      ),
    )[0] ?? '';
  assert.match(because('not prepared: run chos-runtime tree prepare a'), / \| chos-runtime tree prepare a$/);
  assert.match(
    because('there is no skeleton /chos: run chos-runtime skeleton create'),
    / \| chos-runtime skeleton create$/,
  );
  assert.match(because('/ostrees/a is not there'), /not there$/);
});

test('a tree is not gone to while a share of it, or a hook, does not answer', () => {
  const gone: string[] = [];
  const checkTree: Subject['checkTree'] = ({ name }) => {
    gone.push(name);
    return { findings: [], system: null };
  };
  const given = answers({ '/home': 'silent', '/tools/hook': 'unasked' });
  assert.equal(told(trees(subjectWith({ ...site, checkTree, answers: given }))), [
    'note: a, c: not looked at, because /home does not answer',
    'note: b: not looked at, because /tools/hook does not answer',
  ]);
  assert.equal(gone, []);
});

const generation = (tree: string, state: Generation['state'] = 'ready'): Generation => ({
  tree,
  state,
  number: 1,
  name: `${tree}@1`,
  certain: true,
  broken: null,
  record: { path: `/ostrees/${tree}` } as Generation['record'],
});

const present: KernelFacts = { kind: 'present', version: '0.1.0', skeleton: '/chos', valid: new Set() };

test('records that are damaged, and what stands in the place of the directories', () => {
  const damaged = { ...generation('a', 'unfinished'), record: null, broken: 'is damaged' };
  assert.equal(told(pins(subjectWith({ ...site, generations: [damaged, generation('b')] }))), [
    'fault: a@1 is not used: its record is damaged | chos-runtime tree prepare a',
  ]);
  const host = hostWith({ '/run/chos-trees.numbers': '', '/run/chos/entries/a': '' });
  assert.equal(told(pins(subjectWith({ ...site, host }))), [
    'fault: /run/chos-trees.numbers is no directory, and tree prepare fails | mv /run/chos-trees.numbers /run/chos-trees.numbers.old',
  ]);
  assert.equal(told(skeleton(subjectWith({ recorded: { kind: 'broken', why: 'is no regular file' } }))), [
    'fault: the record of the skeleton is no regular file | chos-runtime skeleton create',
  ]);
});

test('what is not prepared, what is left, and what nobody knows', () => {
  const look = (generations: readonly Generation[], kernel: KernelFacts = { kind: 'absent' }) =>
    told(pins(subjectWith({ ...site, generations, kernel })));
  assert.match(look([])[0] ?? '', /^note: not prepared, .*: a, b \| chos-runtime tree prepare --all/);
  assert.equal(look([], present), ['ok: nothing has to be prepared']);
  assert.equal(look([generation('a'), generation('b')]), ['ok: 2 generations']);
  assert.equal(look([generation('a', 'closing'), generation('b'), generation('old')], present), [
    'note: a@1 is being released, or a release was killed | chos-runtime tree release a',
    'note: old@1 is of no registered tree | chos-runtime tree release old',
  ]);
  assert.match(told(pins(subjectWith({ host: hostWith({}, ann) })))[0] ?? '', /^note: only root can see/);
});

const lookOf = (more: object): SkeletonLook =>
  ({
    path: '/chos',
    place: { kind: 'skeleton' },
    state: { kind: 'none' },
    copy: { kind: 'none' },
    input: { trees: [{ path: '/ostrees/a' }], shares: [] },
    plan: {},
    deviations: [],
    generations: [],
    notLive: ['/home'],
    ...more,
  }) as unknown as SkeletonLook;

test('the skeleton: not there, something else there, not as it should be, not for users', () => {
  const look = (more: object, host = hostWith()) =>
    told(skeleton(subjectWith({ kernel: present, host, lookAtSkeleton: () => lookOf(more) })));
  assert.match(
    look({ place: { kind: 'free' } })[0] ?? '',
    /^note: there is no skeleton \/chos.* \| chos-runtime skeleton create/,
  );
  assert.match(look({ place: { kind: 'taken' } })[0] ?? '', /^fault: \/chos is no skeleton/);
  const [record, pinned, ...more] = look({});
  assert.match(record ?? '', /^fault: its record is missing.* \| chos-runtime skeleton create/);
  assert.match(pinned ?? '', /^note: no namespace of it is pinned/);
  assert.equal(more, []);
  assert.match(look({}, hostWith({ '/chos/etc/x': '' }, ann))[0] ?? '', /^note: \/chos: only root/);
  assert.match(look({}, hostWith({}, ann))[0] ?? '', /^note: there is no skeleton \/chos/);
  assert.match(told(skeleton(subjectWith()))[0] ?? '', /^ok: none is needed/);
  assert.match(told(skeleton(subjectWith({ kernel: present })))[0] ?? '', /^note: .*a share does not answer/);
});

test.after(forget);
test.run();
