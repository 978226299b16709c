/** Kill a command before its N-th step, for every N; then `delete --force` must find everything. */
import { existsSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Values } from '../../runtime/engine/wire.js';
import {
  type Bundle,
  type BundleKind,
  forget,
  makeBundle,
  socketIn,
  startHolder,
  type Way,
} from './bundles.js';
import { hangUp, listenAt, openTerminal } from './kernel.js';
import {
  badError,
  call,
  check,
  chos,
  compile,
  compileFile,
  type Ended,
  engineCommand,
  type Image,
  type Lab,
  residue,
} from './lab.js';

const DELETE_SAMPLE = 25;
let stops = 0;

/** What a track did in one whole run. */
export interface Steps {
  count: number;
  /** Number of the last step that told somebody something: for init, that it is ready or about to execute the command. */
  told: number;
}

export function countSteps(trace: string): ReadonlyMap<string, Steps> {
  const counts = new Map<string, Steps>();
  for (const line of trace.split('\n')) {
    const [, track, operation, result] = /^(\S+) \d+ (\S+) (?:=|failed:) (.*)$/.exec(line) ?? [];
    // A new track begins with the return of the step that made it, which it did not make itself.
    if (track === undefined || (operation === 'TRACK' && result === '0')) continue;
    const steps = counts.get(track) ?? { count: 0, told: 0 };
    steps.count++;
    if (operation === 'write') steps.told = steps.count;
    counts.set(track, steps);
  }
  return counts;
}

/** The run in which that track made the fewest steps: what goes round until something is done went round least. */
export const shortest = (
  runs: readonly ReadonlyMap<string, Steps>[],
  track: string,
): ReadonlyMap<string, Steps> =>
  runs.reduce((least, run) => ((run.get(track)?.count ?? 0) < (least.get(track)?.count ?? 0) ? run : least));

/**
 * Stops of a command's own track that came after its end. What waits for the kernel or for another program goes round until it is done, so a run may make fewer
 * steps than the one that was counted; a command that was not stopped must then have done all that it was told, and few may be.
 */
export class Missed {
  #all = 0;
  #missed = 0;

  /** What is wrong with a command that was to be stopped: `done` are its exit codes when nothing stops it. */
  complaints(ended: Ended, done: readonly number[] = [0]): readonly string[] {
    this.#all++;
    if (ended.signal === 'SIGKILL' && !ended.late) return [];
    if (ended.late || ended.err !== '' || !done.includes(ended.code ?? -1))
      return [`not stopped: ${ended.code ?? ended.signal} ${ended.err}`];
    this.#missed++;
    return [];
  }

  /** All stops were tried. */
  check(title: string): void {
    const few = this.#missed <= Math.max(1, this.#all / 20);
    check(`${title}: the stops come before the end`, few ? [] : [`${this.#missed} of ${this.#all} did not`]);
  }
}

/**
 * Remove what a killed command left, as a caller would. Where no program is stored, the same code as that of the command runs in this process, and now
 * and then the command itself; also where a launch that is still at work has stored one between the two looks.
 */
export async function deleteForce(lab: Lab, id: string): Promise<readonly string[]> {
  const stored = existsSync(join(lab.root, id, 'program'));
  if (!stored && stops++ % DELETE_SAMPLE !== 0) {
    const reply = await compile(lab, ['delete', '--force', id]);
    if (reply.kind === 'report')
      return reply.exitCode === 0 && reply.message === '' ? [] : [`delete --force: ${reply.message}`];
  }
  const ended = chos(lab, ['delete', '--force', id]);
  return ended.code === 0 && ended.err === ''
    ? []
    : [`delete --force ended with ${ended.code ?? ended.signal}: ${ended.err.trim()}`];
}

interface Subject {
  readonly lab: Lab;
  readonly kind: BundleKind;
  readonly way: Way;
  readonly bundle: Bundle;
  readonly image: Image;
  readonly listener: number;
}

function launch(s: Subject, id: string, env: Readonly<Record<string, string>>): Ended {
  const { lab } = s;
  s.kind.taken?.make();
  const values: Values = {
    ID: id,
    STATE_DIR: join(lab.root, id),
    PID_FILE: join(lab.dir, 'pid'),
    ...(s.kind.listens === 'console' ? { CONSOLE_SOCKET: socketIn(lab) } : {}),
  };
  return call(lab, engineCommand(lab, s.image, values), { env, cwd: s.bundle.dir });
}

async function cleanUp(s: Subject, id: string): Promise<readonly string[]> {
  const { lab } = s;
  const complaints = [...(await deleteForce(lab, id)), ...residue(lab, id)];
  if (s.listener >= 0) hangUp(s.listener);
  complaints.push(...(s.kind.taken?.left() ?? []));
  if (existsSync(join(lab.dir, 'pid.new'))) complaints.push('half a pid file');
  for (const name of ['pid', 'pid.new']) if (existsSync(join(lab.dir, name))) unlinkSync(join(lab.dir, name));
  const left = readdirSync(s.bundle.dir).filter(name => !['config.json', 'rootfs', 'source'].includes(name));
  if (left.length > 0) complaints.push(`in the bundle: ${left.join(' ')}`);
  forget(s.bundle, s.kind.made ?? []);
  return complaints;
}

/** Stops of the launch itself. Returns how many there were. */
async function stopLaunch(s: Subject): Promise<number> {
  const { lab, kind } = s;
  const title = `${kind.name}, ${s.way}`;
  const id = `${lab.tag}-x`;
  const whole = launch(s, id, { CHOS_TRACE: '1' });
  const counts = countSteps(whole.err);
  check(`${title}: without a stop`, [
    ...(whole.code === 0 ? [] : [`exit code ${whole.code}: ${whole.err.split('\n').slice(-3).join(' ')}`]),
    ...(await cleanUp(s, id)),
  ]);
  if (whole.code !== 0) return 0;
  const missed = new Missed();
  let tried = 0;
  for (const [track, { count, told }] of counts) {
    const later = kind.ways.indexOf(s.way);
    const stride = track === 'init' ? kind.stride * (later > 0 ? 3 : 1) : (kind.otherStride ?? 1);
    const own = track === 'run' || track === 'create';
    for (let n = 1 + (later % stride); n <= count; n += stride) {
      const ended = launch(s, id, { CHOS_STOP: `${track}:${n}` });
      const complaints = own ? missed.complaints(ended) : otherKilled(ended, track, n > told);
      check(`${title}: ${track}:${n}`, [...complaints, ...(await cleanUp(s, id))]);
      tried++;
    }
  }
  missed.check(title);
  return tried;
}

/** Another track died: the command says so, unless that was a hook whose failure is only warned about, or init when the command believed it done. */
function otherKilled(ended: Ended, track: string, told: boolean): readonly string[] {
  if (track === 'init' && told && (ended.code === 0 || ended.code === 137)) return [];
  return ended.code === 0 && /^post(start|stop)/.test(track) ? [] : badError(ended, [1]);
}

export async function stopLaunches(lab: Lab, kind: BundleKind): Promise<void> {
  for (const way of kind.ways) {
    const began = performance.now();
    const holder = kind.name === 'namespaces by path' ? await startHolder() : null;
    const bundle = makeBundle(lab, kind, way, () => holder?.pid ?? 0);
    const listener = kind.listens ? listenAt(socketIn(lab)) : -1;
    kind.taken?.make();
    const command = way === 'create' ? ['create'] : way === 'detached' ? ['run', '--detach'] : ['run'];
    const terminal = kind.listens === 'console' ? ['--console-socket', socketIn(lab)] : [];
    const image = await compileFile(lab, [...command, ...terminal, '--bundle', bundle.dir, 'id']);
    // In the foreground a container with a terminal wants one of its caller.
    const stdin = kind.name === 'terminal' ? { stdin: openTerminal() } : {};
    const tried = await stopLaunch({ lab: { ...lab, ...stdin }, kind, way, bundle, image, listener });
    holder?.stop();
    kind.taken?.left();
    if (listener >= 0) unlinkSync(socketIn(lab));
    console.log(`${kind.name}, ${way}: ${tried} stops, ${Math.round(performance.now() - began)} ms`);
  }
}
