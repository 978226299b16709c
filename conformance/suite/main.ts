import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cases } from './case.js';
import './cases/index.js';
import { cgroupsNamed, removeCgroups, residueOnHost } from '../harness/host-check.js';
import { hideHybrid } from '../harness/hybrid.js';
import { ownNullDevice } from '../harness/null-device.js';
import { readOrphans } from '../harness/processes.js';
import { buildPrograms, programsIn } from '../harness/programs.js';
import { ownStateRoot, startService } from '../harness/service.js';
import { flaws } from '../requirements/flaws.js';
import { requirements } from '../requirements/requirements.js';
import { callerNamed, callerNames, giveRanges } from './callers.js';
import { addToRecord } from './record.js';
import { runCase } from './run-cases.js';
import { runtimeUnderTest } from './runtime-under-test.js';
import { deservesAnother, formatSummary, formatTable, judge, type Result, type Verdict } from './table.js';

const self = fileURLToPath(import.meta.url);
const sources = join(dirname(self), '../../conformance/reporter');
const { values } = parseArgs({
  options: {
    runtime: { type: 'string', multiple: true },
    /** Who calls the runtime. */
    as: { type: 'string', default: 'root' },
    /** The compiler's service runs beside it; only our own runtime asks one. */
    warm: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    /** Only the cases that the table of requirements names. */
    required: { type: 'boolean', default: false },
    /** Adds the verdicts to this file. */
    record: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    /** Set by the suite itself: the part that runs in a runtime's own mount namespace, below the supervisor. */
    inner: { type: 'string' },
    tag: { type: 'string', default: '' },
  },
});

const named = new Set([...requirements, ...flaws].flatMap(proved => proved.cases));
const chosen = cases().filter(
  ({ name }) => new RegExp(values.only).test(name) && (!values.required || named.has(name)),
);
const as = callerNames.find(name => name === values.as) ?? 'root';
const runtimes = (values.runtime ?? []).map(path => resolve(path));
if (values.list) {
  console.log(chosen.map(({ name }) => name).join('\n'));
} else if (values.inner !== undefined) {
  await runInner(values.inner, runtimes[0] ?? '', values.tag);
} else if (runtimes.length === 0) {
  console.error(
    'usage: suite.mjs --runtime PATH [--runtime PATH ...] [--as root|user|userns] [--warm] [--only PATTERN] [--verbose] [--list]',
  );
  process.exitCode = 2;
} else if (runtimes.some(path => !existsSync(path))) {
  console.error(`no such runtime: ${runtimes.find(path => !existsSync(path))}`);
  process.exitCode = 2;
} else {
  process.exitCode = await runOuter(runtimes);
}

/** All runtimes one after the other, then the host itself as the last case. */
async function runOuter(paths: readonly string[]): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'chos-conformance-'));
  // Root of a user namespace has to reach the bundles in it.
  chmodSync(dir, 0o711);
  const tag = `cs${process.pid}`;
  buildPrograms(sources, join(dir, 'bin'));
  const verdicts: Verdict[] = [];
  const tested = async (path: string): Promise<void> => {
    const { name } = runtimeUnderTest(path);
    const scratch = join(dir, name);
    mkdirSync(scratch);
    const own = `${tag}${name.replace(/\W/g, '')}`;
    const { results, code } = await resultsOf(path, scratch, own, dir);
    verdicts.push(...results.map(judge));
    // Of others, what was killed because it hung may end later than its case.
    if (!name.startsWith('chos')) removeCgroups(cgroupsNamed(own));
    const residue = residueOnHost(own, scratch);
    const missing =
      results.length === chosen.length ? [] : [`only ${results.length} of ${chosen.length} cases ran`];
    const supervisor = code === 0 ? [] : [`the supervisor exited ${code} (123: processes were left)`];
    const complaints = [...residue, ...missing, ...supervisor];
    verdicts.push({
      runtime: name,
      name: 'host/as-before',
      word: complaints.length === 0 ? 'ok' : 'FAIL',
      reason: complaints.join('; '),
    });
  };
  // As root some cases look at all of the host; callers without rights do not meet.
  if (as === 'root') for (const path of paths) await tested(path);
  else await Promise.all(paths.map(tested));
  rmSync(dir, { recursive: true, force: true });
  if (existsSync(dir))
    verdicts.push({ runtime: 'suite', name: 'host/temporary-files', word: 'FAIL', reason: dir });
  if (values.record !== undefined)
    addToRecord(values.record, as, new Map(paths.map(path => [runtimeUnderTest(path).name, path])), verdicts);
  console.log(formatTable(verdicts));
  console.log(formatSummary(verdicts));
  return verdicts.some(({ word }) => word === 'FAIL') ? 1 : 0;
}

/** One child of the suite in its own mount namespace, whose parent is the subreaper; it prints a result a line. */
async function resultsOf(
  path: string,
  scratch: string,
  tag: string,
  dir: string,
): Promise<{ readonly results: readonly Result[]; readonly code: number | null }> {
  const inner = [
    self,
    '--inner',
    scratch,
    '--runtime',
    path,
    '--only',
    values.only,
    '--tag',
    tag,
    '--as',
    as,
    ...(values.required ? ['--required'] : []),
    ...(values.warm ? ['--warm'] : []),
  ];
  const supervised = [join(dir, 'bin/outside'), 'supervise', process.execPath, ...inner];
  const child = spawn('unshare', ['--mount', '--propagation', 'private', ...supervised], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const results: Result[] = [];
  const ended = new Promise<number | null>(settle => child.on('exit', settle));
  for await (const line of createInterface({ input: child.stdout })) {
    const result = JSON.parse(line) as Result;
    results.push(result);
    const verdict = judge(result);
    if (values.verbose || verdict.word === 'FAIL') {
      console.error(
        `${verdict.runtime}  ${verdict.name}  ${verdict.word}  ${result.milliseconds} ms  ${verdict.reason}`,
      );
    }
  }
  return { results, code: await ended };
}

async function runInner(scratch: string, path: string, tag: string): Promise<void> {
  const programs = programsIn(join(dirname(scratch), 'bin'));
  const runtime = runtimeUnderTest(path);
  prepareMountNamespace(scratch, runtime.name);
  const caller = await callerNamed(as, scratch, programs.outside);
  if (values.warm && as === 'root') ownStateRoot();
  const warm = values.warm ? await startService(path, scratch, caller.env, caller.through) : null;
  const run = { runtime, programs, orphans: readOrphans(3), tag, dir: scratch, caller, warm };
  for (const [index, definition] of chosen.entries()) {
    let result = await runCase(run, definition, index);
    for (let attempt = 1; attempt <= 2 && deservesAnother(result); attempt++) {
      const again = await runCase(run, definition, index + attempt * chosen.length);
      if (judge(again).word !== 'FAIL') result = { ...again, unsteady: judge(result).reason };
    }
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  await warm?.end();
  await caller.end();
  process.exit(0);
}

function prepareMountNamespace(scratch: string, name: string): void {
  ownNullDevice(scratch);
  if (name.startsWith('crun')) hideHybrid();
  if (as === 'user') giveRanges(scratch);
  // What the suite mounts reaches the namespaces of a caller only from a shared mount.
  if (as === 'userns') execFileSync('mount', ['--make-rshared', '/']);
}
