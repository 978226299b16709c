import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AGAIN_DIRECTORY } from '../../spec/reuse.js';
import { STATE_ROOT_NAME } from '../../spec/state-root.js';
import { SERVICE_SCRATCH, SERVICE_SOCKET } from '../../spec/wire.js';
import { cgroupsNamed, mountLines } from '../harness/host-check.js';
import { compileEach, forgetStarts } from '../harness/left-programs.js';
import { complaintsAbout, type Service, startService } from '../harness/service.js';
import type { NamedCase } from './case.js';
import { type Account, makePlace, type Place } from './place.js';
import { importImage, makePodman, type PodmanWithCleanup } from './podman.js';
import { lostOutput, type Outcome, type Result } from './verdict.js';

export interface Run {
  readonly runtime: { readonly name: string; readonly path: string };
  /** Path of the program `outside`, see conformance/reporter/outside.c. */
  readonly outside: string;
  readonly cgroupParent: string;
  readonly dir: string;
  readonly as: Account;
}

/** Of these Podman refuses some itself, and others it calls the runtime in a user namespace, whose callers root's service leaves to themselves. */
const answersNothing: ReadonlySet<string> = new Set([
  ...[
    'unknown-option',
    'missing-volume',
    'unknown-user',
    'unknown-capability',
    'missing-device',
    'bad-sysctl',
  ].map(name => `exit-code/${name}`),
  ...['isolation/user-namespace', 'isolation/keep-id-as-another', 'build/podman-run-fails'],
]);

/** While these run, so does the compiler's service: cases of exec, and every second other one, by its name, so that each stays what it is. */
const isWarm = (run: Run, { name }: NamedCase): boolean =>
  run.runtime.name === 'chos-runtime' &&
  (name.startsWith('exec/') || name.length % 2 === 0) &&
  !answersNothing.has(name);

/** So many cases may be without an answer: on a host that stands still for 0.3 s the runtime does not wait for the service. */
const MOST_UNANSWERED = 2;

/** Of a user it is where Podman calls the runtime from: in the namespaces that Podman keeps for all of its commands (docs/podman.md). */
async function serviceOf(run: Run, { environment, storage }: Place): Promise<Service> {
  if (run.as === 'root') return startService(run.runtime.path, run.dir, {});
  const service = await startService(run.runtime.path, run.dir, environment, [
    'podman',
    ...storage,
    'unshare',
  ]);
  const { pid: podman } = service;
  return {
    ...service,
    // Signals end podman(1), and not what it has started; when that has ended, podman does.
    end: () => {
      for (const pid of serving(podman)) process.kill(pid, 'SIGTERM');
      return service.ended;
    },
  };
}

/** Processes with a command line that ends in `serve`, but for podman's own. There are no others in our pid namespace. */
function serving(podman: number): readonly number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== podman)
    .filter(pid => {
      try {
        const words = readFileSync(join('/proc', pid, 'cmdline'), 'latin1');
        return words.endsWith('\0serve\0') && !words.startsWith('podman\0');
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** All cases one after the other, in namespaces that the caller has made. */
export async function runCases(
  run: Run,
  chosen: readonly NamedCase[],
  report: (result: Result) => void,
): Promise<void> {
  const place = makePlace(run.dir, run.runtime, run.as);
  const first = podmanOf(run, place, 0);
  await importImage(first);
  // Podman makes a few mounts for its own use at its first start and keeps them.
  const before = traces(run, place);
  let service: Service | null = null;
  let unanswered = 0;
  const silence = (answered: number): readonly string[] => {
    const complaints = service === null ? [] : complaintsAbout(1, service.answered() - answered);
    return complaints.length === 0 || unanswered++ < MOST_UNANSWERED ? [] : complaints;
  };
  const [warm, cold] = [true, false].map(is => chosen.filter(one => isWarm(run, one) === is)) as [
    NamedCase[],
    NamedCase[],
  ];
  for (const [index, definition] of [...warm, ...cold].entries()) {
    if (index < warm.length) {
      service ??= await serviceOf(run, place);
      compileEach(stateRoot(place));
    } else {
      if (service !== null) forgetStarts(stateRoot(place));
      await service?.end();
      service = null;
    }
    const answered = service?.answered() ?? 0;
    const attempt = async (number: number): Promise<Outcome> => {
      const podman = podmanOf(run, place, number);
      const outcome = await runCase(podman, definition, () => [
        ...left(run, place, before),
        ...silence(answered),
      ]);
      rmSync(podman.dir, { recursive: true, force: true });
      return outcome;
    };
    const began = performance.now();
    let outcome = await attempt(index + 1);
    if (lostOutput(outcome)) {
      console.error(`${definition.name}: the output was lost; once more`);
      outcome = await attempt(chosen.length + index + 1);
    }
    report({
      name: definition.name,
      outcome,
      milliseconds: performance.now() - began,
    });
  }
  await service?.end();
}

function podmanOf(run: Run, place: Place, index: number): PodmanWithCleanup {
  const dir = join(run.dir, `case${index}`);
  mkdirSync(dir);
  return makePodman({ ...run, place, dir, index });
}

async function runCase(
  podman: PodmanWithCleanup,
  definition: NamedCase,
  remains: () => readonly string[],
): Promise<Outcome> {
  const outcome = await observe(podman, definition).catch(
    (error: unknown): Outcome => ({ kind: 'broken', reason: messageOf(error) }),
  );
  const complaints = [...(await podman.cleanup()), ...remains()];
  if (complaints.length === 0) return outcome;
  const before = outcome.kind === 'seen' ? outcome.complaint : outcome.reason;
  return { kind: 'broken', reason: [before, ...complaints].filter(text => text !== '').join('; ') };
}

async function observe(podman: PodmanWithCleanup, definition: NamedCase): Promise<Outcome> {
  const reason = await definition.skip(podman);
  if (reason !== undefined) return { kind: 'skipped', reason };
  const { seen, compared, check } = await before(definition.observe(podman), definition.deadlineMs);
  try {
    check();
    return { kind: 'seen', seen, compared, complaint: '' };
  } catch (error) {
    return { kind: 'seen', seen, compared, complaint: messageOf(error) };
  }
}

async function before<Value>(work: Promise<Value>, deadlineMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('deadline passed')), deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Of the runtime under test. */
const stateRoot = ({ session }: Place): string => join(session ?? '/run', STATE_ROOT_NAME);

/** What containers could leave: mounts, cgroups and state of the runtime. */
function traces(run: Run, { session }: Place): ReadonlySet<string> {
  const states = [STATE_ROOT_NAME, 'crun', 'runc']
    .map(name => join(session ?? '/run', name))
    .filter(existsSync);
  const entries = states.flatMap(dir =>
    readdirSync(dir)
      .filter(name => ![SERVICE_SOCKET, SERVICE_SCRATCH, AGAIN_DIRECTORY].includes(name))
      .map(name => `state ${join(dir, name)}`),
  );
  // Kept on purpose: Podman's names of network namespaces, and our place for pins; what is in them counts.
  const kept = / \/run\/(netns|chos-trees) /;
  const mounts = mountLines()
    .filter(line => !kept.test(line))
    .map(line => `mount ${line}`);
  const groups = cgroupsNamed('libpod-').filter(path => path.includes(run.cgroupParent));
  return new Set([...entries, ...mounts, ...groups.map(path => `cgroup ${path}`)]);
}

/** `podman rm --force` has waited for the containers, so that nothing may be left afterwards. */
function left(run: Run, place: Place, before: ReadonlySet<string>): readonly string[] {
  return [...traces(run, place)].filter(trace => !before.has(trace)).map(trace => `left behind: ${trace}`);
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const details =
    'actual' in error && 'expects' in error
      ? ` (got ${brief(error.actual)}, want ${brief(error.expects)})`
      : '';
  return `${error.message.split('\n')[0]}${details}`;
}

function brief(value: unknown): string {
  const text = value instanceof RegExp ? String(value) : (JSON.stringify(value) ?? 'undefined');
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}
