/**
 * `make test`: runs each part, shows its output, and ends with one line that counts them all. A part that ends without its own line of counts,
 * or with an exit code of its own making, is a failure. In CI a skip is one too, unless its reason is in `allowedSkips`.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Counts, countsLine, countsOf, skipsOf } from '../harness/counts.js';

interface Part {
  readonly name: string;
  readonly command: readonly string[];
  /** Built by make beforehand; a part whose program is not there is reported as failed. */
  readonly needs: string;
}

const runtime = 'build/chos-runtime';
const parts: readonly Part[] = [
  { name: 'unit', command: ['node_modules/.bin/uvu', 'build/unit', '\\.test\\.mjs$'], needs: 'build/unit' },
  {
    name: 'conformance',
    command: [
      'node',
      'build/conformance/suite.mjs',
      '--runtime',
      runtime,
      '--runtime',
      '/usr/bin/crun',
      '--runtime',
      '/usr/sbin/runc',
    ],
    needs: 'build/conformance/suite.mjs',
  },
  ...[
    'seccomp-table',
    'trees',
    'pages',
    'podman',
    'containerd',
    'slurm',
    'crash',
    'fuzz',
    'vm',
    'kernel-link',
  ].map(
    (name): Part => ({
      name,
      command: ['node', `build/conformance/${name}.mjs`],
      needs: `build/conformance/${name}.mjs`,
    }),
  ),
];

/** Reviewed: what may be skipped even as root in CI. */
const allowedSkips: readonly RegExp[] = [
  // Peers, not us: their versions in Debian 12 have no stable `features`; crun cannot be run beside a mounted
  // v2 hierarchy, so the suite hides it.
  /^(crun|runc)\s+command-line\/features: crun 1\.8 has it not, runc 1\.1 as an experiment$/,
  /^crun\s+exec-cgroups\/.*: crun 1\.8 makes a file in the host's \/sys\/fs\/cgroup$/,
  /^crun\s+exec-cgroups\/init-has-moved-below-and-handed-on-controllers: needs a controller in cgroup v2$/,
  // Faults that this project had or that its tests look for: the others hang on them, or leave behind what the suite would have to clear away.
  ...[
    'leaves processes and cgroups behind, or does not come back',
    'crun 1.8 does not come back from deleting it',
    'crun 1.8 waits for ever',
    'the others wait for ever, or leave it frozen',
    'waits until nobody holds the pipe of the output open',
    'the others have no lock',
    'the others wait for somebody to write',
    'the others look at the group itself, if at all',
    'the others look first and make it then: both start',
    'the others send a signal and do not look again',
    'crun and runc believe the name',
    'crun and runc do not start without a null device',
    // What only ours has.
    'has words of its own: neither kind nor place, crun no output',
    'stores no programs',
    'it has no compile',
    'it has no --file',
    'it has no --config',
    'crun has it since 1.9, runc has not',
    'crun 1.8 ends with an error, runc has it since 1.2',
  ].map(reason => new RegExp(`^(crun|runc)\\s+[a-z-]+/\\S+: ${reason.replace(/[.?]/g, '\\$&')}$`)),
];

async function run(part: Part): Promise<Counts> {
  const bad = { passed: 0, failed: 1, skipped: 0 };
  console.log(`\n==== ${part.name} ====`);
  if (!existsSync(part.needs)) {
    console.log(`${part.needs} is not there`);
    return bad;
  }
  const [file = '', ...args] = part.command;
  const began = Date.now();
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let tail = '';
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    tail = (tail + chunk.toString('utf8')).slice(-1_000_000);
  });
  const code = await new Promise<number>(done => {
    child.on('error', () => done(127));
    child.on('close', (status, signal) => done(signal === null ? (status ?? 1) : 128));
  });
  const counts = countsOf(tail);
  console.log(`---- ${part.name}: ${Math.round((Date.now() - began) / 1000)} s, exit code ${code}`);
  if (counts === null) return bad;
  const unexpected = process.env.CI
    ? skipsOf(tail).filter(reason => !allowedSkips.some(allowed => allowed.test(reason)))
    : [];
  for (const reason of unexpected) console.log(`skip that is not on the list: ${reason}`);
  const failed = counts.failed + unexpected.length;
  return { ...counts, failed: code !== 0 && failed === 0 ? 1 : failed };
}

const only = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const rows: string[] = [];
for (const part of parts) {
  if (only.length > 0 && !only.includes(part.name)) continue;
  const { passed, failed, skipped } = await run(part);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  rows.push(
    `${part.name.padEnd(12)} ${String(passed).padStart(6)} passed ${String(failed).padStart(4)} failed ${String(skipped).padStart(4)} skipped`,
  );
}
console.log(`\n${rows.join('\n')}\n`);
console.log(countsLine(total));
process.exitCode = total.failed === 0 ? 0 : 1;
