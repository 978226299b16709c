import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cgroupsNamed, removeCgroups, residueOnHost, withChildren } from '../harness/host-check.js';
import { cases, type NamedCase } from './case.js';
import './cases/index.js';
import { isForUser } from './for-user.js';
import { type Account, prepareMountNamespace, USER } from './place.js';
import { runCases } from './run-cases.js';
import { formatSummary, formatVerdict, judge, type Result, type Verdict } from './verdict.js';

const self = fileURLToPath(import.meta.url);
const sources = join(dirname(self), '../../conformance/reporter');

const { values } = parseArgs({
  options: {
    runtime: { type: 'string', default: join(dirname(self), '../chos-runtime') },
    reference: { type: 'string', default: '/usr/bin/crun' },
    /** Do not compare. */
    alone: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    list: { type: 'boolean', default: false },
    /** Print what was seen under both. */
    show: { type: 'boolean', default: false },
    /** `root` or `user`: only that account; both if absent. */
    as: { type: 'string' },
    /** Set by the program itself: the part that runs in namespaces of its own, and whether these are prepared. */
    inner: { type: 'string' },
    prepared: { type: 'boolean', default: false },
    tag: { type: 'string', default: '' },
  },
});

const wanted = cases().filter(({ name }) => new RegExp(values.only).test(name));
const chosenFor = (as: Account): readonly NamedCase[] => (as === 'root' ? wanted : wanted.filter(isForUser));
const accounts = (['root', 'user'] as const).filter(as => values.as === undefined || values.as === as);
if (values.list) console.log(wanted.map(({ name }) => name).join('\n'));
else if (values.inner !== undefined)
  await runInner(values.inner, values.runtime, values.as === 'user' ? 'user' : 'root');
else process.exitCode = await runOuter(resolve(values.runtime), resolve(values.reference));

async function runOuter(runtime: string, reference: string): Promise<number> {
  const missing = [runtime, ...(values.alone ? [] : [reference])].find(path => !existsSync(path));
  if (missing !== undefined) {
    console.error(`no such runtime: ${missing}`);
    return 2;
  }
  const dir = mkdtempSync(join(tmpdir(), 'chos-podman-'));
  chmodSync(dir, 0o711);
  const tag = `chos-podman-${process.pid}`;
  execFileSync('gcc', [
    '-static',
    '-std=c11',
    '-D_GNU_SOURCE',
    '-O1',
    '-o',
    join(dir, 'outside'),
    join(sources, 'outside.c'),
  ]);

  const verdicts: Verdict[] = [];
  for (const as of accounts) verdicts.push(...(await compared(runtime, reference, { dir, tag, as })));

  // Only now has the last conmon left the group that Podman makes for all of them and never removes.
  // In the hierarchies without a controller Podman also leaves those of pods.
  const groups = cgroupsNamed(tag);
  removeCgroups(withChildren(groups));
  const residue = [...residueOnHost(tag, dir)];
  const expected = accounts.flatMap(chosenFor).length;
  if (verdicts.length !== expected) residue.push(`only ${verdicts.length} of ${expected} cases ran`);
  rmSync(dir, { recursive: true, force: true });
  if (existsSync(dir)) residue.push(`${dir} cannot be removed`);
  const host: Verdict = {
    name: 'host/as-before',
    word: residue.length === 0 ? 'ok' : 'FAIL',
    reason: residue.join('; '),
  };
  console.log(formatVerdict(host, 0));
  verdicts.push(host);
  console.log(formatSummary(verdicts));
  return verdicts.some(({ word }) => word === 'FAIL') ? 1 : 0;
}

interface Session {
  readonly dir: string;
  readonly tag: string;
  readonly as: Account;
}

/** The cases of one account, under both runtimes at the same time. */
async function compared(runtime: string, reference: string, session: Session): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const theirs = new Map<string, Result>();
  const ours = new Map<string, Result>();
  // A verdict is printed as soon as both runtimes have shown the case.
  const look = (name: string) => {
    const mine = ours.get(name);
    const its = theirs.get(name);
    if (mine === undefined || (its === undefined && !values.alone)) return;
    const verdict = judge(mine, its, basename(reference));
    verdicts.push(verdict);
    const shown = session.as === 'user' ? `user/${name}` : name;
    console.log(formatVerdict({ ...verdict, name: shown }, mine.milliseconds));
    if (values.show) for (const one of [mine, its]) console.log(`      ${JSON.stringify(one?.outcome)}`);
  };
  const collect = (into: Map<string, Result>) => (result: Result) => {
    into.set(result.name, result);
    look(result.name);
  };
  await Promise.all([
    resultsOf(runtime, session, collect(ours)),
    ...(values.alone ? [] : [resultsOf(reference, session, collect(theirs))]),
  ]);
  return verdicts;
}

/**
 * One child for each runtime, in its own mount, network and pid namespace: with the last process of it, everything
 * that was started there ends.
 */
async function resultsOf(
  runtime: string,
  { dir, tag, as }: Session,
  take: (result: Result) => void,
): Promise<void> {
  const scratch = join(dir, `${as}-${basename(runtime)}`);
  mkdirSync(scratch);
  const inner = [
    self,
    '--inner',
    scratch,
    '--runtime',
    runtime,
    '--only',
    values.only,
    '--tag',
    tag,
    '--as',
    as,
  ];
  const unshare = [
    '--mount',
    '--propagation',
    'private',
    '--net',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
  ];
  const supervised = [join(dir, 'outside'), 'supervise', process.execPath, ...inner];
  const child = spawn('unshare', [...unshare, ...supervised], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise(done => child.on('exit', done));
  for await (const line of createInterface({ input: child.stdout })) take(JSON.parse(line) as Result);
  await ended;
}

async function runInner(scratch: string, path: string, as: Account): Promise<void> {
  const runtime = { name: basename(path), path };
  if (!values.prepared) {
    prepareMountNamespace(scratch, runtime.name, as);
    const id = String(USER);
    const become = as === 'root' ? [] : ['setpriv', '--reuid', id, '--regid', id, '--clear-groups'];
    const [program = '', ...args] = [...become, process.execPath, ...process.argv.slice(1), '--prepared'];
    spawnSync(program, args, { stdio: 'inherit', cwd: scratch });
    process.exit(0);
  }
  const outside = join(dirname(scratch), 'outside');
  const cgroupParent = `/${values.tag}-${runtime.name}`;
  await runCases({ runtime, outside, cgroupParent, dir: scratch, as }, chosenFor(as), result =>
    process.stdout.write(`${JSON.stringify(result)}\n`),
  );
  process.exit(0);
}
