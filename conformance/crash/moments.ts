/** What no step number can express: kills and signals from outside at any moment, and two commands at once. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, type Random } from '../harness/random.js';
import { type BundleKind, makeBundle } from './bundles.js';
import { childrenOf } from './kernel.js';
import { badError, check, compileFile, type Ended, engineCommand, type Lab, residue } from './lab.js';
import { deleteForce } from './stops.js';

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

let started = 0;
function begin(lab: Lab, argv: readonly string[]): Started {
  const name = join(lab.dir, `moment-${started++ % 8}`);
  const err = openSync(name, 'w+');
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', err],
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  closeSync(err);
  const ended = new Promise<Ended>(done =>
    child.once('exit', (code, signal) =>
      done({ code, signal, out: '', err: readFileSync(name, 'utf8'), late: false }),
    ),
  );
  return { child, ended };
}

/** Let a moment pass without giving anything up: the moment itself is what is varied. */
function spend(microseconds: number): void {
  const end = process.hrtime.bigint() + BigInt(microseconds) * 1_000n;
  while (process.hrtime.bigint() < end);
}

/** kill -9 of the command, or of init, somewhere in the first milliseconds. */
async function kills(lab: Lab, random: Random, rounds: number): Promise<void> {
  const id = `${lab.tag}-k`;
  const bundle = makeBundle(lab, { name: 'kills', change: () => undefined }, 'foreground');
  const image = await compileFile(lab, ['run', '--bundle', bundle.dir, 'id']);
  const command = engineCommand(lab, image, { ID: id, STATE_DIR: join(lab.root, id) });
  for (let round = 0; round < rounds; round++) {
    const run = begin(lab, command);
    const pid = run.child.pid ?? 0;
    const init = random.chance(50);
    if (init) for (let tries = 0; tries < 2_000 && childrenOf(pid).length === 0; tries++);
    spend(random.below(init ? 4_000 : 8_000));
    const [target = 0] = init ? childrenOf(pid) : [pid];
    try {
      if (target > 0) process.kill(target, 'SIGKILL');
    } catch {
      // It has ended already: one of the moments.
    }
    const ended = await run.ended;
    const complaints = init ? badError(ended, [0, 1, 137]).filter(text => !text.startsWith('0 lines')) : [];
    check(`kill -9 of ${init ? 'init' : 'the command'}, round ${round}`, [
      ...complaints,
      ...(await deleteForce(lab, id)),
      ...residue(lab, id),
    ]);
  }
}

/** SIGTERM and SIGINT to a command in the foreground. */
async function signals(lab: Lab, random: Random, rounds: number): Promise<void> {
  const id = `${lab.tag}-s`;
  const script = 'trap "exit 7" TERM INT; while :; do busybox sleep 3600 & wait $!; done';
  const kind: Pick<BundleKind, 'name' | 'change'> = {
    name: 'signals',
    change(config) {
      if (config.process) config.process.args = ['/bin/busybox', 'sh', '-c', script];
    },
  };
  const bundle = makeBundle(lab, kind, 'foreground');
  const image = await compileFile(lab, ['run', '--bundle', bundle.dir, 'id']);
  const command = engineCommand(lab, image, { ID: id, STATE_DIR: join(lab.root, id) });
  let forwarded = 0;
  for (let round = 0; round < rounds; round++) {
    const run = begin(lab, command);
    spend(random.below(15_000));
    run.child.kill(random.pick(['SIGTERM', 'SIGINT']));
    // Before the trap is set, the first process of a pid namespace does not get the signal: then delete ends it.
    const complaints = [...(await deleteForce(lab, id))];
    const ended = await run.ended;
    if (ended.code === 7) forwarded++;
    // 130: the shell's own end, when SIGINT comes while it sets its trap.
    if (ended.code !== null && ![1, 7, 130, 137].includes(ended.code))
      complaints.push(`exit code ${ended.code}: ${ended.err}`);
    if (ended.signal === 'SIGKILL') complaints.push('it did not end');
    complaints.push(...(await deleteForce(lab, id)), ...residue(lab, id));
    check(`a signal to run, round ${round}`, complaints);
  }
  console.log(`signals: ${forwarded} of ${rounds} were handled by the container`);
}

/** Pairs of commands on one container, begun within a few milliseconds of each other. */
async function pairs(lab: Lab, random: Random, rounds: number): Promise<void> {
  const id = `${lab.tag}-p`;
  const bundle = makeBundle(lab, { name: 'pairs', change: () => undefined }, 'create');
  const image = await compileFile(lab, ['create', '--bundle', bundle.dir, 'id']);
  const create = engineCommand(lab, image, { ID: id, STATE_DIR: join(lab.root, id) });
  const own = (...args: readonly string[]) => [lab.runtime, '--root', lab.root, ...args];
  const force = own('delete', '--force', id);
  const cases: readonly {
    readonly a: readonly string[];
    readonly b: readonly string[];
    readonly on: 'nothing' | 'created' | 'running';
    readonly winners?: number;
  }[] = [
    { a: create, b: create, on: 'nothing', winners: 1 },
    { a: create, b: force, on: 'nothing' },
    { a: own('start', id), b: own('start', id), on: 'created', winners: 1 },
    { a: own('start', id), b: force, on: 'created' },
    { a: force, b: force, on: 'running', winners: 2 },
    { a: own('kill', id, 'KILL'), b: force, on: 'running' },
    { a: own('exec', id, '/bin/busybox', 'true'), b: force, on: 'running' },
    { a: own('exec', id, '/bin/busybox', 'sleep', '3600'), b: force, on: 'running' },
    { a: own('state', id), b: force, on: 'running' },
  ];
  for (const { a, b, on, winners } of cases) {
    const shown = [a, b]
      .map(argv => (argv === create ? 'create' : argv.slice(3).join(' ').replace(id, 'ID')))
      .join(' + ');
    const slow = a.includes('exec');
    for (let round = 0; round < (slow ? Math.ceil(rounds / 4) : rounds); round++) {
      if (on !== 'nothing') await begin(lab, create).ended;
      if (on === 'running') await begin(lab, own('start', id)).ended;
      const [one, other] = random.chance(50) || slow ? [a, b] : [b, a];
      const first = begin(lab, one);
      spend(random.below(slow ? 150_000 : 6_000));
      const second = begin(lab, other);
      const ended = [await first.ended, await second.ended];
      const good = ended.filter(({ code }) => code === 0).length;
      check(`${shown}, round ${round}`, [
        ...ended.flatMap(one => badError(one, [0, 1, 137, 255]).filter(text => !text.startsWith('0 lines'))),
        ...(winners !== undefined && good !== winners
          ? [`${good} of them succeeded: ${ended.map(one => one.err).join(' ')}`]
          : []),
        ...(await deleteForce(lab, id)),
        ...residue(lab, id),
      ]);
    }
  }
}

export async function moments(lab: Lab, only: RegExp): Promise<void> {
  const random = createRandom(Number(process.env.CRASH_SEED ?? 20_250_101));
  for (const [name, group] of Object.entries({ kills, signals, pairs })) {
    if (!only.test(`moments ${name}`)) continue;
    const began = performance.now();
    await group(lab, random, name === 'pairs' ? 12 : 100);
    console.log(`moments, ${name}: ${Math.round(performance.now() - began)} ms`);
  }
}
