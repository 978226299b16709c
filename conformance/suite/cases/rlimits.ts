import * as assert from 'uvu/assert';
import { test } from '../case.js';

// Only lowered: raising needs CAP_SYS_RESOURCE, which a machine for tests may lack.
test('rlimits/soft-and-hard', {
  config: c => {
    c.process.rlimits = [
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
      { type: 'RLIMIT_FSIZE', soft: 1 << 20, hard: 1 << 21 },
    ];
  },
  inside: ({ report }) => {
    assert.equal(report.rlimits.CORE, [0, 0]);
    assert.equal(report.rlimits.FSIZE, [1 << 20, 1 << 21]);
  },
});

test('rlimits/open-files', {
  config: c => {
    c.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 100, hard: 200 }];
  },
  inside: ({ report }) => assert.equal(report.rlimits.NOFILE, [100, 200]),
});

test('rlimits/unlisted-are-inherited', {
  drive: async t => {
    const script = 'ulimit -S -s 4096; exec "$0" "$@"';
    const finished = await t.run([], { through: ['/bin/sh', '-c', script] });
    assert.is(finished.code, 0, finished.stderr);
    assert.is(JSON.parse(finished.stdout).rlimits.STACK[0], 4096 * 1024);
  },
});

test('rlimits/descriptors-not-raised-for-the-runtime-itself', {
  config: c => {
    c.process.rlimits = [];
  },
  drive: async t => {
    const script = 'ulimit -S -n 300; exec "$0" "$@"';
    const finished = await t.run([], { through: ['/bin/sh', '-c', script] });
    assert.is(finished.code, 0, finished.stderr);
    assert.is(JSON.parse(finished.stdout).rlimits.NOFILE[0], 300);
  },
});

test('rlimits/unknown-type-is-refused', {
  config: c => {
    c.process.rlimits = [{ type: 'RLIMIT_NONSENSE', soft: 1, hard: 1 }];
  },
  refused: /RLIMIT_NONSENSE/,
});
