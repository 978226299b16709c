/** Crash safety, and that nothing leaks: `node build/conformance/crash.mjs [--only PATTERN] [--leaks]`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { STATE_ROOT, STATE_ROOT_NAME } from '../../spec/state-root.js';
import { mountLines } from '../harness/host-check.js';
import { ownStateRoot } from '../harness/service.js';
import { again } from './again.js';
import { bundleKinds } from './bundles.js';
import { commandsOf, kindsOf, wantedOf } from './caller-bundles.js';
import { asCaller, callersLab, type WithoutRights } from './caller-lab.js';
import { stopCommands } from './commands.js';
import { faults } from './faults.js';
import { check, inLab, type Lab } from './lab.js';
import { leaks } from './leaks.js';
import { looked } from './looked.js';
import { moments } from './moments.js';
import { reuse } from './reuse.js';
import { stopLaunches } from './stops.js';
import { warm } from './warm.js';
import { warmFaults } from './warm-faults.js';
import { ROOM, warmRoom } from './warm-room.js';
import { warmStopped } from './warm-stopped.js';

const only = new RegExp(
  process.argv.includes('--only') ? (process.argv[process.argv.indexOf('--only') + 1] ?? '') : '',
);

/** What of the commands is asked of these bundles: CRIU saves no container whose pids are the host's. */
const commandsOfRoot: Readonly<Record<string, RegExp>> = {
  default: /^/,
  hooks: /^/,
  'pid namespace of the host': /^(?!checkpoint|restore)/,
};

const leaksAlone = process.argv.includes('--leaks');

const FAULTS = '--warm-faults';
const SMALL = '--warm-room';
const STOPPED = '--warm-stopped';
/** Of a small file system, by root's directory. */
const roomOf = ({ dir }: Pick<Lab, 'dir'>): string => join(dir, 'room');

/** Root's service is in its own state root; a user's is where its session is. */
async function warmFaultsOf(lab: Lab): Promise<void> {
  ownStateRoot();
  await warmFaults({ ...lab, mounts: mountLines() });
  execFileSync('umount', [STATE_ROOT]);
  await asCaller(lab, import.meta.url, 'user', [FAULTS]);
}

async function warmStoppedOf(lab: Lab): Promise<void> {
  ownStateRoot();
  await attempt('warm stopped, root', () => warmStopped({ ...lab, mounts: mountLines() }));
  execFileSync('umount', [STATE_ROOT]);
  await asCaller(lab, import.meta.url, 'user', [STOPPED]);
}

/** An error of the tests themselves is a failure of that part; the others go on. */
async function attempt(name: string, body: () => unknown): Promise<void> {
  try {
    await body();
  } catch (error) {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    check(`${name}: the part itself`, [words]);
  }
}

/** A user cannot mount: root has mounted what the user fills. */
async function warmRoomOf(lab: Lab): Promise<void> {
  const room = roomOf(lab);
  const small = (options: string): void => {
    mkdirSync(room, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,${ROOM}${options}`, 'tmpfs', room]);
  };
  small('');
  mkdirSync(join(room, STATE_ROOT_NAME), { mode: 0o700 });
  mkdirSync(STATE_ROOT, { recursive: true, mode: 0o700 });
  execFileSync('mount', ['--bind', join(room, STATE_ROOT_NAME), STATE_ROOT]);
  await attempt('warm room, root', () => warmRoom({ ...lab, mounts: mountLines() }, room));
  execFileSync('umount', [STATE_ROOT, room]);
  small(',uid=1000,gid=1000');
  await asCaller(lab, import.meta.url, 'user', [SMALL]);
  execFileSync('umount', [room]);
  rmdirSync(room);
}

async function ofRoot(lab: Lab): Promise<void> {
  if (leaksAlone) {
    leaks(lab);
    await asCaller(lab, import.meta.url, 'user');
    return;
  }
  const part = (name: string, body: () => unknown): Promise<void> =>
    only.test(name) ? attempt(name, body) : Promise.resolve();
  for (const kind of bundleKinds) await part(kind.name, () => stopLaunches(lab, kind));
  for (const kind of bundleKinds) {
    const wanted = commandsOfRoot[kind.name];
    if (wanted !== undefined) await part(`${kind.name} commands`, () => stopCommands(lab, kind, wanted));
  }
  await attempt('faults', () => faults(lab, only));
  await attempt('moments', () => moments(lab, only));
  await part('reuse', () => reuse(lab));
  await part('again', () => again(lab));
  await part('looked', () => looked(lab));
  await part('warm', () => warm(lab));
  await part('warm faults', () => warmFaultsOf(lab));
  await part('warm room', () => warmRoomOf(lab));
  await part('warm stopped', () => warmStoppedOf(lab));
  await part('leaks', () => leaks(lab));
  for (const name of ['user', 'userns'] as const)
    await part(`caller ${name}`, () => asCaller(lab, import.meta.url, name));
}

/** With `--only`, all of that caller's. */
async function ofCaller(lab: Lab): Promise<void> {
  const caller = lab.caller as WithoutRights;
  if (process.argv.includes(FAULTS)) {
    await attempt(`warm faults, ${caller}`, () => warmFaults(lab));
    return;
  }
  if (process.argv.includes(STOPPED)) {
    await attempt(`warm stopped, ${caller}`, () => warmStopped(lab));
    return;
  }
  if (process.argv.includes(SMALL)) {
    const room = roomOf({ dir: dirname(lab.dir) });
    const its = { ...lab, env: { XDG_RUNTIME_DIR: room } };
    await attempt(`warm room, ${caller}`, () => warmRoom(its, room));
    return;
  }
  if (caller === 'user') await attempt(`leaks, ${caller}`, () => leaks(lab));
  if (leaksAlone) return;
  await attempt(`looked, ${caller}`, () => looked(lab));
  for (const kind of kindsOf[caller]) await attempt(`${kind.name}, ${caller}`, () => stopLaunches(lab, kind));
  await attempt(`commands, ${caller}`, () => stopCommands(lab, commandsOf, wantedOf[caller]));
}

if (process.argv.includes('--caller')) process.exit(await callersLab(ofCaller));
await inLab(import.meta.url, ofRoot);
