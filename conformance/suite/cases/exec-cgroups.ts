import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { type Created, type Driver, test } from '../case.js';
import type { Report } from '../report.js';

const root = '/sys/fs/cgroup';
const hybrid = `${root}/unified`;

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
}

async function started(t: Driver): Promise<Created> {
  const created = await t.create();
  await t.start();
  await created.printed('ready');
  return created;
}

/** The cgroup of a process of `exec`, by the name of a controller ('' for v2). */
async function cgroupOf(t: Driver, controller: string, args: readonly string[] = []): Promise<string> {
  const finished = await t.exec([...args, t.id, '/bin/reporter', 'report']);
  assert.is(finished.code, 0, finished.stderr);
  const { cgroup } = JSON.parse(finished.stdout) as Report;
  const lines = cgroup.split('\n').map(line => line.split(':'));
  return lines.find(([, names = '']) => names.split(',').includes(controller))?.[2] ?? '';
}

const isV1 = () => existsSync(`${root}/pids/cgroup.procs`);
/** crun writes to DIRECTORY/cgroup.procs without a hierarchy in front, and makes that file where it is none of the kernel's. */
const straysOnV1 = (runtime: string) =>
  isV1() && runtime === 'crun' ? "crun 1.8 makes a file in the host's /sys/fs/cgroup" : undefined;
const needsV1 = (runtime: string) => (isV1() ? straysOnV1(runtime) : 'needs cgroup v1 controllers');

test('exec-cgroups/a-sub-cgroup-of-one-controller', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    await started(t);
    mkdirSync(`${root}/pids/${t.id}/sub`);
    assert.is(await cgroupOf(t, 'pids', ['--cgroup', 'pids:sub']), `/${t.id}/sub`);
    assert.is(await cgroupOf(t, 'memory', ['--cgroup', 'pids:sub']), `/${t.id}`);
  },
});

test('exec-cgroups/a-sub-cgroup-that-is-not-there', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    await started(t);
    const finished = await t.exec(['--cgroup', 'pids:sub', t.id, '/bin/reporter', 'report']);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /sub.*no such file or directory/i);
  },
});

test('exec-cgroups/out-of-the-container-is-refused', {
  skip: straysOnV1,
  config: sleeping,
  drive: async t => {
    await started(t);
    const finished = await t.exec(['--cgroup', '../..', t.id, '/bin/reporter', 'report']);
    assert.is.not(finished.code, 0);
  },
});

/** Where v2 is mounted, if it has a controller that can be handed to children. */
function unified(): { readonly mount: string; readonly controller: string } | null {
  const mount = existsSync(`${root}/cgroup.controllers`) ? root : hybrid;
  if (!existsSync(`${mount}/cgroup.controllers`)) return null;
  const [controller = ''] = readFileSync(`${mount}/cgroup.controllers`, 'utf8').trim().split(' ');
  return controller === '' ? null : { mount, controller };
}

test('exec-cgroups/init-has-moved-below-and-handed-on-controllers', {
  skip: () => (unified() === null ? 'needs a controller in cgroup v2' : undefined),
  config: sleeping,
  drive: async t => {
    const { pid } = await started(t);
    const { mount, controller } = unified() ?? { mount: '', controller: '' };
    const top = `${mount}/cgroup.subtree_control`;
    if (!readFileSync(top, 'utf8').split(/\s/).includes(controller)) {
      writeFileSync(top, `+${controller}`);
      t.afterwards(() => writeFileSync(top, `-${controller}`));
    }
    mkdirSync(`${mount}/${t.id}/inner`);
    writeFileSync(`${mount}/${t.id}/inner/cgroup.procs`, String(pid));
    writeFileSync(`${mount}/${t.id}/cgroup.subtree_control`, `+${controller}`);
    assert.is(await cgroupOf(t, ''), `/${t.id}/inner`);
  },
});

test('exec-cgroups/a-group-has-vanished', {
  // crun takes the cgroup by the path that it has written down, and makes a directory of it: see above.
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    const { pid } = await started(t);
    for (const controller of ['cpu', 'pids']) {
      const other = `${root}/${controller}/${t.id}-moved`;
      mkdirSync(other);
      t.afterwards(() => rmdirSync(other));
      writeFileSync(`${other}/cgroup.procs`, `${pid}`);
      rmdirSync(`${root}/${controller}/${t.id}`);
    }
    // A process that is started later is where init is.
    for (const controller of ['cpu', 'pids']) assert.is(await cgroupOf(t, controller), `/${t.id}-moved`);
    assert.is(await cgroupOf(t, 'memory'), `/${t.id}`);
    assert.is((await t.call('delete', ['--force', t.id])).code, 0);
  },
});
