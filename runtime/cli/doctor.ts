/** `doctor`: what on this machine keeps trees and containers from working, before they do not. It reads only. */
import { dirname } from 'node:path';
import { PINS, PUBLIC } from '../../spec/environment.js';
import { readDirectories } from '../hooks/directories.js';
import { DIRECTORIES } from '../hooks/places.js';
import { answersOf } from '../host/answers.js';
import { codeOf, isUnreadable, Unreadable } from '../host/error-code.js';
import { errnoText } from '../report/errno-text.js';
import { table } from '../report/table.js';
import { callerView } from '../trees/caller.js';
import { checkTree } from '../trees/check-tree.js';
import { DEFAULT_SKELETON, probeKernelLink } from '../trees/kernel-link.js';
import { parseMountFacts } from '../trees/mount-facts.js';
import { readGenerations } from '../trees/pins.js';
import { readRegistry } from '../trees/read-registry.js';
import { noTrees, type RegisteredTree } from '../trees/registry.js';
import { lookAtSkeleton } from '../trees/skeleton-input.js';
import { readHost } from '../trees/skeleton-place.js';
import { readSkeleton } from '../trees/skeleton-record.js';
import { checks } from './doctor/checks.js';
import { hookPrograms } from './doctor/hooks.js';
import { type Host, hostOf } from './doctor/host.js';
import { fault, type Line } from './doctor/line.js';
import { askedPaths, type Check, type Subject, silentPaths } from './doctor/subject.js';
import { type Invocation, type Outcome, variable } from './invocation.js';
import { ownerOf, stateRoot } from './state-root.js';

/** Directories that variables of the caller name, in which configuration is read. */
function ownPaths(host: Host): readonly string[] {
  const directories = ['HOME', 'XDG_CONFIG_HOME'].map(name => host.variable(name));
  const files = ['CONTAINERS_CONF', 'SLURM_CONF'].map(name => host.variable(name));
  return [...directories, ...files.map(path => path && dirname(path))].flatMap(path => path ?? []);
}

/** What the configuration of others names is asked, too, and what is known by that, until nothing new is named. */
async function withNamed(subject: Subject): Promise<Subject> {
  const { answers } = subject;
  const named = checks.flatMap(({ paths }) => paths?.(subject) ?? []);
  const more = named.filter(path => path.startsWith('/') && !answers.has(path));
  if (more.length === 0) return subject;
  return withNamed({ ...subject, answers: new Map([...answers, ...(await answersOf(more))]) });
}

/** The machine that we are on. What may hang is asked first. */
export async function subjectOf({ request, line }: Invocation, host: Host): Promise<Subject> {
  const read = readRegistry();
  const registry = read.kind === 'registry' ? read.registry : noTrees;
  const kernel = probeKernelLink();
  const mountinfo = host.read('/proc/self/mountinfo') ?? '';
  const unreadable: [check: string, why: Unreadable][] = [];
  const orNote = <T>(check: string, look: () => T): T | null => {
    try {
      return look();
    } catch (error) {
      unreadable.push([check, unreadableOf(error)]);
      return null;
    }
  };
  const generations = (host.isRoot ? orNote('pins', () => readGenerations(request.caller)) : null) ?? [];
  const view = callerView(request.caller);
  const path = kernel.kind === 'present' ? kernel.skeleton : DEFAULT_SKELETON;
  const hooks = readDirectories(DIRECTORIES, false);
  const own = [...ownPaths(host), ...hookPrograms(hooks)];
  const recorded = orNote('skeleton', () => readSkeleton(path, host.isRoot ? PINS : PUBLIC));
  const asked = askedPaths(registry, generations, recorded, own);
  const subject = await withNamed({
    host,
    registry,
    noRegistry: read.kind === 'registry' ? null : read,
    kernel,
    mountinfo,
    mounts: parseMountFacts(mountinfo),
    answers: await answersOf(asked),
    generations,
    recorded,
    unreadable,
    hooks,
    atHome: view.kind === 'unknown' ? null : view.kind === 'same',
    stateRoot: stateRoot(request, line, { euid: host.facts.euid, owner: ownerOf }),
    checkTree: (tree: RegisteredTree) => checkTree(tree, registry.features),
    lookAtSkeleton: () => null,
  });
  return {
    ...subject,
    lookAtSkeleton: () =>
      view.kind === 'unknown' || silentPaths(subject).length > 0
        ? null
        : lookAtSkeleton(registry, readHost(view, request.caller), path),
  };
}

interface Told extends Line {
  readonly check: string;
}

/** Of what node:fs has thrown, too: a file that one check needs, and whose loss is the end of no other. What is a bug is thrown on. */
function unreadableOf(error: unknown): Unreadable {
  if (isUnreadable(error)) return error;
  const path = error instanceof Error && 'path' in error ? error.path : undefined;
  if (typeof path !== 'string') throw error;
  return new Unreadable(path, codeOf(error));
}

const unreadableLine = ({ path, code }: Unreadable): Line =>
  fault(`${path} cannot be read: ${errnoText(code)}`);

function lookOr(look: () => readonly Line[]): readonly Line[] {
  try {
    return look();
  } catch (error) {
    return [unreadableLine(unreadableOf(error))];
  }
}

/** What a check cannot read is a fault that it tells, and the next one goes on. */
export function examine(subject: Subject, all: readonly Check[] = checks): readonly Told[] {
  return all.flatMap(({ name, look }) => {
    const before = subject.unreadable.filter(([check]) => check === name);
    const lines =
      before.length > 0 ? before.map(([, why]) => unreadableLine(why)) : lookOr(() => look(subject));
    return lines.map(line => ({ check: name, ...line }));
  });
}

const hasFault = (lines: readonly Told[]): boolean => lines.some(({ result }) => result === 'fault');

/** Each line, and below it the command that mends it. */
export function doctorTable(lines: readonly Told[]): string {
  return table(
    ['CHECK', 'RESULT', 'WHAT'],
    lines.flatMap(({ check, result, what, mend }) => [
      [check, result, what],
      ...(mend === null ? [] : [['', '', `mend: ${mend}`]]),
    ]),
  );
}

/** By spec/doctor.schema.json. */
export function doctorJson(lines: readonly Told[]): string {
  return `${JSON.stringify({ fault: hasFault(lines), lines }, null, 2)}\n`;
}

export async function doctor(invocation: Invocation): Promise<Outcome> {
  const host = hostOf({ variable: name => variable(invocation.request, name) });
  const lines = examine(await subjectOf(invocation, host));
  const out = invocation.line.options.flags.has('json') ? doctorJson(lines) : doctorTable(lines);
  return { kind: 'done', out, exitCode: hasFault(lines) ? 1 : 0 };
}
