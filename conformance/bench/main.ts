/**
 * `make bench`: all contenders side by side, in one run, on this machine.
 *
 *   node build/conformance/bench.mjs [--quick] [--only PATTERN] [--write-docs] [--list] [--seed N] [--rounds N]
 *
 * Exit code 0: everything that is here was measured (a missed target is a line in the table, not a failure).
 * 1: a contender that is here failed, or something was left behind. 2: wrong use.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AGAIN_DIRECTORY } from '../../spec/reuse.js';
import { STATE_ROOT } from '../../spec/state-root.js';
import { makeRootfs, makeShares } from './bundle.js';
import { names, program, suites, type Tools } from './contenders.js';
import { type Place, rewriteFigures } from './docs.js';
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
import type { Context, Scenario } from './race.js';
import { scenarios } from './scenarios.js';
import { aligned, markdown, memoryRows, missingRows, type Rows, timeRows, verdictRows } from './table.js';
import { judge, judgeLink } from './targets.js';
import { userNames, usersScenario } from './users.js';
import { warmNames } from './warm.js';

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
  get node() {
    // What the engine was built with.
    const [command = ''] = readFileSync(join(top, 'build/gen/node'), 'utf8').split('\n');
    return command.split(' ');
  },
  emptyBun: join(here, 'empty-bun'),
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
/** A file in the place of what is left of starts: each is compiled. */
const compileEach = `mkdir -p -m 700 ${STATE_ROOT} && : >${STATE_ROOT}/${AGAIN_DIRECTORY}`;

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

const runScenario = (scenario: Scenario, context: Omit<Context, 'rounds'>, effort: Effort): Result => {
  const once = scenario.rounds === 1;
  const rounds = once ? 1 : effort.rounds || (effort.quick ? 2 : scenario.rounds);
  const warmup = once ? 0 : effort.quick ? 1 : 3;
  const race = scenario.set({ ...context, rounds: rounds + warmup });
  const outcomes = runPlan(tools.timer, context.directory, {
    seed: effort.seed,
    rounds,
    warmup,
    gap: effort.quick ? Math.min(scenario.gap ?? 0, 10) : (scenario.gap ?? 0),
    prepare: [
      ...standardPreparation(),
      ...(scenario.again === true ? [] : [['setup', '/bin/sh', '-c', compileEach]]),
      ...(race.prepare ?? []),
    ],
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

const isWarm = ({ standings }: Result): boolean => standings.some(({ name }) => name.startsWith('warm'));
const coldNames = names.filter(name => !name.startsWith('warm'));

interface Measurements {
  readonly results: readonly Result[];
  readonly cost: LinkCost | undefined;
}

const report = ({ results, cost }: Measurements, draw: (rows: Rows) => string, place?: Place): string => {
  const of = (ids: readonly string[]): readonly Result[] => results.filter(({ id }) => ids.includes(id));
  const verdicts = [...judge(results), ...judgeLink(cost)].filter(
    ({ apart }) => place === undefined || apart === (place !== 'figures'),
  );
  const apart = [environments, usersScenario.id];
  const warm = results.filter(isWarm);
  const cold = results.filter(result => !isWarm(result) && !apart.includes(result.id));
  // The columns are these contenders alone; `ratios`: of the columns that follow them.
  const table = (some: readonly Result[], who: readonly string[], ratios = 0): string =>
    draw(timeRows(some, who).map(row => row.slice(0, who.length + 1 + ratios)));
  const parts = [
    draw(verdictRows(verdicts)),
    table(cold, [...coldNames, 'node', 'empty, Bun'], 2),
    table(warm, warmNames, 1),
    draw(memoryRows(results, coldNames)),
    table(
      results.filter(({ id }) => id.startsWith('pinned')),
      variants,
    ),
    table(of([usersScenario.id]), userNames),
    table(of([environments]), environmentNames),
  ];
  return parts.filter(part => part.trim().split('\n').length > (draw === markdown ? 2 : 1)).join('\n');
};

/** What was measured by name alone has a place of its own. */
const places = ({ results, cost }: Measurements): readonly (readonly [Place, Measurements])[] => {
  const long = scenarios.filter(({ apart }) => apart).map(({ id }) => id);
  const parts: readonly (readonly [Place, Measurements])[] = [
    ['figures', { results: results.filter(({ id }) => !long.includes(id)), cost }],
    ['figures of long runs', { results: results.filter(({ id }) => long.includes(id)), cost: undefined }],
  ];
  return parts.filter(([, part]) => part.results.length > 0 || part.cost !== undefined);
};

const publish = (measured: Measurements, effort: Effort, writeDocs: boolean): void => {
  const { results, cost } = measured;
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
  say(`\n${report(measured, aligned)}`);
  const missing = missingRows(results);
  if (missing.length) say(missing.map(row => row.join(' ')).join('\n'));
  say(`written: ${join(out, 'results.json')}, results.svg`);
  if (!writeDocs) return;
  const page = join(top, 'docs/benchmarks.md');
  for (const [place, part] of places(measured)) {
    const absent = missingRows(part.results).map(([key]) => key);
    const away = absent.length ? `\nNot measured: ${absent.join('; ')}.\n` : '';
    const picture = place === 'figures' ? '![medians](benchmarks.svg)\n\n' : '';
    const text = `Measured ${about.date.slice(0, 10)} on ${about.machine}, ${versions.join(', ')}.\n\n${picture}${report(part, markdown, place)}${away}`;
    const written = existsSync(page)
      ? rewriteFigures(page, place, text)
      : { status: 'no-markers', path: page };
    if (written.status === 'written' && place === 'figures')
      copyFileSync(join(out, 'results.svg'), join(top, 'docs/benchmarks.svg'));
    say(written.status === 'written' ? `rewritten: ${page}, ${place}` : `${page}: no place for ${place}`);
  }
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
  const chosen = scenarios.filter(
    ({ id, apart }) => wanted(id) && (options.only !== '' || options.list || !apart),
  );
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
    const context = { tools, directory, rootfs: makeRootfs(directory), quick: effort.quick };
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
  publish({ results, cost }, effort, options['write-docs']);
  const left = hostTraces().filter(trace => !before.includes(trace));
  for (const trace of left) say(`left behind: ${trace}`);
  const failed = results.some(({ standings }) =>
    standings.some(({ missing }) => missing?.status === 'failed'),
  );
  return failed || incomplete || left.length ? 1 : 0;
};

process.exitCode = await main();
