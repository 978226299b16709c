/**
 * Each system call of x86-64 denied with ERRNO, one at a time, with and without no_new_privs: a container starts and `exec` in it starts, wherever runc or
 * crun would. The suite proves more with less (`confinement/only-execve-is-allowed-*`: nothing but execve is called under the filter); this is the same
 * promise as those who write profiles meet it. Some 370 calls x 2 x (run, exec, delete): about 70 s on two cores, so it is a part of its own.
 */
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { x86_64 } from '../../spec/syscall-numbers/x86-64.js';
import { type Bundle, configure, makeBundle } from '../harness/bundle.js';
import { type PartCase, runPart } from '../harness/part.js';
import { launch } from '../harness/processes.js';
import { buildPrograms } from '../harness/programs.js';

interface World {
  readonly runtime: string;
  readonly dir: string;
  readonly root: string;
  /** One for each command that runs at the same time. */
  readonly bundles: readonly Bundle[];
}

/** Nobody starts without: recorded, and held against runc and crun by the suite (`confinement/execve-is-denied`). */
const needed: readonly string[] = ['execve'];

/** Exit code of `end`: its own, or that of the trap behind an exit_group(2) that is denied. */
const endings: Readonly<Record<string, number>> = { exit_group: 128 + 4 };

const calls = x86_64.trim().split(/\s+/);

/** What went wrong with one call denied, or nothing. */
async function complaintOf(
  { runtime, dir, root }: World,
  bundle: Bundle,
  container: { readonly id: string; readonly denied: string; readonly noNewPrivileges: boolean },
): Promise<readonly string[]> {
  const { id, denied, noNewPrivileges } = container;
  configure(bundle, `/${id}`, c => {
    c.process.args = ['/bin/end', 'wait'];
    c.process.noNewPrivileges = noNewPrivileges;
    c.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names: [denied], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
    };
  });
  const call = (...args: readonly string[]) => launch([runtime, '--root', root, ...args], dir).done;
  const started = await call('run', '--detach', '--bundle', bundle.dir, id);
  const complaints: string[] = [];
  if (needed.includes(denied)) {
    if (started.code === 0) complaints.push(`${denied}: run is expected to fail`);
  } else if (started.code !== 0) complaints.push(`${denied}: run: ${started.stderr.trim()}`);
  else {
    const executed = await call('exec', id, '/bin/end');
    if (executed.code !== (endings[denied] ?? 7))
      complaints.push(`${denied}: exec: ${executed.code} ${executed.stderr.trim()}`);
  }
  const deleted = await call('delete', '--force', id);
  if (deleted.code !== 0) complaints.push(`${denied}: delete: ${deleted.stderr.trim()}`);
  return complaints;
}

/** All calls, shared out among the bundles. */
async function denyEach(world: World, tag: string, noNewPrivileges: boolean): Promise<void> {
  const left = [...calls.entries()];
  const complaints: string[] = [];
  const work = async (bundle: Bundle): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [number, denied] = next;
      complaints.push(
        ...(await complaintOf(world, bundle, { id: `${tag}-${number}`, denied, noNewPrivileges })),
      );
    }
  };
  await Promise.all(world.bundles.map(work));
  if (complaints.length > 0) throw new Error(complaints.join('; '));
}

const cases: readonly PartCase<World>[] = [true, false].map(noNewPrivileges => ({
  name: `each call denied, ${noNewPrivileges ? 'with' : 'without'} no_new_privs`,
  drive: (world, id) => denyEach(world, id, noNewPrivileges),
}));

const sources = join(dirname(fileURLToPath(import.meta.url)), '../../conformance/reporter');

await runPart(import.meta.url, {
  name: 'seccomp-table',
  unshare: [],
  cases,
  start: async ({ dir, runtime }) => {
    const programs = buildPrograms(sources, join(dir, 'bin'));
    const bundles = Array.from({ length: availableParallelism() }, (_, n) =>
      makeBundle(join(dir, `bundle-${n}`), programs),
    );
    return { runtime, dir, root: join(dir, 'root'), bundles };
  },
  traces: ({ dir }, id) => [join(dir, 'root', id)],
});
