import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { linksOf } from './libc.js';
import { bootTime, processDetails, slurmJobOf } from './process-details.js';

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

test('this process began before now and after the machine', () => {
  const boot = bootTime();
  const own = processDetails(process.pid, boot);
  assert.is(own?.uid, process.getuid?.());
  assert.ok((own?.start ?? 0) > boot && (own?.start ?? 0) < Date.now() + 1000);
  assert.is(own?.command, readFileSync('/proc/self/comm', 'utf8').trimEnd());
});

test('one that has ended is none', () => {
  const { pid } = spawnSync('true');
  assert.is(processDetails(pid, 0), null);
});

test('what is no file of the kernel module has no links', () => {
  assert.is(linksOf([process.pid, 1, 4_194_304], '/dev/null').size, 0);
  assert.throws(() => linksOf([1], '/no/such/file'));
});

test.run();
