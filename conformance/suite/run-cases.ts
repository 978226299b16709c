import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { AGAIN_DIRECTORY } from '../../spec/reuse.js';
import { makeBundle, type Programs } from '../harness/bundle.js';
import { cgroupsNamed, mountLines, removeCgroups } from '../harness/host-check.js';
import { descendants, type Orphans } from '../harness/processes.js';
import { complaintsAbout, type Service } from '../harness/service.js';
import { type Caller, giveTo } from './callers.js';
import { Senseless, senselessFor } from './callers-skips.js';
import type { NamedCase } from './case.js';
import { type DriverWithCleanup, makeDriver, type RuntimeUnderTest, seenBy } from './runtime-under-test.js';
import type { Outcome, Result } from './table.js';

const caseDeadlineMs = 20_000;
const cgroups = '/sys/fs/cgroup';
const cgroupsMode = statSync(cgroups).mode & 0o7777;

export interface Run {
  readonly runtime: RuntimeUnderTest;
  readonly programs: Programs;
  readonly orphans: Orphans;
  /** In every container id and cgroup name of this run. */
  readonly tag: string;
  readonly dir: string;
  readonly caller: Caller;
  readonly warm: Service | null;
}

/** Runs one case with everything around it: fresh bundle, deadline, removal, search for residue. */
export async function runCase(run: Run, definition: NamedCase, index: number): Promise<Result> {
  const began = performance.now();
  const outcome = await outcomeOf(run, definition, index).catch(
    (error: unknown): Outcome => ({ kind: 'failed', reason: `the suite itself: ${messageOf(error)}` }),
  );
  const milliseconds = Math.round(performance.now() - began);
  return { runtime: run.runtime.name, caller: run.caller.name, name: definition.name, outcome, milliseconds };
}

async function outcomeOf(run: Run, definition: NamedCase, index: number): Promise<Outcome> {
  const why = definition.skip?.(run.runtime.name);
  if (why !== undefined) return { kind: 'skipped', reason: why };
  if (definition.as?.includes(run.caller.name) === false)
    return { kind: 'skipped', reason: `it is a case for ${definition.as.join(', ')}` };
  const id = `${run.tag}-${index}`;
  const dir = join(run.dir, String(index));
  mkdirSync(dir);
  run.orphans.forget();
  // A case with another user may have made the runtime change its owner.
  chownSync('/dev/null', 0, 0);
  const mountsBefore = new Set(mountLines(run.caller.mounts));
  const supervisor = process.ppid;
  const bundle = makeBundle(join(dir, 'bundle'), run.programs);
  definition.files?.(bundle);
  giveTo(run.caller, dir);
  const driver = makeDriver({ ...run, supervisor, dir, id, bundle }, definition);
  const senseless = senselessFor(run.caller.name, definition, driver.config);
  if (senseless !== undefined) {
    rmSync(dir, { recursive: true, force: true });
    return { kind: 'skipped', reason: senseless };
  }
  const complaints: string[] = [];
  const answeredBefore = run.warm?.answered() ?? 0;
  let left: string | undefined;
  const body = perform(driver, definition).catch((error: unknown) => {
    if (error instanceof Senseless) left = error.message;
    else complaints.push(messageOf(error));
  });
  const timely = await within(body, definition.deadlineMs ?? caseDeadlineMs);
  if (!timely) complaints.push('deadline passed');
  // runc 1.1 opens it as descriptor 0 where that is closed, and its container inherits it.
  if ((statSync(cgroups).mode & 0o7777) !== cgroupsMode) chmodSync(cgroups, cgroupsMode);
  complaints.push(...(await driver.cleanup()));
  if (run.warm !== null && left === undefined)
    complaints.push(...complaintsAbout(driver.asked(), run.warm.answered() - answeredBefore));
  complaints.push(...(await processesLeft(run.orphans, supervisor)));
  complaints.push(...removeCgroups(cgroupsNamed(id)));
  // Only what was added: a mount of another program goes when its directory is removed elsewhere.
  const mounted = mountLines(run.caller.mounts).filter(line => !mountsBefore.has(line));
  complaints.push(...mounted.map(line => `left in the runtime’s mount namespace: ${line}`));
  complaints.push(...filesLeft(driver.root).map(name => `left in the root directory: ${name}`));
  rmSync(dir, { recursive: true, force: true });
  if (complaints.length === 0 && left !== undefined) return { kind: 'skipped', reason: left };
  return complaints.length === 0 ? { kind: 'passed' } : { kind: 'failed', reason: complaints.join('; ') };
}

async function perform(driver: DriverWithCleanup, definition: NamedCase): Promise<void> {
  if (definition.refused !== undefined) await expectRefusal(driver, definition.refused);
  if (definition.inside !== undefined || definition.exit !== undefined) {
    const finished = await driver.run();
    assert.is(finished.code, definition.exit ?? 0, `exit code: ${finished.stderr.trim()}`);
    definition.inside?.(seenBy(driver, finished, definition.probes ?? []));
  }
  await definition.drive?.(driver);
}

/** `create` fails, says why in one line that matches, and no container of that id is there afterwards. */
async function expectRefusal(driver: DriverWithCleanup, expected: RegExp): Promise<void> {
  const created = await driver.call('create', ['--bundle', driver.bundle.dir, driver.id]);
  assert.is.not(created.code, 0, 'create must fail');
  assert.match(created.stderr, expected);
  assert.is.not((await driver.call('state', [driver.id])).code, 0, 'a refused container must not exist');
}

/** Processes end a moment after `delete` returns; only those that stay are a complaint, and are then killed. */
async function processesLeft(orphans: Orphans, supervisor: number): Promise<readonly string[]> {
  const left = descendants(supervisor, process.pid);
  const late = await Promise.all(
    left.map(async entry => {
      const ended = await orphans.exited(entry.pid, 1_000).then(
        () => true,
        () => !descendants(supervisor, process.pid).some(({ pid }) => pid === entry.pid),
      );
      return ended ? [] : [entry];
    }),
  );
  return late.flat().map(({ pid, command, state }) => {
    process.kill(pid, 'SIGKILL');
    return `process left: ${pid} ${command} (${state})`;
  });
}

/** What runtimes keep beside their containers for all of them. */
const ofAll = ['.empty-directory', '.cache', AGAIN_DIRECTORY];

function filesLeft(root: string): readonly string[] {
  try {
    return readdirSync(root).filter(name => !ofAll.includes(name));
  } catch {
    return [];
  }
}

/** Whether `work` settled in time. */
async function within(work: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const timely = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return timely;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const details =
    'actual' in error && 'expects' in error
      ? ` (got ${brief(error.actual)}, want ${brief(error.expects)})`
      : '';
  return error.message.split('\n')[0] + details;
}

function brief(value: unknown): string {
  const text = value instanceof RegExp ? String(value) : (JSON.stringify(value) ?? 'undefined');
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}
