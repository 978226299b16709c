/**
 * `make test`: runs each part, shows its output, and ends with one line that counts them all. A part that ends without its own line of counts,
 * or with an exit code of its own making, is a failure; what failed is said again at the end. In CI a skip is one too, unless its reason is reviewed (`allowed-skips.ts`).
 * The same as JUnit XML: build/junit.xml, or the file of the environment variable JUNIT.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Counts, countsLine, countsOf, failuresOf, nameOfFailure } from '../harness/counts.js';
import { callerNames } from '../suite/callers.js';
import { casesOf, filesOfTests, junitText, type PartReport } from './junit.js';
import { skipsToReview } from './skips.js';

interface Part {
  readonly name: string;
  readonly command: readonly string[];
  /** Built by make beforehand; a part whose program is not there is reported as failed. */
  readonly needs: string;
}

const runtime = 'build/chos-runtime';

/**
 * Parts that keep one processor busy, and the one beside which they run, one after the other: together they take less than that. Podman and Slurm have the machine
 * to themselves: their own races show under load.
 */
const companions: Readonly<Record<string, string>> = {
  unit: 'conformance',
  trees: 'conformance',
  pages: 'crash',
  ci: 'crash',
  containerd: 'crash',
  packages: 'crash',
  fuzz: 'crash',
  'conformance-warm': 'conformance-bun',
};

/** Cases that show what the compiler runs on, or that it is asked as a service; the programs are the same with any engine (runtime/entry/one-file.test.ts), and so is what they do. */
const aboutTheCompiler =
  '^(exec|lifecycle|command-line|inputs|lives|update|events|terminal|descriptors|features)/';

const parts: readonly Part[] = [
  {
    name: 'unit',
    command: ['node_modules/.bin/uvu', 'build/unit', '\\.test\\.mjs$'],
    needs: 'build/unit',
  },
  ...callerNames.map(
    (name): Part => ({
      name: name === 'root' ? 'conformance' : `conformance-${name}`,
      command: [
        ...['node', 'build/conformance/suite.mjs', '--as', name],
        ...[runtime, '/usr/bin/crun', '/usr/sbin/runc'].flatMap(path => ['--runtime', path]),
      ],
      needs: 'build/conformance/suite.mjs',
    }),
  ),
  {
    name: 'conformance-bun',
    command: [
      ...['node', 'build/conformance/suite.mjs', '--runtime', 'build/bun/chos-runtime'],
      ...['--only', aboutTheCompiler],
    ],
    needs: 'build/conformance/suite.mjs',
  },
  {
    name: 'conformance-warm',
    command: [
      ...['node', 'build/conformance/suite.mjs', '--runtime', runtime, '--warm'],
      ...['--only', aboutTheCompiler],
    ],
    needs: 'build/conformance/suite.mjs',
  },
  ...[
    'seccomp-table',
    'trees',
    'pages',
    'hooks',
    'ci',
    'podman',
    'containerd',
    'slurm',
    'packages',
    'crash',
    'fuzz',
    'vm',
  ].map(
    (name): Part => ({
      name,
      command: ['node', `build/conformance/${name}.mjs`],
      needs: `build/conformance/${name}.mjs`,
    }),
  ),
];

const reports: PartReport[] = [];

/** What failed, to be said again at the end. */
const failures: string[] = [];

interface Ended {
  readonly output: string;
  /** As a shell would say it. */
  readonly code: number;
  readonly seconds: number;
}

/** `null`: its program is not there. `show`: what it writes, as it comes. */
async function execute(part: Part, show: (chunk: Buffer) => void): Promise<Ended | null> {
  if (!existsSync(part.needs)) return null;
  const [file = '', ...args] = part.command;
  const began = Date.now();
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stderr.on('data', show);
  child.stdout.on('data', (chunk: Buffer) => {
    show(chunk);
    output = (output + chunk.toString('utf8')).slice(-8_000_000);
  });
  const code = await new Promise<number>(done => {
    child.on('error', () => done(127));
    child.on('close', (status, signal) => done(signal === null ? (status ?? 1) : 128));
  });
  return { output, code, seconds: (Date.now() - began) / 1000 };
}

function judged(part: Part, ended: Ended | null): Counts {
  const bad = { passed: 0, failed: 1, skipped: 0 };
  if (ended === null) {
    const without = `${part.needs} is not there`;
    console.log(without);
    reports.push({ name: part.name, counts: bad, seconds: 0, output: '', without });
    return bad;
  }
  const { output: tail, code, seconds } = ended;
  const counts = countsOf(tail);
  failures.push(...failuresOf(tail).map(text => `${part.name}: ${text}`));
  console.log(`---- ${part.name}: ${Math.round(seconds)} s, exit code ${code}`);
  const report = { name: part.name, seconds, output: tail };
  if (counts === null) {
    reports.push({ ...report, counts: bad, without: `it ended without its counts, with exit code ${code}` });
    return bad;
  }
  const unexpected = skipsToReview(counts, tail);
  for (const reason of unexpected) console.log(`skip that is not on the list: ${reason}`);
  const failed = counts.failed + (process.env.CI ? unexpected.length : 0);
  const own = [
    ...(code !== 0 && failed === 0 ? [`exit code ${code}`] : []),
    ...(process.env.CI ? unexpected.map(reason => `skip that is not on the list: ${reason}`) : []),
    ...(counts.failed > 0 && ![...casesOf(tail), ...filesOfTests(tail)].some(({ kind }) => kind === 'fail')
      ? [`${counts.failed} failed`]
      : []),
  ];
  reports.push({ ...report, counts, ...(own.length > 0 ? { without: own.join('\n') } : {}) });
  return { ...counts, failed: code !== 0 && failed === 0 ? 1 : failed };
}

const only = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const rows: string[] = [];

function count(part: Part, ended: Ended | null): void {
  const { passed, failed, skipped } = judged(part, ended);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  rows.push(
    `${part.name.padEnd(16)} ${String(passed).padStart(6)} passed ${String(failed).padStart(4)} failed ${String(skipped).padStart(4)} skipped`,
  );
}

interface Kept {
  readonly part: Part;
  readonly chunks: readonly Buffer[];
  readonly ended: Ended | null;
}

async function oneByOne(those: readonly Part[]): Promise<readonly Kept[]> {
  const all: Kept[] = [];
  for (const part of those) {
    const chunks: Buffer[] = [];
    const ended = await execute(part, chunk => chunks.push(chunk));
    all.push({ part, chunks, ended });
  }
  return all;
}

/** One in the foreground, and what runs beside it: all that those have written comes when everything has ended. */
async function run(part: Part, others: readonly Part[]): Promise<void> {
  const beside = oneByOne(others);
  console.log(`\n==== ${part.name} ====`);
  count(part, await execute(part, chunk => process.stdout.write(chunk)));
  for (const kept of await beside) {
    console.log(`\n==== ${kept.part.name} (beside ${part.name}) ====`);
    process.stdout.write(Buffer.concat(kept.chunks));
    count(kept.part, kept.ended);
  }
}

const wanted = parts.filter(({ name }) => only.length === 0 || only.includes(name));
const together = (part: Part): boolean => wanted.some(({ name }) => name === companions[part.name]);
for (const part of wanted.filter(one => !together(one)))
  await run(
    part,
    wanted.filter(({ name }) => companions[name] === part.name),
  );
const junit = process.env.JUNIT ?? 'build/junit.xml';
mkdirSync(dirname(junit), { recursive: true });
writeFileSync(junit, junitText(reports));
if (failures.length > 0) console.log(`\n==== what failed ====\n${failures.slice(0, 50).join('\n')}`);
console.log(`\n${rows.join('\n')}\n`);
// Once more by name alone, between the counts: some show nothing of a log but its last lines.
for (const text of failures.slice(0, 20)) console.log(nameOfFailure(text));
console.log(countsLine(total));
process.exitCode = total.failed === 0 ? 0 : 1;
