/** What people do with containerd, by way of its own client. */
import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { PartCase } from '../harness/part.js';
import type { Containerd } from './containerd.js';

async function sleeping(c: Containerd, id: string): Promise<void> {
  const { code, stderr } = await c.ctr('run', '-d', ...c.chosen, c.image, id, 'sleep', '1000');
  assert.is(code, 0, stderr);
}

async function removed(c: Containerd, id: string): Promise<void> {
  await c.ctr('task', 'kill', '-s', 'SIGKILL', id);
  await c.becomes(id, 'STOPPED');
  // ctr says it as a warning.
  assert.match((await c.ctr('task', 'delete', id)).stderr, 'exit with non-zero exit code 137');
  assert.is((await c.ctr('container', 'delete', id)).code, 0);
  assert.is(await c.status(id), undefined);
}

export const cases: readonly PartCase<Containerd>[] = [
  {
    name: 'run, and its output',
    drive: async (c, id) => {
      const { code, stdout, stderr } = await c.ctr('run', '--rm', ...c.chosen, c.image, id, 'echo', 'hello');
      assert.equal([code, stdout], [0, 'hello\n'], stderr);
    },
  },
  {
    name: 'exit code of the command',
    drive: async (c, id) => {
      const script = ['sh', '-c', 'exit 7'];
      assert.is((await c.ctr('run', '--rm', ...c.chosen, c.image, id, ...script)).code, 7);
    },
  },
  {
    name: 'a command that is not there',
    drive: async (c, id) => {
      const { code, stderr } = await c.ctr('run', '--rm', ...c.chosen, c.image, id, 'nosuch');
      assert.is(code, 1);
      assert.match(stderr, /OCI runtime create failed: .*nosuch.*executable file not found in \$PATH/);
      assert.is(await c.status(id), undefined);
    },
  },
  {
    name: 'on a terminal',
    drive: async (c, id) => {
      const script = ['sh', '-c', 'tty; exit 4'];
      const { code, stdout } = await c.onTerminal('run', '--rm', '-t', ...c.chosen, c.image, id, ...script);
      assert.is(code, 4, stdout);
      assert.match(stdout, '/dev/pts/0');
    },
  },
  {
    name: 'in the background, exec, kill, delete',
    drive: async (c, id) => {
      await sleeping(c, id);
      assert.is((await c.status(id))?.status, 'RUNNING');
      const exec = await c.ctr(
        'task',
        'exec',
        '--exec-id',
        'e',
        id,
        'sh',
        '-c',
        'cat /proc/1/cmdline; exit 3',
      );
      assert.equal([exec.code, exec.stdout], [3, 'sleep\u00001000\0'], exec.stderr);
      await removed(c, id);
    },
  },
  {
    name: 'exec on a terminal',
    drive: async (c, id) => {
      await sleeping(c, id);
      const exec = await c.onTerminal('task', 'exec', '-t', '--exec-id', 'e', id, 'sh', '-c', 'tty; exit 5');
      assert.is(exec.code, 5, exec.stdout);
      assert.match(exec.stdout, '/dev/pts/0');
      await removed(c, id);
    },
  },
  {
    name: 'exec of a command that is not there',
    drive: async (c, id) => {
      await sleeping(c, id);
      const { code, stderr } = await c.ctr('task', 'exec', '--exec-id', 'e', id, 'nosuch');
      assert.is(code, 1);
      assert.match(stderr, /nosuch.*executable file not found in \$PATH/);
      await removed(c, id);
    },
  },
  {
    name: 'pause and resume',
    drive: async (c, id) => {
      await sleeping(c, id);
      assert.is((await c.ctr('task', 'pause', id)).code, 0);
      assert.is((await c.status(id))?.status, 'PAUSED');
      assert.is((await c.ctr('task', 'resume', id)).code, 0);
      assert.is((await c.status(id))?.status, 'RUNNING');
      await removed(c, id);
    },
  },
  {
    name: 'processes of a task',
    drive: async (c, id) => {
      await sleeping(c, id);
      const { pid } = (await c.status(id)) ?? { pid: 0 };
      const { code, stdout, stderr } = await c.ctr('task', 'ps', id);
      assert.is(code, 0, stderr);
      assert.equal(stdout.match(/^\d+/gm)?.map(Number), [pid]);
      await removed(c, id);
    },
  },
  {
    name: 'a signal ends it',
    drive: async (c, id) => {
      const script = ['sh', '-c', 'trap "exit 9" TERM; echo ready; while :; do sleep 0.01; done'];
      const running = c.begin('run', '--rm', ...c.chosen, c.image, id, ...script);
      await running.printed('ready');
      assert.is((await c.ctr('task', 'kill', '-s', 'SIGTERM', id)).code, 0);
      assert.is((await running.done).code, 9);
    },
  },
  {
    name: 'mounts, read-only root, memory limit',
    drive: async (c, id) => {
      const options = ['--mount', `type=bind,src=${c.dir}/tree,dst=/mnt,options=rbind:ro`];
      const script = ['sh', '-c', 'cat /mnt/bin/busybox > /dev/null && ! echo > /x && ! echo > /mnt/x'];
      const given = ['--read-only', '--memory-limit', '67108864', ...options];
      const { code, stderr } = await c.ctr('run', '--rm', ...given, ...c.chosen, c.image, id, ...script);
      assert.is(code, 0, stderr);
      assert.not.ok(existsSync(`${c.dir}/tree/x`));
    },
  },
];
