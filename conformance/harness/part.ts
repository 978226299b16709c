/**
 * A part of `make test` that drives a real program on top of the runtime, in namespaces of its own: with the last process in them, everything that was
 * started there ends, and what it left on the host is looked for.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { countsLine } from './counts.js';
import { cgroupsNamed, mountLines, removeCgroups, residueOnHost } from './host-check.js';

export interface PartCase<World> {
  readonly name: string;
  /** `id` is a name of this case alone; cgroups that hold it must be gone afterwards. */
  readonly drive: (world: World, id: string) => Promise<void>;
}

export interface Place {
  /** A directory of this run. */
  readonly dir: string;
  readonly runtime: string;
  /** In the name of everything that is made. */
  readonly tag: string;
}

export interface Part<World> {
  readonly name: string;
  /** Mounts that a case may leave, as mountinfo has them. */
  readonly mayStay?: RegExp;
  /** More options of unshare(1). */
  readonly unshare: readonly string[];
  readonly cases: readonly PartCase<World>[];
  start(place: Place): Promise<World>;
  /** Paths that must not be there after a case. */
  traces(place: Place, id: string): readonly string[];
}

function outer<World>(self: string, part: Part<World>, runtime: string, only: string, count: number): number {
  const dir = mkdtempSync(join(tmpdir(), `chos-${part.name}-`));
  const tag = `chos-${part.name}-${process.pid}`;
  const again = [self, '--inner', dir, '--runtime', runtime, '--only', only, '--tag', tag];
  const unshare = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
  // Daemons leave processes to init, which has to reap them.
  const command = [...unshare, ...part.unshare, 'catatonit', '--', process.execPath, ...again];
  const { status, stdout } = spawnSync('unshare', command, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 900_000,
    killSignal: 'SIGKILL',
  });
  process.stdout.write(stdout);
  const passed = stdout.match(/^ok {2}/gm)?.length ?? 0;
  const complaints = [...residueOnHost(`${tag}-`, dir)];
  if (stdout.match(/^(ok {2}|FAIL)/gm)?.length !== count)
    complaints.push(`only ${passed} of ${count} cases ran (${status})`);
  // A cgroup that the program itself makes for all of its containers and never removes.
  removeCgroups(cgroupsNamed(tag));
  rmSync(dir, { recursive: true, force: true });
  const clean = complaints.length === 0;
  console.log(clean ? 'ok    host/as-before' : `FAIL  host/as-before: ${complaints.join('; ')}`);
  const failed = (stdout.match(/^FAIL/gm)?.length ?? 0) + (clean ? 0 : 1);
  console.log(countsLine({ passed: passed + (clean ? 1 : 0), failed, skipped: 0 }));
  return failed === 0 ? 0 : 1;
}

async function inner<World>(
  part: Part<World>,
  chosen: readonly PartCase<World>[],
  place: Place,
): Promise<void> {
  const world = await part.start(place);
  const before = new Set(mountLines());
  for (const [index, { name, drive }] of chosen.entries()) {
    const began = performance.now();
    const id = `${place.tag}-${index}`;
    const left = (): readonly string[] => [
      ...cgroupsNamed(id),
      ...mountLines().filter(line => !before.has(line) && part.mayStay?.test(line) !== true),
      ...part.traces(place, id).filter(path => existsSync(path)),
    ];
    const complaint = await drive(world, id).then(
      () => left().join('; '),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const time = `${Math.round(performance.now() - began)} ms`;
    console.log(
      complaint === '' ? `ok    ${name}  ${time}` : `FAIL  ${name}: ${complaint.replace(/\s+/g, ' ')}`,
    );
  }
}

/** The whole program: `--runtime PATH`, `--only PATTERN`. `url` is that of the caller's module. */
export async function runPart<World>(url: string, part: Part<World>): Promise<never> {
  const self = fileURLToPath(url);
  const { values } = parseArgs({
    options: {
      runtime: { type: 'string', default: join(dirname(self), '../chos-runtime') },
      only: { type: 'string', default: '' },
      /** Set by the program itself: the part that runs in the namespaces. */
      inner: { type: 'string' },
      tag: { type: 'string', default: '' },
    },
  });
  const chosen = part.cases.filter(({ name }) => new RegExp(values.only).test(name));
  const runtime = resolve(values.runtime);
  if (values.inner === undefined) process.exit(outer(self, part, runtime, values.only, chosen.length));
  await inner(part, chosen, { dir: values.inner, runtime, tag: values.tag });
  process.exit(0);
}
