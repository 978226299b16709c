import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { capabilities } from '../../../spec/capabilities.js';
import type { CapabilitySet, Config } from '../../harness/config.js';
import { test } from '../case.js';
import { syscallNumber } from '../syscall.js';

const { CAP_CHOWN, CAP_KILL, CAP_NET_RAW, CAP_SYS_ADMIN } = capabilities;

const becomeRoot = `syscall ${syscallNumber.setuid} 0`;

function grant(c: Config, sets: Partial<Record<CapabilitySet, string[]>>): void {
  c.process.capabilities = sets;
}

test('user/uid-and-gid', {
  config: c => {
    c.process.user = { uid: 1000, gid: 2000 };
  },
  inside: ({ report }) => {
    assert.equal(report.uid, [1000, 1000, 1000]);
    assert.equal(report.gid, [2000, 2000, 2000]);
  },
});

test('user/additional-groups-exactly', {
  config: c => {
    c.process.user = { uid: 1000, gid: 1000, additionalGids: [5, 77, 70000] };
  },
  inside: ({ report }) => assert.equal(groupsBeside(report.groups, 1000), [5, 77, 70000]),
});

test('user/no-groups-of-the-caller', {
  inside: ({ report }) => assert.equal(groupsBeside(report.groups, 0), []),
});

/** The main group may or may not be listed among the supplementary ones. */
function groupsBeside(groups: readonly number[], main: number): readonly number[] {
  return groups.filter(gid => gid !== main).sort((left, right) => left - right);
}

// setresuid(2) and chown(2) take -1 for "leave it as it is": the process would stay root.
const noId = 4294967295;
const nobodyAtAll: Readonly<Record<string, (c: Config) => unknown>> = {
  user: c => Object.assign(c.process, { user: { uid: noId, gid: 1000 } }),
  group: c => Object.assign(c.process, { user: { uid: 1000, gid: noId } }),
  'additional-group': c =>
    Object.assign(c.process, { user: { uid: 1000, gid: 1000, additionalGids: [noId] } }),
  'owner-of-a-device': c =>
    Object.assign(c.linux, { devices: [{ path: '/dev/made', type: 'c', major: 1, minor: 3, uid: noId }] }),
  'owner-of-a-tmpfs': c =>
    c.mounts.push({ destination: '/t', type: 'tmpfs', source: 'tmpfs', options: [`uid=${noId}`] }),
  'group-of-terminals': c =>
    c.mounts.push({
      destination: '/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['newinstance', `gid=${noId}`],
    }),
};
for (const [what, config] of Object.entries(nobodyAtAll))
  test(`user/4294967295-is-refused-as-${what}`, { config: c => void config(c), refused: /./ });

test('user/cannot-become-root-again', {
  config: c => {
    c.process.user = { uid: 1000, gid: 1000 };
  },
  probes: [becomeRoot, 'chown /data 1'],
  inside: ({ at }) => {
    assert.is(at(becomeRoot).error, 'EPERM', 'setuid(0)');
    assert.is(at('chown /data 1').error, 'EPERM');
  },
});

test('capabilities/three-sets-for-root', {
  config: c => grant(c, { bounding: ['CAP_KILL'], effective: ['CAP_KILL'], permitted: ['CAP_KILL'] }),
  inside: ({ report }) =>
    assert.equal(report.caps, {
      effective: [CAP_KILL],
      permitted: [CAP_KILL],
      inheritable: [],
      bounding: [CAP_KILL],
      ambient: [],
    }),
});

test('capabilities/empty-sets', {
  config: c => grant(c, { bounding: [], effective: [], permitted: [] }),
  inside: ({ report }) => {
    assert.equal(report.caps.bounding, []);
    assert.equal(report.caps.permitted, []);
  },
});

test('capabilities/bounding-wider-than-effective', {
  config: c => {
    c.process.user = { uid: 1000, gid: 1000 };
    grant(c, { bounding: ['CAP_CHOWN', 'CAP_NET_RAW'], effective: [], permitted: [] });
  },
  inside: ({ report }) => {
    assert.equal(report.caps.bounding, [CAP_CHOWN, CAP_NET_RAW]);
    assert.equal(report.caps.effective, []);
  },
});

test('capabilities/ambient-reach-an-ordinary-user', {
  config: c => {
    c.process.user = { uid: 1000, gid: 1000 };
    const caps = ['CAP_CHOWN'];
    grant(c, { bounding: caps, effective: caps, permitted: caps, inheritable: caps, ambient: caps });
  },
  probes: ['chown /data 4'],
  inside: ({ report, at }) => {
    assert.equal(report.caps.ambient, [CAP_CHOWN]);
    assert.equal(report.caps.effective, [CAP_CHOWN]);
    assert.is(at('chown /data 4').error, '');
  },
});

test('capabilities/none-for-an-ordinary-user', {
  config: c => {
    c.process.user = { uid: 1000, gid: 1000 };
  },
  inside: ({ report }) => {
    assert.equal(report.caps.effective, []);
    assert.equal(report.caps.permitted, []);
  },
});

test('capabilities/granted-one-works', {
  config: c =>
    grant(c, { bounding: ['CAP_SYS_ADMIN'], effective: ['CAP_SYS_ADMIN'], permitted: ['CAP_SYS_ADMIN'] }),
  probes: ['mount tmpfs /tmp tmpfs'],
  inside: ({ report, at }) => {
    assert.equal(report.caps.effective, [CAP_SYS_ADMIN]);
    assert.is(at('mount tmpfs /tmp tmpfs').error, '');
  },
});

test('capabilities/missing-one-is-refused-by-the-kernel', {
  probes: ['mount tmpfs /tmp tmpfs', 'mknod /data/null c 1 3'],
  inside: ({ at }) => {
    assert.is(at('mount tmpfs /tmp tmpfs').error, 'EPERM');
    assert.is(at('mknod /data/null c 1 3').error, 'EPERM');
  },
});

test('capabilities/no-new-privileges', { inside: ({ report }) => assert.is(report.noNewPrivileges, true) });

test('capabilities/new-privileges-allowed', {
  config: c => {
    c.process.noNewPrivileges = false;
  },
  inside: ({ report }) => assert.is(report.noNewPrivileges, false),
});

const nosuch = (c: Config) => grant(c, { bounding: ['CAP_KILL', 'CAP_NOSUCH'], permitted: ['CAP_KILL'] });

interface Logged {
  readonly level: string;
  readonly msg: string;
}

test('capabilities/unknown-one-is-logged', {
  config: nosuch,
  drive: async t => {
    const log = join(t.dir, 'log.json');
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id], {
      global: ['--log', log, '--log-format', 'json'],
    });
    assert.is(finished.code, 0, finished.stderr);
    assert.is(finished.stderr, '');
    const { level, msg } = JSON.parse(readFileSync(log, 'utf8')) as Logged;
    assert.is(level, 'warning');
    assert.match(msg, /CAP_NOSUCH/);
  },
});

test('capabilities/unknown-one-without-a-log', {
  config: nosuch,
  drive: async t => {
    const finished = await t.run();
    assert.is(finished.code, 0, finished.stderr);
    assert.match(finished.stderr, /warning.*CAP_NOSUCH/);
    assert.not.match(finished.stdout, /CAP_NOSUCH/);
  },
});

test('capabilities/unknown-one-in-a-create-that-fails', {
  config: c => {
    nosuch(c);
    c.process.args = ['no-such-command'];
  },
  drive: async t => {
    const log = join(t.dir, 'log.json');
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id], {
      global: ['--log', log, '--log-format', 'json'],
    });
    assert.is.not(finished.code, 0);
    const { level, msg } = JSON.parse(readFileSync(log, 'utf8')) as Logged;
    assert.is(level, 'error');
    assert.match(msg, /no-such-command/);
  },
});

/** Sets that capset(2) refuses: the container would have less than its command relies on. */
const impossible: Readonly<Record<string, Parameters<typeof grant>[1]>> = {
  'effective-that-is-not-permitted': {
    bounding: ['CAP_KILL', 'CAP_CHOWN'],
    effective: ['CAP_CHOWN'],
    permitted: ['CAP_KILL'],
  },
  'inheritable-that-is-not-in-the-bounding-set': {
    bounding: ['CAP_KILL'],
    permitted: ['CAP_KILL'],
    inheritable: ['CAP_CHOWN'],
  },
};
for (const [name, sets] of Object.entries(impossible)) {
  test(`capabilities/${name}`, { config: c => grant(c, sets), refused: /./ });
}

/** A caller without CAP_WAKE_ALARM. */
const without = ['/usr/bin/setpriv', '--bounding-set=-wake_alarm', '--inh-caps=-wake_alarm', '--'];

test('capabilities/the-caller-lacks-one', {
  config: c => grant(c, { bounding: ['CAP_WAKE_ALARM'], permitted: ['CAP_WAKE_ALARM'] }),
  drive: async t => {
    const finished = await t.run([], { throughRoot: without });
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr.trim(), /^.+$/);
  },
});

test('capabilities/the-caller-lacks-one-of-the-bounding-set', {
  config: c => grant(c, { bounding: ['CAP_KILL', 'CAP_WAKE_ALARM'], permitted: ['CAP_KILL'] }),
  drive: async t => {
    const finished = await t.run([], { throughRoot: without });
    assert.is(finished.code, 0, finished.stderr);
  },
});
