/**
 * The file system of the state root has no room left, no inode left, or becomes read-only: while the service starts, and while it serves (docs/compiler-service.md). What
 * cannot be done fails with one line and leaves nothing; what needs no room is done; and as soon as there is room again all is as before.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SERVICE_SCRATCH, SERVICE_SOCKET } from '../../spec/wire.js';
import { besideStarts, compileEach } from '../harness/left-programs.js';
import type { Service } from '../harness/service.js';
import { badError, call, check, type Ended, type Lab, residue } from './lab.js';
import { begin, makePlace, type Place } from './warm-faults.js';

/** Of the tmpfs that whoever calls this has mounted. */
export const ROOM = 'size=512k,nr_inodes=64';
const PAGE = 4096;

interface Scene {
  readonly place: Place;
  /** The state root, in which the socket lies, too, and a directory of the same file system. */
  readonly root: string;
  readonly room: string;
  readonly say: (args: readonly string[]) => Ended;
}

/** Takes all room; `free` pages are left. */
function fill(room: string, free: number): void {
  const file = join(room, 'fill');
  const fd = openSync(file, 'w');
  let pages = 0;
  try {
    for (;;) {
      writeSync(fd, Buffer.alloc(PAGE));
      pages++;
    }
  } catch {
    // It is full.
  }
  closeSync(fd);
  truncateSync(file, Math.max(0, pages - free) * PAGE);
}

/** Takes all inodes; `free` are left. */
function fillInodes(room: string, free: number): void {
  let made = 0;
  try {
    for (; ; made++) closeSync(openSync(join(room, `fill${made}`), 'w'));
  } catch {
    // There is no other.
  }
  for (let i = made - free; i < made; i++) rmSync(join(room, `fill${i}`));
}

function empty(room: string): void {
  for (const name of readdirSync(room)) if (name.startsWith('fill')) rmSync(join(room, name));
}

const readOnly = (room: string, how: 'ro' | 'rw'): void =>
  void execFileSync('mount', ['-o', `remount,${how}`, room]);

interface Fault {
  readonly name: string;
  readonly words: RegExp;
  readonly begin: (room: string) => void;
  readonly end: (room: string) => void;
  /** Containers can be removed meanwhile. */
  readonly deletes: boolean;
}

const FULL = /No space left on device/;
const faults: readonly Fault[] = [
  ...[0, 1, 8].map(free => ({
    name: `${free} pages left`,
    words: FULL,
    begin: (room: string) => fill(room, free),
    end: empty,
    deletes: true,
  })),
  ...[0, 1, 3].map(free => ({
    name: `${free} inodes left`,
    words: FULL,
    begin: (room: string) => fillInodes(room, free),
    end: empty,
    deletes: true,
  })),
];
/** Of a mount of one's own. */
const lost: Fault = {
  name: 'read-only',
  words: /Read-only file system/,
  begin: room => readOnly(room, 'ro'),
  end: room => readOnly(room, 'rw'),
  deletes: false,
};

const faultsOf = ({ caller }: Lab): readonly Fault[] => (caller === 'root' ? [...faults, lost] : faults);

/** What is in the state root beside the service's. */
const containers = (root: string): readonly string[] =>
  besideStarts(root).filter(name => name !== SERVICE_SOCKET && name !== SERVICE_SCRATCH);

const left = ({ place, root }: Scene): readonly string[] => [
  ...containers(root).map(name => `left: ${name}`),
  ...residue(place.lab, place.id),
];

const works = (scene: Scene, args: readonly string[]): readonly string[] => {
  const { code, err } = scene.say(args);
  return code === 0 && err === '' ? [] : [`${args[0]}: ${code} ${err.trim()}`];
};

/** It fails for this reason, and says nothing else; or it needs no more than there is. */
function failsOrWorks(ended: Ended, words: RegExp): readonly string[] {
  if (ended.code === 0) return ended.err === '' ? [] : [`it says: ${ended.err.trim()}`];
  return [...badError(ended), ...(words.test(ended.err) ? [] : [`it says: ${ended.err.trim()}`])];
}

/** A start while there is no room, each answered by the service; and once there is. */
function starts(scene: Scene, service: Service, fault: Fault): void {
  const { place, room } = scene;
  for (const one of place.starts.slice(0, 2)) {
    const answered = service.answered();
    fault.begin(room);
    const ended = scene.say(one.args);
    const made =
      ended.code === 0 && one.name === 'create' ? works(scene, ['delete', '--force', place.id]) : [];
    const within = containers(scene.root).map(name => `left: ${name}`);
    const list = works(scene, ['list']);
    const asked = service.answered() - answered;
    fault.end(room);
    const title = `${place.of}: ${one.name} with ${fault.name}`;
    check(title, [
      ...failsOrWorks(ended, fault.words),
      ...(ended.code !== 0 || !/^[0r]/.test(fault.name) ? [] : ['it has worked']),
      ...made,
      ...within,
      ...list,
      ...(asked === 2 ? [] : [`the service has answered ${asked} of 2`]),
    ]);
    check(`${title}, and then enough`, [
      ...works(scene, one.args),
      ...(one.name === 'create' ? works(scene, ['delete', '--force', place.id]) : []),
      ...left(scene),
    ]);
  }
}

/** A container that was there before: looked at, entered, and removed. */
function lives(scene: Scene, service: Service, fault: Fault): void {
  const { place, room } = scene;
  const [create, , exec] = place.starts;
  const complaints = [...works(scene, create?.args ?? []), ...works(scene, ['start', place.id])];
  const answered = service.answered();
  fault.begin(room);
  complaints.push(...works(scene, ['state', place.id]), ...works(scene, ['list']));
  complaints.push(...works(scene, exec?.args ?? []));
  const asked = service.answered() - answered;
  const deleted = scene.say(['delete', '--force', place.id]);
  if (fault.deletes) complaints.push(...(deleted.code === 0 ? left(scene) : [`delete: ${deleted.err}`]));
  else complaints.push(...(deleted.code === 0 ? ['delete has worked'] : failsOrWorks(deleted, fault.words)));
  fault.end(room);
  check(`${place.of}: a container with ${fault.name}`, [
    ...complaints,
    ...(asked === 2 ? [] : [`the service has answered ${asked} of 2`]),
    ...(fault.deletes ? [] : works(scene, ['delete', '--force', place.id])),
    ...left(scene),
  ]);
}

/** It ends while nothing can be removed: the next one does that. */
async function ends({ place, room }: Scene, service: Service, fault: Fault): Promise<void> {
  fault.begin(room);
  const before = service.said();
  const code = await service.end();
  const said = service.said().slice(before.length);
  fault.end(room);
  check(
    `${place.of}: the service ends with ${fault.name}`,
    code === 0 && said === '' ? [] : [`${code} ${said}`],
  );
}

/** It serves all the same, or says in one line why it does not, and leaves nothing. */
function serves(scene: Scene, fault: Fault, old: boolean): void {
  const { place, root, room } = scene;
  const listen = `require('net').createServer().listen('${place.socket}', () => process.kill(process.pid, 'SIGKILL'))`;
  if (old) spawnSync(process.execPath, ['-e', listen]);
  fault.begin(room);
  const ended = scene.say(['serve', '--idle', '1ms']);
  const there = besideStarts(root);
  fault.end(room);
  const kept = fault.deletes ? [] : [...(old ? [SERVICE_SOCKET] : []), SERVICE_SCRATCH];
  check(`${place.of}: serve with ${fault.name}${old ? ', where one was killed' : ''}`, [
    ...failsOrWorks(ended, fault.words),
    ...there.filter(name => !kept.includes(name)).map(name => `left: ${name}`),
  ]);
  rmSync(place.socket, { force: true });
}

/** As systemd starts one: it has the socket. */
const activated = `
  const [runtime, path] = process.argv.slice(1);
  const command = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve --idle 1ms';
  const server = require('node:net').createServer().listen(path, () => {
    const stdio = ['ignore', 'ignore', 'inherit', server._handle.fd];
    process.exit(require('node:child_process').spawnSync('sh', ['-c', command, runtime], { stdio }).status);
  });
`;

/** It has all that it needs. */
function servesAnyway({ place, room }: Scene, fault: Fault): void {
  const { lab } = place;
  const path = join(lab.dir, 'given.sock');
  fault.begin(room);
  const { code, err } = call(lab, [process.execPath, '-e', activated, lab.runtime, path]);
  fault.end(room);
  rmSync(path, { force: true });
  check(
    `${place.of}: serve on a given socket with ${fault.name}`,
    code === 0 && err === '' ? [] : [`${code} ${err}`],
  );
}

export async function warmRoom(lab: Lab, room: string): Promise<void> {
  const began = performance.now();
  const place = { ...(await makePlace(lab)), of: `warm room, ${lab.caller}` };
  const root = dirname(place.socket);
  const say = (args: readonly string[]): Ended => call(lab, [lab.runtime, ...args]);
  const scene: Scene = { place, root, room, say };
  const all = faultsOf(lab);
  compileEach(root);
  const service = await begin(place);
  for (const fault of all) {
    starts(scene, service, fault);
    lives(scene, service, fault);
  }
  await ends(scene, service, all.at(-1) ?? lost);
  for (const fault of all) for (const old of [false, true]) serves(scene, fault, old);
  for (const fault of all) servesAnyway(scene, fault);
  check(
    `${place.of}: nothing is left`,
    besideStarts(root).map(name => `left: ${name}`),
  );
  console.log(`${place.of}: ${Math.round(performance.now() - began)} ms`);
}
