import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Bundle, configure, type Programs } from '../harness/bundle.js';
import type { Config } from '../harness/config.js';
import {
  defaultEnv,
  type Finished,
  type LaunchOptions,
  launch,
  type Orphans,
  type Running,
} from '../harness/processes.js';
import { asks } from '../harness/service.js';
import { type Caller, giveTo } from './callers.js';
import { Senseless, senselessFor } from './callers-skips.js';
import type { Created, Driver, NamedCase, RuntimeOptions, Seen, State } from './case.js';
import { type Answer, isReport, jsonLines, type Report } from './report.js';

export interface RuntimeUnderTest {
  readonly name: string;
  readonly path: string;
}

/** Named by the file: deviations are listed for `crun` and `runc`. */
export function runtimeUnderTest(path: string): RuntimeUnderTest {
  return { name: basename(path), path };
}

export interface Surroundings {
  readonly runtime: RuntimeUnderTest;
  readonly programs: Programs;
  readonly caller: Caller;
  readonly orphans: Orphans;
  readonly supervisor: number;
  readonly dir: string;
  readonly id: string;
  readonly bundle: Bundle;
}

export interface DriverWithCleanup extends Driver {
  /** How often it has called a command for which the service is asked, where there is one. */
  asked(): number;
  /** Deletes the containers and undoes the rest; returns what went wrong in doing so. */
  cleanup(): Promise<readonly string[]>;
}

/** The driver of one case. */
export function makeDriver(around: Surroundings, definition: NamedCase): DriverWithCleanup {
  const { runtime, dir, id, bundle, programs, caller } = around;
  const root = join(dir, 'root');
  const ids = [id];
  const helpers: Running[] = [];
  const undos: (() => void)[] = [];
  let asked = 0;
  const cgroupsPath = `/${id}`;
  let config = write(() => undefined);

  function write(change: (config: Config) => void): Config {
    const asked = (base: Config): void => {
      if (definition.probes !== undefined) base.process.args = reporterArgs(['report', ...definition.probes]);
      definition.config?.(base, bundle);
      change(base);
    };
    const written = configure(bundle, cgroupsPath, asked, caller.adapt);
    // What has been mounted into it is not the case's to give away.
    if (undos.length === 0) giveTo(caller, bundle.dir);
    return written;
  }

  function launchAs(argv: readonly string[], options: LaunchOptions): Running {
    const env = { ...caller.env, ...(options.env ?? defaultEnv) };
    const owner = caller.owner ? { owner: caller.owner } : {};
    return launch(argv, dir, { ...options, env, ...owner });
  }

  function begin(command: string, args: readonly string[], options: RuntimeOptions = {}): Running {
    if (asks(command)) asked++;
    const global = ['--root', root, ...(options.global ?? [])];
    const through = [...(options.throughRoot ?? []), ...caller.through, ...(options.through ?? [])];
    const argv = [...through, runtime.path, ...global, command, ...args];
    const running = launchAs(argv, { cwd: bundle.dir, ...options });
    helpers.push(running);
    return running;
  }

  const driver: DriverWithCleanup = {
    id,
    dir,
    bundle,
    root,
    programs,
    runtime,
    caller: caller.name,
    orphans: around.orphans,
    supervisor: around.supervisor,
    get config() {
      return config;
    },
    configure(change) {
      config = write(change);
      const senseless = senselessFor(caller.name, definition, config);
      if (senseless !== undefined) throw new Senseless(senseless);
    },
    begin,
    asked: () => asked,
    call: async (command, args, options) => inTime(command, await begin(command, args, options).done),
    async create(args = [], options = {}): Promise<Created> {
      const pidFile = join(dir, 'pid');
      const running = begin('create', ['--bundle', bundle.dir, '--pid-file', pidFile, ...args, id], options);
      const finished = inTime('create', await running.done);
      assert.is(finished.code, 0, `create: ${finished.stderr.trim()}`);
      const pid = Number(readFileSync(pidFile, 'utf8'));
      return {
        pid,
        output: () => readFileSync(running.stdoutFile, 'utf8'),
        printed: running.printed,
        ended: () => around.orphans.exited(pid),
      };
    },
    async start() {
      const finished = await driver.call('start', [id]);
      assert.is(finished.code, 0, `start: ${finished.stderr.trim()}`);
    },
    async state(): Promise<State> {
      const finished = await driver.call('state', [id]);
      assert.is(finished.code, 0, `state: ${finished.stderr.trim()}`);
      return JSON.parse(finished.stdout) as State;
    },
    run: (args = [], options) => driver.call('run', ['--bundle', bundle.dir, ...args, id], options),
    exec: (args, options) => driver.call('exec', args, options),
    helper(argv, options) {
      const running = launchAs([...caller.through, ...argv], { deadlineMs: 30_000, ...options });
      helpers.push(running);
      return running;
    },
    anotherId() {
      const other = `${id}-${ids.length}`;
      ids.push(other);
      return other;
    },
    mount(...args) {
      execFileSync('mount', args);
      if (args[0]?.startsWith('--make-')) return;
      undos.push(() => execFileSync('umount', ['-l', args.at(-1) ?? '']));
    },
    afterwards: undo => void undos.push(undo),
    async cleanup() {
      const complaints: string[] = [];
      for (const one of ids) {
        const deleted = await begin('delete', ['--force', one]).done;
        if (deleted.code !== 0)
          complaints.push(`delete --force ${one} exited ${deleted.code}: ${deleted.stderr.trim()}`);
      }
      for (const running of helpers) running.kill('SIGKILL');
      await Promise.all(helpers.map(running => running.done));
      for (const undo of undos.reverse()) {
        try {
          undo();
        } catch (error) {
          complaints.push(String(error));
        }
      }
      return complaints;
    },
  };
  return driver;
}

function inTime(command: string, finished: Finished): Finished {
  assert.not.ok(finished.timedOut, `${command} did not come back: ${finished.stderr.trim()}`);
  return finished;
}

/** `report` and probes as the reporter's command line. */
export function reporterArgs(probes: readonly string[]): string[] {
  const words = probes.flatMap((probe, index) => [...(index === 0 ? [] : [',']), ...probe.split(' ')]);
  return ['/bin/reporter', ...words];
}

/** Parses what the reporter printed; `probes` gives the answers their names. */
export function seenBy(driver: Driver, finished: Finished, probes: readonly string[]): Seen {
  const lines = jsonLines(finished.stdout);
  const report = lines.find(isReport);
  const answers = lines.filter((line): line is Answer => !isReport(line));
  return {
    get report(): Report {
      if (report === undefined) throw new Error(`no report: ${finished.stdout}${finished.stderr}`);
      return report;
    },
    at(probe) {
      const answer = answers[probes.indexOf(probe)];
      if (answer === undefined)
        throw new Error(`no answer to ${probe}: ${finished.stdout}${finished.stderr}`);
      return answer;
    },
    finished,
    caller: driver.caller,
    config: driver.config,
    dir: driver.dir,
  };
}
