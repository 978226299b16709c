/**
 * Programs of `create` and `run` that are used again (spec/reuse.ts): after each change of what one depends on, and for other names, the second start does what it does when nothing is left;
 * killed while it leaves one or uses one, it leaves all of it or nothing; many at once get in nobody's way; and nobody waits for a directory that does not answer.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGAIN_DIRECTORY } from '../../spec/reuse.js';
import { withDeadShareOn } from '../harness/dead-share.js';
import { mountLines } from '../harness/host-check.js';
import { compileEach, forgetStarts, leftStarts } from '../harness/left-programs.js';
import { againHooks } from './again-hooks.js';
import { badError, call, check, chos, type Ended, type Lab, residue } from './lab.js';

export interface Place {
  readonly lab: Lab;
  readonly id: string;
  readonly bundles: string;
  readonly rootfs: string;
}

export const nothing = (): void => undefined;

const told = ({ code, signal, out, err }: Ended): string => JSON.stringify([code, signal, out, err]);
export const idOf = (seed: string): string => createHash('sha256').update(seed).digest('hex');

/** All that a container can say of what was asked for it; its own names are replaced. */
const SAYS = [
  'echo "$@"',
  'env | busybox sort',
  'busybox hostname',
  'busybox id',
  'busybox cut -d" " -f4-6 /proc/self/mountinfo',
  'busybox grep -E "^(Cap|NoNew|Seccomp|Groups)" /proc/self/status',
  'busybox cat /proc/self/limits /proc/self/oom_score_adj',
].join('; ');

export type Json = { [key: string]: unknown };

const put = (config: Json, name: string, more: Json): void => {
  config[name] = { ...(config[name] as Json), ...more };
};

/** As Podman would write it for a container of that number. */
function configOf({ rootfs, id, bundles }: Place, seed: string): Json {
  const name = idOf(seed);
  return {
    ociVersion: '1.0.2',
    process: {
      args: ['sh', '-c', SAYS, 'sh', name, `x-${name.slice(0, 12)}`],
      env: ['PATH=/bin:/usr/bin', `HOSTNAME=${name.slice(0, 12)}`, 'container=podman', `ID=${name}`],
      cwd: '/',
      capabilities: { bounding: ['CAP_KILL'], effective: ['CAP_KILL'], permitted: ['CAP_KILL'] },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
    },
    root: { path: rootfs },
    hostname: name.slice(0, 12),
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['size=1m'] },
      { destination: '/etc/name', type: 'bind', source: join(bundles, name, 'name'), options: ['bind'] },
    ],
    annotations: { 'io.kubernetes.cri-o.Created': '2026-11-30T05:38:32.123456789Z' },
    linux: {
      namespaces: ['mount', 'pid', 'uts', 'ipc'].map(type => ({ type })),
      cgroupsPath: `/${id}-${name}`,
      resources: { pids: { limit: 64 } },
    },
  };
}

/** Its directory, which has its name. */
export function bundleOf(
  place: Place,
  seed: string,
  change: (config: Json) => void = () => undefined,
): string {
  const dir = join(place.bundles, idOf(seed));
  const config = configOf(place, seed);
  change(config);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'name'), seed);
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  return dir;
}

const SAID = 'the program of an earlier start is tried';
/** Of --debug: a line, or behind that of a failure. */
const NOTES =
  /^chos-runtime: warning: (?:the program of an|the compiler's service).*\n|; the (?:program of an earlier|compiler's service)[^;\n]*/gm;

/** `run`, and whether it was by a program that was left. */
export function start(
  place: Place,
  args: readonly string[],
): { readonly what: string; readonly again: boolean } {
  const { lab, id } = place;
  const ended = chos(lab, ['--debug', 'run', ...args, id]);
  const again = ended.err.includes(SAID);
  chos(lab, ['delete', '--force', id]);
  // How long a hook took is another each time.
  const err = ended.err.replace(NOTES, '').replaceAll(/after [\d.]+ ms/g, 'after a moment');
  return { what: told({ ...ended, err }), again };
}

/** By what was left, and then compiled; `after` each. */
export function same(
  place: Place,
  name: string,
  args: readonly string[],
  uses: boolean | null,
  after: () => unknown = nothing,
): readonly string[] {
  const used = start(place, args);
  after();
  forgetStarts(place.lab.root);
  const compiled = start(place, args);
  after();
  return [
    ...(used.what === compiled.what ? [] : [`${name}: ${used.what}, compiled ${compiled.what}`]),
    ...(uses === null || used.again === uses
      ? []
      : [`${name}: ${uses ? 'it is compiled' : 'it is used again'}`]),
    ...(compiled.again ? [`${name}: it was forgotten`] : []),
  ];
}

const registry = '/etc/chos.d';

type Change = readonly [
  name: string,
  change: (place: Place) => unknown,
  undo: (place: Place) => unknown,
  used: boolean,
];

/** Of the host, for a bundle that stays. */
const changes: readonly Change[] = [
  ['nothing', nothing, nothing, true],
  [
    'its root is registered as a tree',
    ({ rootfs }) => writeFileSync(`${registry}/a.json`, JSON.stringify({ trees: { one: { path: rootfs } } })),
    () => rmSync(`${registry}/a.json`),
    false,
  ],
  [
    'another tree is registered',
    ({ bundles }) =>
      writeFileSync(`${registry}/b.json`, JSON.stringify({ trees: { one: { path: bundles } } })),
    () => rmSync(`${registry}/b.json`),
    false,
  ],
  ["the registry is anybody's", () => chmodSync(registry, 0o777), () => chmodSync(registry, 0o755), false],
  [
    'anybody may write what was left',
    ({ lab }) => leftStarts(lab.root).map(name => chmodSync(join(lab.root, AGAIN_DIRECTORY, name), 0o666)),
    nothing,
    false,
  ],
  [
    'anybody may write its directory',
    ({ lab }) => chmodSync(join(lab.root, AGAIN_DIRECTORY), 0o777),
    nothing,
    false,
  ],
  [
    'anybody may write the state root',
    ({ lab }) => chmodSync(lab.root, 0o777),
    ({ lab }) => chmodSync(lab.root, 0o700),
    false,
  ],
  [
    'its root is gone',
    ({ rootfs }) => renameSync(rootfs, `${rootfs}-away`),
    ({ rootfs }) => renameSync(`${rootfs}-away`, rootfs),
    true,
  ],
  [
    'a cgroup of that name is there',
    ({ id }) => spawnSync('mkdir', [`/sys/fs/cgroup/pids/${id}-${idOf('one')}`]),
    ({ id }) => spawnSync('rmdir', [`/sys/fs/cgroup/pids/${id}-${idOf('one')}`]),
    true,
  ],
];

function afterChanges(place: Place): void {
  const dir = bundleOf(place, 'one');
  for (const [name, change, undo, used] of changes) {
    forgetStarts(place.lab.root);
    start(place, ['--bundle', dir]);
    change(place);
    const complaints = same(place, name, ['--bundle', dir], used);
    undo(place);
    check(`again: ${name}`, [...complaints, ...residue(place.lab, place.id)]);
  }
}

/** While a tree of another directory is registered the two are looked at each time. */
function withTree(place: Place): void {
  const other = join(place.lab.dir, 'tree');
  mkdirSync(other);
  writeFileSync(`${registry}/c.json`, JSON.stringify({ trees: { one: { path: other } } }));
  const dir = bundleOf(place, 'one');
  forgetStarts(place.lab.root);
  start(place, ['--bundle', dir]);
  check('again: with a tree of another directory', [
    ...same(place, 'its own', ['--bundle', dir], true),
    ...same(place, 'another name', ['--bundle', bundleOf(place, 'two')], true),
  ]);
  rmSync(other, { recursive: true });
  execFileSync('ln', ['-s', place.rootfs, other]);
  start(place, ['--bundle', dir]);
  check('again: the tree has become its root', same(place, 'linked', ['--bundle', dir], false));
  rmSync(other);
  rmSync(`${registry}/c.json`);
}

/** What differs from the one that was left. */
const others: readonly (readonly [string, (config: Json, seed: string) => void, boolean])[] = [
  ['other names', nothing, true],
  ['another limit', config => put(config, 'process', { oomScoreAdj: 5 }), false],
  ['a readable root', config => put(config, 'root', { readonly: true }), false],
  ['a name more', (config, seed) => put(config, 'annotations', { a: idOf(`${seed}-`) }), false],
  [
    'a mount that is not there',
    config => void (config.mounts as Json[]).push({ destination: '/x', type: 'bind', source: '/none' }),
    false,
  ],
];

function forOthers(place: Place): void {
  for (const [name, change, used] of others) {
    forgetStarts(place.lab.root);
    start(place, ['--bundle', bundleOf(place, 'one')]);
    const dir = bundleOf(place, `two ${name}`, config => change(config, name));
    check(`again: ${name}`, [
      ...same(place, name, ['--bundle', dir], used),
      ...same(
        place,
        `${name}, once more`,
        ['--bundle', bundleOf(place, `three ${name}`, config => change(config, `3${name}`))],
        true,
      ),
      ...residue(place.lab, place.id),
    ]);
  }
  for (const [name, args] of [
    ['another option', ['--no-pivot']],
    ['another driver', []],
  ] as const) {
    const dir = bundleOf(place, 'one');
    const global = name === 'another driver' ? ['--cgroup-manager', 'disabled'] : [];
    forgetStarts(place.lab.root);
    start(place, ['--bundle', dir]);
    const ended = chos(place.lab, ['--debug', ...global, 'run', '--bundle', dir, ...args, place.id]);
    chos(place.lab, ['delete', '--force', place.id]);
    check(`again: ${name}`, ended.err.includes(SAID) ? ['it is used'] : residue(place.lab, place.id));
  }
}

/** At each call of a `create` that leaves its program, from the first by which it is written, and of one that uses it. */
function killed(place: Place): void {
  const { lab, id } = place;
  const log = join(lab.dir, 'again-trace');
  const dir = bundleOf(place, 'one');
  const create = [lab.runtime, '--root', lab.root, 'create', '--bundle', dir, id];
  const traced = (...options: readonly string[]): Ended =>
    call(lab, ['strace', '-o', log, ...options, ...create]);
  for (const leaves of [true, false]) {
    const prepare = (): void => {
      if (leaves) forgetStarts(lab.root);
      else if (leftStarts(lab.root).length === 0) start(place, ['--bundle', dir]);
    };
    prepare();
    traced();
    chos(lab, ['delete', '--force', id]);
    const calls = readFileSync(log, 'utf8')
      .split('\n')
      .map(line => /^(\w+)\(/.exec(line)?.[1] ?? '');
    const text = readFileSync(log, 'utf8').split('\n');
    const first = text.findIndex(line =>
      leaves ? line.includes('O_TMPFILE') : line.includes(AGAIN_DIRECTORY),
    );
    const complaints: string[] = first < 0 ? ['it is not seen'] : [];
    for (let i = Math.max(0, first); i < calls.length; i += i < first + 20 ? 1 : leaves ? 20 : 5) {
      const name = calls[i] ?? '';
      if (name === '' || name.startsWith('exit')) continue;
      const nth = calls.slice(0, i + 1).filter(one => one === name).length;
      prepare();
      traced('-e', `inject=${name}:signal=KILL:when=${nth}`);
      const removed = chos(lab, ['delete', '--force', id]);
      const odd = leftStarts(lab.root).filter(one => !/^[0-9a-f]{16}$/.test(one));
      const next = start(place, ['--bundle', dir]);
      complaints.push(
        ...badError(removed, [0]),
        ...odd.map(one => `${name} ${nth}: ${one} is left`),
        ...(next.what.startsWith('[0,null') ? [] : [`${name} ${nth}: the next one: ${next.what}`]),
        ...residue(lab, id).map(one => `${name} ${nth}: ${one}`),
      );
    }
    check(`again: killed while it ${leaves ? 'leaves one' : 'uses one'}`, complaints);
  }
}

/** Of equal ones and of others, with nothing left before. */
function atOnce(place: Place): void {
  const { lab, id } = place;
  forgetStarts(lab.root);
  const all = Array.from({ length: 24 }, (_, i) => {
    const dir = bundleOf(place, `many ${i}`, config => put(config, 'annotations', { kind: String(i % 3) }));
    return `${lab.runtime} --root ${lab.root} run --bundle ${dir} ${id}-${i} >${lab.dir}/many-${i} 2>&1 </dev/null || echo ${i} &`;
  });
  const ended = call(lab, ['sh', '-c', `${all.join('\n')}\nwait`], { milliseconds: 60_000 });
  const wrong = Array.from({ length: 24 }, (_, i) =>
    readFileSync(join(lab.dir, `many-${i}`), 'utf8'),
  ).flatMap((said, i) => (said.startsWith(`${idOf(`many ${i}`)} x-`) ? [] : [`${i}: ${said.slice(0, 200)}`]));
  check('again: 24 at once', [
    ...(ended.out === '' ? [] : [ended.out]),
    ...wrong,
    ...(leftStarts(lab.root).length === 3 ? [] : [`${leftStarts(lab.root).length} are left`]),
    ...residue(lab, id),
  ]);
}

async function silent(place: Place): Promise<void> {
  const { lab, id } = place;
  const at = join(lab.dir, 'silent');
  mkdirSync(at);
  writeFileSync(`${registry}/d.json`, JSON.stringify({ trees: { one: { path: join(at, 'tree') } } }));
  const dir = bundleOf(place, 'one');
  forgetStarts(lab.root);
  start(place, ['--bundle', dir]);
  const complaints: string[] = [];
  await withDeadShareOn(at, () => {
    const ended = chos(lab, ['run', '--bundle', dir, id], { milliseconds: 60_000 });
    complaints.push(
      ...(ended.late ? ['it waits for ever'] : []),
      ...(ended.code === 0 ? [] : badError(ended, [1])),
    );
  });
  chos(lab, ['delete', '--force', id]);
  rmSync(`${registry}/d.json`);
  check('again: a tree on a server that does not answer', [...complaints, ...residue(lab, id)]);
}

export async function again(outer: Lab): Promise<void> {
  const began = performance.now();
  mkdirSync(registry, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', registry]);
  const lab: Lab = { ...outer, mounts: mountLines() };
  const rootfs = join(lab.dir, 'again-rootfs');
  for (const name of ['bin', 'proc', 'tmp', 'etc', 'dev', 'sys', 'x'])
    mkdirSync(join(rootfs, name), { recursive: true });
  writeFileSync(join(rootfs, 'etc/name'), '');
  execFileSync('cp', ['/bin/busybox', join(rootfs, 'bin')]);
  for (const name of ['sh', 'env', 'true']) execFileSync('ln', ['-s', 'busybox', join(rootfs, 'bin', name)]);
  const place: Place = { lab, id: `${lab.tag}-again`, bundles: join(lab.dir, 'again'), rootfs };
  forgetStarts(lab.root);
  afterChanges(place);
  withTree(place);
  forOthers(place);
  againHooks(place);
  killed(place);
  atOnce(place);
  await silent(place);
  forgetStarts(lab.root);
  compileEach(lab.root);
  execFileSync('umount', [registry]);
  console.log(`again: ${Math.round(performance.now() - began)} ms`);
}
