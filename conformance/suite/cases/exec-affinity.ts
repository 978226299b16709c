/** process.execCPUAffinity (config.md, "Process"): the CPUs of exec before and after it enters the container's cgroups. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Driver, test } from '../case.js';

/** The CPUs of a process, as the kernel lists them. */
const cpusOf = (status: string): string => /^Cpus_allowed_list:\t(.*)$/m.exec(status)?.[1] ?? 'none';

const oneCpu = availableParallelism() < 2 ? 'needs two CPUs' : undefined;
const telling = ['/bin/sh', '-c', '/bin/busybox cat /proc/self/status; read -r line'];
const affinity = (t: Driver, execCPUAffinity: object, args = telling): string => {
  const file = join(t.dir, 'process.json');
  writeFileSync(file, JSON.stringify({ ...t.config.process, args, execCPUAffinity }));
  return file;
};

for (const [name, given, command] of [
  ['initial-and-final', { initial: '0', final: '1' }, /^1$/],
  ['initial-alone-is-lifted', { initial: '0' }, /^0-/],
  ['final-alone', { final: '1' }, /^1$/],
  ['both-empty', { initial: '', final: '' }, /^0-/],
] as const) {
  test(`exec/cpu-affinity-${name}`, {
    skip: () => oneCpu,
    config: c => {
      c.process.args = ['/bin/reporter', 'sleep'];
    },
    drive: async t => {
      await t.create();
      await t.start();
      const input = join(t.dir, 'input');
      execFileSync('mkfifo', [input]);
      const writer = openSync(input, 'r+');
      t.afterwards(() => closeSync(writer));
      const running = t.begin('exec', ['--process', affinity(t, given), t.id], { stdin: input });
      const inside = await running.printed('Cpus_allowed_list');
      const own = readFileSync(`/proc/${running.pid}/status`, 'utf8');
      writeSync(writer, '\n');
      assert.is((await running.done).code, 0);
      assert.match(cpusOf(inside), command);
      if ('initial' in given && given.initial !== '') assert.is(cpusOf(own), given.initial, 'of the runtime');
    },
  });
}

test('exec/cpu-affinity-that-the-host-has-not', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create();
    await t.start();
    for (const given of [{ initial: '8191' }, { final: '8191' }, { final: '8192' }, { final: '1-0' }]) {
      const finished = await t.exec(['--process', affinity(t, given, ['/bin/end']), t.id]);
      assert.is.not(finished.code, 7, JSON.stringify(given));
      assert.is.not(finished.stderr, '');
    }
  },
});
