/**
 * What a compilation looks at on the machine is among the looks that lie with its program (spec/looks.ts): seen by strace(1) from outside. A look that is not
 * recorded would let an old program be used on a machine that has changed.
 */
import { mkdirSync, readFileSync, realpathSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { LOOK_HEADER_SIZE, LookKind } from '../../spec/looks.js';
import { AGAIN_DIRECTORY, AGAIN_MAGIC } from '../../spec/reuse.js';
import { mountLines } from '../harness/host-check.js';
import { compileEach, forgetStarts, leftStarts } from '../harness/left-programs.js';
import { type BundleKind, bundleKinds, makeBundle } from './bundles.js';
import { call, check, chos, type Lab, onTmpfs, residue } from './lab.js';

const REGISTRY = '/etc/chos.d';
const CONTAINERS = '/etc/containers';

const withoutSlash = (path: string): string => path.replace(/(?<=.)\/$/, '');

type Kind = Pick<BundleKind, 'change' | 'name'> & { readonly global?: readonly string[] };

/** What anybody can start. Programs of joined namespaces and trees are not left. */
const kinds: readonly Kind[] = [
  ...bundleKinds.filter(({ name }) => /^(default|hooks|binds over nothing|pid namespace)/.test(name)),
  { name: 'without cgroups', global: ['--cgroup-manager', 'disabled'], change: () => undefined },
  { name: 'in a slice of systemd', global: ['--systemd-cgroup'], change: () => undefined },
];
const kindsOfRoot: readonly Kind[] = [
  ...bundleKinds.filter(({ name }) => /^(seccomp and user|limits, devices)/.test(name)),
  {
    name: 'much of linux',
    change(config) {
      if (!config.linux) return;
      config.linux.namespaces = [
        ...(config.linux.namespaces ?? []),
        ...(['user', 'time'] as const).map(type => ({ type })),
      ];
      config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1000 }];
      config.linux.gidMappings = [{ containerID: 0, hostID: 0, size: 1000 }];
      config.linux.timeOffsets = { monotonic: { secs: 5 } };
      config.linux.personality = { domain: 'LINUX32' };
      config.linux.rootfsPropagation = 'slave';
    },
  },
];

/** What the compiler's process and its threads named: the first child of the engine that executes something. Of which file, strace sees only if the engine lets others look into it. */
function lookedAt(trace: string, root: string): ReadonlySet<string> {
  const lines = trace.split('\n').flatMap(line => {
    const [, pid = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    return pid === '' ? [] : [{ pid, rest }];
  });
  const compiler = lines.find(({ pid, rest }) => pid !== lines[0]?.pid && rest.startsWith('execve('));
  if (compiler === undefined) return new Set();
  const after = lines.slice(lines.indexOf(compiler) + 1);
  const pids = new Set([compiler.pid]);
  // A thread may be heard of before the call that made it has returned.
  for (const { pid, rest } of after) {
    const child = /^(?:<\.\.\. )?(?:clone3?|v?fork)\b.* = (\d+)$/.exec(rest)?.[1];
    if (child !== undefined && pids.has(pid)) pids.add(child);
  }
  const paths = new Set<string>();
  for (const { pid, rest } of after) {
    // By descriptor, what was named before.
    const path = /^\w+\((?:\w+, )?"((?:[^"\\]|\\.)*)"/.exec(rest)?.[1] ?? '';
    if (pids.has(pid) && path !== '' && path !== root && !path.startsWith(`${root}/`))
      paths.add(withoutSlash(path));
  }
  return paths;
}

/** All directories on it, and its end. */
const wayTo = (path: string): readonly string[] => (path === '/' ? [path] : [...wayTo(dirname(path)), path]);

/** The paths of the looks in what was left: behind the question and its marks, before the image (`struct left`, runtime/engine/door/again.c). */
function pathsOf(left: Buffer): readonly string[] {
  const [looks, image] = [left.readUInt32LE(8), left.readUInt32LE(12)];
  if (left.readUInt32LE(0) !== AGAIN_MAGIC) throw new Error('this is no program that was left');
  const end = left.length - image;
  const paths: string[] = [];
  for (let at = end - looks; at < end; ) {
    const [name, found] = [left.readUInt32LE(at + 8), left.readInt32LE(at + 12)];
    const begin = at + LOOK_HEADER_SIZE;
    const path = left.toString('utf8', begin, begin + name - 1);
    paths.push(withoutSlash(path));
    const kind = left.readUInt32LE(at);
    if (kind === LookKind.APART) paths.push(left.toString('utf8', begin + name, begin + name + found - 1));
    if (kind === LookKind.WAY) paths.push(...wayTo(path), ...wayTo(realpathSync(path)));
    at = begin + ((name + Math.max(0, found) + 7) & ~7);
  }
  return paths;
}

/** The trace of a compilation. */
function traced(lab: Lab, args: readonly string[]): ReadonlySet<string> {
  const log = join(lab.dir, 'looked-trace');
  const strace = ['strace', '-f', '-s', '4096', '-e', 'trace=%file,%process', '-o', log];
  call(lab, [...strace, lab.runtime, '--root', lab.root, ...args]);
  const paths = lookedAt(readFileSync(log, 'utf8'), lab.root);
  rmSync(log);
  return paths;
}

/** A program of that bundle is left, and holds a look for whatever its compilation named beside what is `usual`. */
function complaintsOf(lab: Lab, kind: Kind, usual: ReadonlySet<string>): readonly string[] {
  const id = `${lab.tag}-looked`;
  const bundle = makeBundle(lab, { ...kind, name: `looked ${kind.name}` }, 'foreground');
  forgetStarts(lab.root);
  const paths = traced(lab, [...(kind.global ?? []), 'run', '--bundle', bundle.dir, id]);
  const [name] = leftStarts(lab.root);
  const looks = name === undefined ? [] : pathsOf(readFileSync(join(lab.root, AGAIN_DIRECTORY, name)));
  const known = new Set([...usual, ...looks]);
  chos(lab, ['delete', '--force', id]);
  rmSync(bundle.dir, { recursive: true });
  return [
    ...(name === undefined ? ['it is not left'] : []),
    ...[...paths].filter(path => !known.has(path)).map(path => `${path} is not among its looks`),
    ...(paths.size > usual.size / 2 ? [] : ['the compiler is not seen']),
    ...residue(lab, id),
  ];
}

/** With a registry, and files of hooks.d, which only root can mount. */
function registered(outer: Lab, usual: ReadonlySet<string>): readonly string[] {
  const tree = join(outer.dir, 'looked-tree');
  mkdirSync(tree);
  const complaints: string[] = [];
  onTmpfs(REGISTRY, () =>
    onTmpfs(CONTAINERS, () => {
      writeFileSync(join(REGISTRY, 'trees.json'), JSON.stringify({ trees: { other: { path: tree } } }));
      const definitions = join(CONTAINERS, 'oci/hooks.d');
      mkdirSync(definitions, { recursive: true });
      for (const name of ['a.json', 'b.json']) writeFileSync(join(definitions, name), '{}');
      const lab = { ...outer, mounts: mountLines() };
      for (const kind of kinds) complaints.push(...complaintsOf(lab, kind, usual));
    }),
  );
  rmdirSync(tree);
  return complaints;
}

/** With each JavaScript engine. */
export function looked(outer: Lab): void {
  for (const runtime of [outer.runtime, resolve('build/bun/chos-runtime')]) {
    const lab = { ...outer, runtime };
    const who = `${lab.caller}, ${runtime === outer.runtime ? 'Node' : 'Bun'}`;
    // What the JavaScript engine looks at by itself, and the compiler's own files.
    const usual = traced(lab, ['--version']);
    for (const kind of [...kinds, ...(lab.caller === 'root' ? kindsOfRoot : [])])
      check(`looked, ${who}: ${kind.name}`, complaintsOf(lab, kind, usual));
    if (lab.caller === 'root') check(`looked, ${who}: with a registry and hooks.d`, registered(lab, usual));
  }
  forgetStarts(outer.root);
  compileEach(outer.root);
}
