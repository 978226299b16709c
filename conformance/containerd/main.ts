/** chos-runtime under the real containerd: `node build/conformance/containerd.mjs [--runtime PATH] [--only PATTERN]`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cgroupsNamed, mountLines, removeCgroups, residueOnHost } from '../suite/host-check.js';
import { cases } from './cases.js';
import { startContainerd } from './containerd.js';

const self = fileURLToPath(import.meta.url);
const { values } = parseArgs({
  options: {
    runtime: { type: 'string', default: join(dirname(self), '../chos-runtime') },
    only: { type: 'string', default: '' },
    /** Set by the program itself: the part that runs in namespaces of its own. */
    inner: { type: 'string' },
    tag: { type: 'string', default: '' },
  },
});
const chosen = cases.filter(({ name }) => new RegExp(values.only).test(name));

/** In namespaces of their own: with the last process, everything that was started there ends. */
function outer(runtime: string): number {
  const dir = mkdtempSync(join(tmpdir(), 'chos-containerd-'));
  const tag = `chos-containerd-${process.pid}`;
  const inner = [self, '--inner', dir, '--runtime', runtime, '--only', values.only, '--tag', tag];
  const unshare = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
  // containerd leaves its shims to init, which has to reap them.
  const command = [...unshare, 'catatonit', '--', process.execPath, ...inner];
  const { status, stdout } = spawnSync('unshare', command, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
    killSignal: 'SIGKILL',
  });
  process.stdout.write(stdout);
  const passed = stdout.match(/^ok {2}/gm)?.length ?? 0;
  const complaints = [...residueOnHost(`${tag}-`, dir)];
  if (stdout.match(/^(ok {2}|FAIL)/gm)?.length !== chosen.length)
    complaints.push(`only ${passed} of ${chosen.length} cases ran (${status})`);
  // containerd names a cgroup after its namespace and never removes it.
  removeCgroups(cgroupsNamed(tag));
  rmSync(dir, { recursive: true, force: true });
  console.log(
    complaints.length === 0 ? 'ok    host/as-before' : `FAIL  host/as-before: ${complaints.join('; ')}`,
  );
  const failed = (stdout.match(/^FAIL/gm)?.length ?? 0) + (complaints.length > 0 ? 1 : 0);
  console.log(`${passed + (complaints.length > 0 ? 0 : 1)} passed, ${failed} failed, 0 skipped`);
  return failed === 0 ? 0 : 1;
}

async function inner(dir: string, runtime: string, tag: string): Promise<void> {
  const containerd = await startContainerd(dir, runtime, tag);
  const before = new Set(mountLines());
  for (const [index, { name, drive }] of chosen.entries()) {
    const began = performance.now();
    const id = `${tag}-${index}`;
    const left = (): readonly string[] => [
      ...cgroupsNamed(id),
      ...mountLines().filter(line => !before.has(line)),
      ...(existsSync(`/run/containerd/runc/${tag}/${id}`) ? [`the state of ${id}`] : []),
    ];
    const complaint = await drive(containerd, id).then(
      () => left().join('; '),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const time = `${Math.round(performance.now() - began)} ms`;
    console.log(
      complaint === '' ? `ok    ${name}  ${time}` : `FAIL  ${name}: ${complaint.replace(/\s+/g, ' ')}`,
    );
  }
  process.exit(0);
}

if (values.inner !== undefined) await inner(values.inner, resolve(values.runtime), values.tag);
else process.exitCode = outer(resolve(values.runtime));
