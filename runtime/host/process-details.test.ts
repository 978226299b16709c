import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { linksOf } from './libc.js';
import { bootTime, jobsOfProcesses, ownerOfProcess, processDetails, slurmJobOf } from './process-details.js';

test('the job of a process by its cgroup', () => {
  for (const [text, job] of [
    ['9:freezer:/slurm/uid_1000/job_7/step_0/task_1\n0::/\n', { id: '7', step: '0' }],
    ['0::/system.slice/slurmstepd.scope/job_12/step_batch/user/task_0\n', { id: '12', step: 'batch' }],
    ['0::/system.slice/slurmstepd.scope/job_12\n', { id: '12', step: null }],
    ['0::/user.slice/my_job_12/x\n', null],
    ['0::/job_12x/step_1\n', null],
    ['', null],
  ] as const)
    assert.equal(slurmJobOf(text), job, text);
});

const inDirectory = async (use: (directory: string) => void | Promise<void>): Promise<void> => {
  const directory = mkdtempSync(`${tmpdir()}/chos-details-`);
  try {
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
};

test('a group of v2 is read once for all who are in it', () =>
  inDirectory(directory => {
    const group = '/system.slice/slurmstepd.scope/job_7/step_0/user/task_0';
    mkdirSync(directory + group, { recursive: true });
    writeFileSync(`${directory}${group}/cgroup.procs`, '11\n12\n');
    // One that has the same path elsewhere, and one whose groups are of v1.
    const texts = new Map([
      [11, `0::${group}\n`],
      [12, `0::${group}\n`],
      [13, '0::/elsewhere/job_8\n'],
      [14, '9:freezer:/slurm/uid_1/job_9\n0::/\n'],
      [15, '9:freezer:/slurm/uid_1/job_10\n0::/\n'],
    ]);
    mkdirSync(`${directory}/elsewhere/job_8`, { recursive: true });
    writeFileSync(`${directory}/elsewhere/job_8/cgroup.procs`, '11\n14\n');
    const asked: number[] = [];
    const jobOf = jobsOfProcesses(directory, pid => {
      asked.push(pid);
      return texts.get(pid) ?? null;
    });
    assert.equal(
      [13, 11, 12, 14, 15, 16].map(pid => jobOf(pid)?.id ?? null),
      ['8', '7', '7', '9', '10', null],
    );
    assert.equal(asked, [13, 11, 14, 15, 16]);
  }));

test('whose it is, also of one that must not be dumped', () =>
  inDirectory(async directory => {
    if (process.getuid?.() !== 0) return;
    const program = `${directory}/sleep`;
    copyFileSync('/bin/sleep', program);
    chmodSync(program, 0o111);
    chmodSync(directory, 0o755);
    const child = spawn(program, ['1000'], { uid: 1000, gid: 1000 });
    await new Promise(resolve => child.once('spawn', resolve));
    try {
      const pid = child.pid ?? 0;
      assert.is(statSync(`/proc/${pid}/stat`).uid, 0);
      assert.is(ownerOfProcess(pid), 1000);
    } finally {
      child.kill('SIGKILL');
      await new Promise(resolve => child.once('close', resolve));
    }
    assert.is(ownerOfProcess(child.pid ?? 0), null);
  }));

test('this process began before now and after the machine', () => {
  const boot = bootTime();
  const own = processDetails(process.pid, boot, () => null);
  assert.is(own?.uid, process.getuid?.());
  assert.ok((own?.start ?? 0) > boot && (own?.start ?? 0) < Date.now() + 1000);
  assert.is(own?.command, readFileSync('/proc/self/comm', 'utf8').trimEnd());
});

test('one that has ended is none', () => {
  const { pid } = spawnSync('true');
  assert.is(
    processDetails(pid, 0, () => null),
    null,
  );
});

test('what is no file of the kernel module has no links', () => {
  assert.is(linksOf([process.pid, 1, 4_194_304], '/dev/null').size, 0);
  assert.throws(() => linksOf([1], '/no/such/file'));
});

test.run();
