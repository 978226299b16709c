/** The command lines of CRI-O and of containerd's shim for one container, from first to last, with what each of them reads. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { fileHolds } from '../../harness/processes.js';
import { type Driver, type RuntimeOptions, test } from '../case.js';

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
}

/** A process.json that ends with that exit code. */
function processFile(t: Driver, code: number): string {
  const path = join(t.dir, `process-${code}`);
  writeFileSync(path, JSON.stringify({ ...t.config.process, args: ['/bin/reporter', 'exit', String(code)] }));
  return path;
}

/** Calls for one container with the same global options; each has to give that exit code. */
function caller(t: Driver, common: RuntimeOptions) {
  return async (
    line: string,
    { code = 0, stdin }: { readonly code?: number; readonly stdin?: string } = {},
  ) => {
    const [command = '', ...args] = line.split(' ');
    const options = stdin === undefined ? common : { ...common, stdin };
    const finished = await t.call(command, args, options);
    assert.is(finished.code, code, `${line}: ${finished.stderr}`);
    return finished;
  };
}

function resourcesFile(t: Driver): string {
  const path = join(t.dir, 'resources');
  writeFileSync(path, '{"pids":{"limit":55}}');
  return path;
}

const pidIn = (file: string): number => Number(readFileSync(file, 'utf8'));

test('lives/of-cri-o', {
  as: ['root'],
  config: sleeping,
  drive: async t => {
    const { id } = t;
    const [bundle, pidFile, execPid] = [t.bundle.dir, join(t.dir, 'pidfile'), join(t.dir, 'exec-pidfile')];
    const call = caller(t, { cwd: '/' });
    // By way of conmon.
    const throughConmon = async (...args: readonly string[]) => {
      const running = t.helper([t.runtime.path, `--root=${t.root}`, ...args]);
      const { code, stderr } = await running.done;
      assert.is(code, 0, stderr);
      return running;
    };
    const { stdoutFile } = await throughConmon('create', '--bundle', bundle, '--pid-file', pidFile, id);
    const state = async (): Promise<Record<string, unknown>> =>
      JSON.parse((await call(`state ${id}`)).stdout);
    assert.is((await state()).status, 'created');
    await call(`start ${id}`);
    await fileHolds(stdoutFile, 'ready', 30_000);
    const { created, pid } = await state();
    assert.match(String(created), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
    assert.is(pid, pidIn(pidFile));

    await call(`exec --process ${processFile(t, 7)} ${id}`, { code: 7 });
    await throughConmon('exec', '--pid-file', execPid, '--process', processFile(t, 8), '--detach', id);
    assert.is(await t.orphans.exited(pidIn(execPid)), 8);
    await call(`update --resources - ${id}`, { stdin: resourcesFile(t) });
    await call(`pause ${id}`);
    assert.is((await state()).status, 'paused');
    await call(`resume ${id}`);

    await call(`kill ${id} SIGCONT`);
    await call(`kill ${id} KILL`);
    assert.is(await t.orphans.exited(pidIn(pidFile)), 137);
    assert.is((await state()).status, 'stopped');
    assert.match(
      (await call(`kill ${id} TERM`, { code: 1 })).stderr,
      /no such process|container not running/,
    );
    await call(`delete --force ${id}`);
    await call(`delete --force ${id}`);
  },
});

test('lives/of-containerd', {
  as: ['root'],
  config: sleeping,
  drive: async t => {
    const { id } = t;
    const bundle = t.bundle.dir;
    const log = join(bundle, 'log.json');
    const call = caller(t, { cwd: bundle, global: ['--log', log, '--log-format', 'json'] });
    await call(`create --bundle ${bundle} --pid-file ${bundle}/init.pid ${id}`);
    await call(`start ${id}`);
    const pid = pidIn(`${bundle}/init.pid`);
    assert.equal(JSON.parse((await call(`ps --format json ${id}`)).stdout), [pid]);

    await call(`exec --process ${processFile(t, 9)} --detach --pid-file ${bundle}/e.pid ${id}`);
    assert.is(await t.orphans.exited(pidIn(`${bundle}/e.pid`)), 9);
    await call(`update --resources=- ${id}`, { stdin: resourcesFile(t) });
    await call(`pause ${id}`);
    await call(`resume ${id}`);
    assert.is(JSON.parse((await call(`list --format=json`)).stdout)[0].status, 'running');

    await call(`kill ${id} 9`);
    assert.is(await t.orphans.exited(pid), 137);
    await call(`delete ${id}`);
    // What the shim shows to people is the last error of this file.
    const said = existsSync(log) ? readFileSync(log, 'utf8') : '';
    assert.not.match(said, '"level":"error"');
    await call(`delete --force ${id}`);
  },
});
