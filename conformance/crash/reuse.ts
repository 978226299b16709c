/**
 * Programs of `exec` that are left with a container (spec/reuse.ts): after each change of what it depends on, and with each command line, the second call says what it says when nothing is left;
 * killed while it leaves one, it leaves all of it or nothing; and nobody who removes the container stumbles over it.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Bundle, makeBundle } from './bundles.js';
import { hasEnded } from './kernel.js';
import { badError, call, check, chos, type Ended, type Lab, residue } from './lab.js';

interface Place {
  readonly lab: Lab;
  readonly id: string;
  readonly bundle: Bundle;
  readonly processFile: string;
}

const told = ({ code, signal, out, err }: Ended): string => JSON.stringify([code, signal, out, err]);
const directoryOf = ({ lab, id }: Place): string => join(lab.root, id);
const left = (place: Place): readonly string[] =>
  readdirSync(directoryOf(place)).filter(name => /^exec\.\d+$/.test(name));

function forget(place: Place): void {
  for (const name of left(place)) rmSync(join(directoryOf(place), name));
}

/** Other bytes in the place of some: the same file, of the same size and time. */
function replace(file: string, from: string, to: string): void {
  const { atime, mtime } = statSync(file);
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
  utimesSync(file, atime, mtime);
}

function begin({ lab, id, bundle }: Place): void {
  for (const args of [
    ['create', '--bundle', bundle.dir, id],
    ['start', id],
  ]) {
    const { code, err } = chos(lab, args);
    if (code !== 0) throw new Error(`${args[0]}: ${err}`);
  }
}

const remove = ({ lab, id }: Place): Ended => chos(lab, ['delete', '--force', id]);

/** What the engine calls while it serves one call: neither a compiler nor a service. */
function asks(place: Place, args: readonly string[]): boolean {
  const { lab } = place;
  const log = join(lab.dir, 'trace');
  call(lab, [
    'strace',
    '-e',
    'trace=connect,socketpair,fork,clone',
    '-o',
    log,
    lab.runtime,
    '--root',
    lab.root,
    ...args,
  ]);
  return /^(connect|fork|clone)\(/m.test(readFileSync(log, 'utf8'));
}

type Case = readonly [
  name: string,
  change: (place: Place) => unknown,
  undo: (place: Place) => unknown,
  args: readonly string[],
];

const nothing = (): void => undefined;
const quiet = ['busybox', 'true'];
const say = ['sh', '-c', 'echo "$WHO" "$@"; exit 3', 'sh', 'a b'];

/** In which the answer may be another than before. */
const changes = ({ id, processFile }: Place): readonly Case[] => {
  const state = (place: Place): string => join(directoryOf(place), 'state.json');
  const config = (place: Place): string => join(directoryOf(place), 'config.json');
  const usual = ['exec', id, ...say];
  const withFile = ['exec', '--process', processFile, id];
  const again = (who: string) => (place: Place) => {
    const before = readFileSync(join(place.bundle.dir, 'config.json'), 'utf8');
    remove(place);
    writeFileSync(join(place.bundle.dir, 'config.json'), before.replace(/WHO=\w+/, `WHO=${who}`));
    begin(place);
  };
  return [
    ['nothing', nothing, nothing, usual],
    ['nothing, with a file', nothing, nothing, withFile],
    ['paused', p => chos(p.lab, ['pause', id]), p => chos(p.lab, ['resume', id]), usual],
    ['updated', p => chos(p.lab, ['update', '--pids-limit', '50', id]), nothing, usual],
    [
      'process.json of the same size and time',
      p => replace(p.processFile, 'three', 'seven'),
      p => replace(p.processFile, 'seven', 'three'),
      withFile,
    ],
    [
      'process.json is not JSON any more',
      p => replace(p.processFile, '{', '['),
      p => replace(p.processFile, '[', '{'),
      withFile,
    ],
    [
      'config.json of the same size and time',
      p => replace(config(p), 'WHO=one', 'WHO=two'),
      p => replace(config(p), 'WHO=two', 'WHO=one'),
      usual,
    ],
    [
      'anybody may write its directory',
      p => chmodSync(directoryOf(p), 0o777),
      p => chmodSync(directoryOf(p), 0o711),
      usual,
    ],
    [
      'anybody may write what was left',
      p => left(p).map(name => chmodSync(join(directoryOf(p), name), 0o666)),
      nothing,
      usual,
    ],
    [
      'anybody may write the state root',
      p => chmodSync(p.lab.root, 0o777),
      p => chmodSync(p.lab.root, 0o700),
      usual,
    ],
    ['state.json makes no sense', p => replace(state(p), '{', '['), p => replace(state(p), '[', '{'), usual],
    ['another container of that name', again('two'), again('one'), usual],
    ['a command that is not there', nothing, nothing, ['exec', id, '/not/there']],
    ['with more than there was', nothing, nothing, ['exec', '--env', 'WHO=else', id, ...say]],
    ['as another user', nothing, nothing, ['exec', '--user', '65534', id, 'busybox', 'id', '-u']],
    ['of two minds', nothing, nothing, ['exec', '--process', processFile, id, ...quiet]],
    ['of none', nothing, nothing, ['exec', id]],
  ];
};

function same(place: Place, [name, change, undo, args]: Case): readonly string[] {
  const { lab } = place;
  for (const first of [['exec', place.id, ...say], args]) for (let i = 0; i < 2; i++) chos(lab, first);
  const all = left(place).length;
  change(place);
  const used = chos(lab, args);
  forget(place);
  const compiled = chos(lab, args);
  undo(place);
  return [
    ...(all > 0 ? [] : ['nothing was left']),
    ...(told(used) === told(compiled) ? [] : [`${name}: ${told(used)}, compiled ${told(compiled)}`]),
  ];
}

/** What is open before the descriptors are swept, in a gap of those that are handed down, would be seen inside (CVE-2024-21626). */
function gaps(place: Place): readonly string[] {
  const { lab, id } = place;
  const first = 3;
  return Array.from({ length: 8 }, (_, i) => `/proc/self/fd/${first + i}/..`).flatMap(path => {
    const args = [lab.runtime, '--root', lab.root, 'exec', '--preserve-fds', '8', id, path];
    const run = (): Ended => call(lab, ['bash', '-c', 'exec "$@" 10</dev/null', 'bash', ...args]);
    forget(place);
    return [run(), run()].flatMap(one =>
      /: Not a directory\n$/.test(one.err) ? [] : [`${path}: ${told(one)}`],
    );
  });
}

/** The first and the second time: a byte that is no UTF-8 is one byte inside. */
function bytes(place: Place): readonly string[] {
  const { lab, id } = place;
  const args = [lab.runtime, '--root', lab.root, 'exec', id, 'sh', '-c', 'echo "$1" | busybox wc -c', 'sh'];
  forget(place);
  return [1, 2].flatMap(time => {
    const ended = call(lab, ['sh', '-c', `exec "$@" "$(printf '\\377')"`, 'sh', ...args]);
    return ended.out.trim() === '2' ? [] : [`${time}: ${told(ended)}`];
  });
}

/** At the calls by which it is written and gets its name. */
function killed(place: Place): readonly string[] {
  const { lab, id } = place;
  return ['write', 'sendfile', 'flock', 'unlinkat', 'linkat'].flatMap(name =>
    [1, 2, 3].flatMap(nth => {
      forget(place);
      const inject = `inject=${name}:signal=KILL:when=${nth}`;
      call(lab, [
        'strace',
        '-o',
        '/dev/null',
        '-e',
        inject,
        lab.runtime,
        '--root',
        lab.root,
        'exec',
        id,
        ...quiet,
      ]);
      const odd = readdirSync(directoryOf(place)).filter(one => /^exec\.(?!fifo|err|\d$)/.test(one));
      const next = chos(lab, ['exec', id, ...quiet]);
      return [
        ...odd.map(one => `${name} ${nth}: ${one} is left`),
        ...(next.code === 0 ? [] : [`${name} ${nth}: the next one: ${told(next)}`]),
      ];
    }),
  );
}

/** Twelve at once, of three kinds, and the container is removed meanwhile. */
function removedMeanwhile(place: Place, at: number): readonly string[] {
  const { lab, id } = place;
  const command = `${lab.runtime} --root ${lab.root}`;
  const one = [`exec ${id} busybox true`, `exec -d ${id} busybox true`, `exec -p ${place.processFile} ${id}`];
  const all = Array.from({ length: 12 }, (_, i) => `${command} ${one[i % 3]} >/dev/null 2>&1 </dev/null &`);
  all.splice(at, 0, `${command} delete --force ${id} || exit 1`);
  const ended = call(lab, ['sh', '-c', `${all.join('\n')}\nwait`]);
  // A process that exec had begun may still be there when the first `delete` looks.
  const gone = chos(lab, ['delete', '--force', id]);
  return [
    ...(ended.code === 0 ? [] : [`delete, after ${at}: ${told(ended)}`]),
    ...badError(gone, [0]),
    ...residue(lab, id),
  ];
}

function placeIn(outer: Lab): Place {
  const dir = join(outer.dir, 'reuse');
  mkdirSync(dir);
  const lab: Lab = { ...outer, dir };
  const bundle = makeBundle(
    outer,
    { name: 'reuse', change: config => void config.process?.env?.push('WHO=one') },
    'create',
  );
  const processFile = join(dir, 'process.json');
  writeFileSync(
    processFile,
    JSON.stringify({
      args: ['sh', '-c', 'echo three'],
      cwd: '/',
      env: ['PATH=/bin'],
      user: { uid: 0, gid: 0 },
    }),
  );
  return { lab, id: `${outer.tag}-reuse`, bundle, processFile };
}

/** As after a pid has been used again, by a thread of this very process. */
function numberOfThread(place: Place): readonly string[] {
  const { lab, id } = place;
  const file = join(directoryOf(place), 'state.json');
  const before = readFileSync(file, 'utf8');
  const thread = readdirSync('/proc/self/task').find(tid => tid !== String(process.pid));
  writeFileSync(file, before.replace(/"pid": ?\d+/, `"pid":${thread}`));
  const pid = Number(/"pid": ?(\d+)/.exec(before)?.[1]);
  process.kill(pid, 'SIGKILL');
  const ended = hasEnded(pid, 5000);
  const state = chos(lab, ['state', id]);
  const executed = chos(lab, ['exec', id, ...quiet]);
  const deleted = chos(lab, ['delete', id]);
  return [
    ...(ended ? [] : ['init has not ended']),
    ...(/"status": ?"stopped"/.test(state.out) ? [] : [`state: ${told(state)}`]),
    ...(executed.code === 255 && /not running/.test(executed.err) ? [] : [`exec: ${told(executed)}`]),
    ...(deleted.code === 0 ? [] : [`delete: ${told(deleted)}`]),
    ...residue(lab, id),
  ];
}

export function reuse(outer: Lab): void {
  const place = placeIn(outer);
  const { lab, id } = place;
  begin(place);
  chos(lab, ['exec', id, ...quiet]);
  for (const args of [
    ['exec', id, ...quiet],
    ['exec', id, ...say],
  ])
    check(`reuse: ${args.slice(2, 3)} again`, asks(place, args) ? ['a compiler was asked'] : []);
  check('reuse: the trace tells', asks(place, ['exec', '--cwd', '/', id, ...quiet]) ? [] : ['it never does']);
  for (const one of changes(place)) check(`reuse: ${one[0]}`, same(place, one));
  check('reuse: gaps between descriptors', gaps(place));
  check('reuse: bytes', bytes(place));
  check('reuse: killed', killed(place));
  chos(lab, ['exec', id, ...quiet]);
  chos(lab, ['kill', id, 'KILL']);
  const ended = [chos(lab, ['exec', id, ...quiet]), chos(lab, ['exec', id, ...quiet])].flatMap(one =>
    badError(one, [255]),
  );
  check('reuse: its init has ended', ended);
  remove(place);
  check('reuse: removed', residue(lab, id));
  for (const at of [1, 3, 6, 9, 12]) {
    begin(place);
    chos(lab, ['exec', id, ...quiet]);
    check(`reuse: removed after ${at} have begun`, removedMeanwhile(place, at));
  }
  begin(place);
  check('reuse: the number of its init is a thread', numberOfThread(place));
  execFileSync('rm', ['-rf', lab.dir]);
}
