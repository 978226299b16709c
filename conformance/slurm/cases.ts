/** What users of Slurm do, each as root and as a user without privileges. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { cgroupsNamed } from '../harness/host-check.js';
import { besideStarts } from '../harness/left-programs.js';
import type { PartCase } from '../harness/part.js';
import type { Finished } from '../harness/processes.js';
import { cpus as atOnce, gres, gresDevice, node, type Slurm, type User, userNames } from './slurm.js';

interface Context extends User {
  /** For the files of the job. */
  readonly dir: string;
  readonly slurm: Slurm;
  /** A name for the job. */
  readonly id: string;
  srun(script: string, ...options: readonly string[]): Promise<Finished>;
  /** Submits, waits for the end, and gives what the job's output file holds. */
  sbatch(
    script: string,
    ...options: readonly string[]
  ): Promise<{ readonly job: string; readonly code: number }>;
}

async function until(done: () => boolean, what: () => string): Promise<void> {
  const began = performance.now();
  while (!done()) {
    if (performance.now() - began > 120_000) throw new Error(what());
    await new Promise(setImmediate);
  }
}

/** Slurm deletes the container after the job's end; srun may be back before. */
const gone = ({ root }: User): Promise<void> =>
  until(
    () => besideStarts(root).length === 0,
    () => `left in ${root}: ${besideStarts(root).join()}`,
  );

function contextOf(slurm: Slurm, user: User, id: string): Context {
  return {
    ...user,
    dir: join(user.bundle, '..'),
    slurm,
    id,
    srun: (script, ...options) =>
      user.call('srun', ...options, `--container=${user.bundle}`, '/bin/sh', '-c', script),
    sbatch: async (script, ...options) => {
      const file = join(user.bundle, '../job.sh');
      writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const container = `--container=${user.bundle}`;
      const { code, stdout } = await user.call('sbatch', '--wait', '--parsable', container, ...options, file);
      return { job: stdout.trim(), code };
    },
  };
}

/** The first line of a job's output. Slurm 22.05 adds an error of its own there when it asks for the state of what has ended, under every runtime. */
const said = (file: string): string | undefined => readFileSync(file, 'utf8').split('\n')[0];

type Definition = readonly [name: string, drive: (c: Context) => Promise<void>];

const definitions: readonly Definition[] = [
  [
    'output and exit code',
    async c => {
      const { code, stdout, stderr } = await c.srun('echo in a container; cat /proc/1/comm; exit 3');
      assert.is(code, 3, stderr);
      assert.is(stdout, 'in a container\nsh\n');
    },
  ],
  [
    'a command that is not there',
    async c => {
      const { code, stderr } = await c.call('srun', `--container=${c.bundle}`, '/bin/nosuch');
      assert.is.not(code, 0);
      assert.match(stderr, /\/bin\/nosuch.*No such file or directory/);
    },
  ],
  [
    'input and environment',
    async c => {
      const script = `/bin/echo typed | srun --export=ALL,GIVEN=yes --container=${c.bundle} /bin/sh -c 'cat; echo $GIVEN'`;
      const { code, stdout, stderr } = await c.call('sh', '-c', script);
      assert.equal([code, stdout], [0, 'typed\nyes\n'], stderr);
    },
  ],
  [
    'a terminal',
    async c => {
      const words = `srun --pty --container=${c.bundle} /bin/sh -c 'test -t 0 && test -t 1 && echo both'`;
      const { code, stdout } = await c.call('script', '-qec', words, '/dev/null');
      // script(1), whose own stdin is at its end, may show that before it.
      assert.match(stdout, /both\r\n$/);
      assert.is(code, 0);
    },
  ],
  [
    'scancel ends the container',
    async c => {
      const script = 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done';
      const running = c.begin('srun', '-J', c.id, `--container=${c.bundle}`, '/bin/sh', '-c', script);
      await running.printed('ready');
      assert.is(besideStarts(c.root).length, 1);
      assert.is((await c.call('scancel', '-n', c.id)).code, 0);
      await running.done;
    },
  ],
  [
    'a batch job, with a step in the job’s container',
    async c => {
      const out = join(c.dir, 'batch.out');
      const { code } = await c.sbatch('echo batch $SLURM_JOB_NAME; exit 4', '-J', c.id, '-o', out);
      assert.equal([code, said(out)], [4, `batch ${c.id}`]);
    },
  ],
  [
    'an array of jobs',
    async c => {
      const { code } = await c.sbatch(
        'echo $SLURM_ARRAY_TASK_ID',
        '-a',
        '1-5',
        '-o',
        join(c.dir, 'array-%a.out'),
      );
      assert.is(code, 0);
      for (const index of [1, 2, 3, 4, 5]) assert.is(said(join(c.dir, `array-${index}.out`)), String(index));
    },
  ],
  [
    // Slurm 22.05 gives each task that has a container a step of its own.
    `${atOnce} at once`,
    async c => {
      const { code } = await c.sbatch(
        'echo $SLURM_ARRAY_TASK_ID',
        '-a',
        `1-${atOnce}`,
        '-o',
        join(c.dir, 'many-%a.out'),
      );
      assert.is(code, 0);
      for (let index = 1; index <= atOnce; index++)
        assert.is(said(join(c.dir, `many-${index}.out`)), String(index));
    },
  ],
  [
    'a device of a generic resource',
    async c => {
      const script = `test -c ${gresDevice} && head -c 4 ${gresDevice} | wc -c`;
      const { code, stdout, stderr } = await c.srun(script, `--gres=${gres}:1`);
      assert.equal([code, stdout], [0, '4\n'], stderr);
    },
  ],
  [
    'two nodes, a task on each',
    async c => {
      const { code, stdout, stderr } = await c.srun('echo here', '-N', '2', '--label');
      assert.is(code, 0, stderr);
      assert.equal(stdout.split('\n').sort(), ['', '0: here', '1: here']);
    },
  ],
  [
    'create and start, output in a file',
    async c => {
      c.slurm.startBy('create and start');
      try {
        const { code, stderr } = await c.srun('echo started; exit 3');
        // Slurm takes the exit code of `start` for that of the task.
        assert.equal([code, stderr], [0, '']);
        const [output = '', ...others] = besideStarts(c.root);
        assert.equal(others, []);
        assert.is(readFileSync(join(c.root, output), 'utf8'), 'started\n');
        rmSync(join(c.root, output));
      } finally {
        c.slurm.startBy('run');
      }
    },
  ],
];

export const cases: readonly PartCase<Slurm>[] = userNames.flatMap(name =>
  definitions.map(([title, drive]) => ({
    name: `${name}: ${title}`,
    drive: async (slurm: Slurm, id: string) => {
      const user = slurm.users[name];
      await drive(contextOf(slurm, user, id));
      await gone(user);
      // The containers have names of Slurm's, which begin with that of its node.
      assert.equal(cgroupsNamed(`${node}.`), []);
    },
  })),
);
