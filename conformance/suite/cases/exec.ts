import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { capabilities } from '../../../spec/capabilities.js';
import type { Config, Process } from '../../harness/config.js';
import type { Finished } from '../../harness/processes.js';
import { type Created, type Driver, test } from '../case.js';
import { isReport, jsonLines, type Report } from '../report.js';

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
}

async function started(t: Driver): Promise<Created> {
  const created = await t.create();
  await t.start();
  await created.printed('ready');
  return created;
}

/** A case with a sleeping container; `args` go before the reporter's own, `look` gets its report. */
function execCase(
  name: string,
  args: readonly string[],
  look: (report: Report, created: Created) => void,
): void {
  test(`exec/${name}`, {
    config: sleeping,
    drive: async t => {
      const created = await started(t);
      const finished = await t.exec([...args, t.id, '/bin/reporter', 'report']);
      assert.is(finished.code, 0, finished.stderr);
      const report = jsonLines(finished.stdout).find(isReport);
      if (report === undefined) throw new Error(`no report: ${finished.stdout}`);
      look(report, created);
    },
  });
}

execCase('in-the-namespaces-of-the-container', [], (report, { pid }) => {
  for (const kind of ['pid', 'mnt', 'net', 'ipc', 'uts']) {
    assert.is(report.namespaces[kind], readlinkSync(`/proc/${pid}/ns/${kind}`), kind);
  }
  assert.is.not(report.pid, 1);
});

execCase('in-the-cgroup-of-the-container', [], (report, { pid }) =>
  assert.is(report.cgroup, readFileSync(`/proc/${pid}/cgroup`, 'utf8')),
);

for (const user of ['4294967295', '0:4294967295'])
  test(`exec/user-${user.replace(':', '-')}-is-refused`, {
    config: sleeping,
    drive: async t => {
      await started(t);
      const { code, stdout } = await t.exec(['--user', user, t.id, '/bin/reporter', 'report']);
      assert.is.not(code, 0);
      assert.is(stdout, '');
    },
  });

execCase('no-new-privileges-as-the-container', [], report => assert.is(report.noNewPrivileges, true));

execCase('same-identity-as-the-container', [], report => {
  assert.equal(report.uid, [0, 0, 0]);
  const { CAP_AUDIT_WRITE, CAP_KILL, CAP_NET_BIND_SERVICE } = capabilities;
  assert.equal([...report.caps.bounding].sort(), [CAP_AUDIT_WRITE, CAP_KILL, CAP_NET_BIND_SERVICE].sort());
  // CVE-2022-27650: not inheritable.
  assert.equal(report.caps.inheritable, []);
});

execCase('no-leaked-descriptors', [], report => assert.equal(Object.keys(report.fds), ['0', '1', '2']));
execCase('cwd', ['--cwd', '/data'], report => assert.is(report.cwd, '/data'));
execCase('option-with-equals-sign', ['--cwd=/data'], report => assert.is(report.cwd, '/data'));
execCase('env', ['-e', 'A=1', '-e', 'B=2'], report => {
  assert.ok(report.env.includes('A=1') && report.env.includes('B=2'), report.env.join());
});
execCase('user', ['--user', '1000:2000'], report =>
  assert.equal([report.uid[0], report.gid[0]], [1000, 2000]),
);
execCase('user-without-group', ['-u', '1000'], report => assert.is(report.uid[1], 1000));
execCase('additional-groups', ['-u', '1000:1000', '-g', '77', '-g', '78'], report =>
  assert.equal(report.groups.filter(gid => gid !== 1000).sort(), [77, 78]),
);
execCase('capability', ['--cap', 'CAP_NET_RAW'], report => {
  assert.ok(report.caps.effective.includes(capabilities.CAP_NET_RAW));
  assert.equal(report.caps.inheritable, []);
});

test('exec/exit-code', {
  config: sleeping,
  drive: async t => {
    await started(t);
    assert.is((await t.exec([t.id, '/bin/reporter', 'exit', '41'])).code, 41);
    assert.is((await t.exec([t.id, '/bin/reporter', 'kill-self', '9'])).code, 128 + 9);
  },
});

test('exec/everything-after-the-id-is-the-command', {
  config: sleeping,
  drive: async t => {
    await started(t);
    const finished = await t.exec([t.id, '/bin/reporter', 'report', '--cwd', '-d', '--help']);
    assert.is(finished.code, 0, finished.stderr);
    assert.equal(JSON.parse(finished.stdout).args.slice(-3), ['--cwd', '-d', '--help']);
  },
});

test('exec/command-found-in-path', {
  config: sleeping,
  drive: async t => {
    await started(t);
    const finished = await t.exec(['--env', 'PATH=/bin', t.id, 'reporter', 'exit', '7']);
    assert.is(finished.code, 7, finished.stderr);
  },
});

test('exec/stdin-and-streams', {
  config: sleeping,
  files: ({ dir }) => writeFileSync(join(dir, 'typed'), 'typed\n'),
  drive: async t => {
    await started(t);
    const args = [t.id, '/bin/reporter', 'stdin', ',', 'stderr', 'oops'];
    const finished = await t.exec(args, { stdin: join(t.bundle.dir, 'typed') });
    assert.is(JSON.parse(finished.stdout).text, 'typed\n');
    assert.is(finished.stderr, 'oops\n');
  },
});

/** `exec --process FILE`: the file is the whole truth, nothing comes from config.json. */
function processFileCase(name: string, change: Partial<Process>, look: (report: Report) => void): void {
  test(`exec/process-file-${name}`, {
    config: sleeping,
    drive: async t => {
      await started(t);
      const file = join(t.dir, 'process.json');
      const base: Process = {
        args: ['/bin/reporter', 'report'],
        cwd: '/',
        env: ['PATH=/bin', 'ONLY=this'],
        user: { uid: 0, gid: 0 },
      };
      writeFileSync(file, JSON.stringify({ ...base, ...change }));
      const finished = await t.exec(['--process', file, t.id]);
      assert.is(finished.code, 0, finished.stderr);
      look(JSON.parse(finished.stdout) as Report);
    },
  });
}

processFileCase('cwd-and-env', { cwd: '/data' }, report => {
  assert.is(report.cwd, '/data');
  assert.ok(report.env.includes('ONLY=this') && !report.env.some(entry => entry.startsWith('TERM=')));
});
processFileCase('user', { user: { uid: 0, gid: 7, additionalGids: [8] } }, report => {
  assert.is(report.gid[0], 7);
  assert.ok(report.groups.includes(8));
});
processFileCase('umask', { user: { uid: 0, gid: 0, umask: 0o27 } }, report => assert.is(report.umask, 0o27));
processFileCase(
  'capabilities',
  { capabilities: { bounding: ['CAP_CHOWN'], effective: ['CAP_CHOWN'], permitted: ['CAP_CHOWN'] } },
  report => assert.equal(report.caps.effective, [capabilities.CAP_CHOWN]),
);
processFileCase('no-new-privileges-off', { noNewPrivileges: false }, report =>
  assert.is(report.noNewPrivileges, false),
);
processFileCase('rlimits', { rlimits: [{ type: 'RLIMIT_FSIZE', soft: 4096, hard: 8192 }] }, report =>
  assert.equal(report.rlimits.FSIZE, [4096, 8192]),
);

test('exec/detached-with-pid-file', {
  config: sleeping,
  drive: async t => {
    await started(t);
    const pidFile = join(t.dir, 'exec.pid');
    const finished = await t.exec(['--detach', '--pid-file', pidFile, t.id, '/bin/reporter', 'exit', '23']);
    assert.is(finished.code, 0, finished.stderr);
    const text = readFileSync(pidFile, 'utf8');
    assert.match(text, /^\d+$/);
    assert.is(await t.orphans.exited(Number(text)), 23);
  },
});

test('exec/session-of-its-own', {
  config: sleeping,
  drive: async t => {
    await started(t);
    const { sid, pid } = JSON.parse((await t.exec([t.id, '/bin/reporter', 'report'])).stdout) as Report;
    assert.is(sid, pid);
  },
});

test('exec/command-not-found', {
  config: sleeping,
  drive: async t => {
    await started(t);
    const pidFile = join(t.dir, 'exec.pid');
    const finished = await t.exec(['--pid-file', pidFile, '--detach', t.id, 'no-such-command']);
    assert.is.not(finished.code, 0);
    assert.match(
      finished.stderr,
      /no-such-command.*executable file not found|executable file.*no-such-command/i,
    );
    assert.not.ok(existsSync(pidFile), 'a pid file after failure');
  },
});

test('exec/missing-file-named-by-path', {
  config: sleeping,
  drive: async t => {
    await started(t);
    const finished = await t.exec([t.id, '/bin/nowhere']);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /\/bin\/nowhere.*no such file or directory/i);
  },
});

test('exec/into-a-stopped-container-fails', {
  config: c => {
    c.process.args = ['/bin/reporter', 'exit', '0'];
  },
  drive: async t => {
    const created = await t.create();
    await t.start();
    await created.ended();
    const finished = await t.exec([t.id, '/bin/reporter', 'report']);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /stopped|not running/i);
  },
});

test('exec/into-an-unknown-container-fails', {
  drive: async t => {
    const finished = await t.exec([t.id, '/bin/reporter', 'report']);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /does not exist|no such file/i);
  },
});

test('exec/into-a-created-container', {
  config: sleeping,
  drive: async t => {
    await t.create();
    const finished = await t.exec([t.id, '/bin/reporter', 'exit', '9']);
    assert.is(finished.code, 9, finished.stderr);
  },
});

test('exec/into-a-paused-container', {
  config: sleeping,
  drive: async t => {
    await started(t);
    assert.is((await t.call('pause', [t.id])).code, 0);
    const refused = await t.exec([t.id, '/bin/reporter', 'exit', '5']);
    assert.is(refused.code, 255);
    assert.match(refused.stderr, /paused/);
    const waiting = t.begin('exec', ['--ignore-paused', t.id, '/bin/reporter', 'exit', '5']);
    assert.is((await t.call('resume', [t.id])).code, 0);
    const finished = await waiting.done;
    assert.is(finished.code, 5, finished.stderr);
  },
});

/** A process of `exec` that waits in the group of a paused container for `resume`; what becomes of it once `signal` has reached it. */
async function signalled(t: Driver, signal: NodeJS.Signals): Promise<Finished> {
  const { pid } = await started(t);
  assert.is((await t.call('pause', [t.id])).code, 0);
  const waiting = t.begin('exec', ['--ignore-paused', t.id, '/bin/reporter', 'exit', '5']);
  const procs = `/sys/fs/cgroup/freezer/${t.id}/cgroup.procs`;
  let [other, over]: [string | undefined, boolean] = [undefined, false];
  void waiting.done.then(() => {
    over = true;
  });
  while (other === undefined) {
    assert.not.ok(over, 'exec came back');
    other = readFileSync(procs, 'utf8')
      .split('\n')
      .find(line => line !== '' && line !== String(pid));
    await new Promise(setImmediate);
  }
  process.kill(Number(other), signal);
  assert.is((await t.call('resume', [t.id])).code, 0);
  return waiting.done;
}

const needsFreezer = (): string | undefined =>
  existsSync('/sys/fs/cgroup/freezer') ? undefined : 'needs the freezer of cgroup v1';

test('exec/killed-before-its-command', {
  skip: needsFreezer,
  config: sleeping,
  drive: async t => {
    const finished = await signalled(t, 'SIGKILL');
    assert.is.not(finished.code, 5);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /ended before its command|exec/);
    assert.not.match(finished.stderr, /container was ready/);
  },
});

test('exec/stopped-before-its-command', {
  skip: runtime => (runtime === 'runc' ? 'runc waits for ever' : needsFreezer()),
  config: sleeping,
  drive: async t => {
    const finished = await signalled(t, 'SIGSTOP');
    assert.is(finished.code, 255);
    assert.match(finished.stderr, /somebody stopped it/);
    assert.equal(
      JSON.parse((await t.call('ps', ['--format', 'json', t.id])).stdout).length,
      1,
      'it has been killed',
    );
  },
});

/** capabilities(7): a user other than root keeps over execve what is ambient, and ambient can be only what is inheritable. */
for (const [name, inheritable, expected] of [
  ['inheritable-is-ambient', ['CAP_NET_RAW'], [capabilities.CAP_NET_RAW]],
  ['not-inheritable-is-not-ambient', ['CAP_KILL'], []],
  ['nothing-inheritable', undefined, []],
] as const) {
  test(`exec/added-capability-${name}`, {
    config: c => {
      sleeping(c);
      const names = ['CAP_KILL', 'CAP_NET_RAW'];
      c.process.user = { uid: 1000, gid: 1000 };
      c.process.capabilities = {
        bounding: names,
        permitted: ['CAP_KILL'],
        effective: ['CAP_KILL'],
        ...(inheritable ? { inheritable: [...inheritable] } : {}),
      };
    },
    drive: async t => {
      await started(t);
      const finished = await t.exec(['--cap', 'CAP_NET_RAW', t.id, '/bin/reporter', 'report']);
      assert.is(finished.code, 0, finished.stderr);
      const { caps } = jsonLines(finished.stdout).find(isReport) as Report;
      assert.equal(caps.ambient, expected);
      assert.equal(caps.effective, expected);
    },
  });
}

test('exec/a-directory-that-is-not-there', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create();
    await t.start();
    const finished = await t.exec(['--cwd', '/nosuch', t.id, '/bin/reporter', 'report']);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, '/nosuch');
    assert.not.match(finished.stderr, 'command line:');
  },
});
