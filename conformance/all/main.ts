/**
 * `make test`: runs each part, shows its output, and ends with one line that counts them all. A part that ends without its own line of counts,
 * or with an exit code of its own making, is a failure; what failed is said again at the end. In CI a skip is one too, unless its reason is reviewed (`allowed-skips.ts`).
 * The same as JUnit XML: build/junit.xml, or the file of the environment variable JUNIT.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type Counts,
  countsLine,
  countsOf,
  failuresOf,
  lastWords,
  nameOfFailure,
} from '../harness/counts.js';
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
  'conformance-user': 'unit',
  'conformance-userns': 'unit',
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
  /** The end of what it has said to either stream, in their order. */
  readonly said: string;
  /** `exit code 1`, `SIGKILL`. */
  readonly how: string;
  readonly seconds: number;
}

/** `null`: its program is not there. `show`: what it writes, as it comes. */
async function execute(part: Part, show: (chunk: Buffer) => void): Promise<Ended | null> {
  if (!existsSync(part.needs)) return null;
  const [file = '', ...args] = part.command;
  const began = Date.now();
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let said = '';
  const heard = (chunk: Buffer): void => {
    show(chunk);
    said = (said + chunk.toString('utf8')).slice(-20_000);
  };
  child.stderr.on('data', heard);
  child.stdout.on('data', (chunk: Buffer) => {
    heard(chunk);
    output = (output + chunk.toString('utf8')).slice(-8_000_000);
  });
  const how = await new Promise<string>(done => {
    child.on('error', ({ message }) => done(message));
    child.on('close', (status, signal) => done(signal ?? `exit code ${status}`));
  });
  return { output, said, how, seconds: (Date.now() - began) / 1000 };
}

function judged(part: Part, ended: Ended | null): Counts {
  const bad = { passed: 0, failed: 1, skipped: 0 };
  if (ended === null) {
    const without = `${part.needs} is not there`;
    console.log(without);
    failures.push(`${part.name}: ${without}`);
    reports.push({ name: part.name, counts: bad, seconds: 0, output: '', without });
    return bad;
  }
  const { output, said, how, seconds } = ended;
  const counts = countsOf(output);
  console.log(`---- ${part.name}: ${Math.round(seconds)} s, ${how}`);
  failures.push(...failuresOf(output).map(text => `${part.name}: ${text}`));
  const report = { name: part.name, seconds, output };
  if (counts === null) {
    const without = `it ended without its counts, ${how}: ${lastWords(said)}`;
    failures.push(`${part.name}: ${without}`);
    reports.push({ ...report, counts: bad, without });
    return bad;
  }
  const unexpected = skipsToReview(counts, output).map(reason => `skip that is not on the list: ${reason}`);
  for (const text of unexpected) console.log(text);
  const failed = counts.failed + (process.env.CI ? unexpected.length : 0);
  const contradicts = how !== 'exit code 0' && failed === 0;
  const own = [...(contradicts ? [`${how}: ${lastWords(said)}`] : []), ...(process.env.CI ? unexpected : [])];
  failures.push(...own.map(text => `${part.name}: ${text}`));
  const named = [...casesOf(output), ...filesOfTests(output)].some(({ kind }) => kind === 'fail');
  const without = [...own, ...(counts.failed > 0 && !named ? [`${counts.failed} failed`] : [])].join('\n');
  reports.push({ ...report, counts, ...(without === '' ? {} : { without }) });
  return { ...counts, failed: contradicts ? 1 : failed };
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
