/**
 * `make bench`: all contenders side by side, in one run, on this machine.
 *
 *   node build/conformance/bench.mjs [--quick] [--only PATTERN] [--write-docs] [--list] [--seed N] [--rounds N]
 *
 * Exit code 0: everything that is here was measured (a missed target is a line in the table, not a failure).
 * 1: a contender that is here failed, or something was left behind. 2: wrong use.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeRootfs, makeShares } from './bundle.js';
import { names, program, suites, type Tools } from './contenders.js';
import { rewriteFigures } from './docs.js';
import { type Result, standing } from './figures.js';
import { hostTraces, mountPoints } from './host.js';
import {
  environmentNames,
  environments,
  type LinkCost,
  type Measured,
  measureEnvironments,
  measureLink,
} from './machine.js';
import { variants } from './pinned.js';
import { runPlan } from './plan.js';
import { plot } from './plot.js';
import { type Context, type Scenario, scenarios } from './scenarios.js';
import { aligned, markdown, memoryRows, missingRows, type Rows, timeRows, verdictRows } from './table.js';
import { judge, judgeLink } from './targets.js';
import { userNames, usersScenario } from './users.js';

const here = dirname(fileURLToPath(import.meta.url));
const top = resolve(here, '../..');

/** The trees of `crun-of`; why there is none is told. */
const treesOf = (): Tools['trees'] => {
  const made: Record<string, string> = {};
  for (const suite of Object.values(suites)) {
    const { status, stdout, stderr } = spawnSync(join(top, 'conformance/bench/crun-of'), [suite], {
      encoding: 'utf8',
    });
    if (status === 0) made[suite] = stdout.trim();
    else process.stderr.write(`crun of ${suite}: ${stderr.trim()}\n`);
  }
  return made;
};

let trees: Tools['trees'] | undefined;
const tools: Tools = {
  chos: join(top, 'build/chos-runtime'),
  bun: join(top, 'build/bun/chos-runtime'),
  get trees() {
    trees ??= treesOf();
    return trees;
  },
  floor: join(here, 'floor'),
  timer: join(here, 'timer'),
};
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const usage = 'usage: bench.mjs [--quick] [--only PATTERN] [--write-docs] [--list] [--seed N] [--rounds N]';

const readOptions = () => {
  try {
    return parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        'write-docs': { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        seed: { type: 'string', default: '20041' },
        rounds: { type: 'string', default: '0' },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}\n`);
    return undefined;
  }
};

/** crun 1.8 refuses hybrid cgroups: without the v2 mount the same machine is plain v1, for everybody. */
const standardPreparation = (): readonly (readonly string[])[] => [
  ...(mountPoints().includes('/sys/fs/cgroup/unified') ? [['umount', '/sys/fs/cgroup/unified']] : []),
  ['tmpfs', '/run'],
  ['proc'],
  ['null'],
];

interface Effort {
  readonly quick: boolean;
  readonly rounds: number;
  readonly seed: number;
}

const runScenario = (scenario: Scenario, context: Context, effort: Effort): Result => {
  const race = scenario.set(context);
  const rounds = effort.rounds || (effort.quick ? 2 : scenario.rounds);
  const outcomes = runPlan(tools.timer, context.directory, {
    seed: effort.seed,
    rounds,
    warmup: effort.quick ? 1 : 3,
    gap: effort.quick ? Math.min(scenario.gap ?? 0, 10) : (scenario.gap ?? 0),
    prepare: [...standardPreparation(), ...(race.prepare ?? [])],
    contestants: race.contestants,
  });
  scenario.clean?.();
  const total = scenario.id.startsWith('cycle');
  return {
    id: scenario.id,
    title: scenario.title,
    gap: scenario.gap ?? 0,
    standings: [...outcomes, ...race.absent].map(outcome => standing(outcome, total)),
  };
};

/** First line of `--version`, for the record. */
const versionOf = ([path = '', ...before]: readonly string[]): string =>
  spawnSync(path, [...before, '--version'], { encoding: 'utf8' }).stdout?.split('\n')[0] || 'absent';

const machine = (): string => {
  const model = cpus()[0]?.model.trim() || 'unknown CPU';
  return `Linux ${release()}, ${cpus().length} x ${model}, Node ${process.version}`;
};

const linkScenario = 'kernel-link';

const report = (
  results: readonly Result[],
  cost: LinkCost | undefined,
  draw: (rows: Rows) => string,
): string => {
  const pinnedNames: readonly string[] = variants;
  const pinned = results.filter(({ id }) => id.startsWith('pinned'));
  const emulated = results.filter(({ id }) => id === environments);
  const users = results.filter(({ id }) => id === usersScenario.id);
  const onThisMachine = results.filter(({ id }) => id !== environments && id !== usersScenario.id);
  const parts = [
    draw(verdictRows([...judge(results), ...judgeLink(cost)])),
    draw(timeRows(onThisMachine, [...names, 'node'])),
    draw(memoryRows(results, names)),
    draw(timeRows(pinned, pinnedNames).map(row => row.slice(0, pinnedNames.length + 1))),
    draw(timeRows(users, userNames).map(row => row.slice(0, userNames.length + 1))),
    draw(timeRows(emulated, environmentNames).map(row => row.slice(0, environmentNames.length + 1))),
  ];
  return parts.filter(part => part.trim().split('\n').length > (draw === markdown ? 2 : 1)).join('\n');
};

const publish = (
  results: readonly Result[],
  cost: LinkCost | undefined,
  effort: Effort,
  writeDocs: boolean,
): void => {
  const out = join(top, 'build/bench');
  mkdirSync(out, { recursive: true });
  const versions = names
    .filter(name => /^(crun|runc)/.test(name))
    .map(name => versionOf(program(name, tools)).replace(/^(crun|runc)/, name));
  const about = { machine: machine(), date: new Date().toISOString(), versions, ...effort };
  const verdicts = [...judge(results), ...judgeLink(cost)];
  writeFileSync(
    join(out, 'results.json'),
    `${JSON.stringify({ ...about, verdicts, results, kernelLink: cost }, null, 1)}\n`,
  );
  writeFileSync(join(out, 'results.svg'), plot(results, machine()));
  say(`\n${report(results, cost, aligned)}`);
  const missing = missingRows(results);
  if (missing.length) say(missing.map(row => row.join(' ')).join('\n'));
  say(`written: ${join(out, 'results.json')}, results.svg`);
  if (!writeDocs) return;
  const away = missing.length ? `\nNot measured: ${missing.map(([key]) => key).join('; ')}.\n` : '';
  const text = `Measured ${about.date.slice(0, 10)} on ${about.machine}, ${versions.join(', ')}.\n\n![medians](benchmarks.svg)\n\n${report(results, cost, markdown)}${away}`;
  const page = join(top, 'docs/benchmarks.md');
  const written = existsSync(page) ? rewriteFigures(page, text) : { status: 'no-markers', path: page };
  if (written.status === 'written') copyFileSync(join(out, 'results.svg'), join(top, 'docs/benchmarks.svg'));
  say(written.status === 'written' ? `rewritten: ${page}` : `${page}: no place for figures`);
};

/** A machine that did not come to its end is a failed contender, told like the others. */
const inMachine = async <T>(title: string, measure: () => Promise<Measured<T>>): Promise<T | undefined> => {
  process.stderr.write(`${title} ...\n`);
  const measured = await measure();
  if (measured.kind === 'measured') return measured.value;
  say(`${title}: ${measured.reason}`);
  return undefined;
};

const main = async (): Promise<number> => {
  const options = readOptions();
  if (options === undefined) return 2;
  const wanted = (id: string): boolean => new RegExp(options.only).test(id);
  const chosen = scenarios.filter(({ id }) => wanted(id));
  if (options.list) {
    for (const { id, title } of chosen) say(`${id.padEnd(22)} ${title}`);
    if (wanted(environments))
      say(`${environments.padEnd(22)} environment with 1000 shares, in a virtual machine`);
    if (wanted(linkScenario))
      say(`${linkScenario.padEnd(22)} what the kernel module costs, in a virtual machine`);
    return 0;
  }
  if (process.getuid?.() !== 0) {
    process.stderr.write('bench: needs root (mount, pid and network namespaces)\n');
    return 2;
  }
  const effort = { quick: options.quick, rounds: Number(options.rounds), seed: Number(options.seed) };
  const directory = mkdtempSync(join(tmpdir(), 'chosbench-'));
  const before = hostTraces();
  const results: Result[] = [];
  let cost: LinkCost | undefined;
  let incomplete = false;
  try {
    const context = { tools, directory, rootfs: makeRootfs(directory) };
    makeShares(directory, context.rootfs, 1);
    for (const scenario of chosen) {
      process.stderr.write(`${scenario.title} ...\n`);
      results.push(runScenario(scenario, context, effort));
    }
    if (wanted(environments)) {
      const rounds = effort.rounds || (effort.quick ? 2 : 20);
      const title = 'environment with 1000 shares, in a virtual machine';
      const result = await inMachine(title, () => measureEnvironments(top, context.rootfs, rounds));
      if (result) results.push(result);
      else incomplete = true;
    }
    if (wanted(linkScenario)) {
      cost = await inMachine('what the kernel module costs, in a virtual machine', measureLink);
      incomplete ||= cost === undefined;
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  publish(results, cost, effort, options['write-docs']);
  const left = hostTraces().filter(trace => !before.includes(trace));
  for (const trace of left) say(`left behind: ${trace}`);
  const failed = results.some(({ standings }) =>
    standings.some(({ missing }) => missing?.status === 'failed'),
  );
  return failed || incomplete || left.length ? 1 : 0;
};

process.exitCode = await main();
