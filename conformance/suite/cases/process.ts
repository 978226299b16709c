import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { test } from '../case.js';

test('process/pid-1-with-session-of-its-own', {
  inside: ({ report }) => {
    assert.is(report.pid, 1);
    assert.is(report.sid, 1);
    assert.is(report.pgid, 1);
  },
});

test('process/umask', {
  config: c => {
    c.process.user.umask = 0o77;
  },
  inside: ({ report }) => assert.is(report.umask, 0o77),
});

test('process/umask-default', { inside: ({ report }) => assert.is(report.umask, 0o22) });

test('process/cwd', {
  config: c => {
    c.process.cwd = '/data';
  },
  inside: ({ report }) => assert.is(report.cwd, '/data'),
});

test('process/cwd-created-when-missing', {
  config: c => {
    c.process.cwd = '/made/by/runtime';
  },
  probes: ['stat /made/by/runtime'],
  inside: ({ report, at }) => {
    assert.is(report.cwd, '/made/by/runtime');
    assert.is(at('stat /made/by/runtime').mode, 0o755);
  },
});

test('process/cwd-relative-is-refused', {
  config: c => {
    c.process.cwd = 'data';
  },
  refused: /cwd|absolute/i,
});

test('process/args-verbatim', {
  config: c => {
    c.process.args = ['/bin/reporter', 'report', ',', 'stdout', '', ',', 'stdout', ' a "b"\n$c ü'];
  },
  inside: ({ report }) => assert.equal(report.args.slice(-2), ['stdout', ' a "b"\n$c ü']),
});

for (const [name, env] of Object.entries({ no: ['A=b'], 'an-empty': ['PATH='] })) {
  test(`process/a-bare-name-with-${name}-path-is-refused`, {
    config: c => {
      c.process.env = env;
      c.process.args = ['reporter', 'report'];
      c.process.cwd = '/bin';
    },
    refused: /reporter.*not found in \$PATH/,
  });
}

test('process/args-found-in-path', {
  config: c => {
    c.process.env = ['PATH=/nowhere:/bin'];
    c.process.args = ['reporter', 'report'];
  },
  inside: ({ report }) => assert.is(report.args[0], 'reporter'),
});

test('process/path-skips-what-is-not-executable', {
  files: ({ rootfs }) => writeFileSync(join(rootfs, 'data/reporter'), 'no program\n', { mode: 0o644 }),
  config: c => {
    c.process.env = ['PATH=/data:/bin'];
    c.process.args = ['reporter', 'report'];
  },
  inside: ({ report }) => assert.is(report.pid, 1),
});

test('process/args-relative-to-cwd', {
  config: c => {
    c.process.cwd = '/bin';
    c.process.args = ['./reporter', 'report'];
  },
  inside: ({ report }) => assert.is(report.args[0], './reporter'),
});

test('process/env-exact', {
  config: c => {
    c.process.env = ['PATH=/bin', 'A=1', 'EMPTY=', 'HOME=/elsewhere', 'WITH=a=b c'];
  },
  inside: ({ report }) =>
    assert.equal([...report.env].sort(), ['A=1', 'EMPTY=', 'HOME=/elsewhere', 'PATH=/bin', 'WITH=a=b c']),
});

test('process/env-of-the-runtime-stays-outside', {
  drive: async t => {
    const finished = await t.run([], { env: { PATH: '/usr/bin:/bin', SECRET: '1' } });
    assert.is(finished.code, 0, finished.stderr);
    assert.match(finished.stdout, '"TERM=xterm"');
    assert.not.match(finished.stdout, 'SECRET');
  },
});

test('process/home-of-root', {
  inside: ({ report }) => assert.ok(report.env.includes('HOME=/root'), report.env.join(' ')),
});

test('process/home-of-user', {
  config: c => {
    c.process.user = { uid: 1000, gid: 1000 };
  },
  inside: ({ report }) => assert.ok(report.env.includes('HOME=/home/alice'), report.env.join(' ')),
});

test('process/user-without-passwd-entry', {
  config: c => {
    c.process.user = { uid: 4242, gid: 4242 };
  },
  inside: ({ report }) => {
    assert.equal(report.uid, [4242, 4242, 4242]);
    assert.ok(['', 'HOME=/'].includes(report.env.find(entry => entry.startsWith('HOME=')) ?? ''));
  },
});

test('process/exit-code', {
  config: c => {
    c.process.args = ['/bin/reporter', 'exit', '37'];
  },
  exit: 37,
});

test('process/exit-code-of-signal', {
  // As the first process of its pid namespace a signal without handler does not reach it, so that is left out.
  config: c => {
    c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'pid');
    c.process.args = ['/bin/reporter', 'kill-self', '15'];
  },
  exit: 128 + 15,
});

test('process/no-leaked-descriptors', {
  inside: ({ report }) => assert.equal(Object.keys(report.fds), ['0', '1', '2']),
});

test('process/descriptors-of-the-caller-stay-outside', {
  drive: async t => {
    const finished = await t.run([], { descriptors: ['/', '/etc/passwd', '/'] });
    assert.is(finished.code, 0, finished.stderr);
    const { fds } = JSON.parse(finished.stdout) as { fds: Record<string, string> };
    assert.equal(Object.keys(fds), ['0', '1', '2']);
  },
});

test('process/cwd-through-leaked-descriptor', {
  // CVE-2024-21626: a descriptor of a host directory as the working directory.
  config: c => {
    c.process.cwd = '/proc/self/fd/7';
    c.process.args = ['/bin/reporter', 'ls', '.'];
  },
  drive: async t => {
    const finished = await t.run([], { descriptors: Array.from({ length: 6 }, () => t.dir) });
    assert.not.match(finished.stdout, 'bundle', 'a directory of the host was listed');
  },
});

test('process/stdin-reaches-it', {
  config: c => {
    c.process.args = ['/bin/reporter', 'stdin'];
  },
  drive: async t => {
    const finished = await t.run([], { stdin: '/etc/hostname' });
    assert.is(JSON.parse(finished.stdout).text, readFileSync('/etc/hostname', 'utf8'));
  },
});

test('process/stderr-is-apart', {
  config: c => {
    c.process.args = ['/bin/reporter', 'stdout', 'one', ',', 'stderr', 'two'];
  },
  drive: async t => {
    const finished = await t.run();
    assert.is(finished.stdout, 'one\n');
    assert.is(finished.stderr, 'two\n');
  },
});

test('process/streams-belong-to-the-user', {
  config: c => {
    c.process.user = { uid: 1000, gid: 1000 };
  },
  drive: async t => {
    // Not `run`, which may put pipes of its own between.
    const running = t.begin('create', ['--bundle', t.bundle.dir, t.id]);
    assert.is((await running.done).code, 0);
    // In the caller's namespace 1 is 100000.
    assert.is(statSync(running.stdoutFile).uid, t.caller === 'userns' ? 100_999 : 1000);
  },
});

test('process/streams-can-be-reopened', {
  config: c => {
    c.process.user = { uid: 1000, gid: 1000 };
  },
  probes: ['open /dev/stdout w', 'open /proc/self/fd/2 w'],
  inside: ({ at }) => {
    assert.is(at('open /dev/stdout w').error, '');
    assert.is(at('open /proc/self/fd/2 w').error, '');
  },
});

test('process/signals-unblocked-and-default', {
  inside: ({ report }) => {
    assert.equal(report.blocked, []);
    assert.equal(report.ignored, []);
  },
});

test('process/blocked-signal-of-the-caller-is-unblocked', {
  drive: async t => {
    const finished = await t.run([], { through: [t.programs.outside, 'signals', 'blocked', '10'] });
    assert.is(finished.code, 0, finished.stderr);
    assert.equal(JSON.parse(finished.stdout).blocked, []);
  },
});

test('process/oom-score-raised', {
  config: c => {
    c.process.oomScoreAdj = 321;
  },
  inside: ({ report }) => assert.is(report.oomScoreAdj, '321\n'),
});

test('process/oom-score-unset-is-unchanged', {
  inside: ({ report }) => assert.is(report.oomScoreAdj, readFileSync('/proc/self/oom_score_adj', 'utf8')),
});

test('process/not-tied-to-the-runtime', { inside: ({ report }) => assert.is(report.pdeathsig, 0) });

test('process/personality', {
  config: c => {
    c.linux.personality = { domain: 'LINUX32' };
  },
  inside: ({ report }) => assert.is(report.personality & 0xff, 8),
});

test('process/personality-default', { inside: ({ report }) => assert.is(report.personality, 0) });

test('process/hostname', { inside: ({ report }) => assert.is(report.hostname, 'conformance') });

test('process/missing-capabilities-object-means-none', {
  config: c => {
    delete c.process.capabilities;
  },
  inside: ({ report }) => assert.equal(report.caps.effective, []),
});
