/** What is right only when others than root call: what they cannot have is refused, what they can have is there. */
import * as assert from 'uvu/assert';
import { test } from '../case.js';

const as = ['user', 'userns'] as const;

test('callers/id-map-as-asked', {
  as: ['user'],
  inside: ({ report }) => assert.equal(report.uidMap.trim().split(/\s+/).map(Number), [0, 1000, 1]),
});

test('callers/id-map-of-the-caller', {
  as: ['userns'],
  inside: ({ report }) =>
    assert.equal(report.uidMap.trim().split(/\s+/).map(Number), [0, 1000, 1, 1, 100_000, 65_536]),
});

test('callers/unmapped-user-is-refused', {
  as: ['user'],
  config: c => {
    c.process.user = { uid: 7, gid: 0 };
  },
  refused: /map|invalid|uid|user/i,
});

test('callers/unmapped-group-is-refused', {
  as: ['user'],
  config: c => {
    c.process.user = { uid: 0, gid: 7 };
  },
  refused: /map|invalid|gid|group/i,
});

test('callers/map-of-somebody-elses-id-is-refused', {
  as: ['user'],
  config: c => {
    c.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
  },
  refused: /map|uid|permi/i,
});

test('callers/maps-that-overlap-are-refused', {
  as: ['user'],
  config: c => {
    c.linux.uidMappings = [
      { containerID: 0, hostID: 1000, size: 1 },
      { containerID: 0, hostID: 1001, size: 1 },
    ];
  },
  refused: /map|uid|permi|overlap/i,
});

test('callers/limit-that-nobody-can-set-is-refused', {
  as,
  config: c => {
    c.linux.resources = { ...c.linux.resources, pids: { limit: 10 } };
  },
  refused: /cgroup|pids|limit/i,
});

test('callers/hard-limit-above-the-callers-is-refused', {
  as: ['user'],
  config: c => {
    c.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 2 ** 30, hard: 2 ** 30 }];
  },
  refused: /rlimit|nofile|limit/i,
});

test('callers/oom-score-below-the-callers-is-refused', {
  as,
  config: c => {
    c.process.oomScoreAdj = -999;
  },
  refused: /oom/i,
});

test('callers/whole-life', {
  as: ['user'],
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    const { pid } = await t.create();
    await t.start();
    assert.is((await t.state()).pid, pid);
    assert.is((await t.exec([t.id, '/bin/end'])).code, 7);
    assert.is((await t.call('kill', [t.id, 'KILL'])).code, 0);
  },
});
