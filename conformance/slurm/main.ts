/** chos-runtime under the real Slurm: `node build/conformance/slurm.mjs [--runtime PATH] [--only PATTERN]`. */
import { readdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { type PartCase, runPart } from '../harness/part.js';
import { type Slurm, startSlurm } from './slurm.js';

/** Slurm deletes the container after the job's end; srun may be back before. */
async function gone({ root }: Slurm): Promise<void> {
  const began = performance.now();
  for (let left = readdirSync(root); left.length > 0; left = readdirSync(root)) {
    if (performance.now() - began > 10_000) throw new Error(`left in ${root}: ${left.join()}`);
    await new Promise(setImmediate);
  }
}

const cases: readonly PartCase<Slurm>[] = [
  {
    name: 'output and exit code',
    drive: async s => {
      const script = 'echo in a container; cat /proc/1/comm; exit 3';
      const { code, stdout, stderr } = await s.call(
        'srun',
        `--container=${s.bundle}`,
        '/bin/sh',
        '-c',
        script,
      );
      assert.is(code, 3, stderr);
      assert.is(stdout, 'in a container\nsh\n');
      await gone(s);
    },
  },
  {
    name: 'a command that is not there',
    drive: async s => {
      const { code, stderr } = await s.call('srun', `--container=${s.bundle}`, '/bin/nosuch');
      assert.is.not(code, 0);
      assert.match(stderr, /\/bin\/nosuch.*No such file or directory/);
      await gone(s);
    },
  },
  {
    name: 'input and environment',
    drive: async s => {
      const script = `/bin/echo typed | srun --export=ALL,GIVEN=yes --container=${s.bundle} /bin/sh -c 'cat; echo $GIVEN'`;
      const { code, stdout, stderr } = await s.call('sh', '-c', script);
      assert.equal([code, stdout], [0, 'typed\nyes\n'], stderr);
      await gone(s);
    },
  },
  {
    name: 'scancel ends the container',
    drive: async (s, id) => {
      const script = 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done';
      const running = s.begin('srun', '-J', id, `--container=${s.bundle}`, '/bin/sh', '-c', script);
      await running.printed('ready');
      assert.is(readdirSync(s.root).length, 1);
      assert.is((await s.call('scancel', '-n', id)).code, 0);
      await running.done;
      await gone(s);
    },
  },
];

await runPart(import.meta.url, {
  name: 'slurm',
  unshare: ['--net', '--uts'],
  cases,
  start: ({ dir, runtime }) => startSlurm(dir, runtime),
  traces: () => [],
});
