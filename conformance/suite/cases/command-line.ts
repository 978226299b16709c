import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Driver, test } from '../case.js';
import { isReport, jsonLines, type Report } from '../report.js';

function reportIn(output: string): Report {
  const found = jsonLines(output).find(isReport);
  if (found === undefined) throw new Error(`no report in ${output}`);
  return found;
}

test('command-line/options-after-the-id', {
  drive: async t => {
    const finished = await t.call('run', [t.id, '-b', t.bundle.dir], { cwd: '/' });
    assert.is(finished.code, 0, finished.stderr);
    assert.is(reportIn(finished.stdout).pid, 1);
  },
});

test('command-line/options-with-equals-sign', {
  drive: async t => {
    const pidFile = join(t.dir, 'pid');
    const args = [`--bundle=${t.bundle.dir}`, `--pid-file=${pidFile}`, t.id];
    const finished = await t.call('create', args, { cwd: '/' });
    assert.is(finished.code, 0, finished.stderr);
    assert.match(readFileSync(pidFile, 'utf8'), /^\d+$/);
  },
});

test('command-line/root-with-equals-sign', {
  drive: async t => {
    const other = join(t.dir, 'other');
    const finished = await t.helper([t.runtime.path, `--root=${other}`, 'create', '-b', t.bundle.dir, t.id])
      .done;
    assert.is(finished.code, 0, finished.stderr);
    assert.ok(existsSync(join(other, t.id)));
    assert.is((await t.helper([t.runtime.path, '--root', other, 'delete', '-f', t.id]).done).code, 0);
  },
});

test('command-line/pid-file-without-newline', {
  drive: async t => {
    const { pid } = await t.create();
    assert.is(readFileSync(join(t.dir, 'pid'), 'utf8'), String(pid));
    assert.is((await t.state()).pid, pid);
  },
});

test('command-line/no-pid-file-after-failure', {
  config: c => {
    c.process.args = ['no-such-command'];
  },
  drive: async t => {
    const pidFile = join(t.dir, 'pid');
    await t.call('create', ['--bundle', t.bundle.dir, '--pid-file', pidFile, t.id]);
    assert.not.ok(existsSync(pidFile));
  },
});

test('command-line/run-detached', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    const finished = await t.run(['--detach', '--pid-file', join(t.dir, 'pid')]);
    assert.is(finished.code, 0, finished.stderr);
    assert.is((await t.state()).status, 'running');
    assert.is((await t.state()).pid, Number(readFileSync(join(t.dir, 'pid'), 'utf8')));
  },
});

test('command-line/run-leaves-nothing', {
  drive: async t => {
    assert.is((await t.run()).code, 0);
    assert.is.not((await t.call('state', [t.id])).code, 0);
  },
});

test('command-line/version', {
  drive: async t => {
    const finished = await t.helper([t.runtime.path, '--version']).done;
    assert.is(finished.code, 0);
    const lines = finished.stdout.split('\n');
    assert.match(lines[0] ?? '', /^\S+ version \d+\.\d+/);
    assert.ok(lines.some(line => /^commit: \S+/.test(line)));
    assert.ok(lines.some(line => /^spec: 1\.\d+\.\d+/.test(line)));
  },
});

test('command-line/features', {
  skip: runtime =>
    ['crun', 'runc'].includes(runtime) ? 'crun 1.8 has it not, runc 1.1 as an experiment' : undefined,
  drive: async t => {
    const finished = await t.helper([t.runtime.path, 'features'], { env: {} }).done;
    assert.equal([finished.code, finished.stderr], [0, '']);
    const features = JSON.parse(finished.stdout);
    assert.match(features.ociVersionMin, /^1\.0/);
    assert.match(features.ociVersionMax, /^1\./);
    assert.ok(features.mountOptions.includes('rro'));
    assert.ok(features.hooks.includes('createRuntime'));
    assert.ok(features.linux.namespaces.includes('network'));
    assert.is(features.linux.cgroup.v1, true);
    assert.is(features.linux.seccomp.enabled, true);
  },
});

test('command-line/spec-writes-a-bundle-that-runs', {
  drive: async t => {
    const file = join(t.bundle.dir, 'config.json');
    const cgroupsPath = t.config.linux.cgroupsPath;
    rmSync(file);
    const finished = await t.call('spec', t.caller === 'user' ? ['--rootless'] : []);
    assert.is(finished.code, 0, finished.stderr);
    const config = JSON.parse(readFileSync(file, 'utf8'));
    config.process.terminal = false;
    config.process.args = ['/bin/reporter', 'report'];
    config.linux.cgroupsPath = cgroupsPath;
    if (t.caller !== 'root') delete config.linux.resources;
    writeFileSync(file, JSON.stringify(config));
    const ran = await t.run();
    assert.is(ran.code, 0, ran.stderr);
    assert.is(reportIn(ran.stdout).pid, 1);
  },
});

/** Three files whose text names them, for descriptors 3, 4 and 5. */
function numbered(t: Driver): readonly string[] {
  return [3, 4, 5].map(fd => {
    const path = join(t.dir, `fd-${fd}`);
    writeFileSync(path, `I am ${fd}\n`);
    return path;
  });
}

test('descriptors/preserve-fds', {
  config: c => {
    c.process.args = ['/bin/reporter', 'report', ',', 'read', '3', ',', 'read', '4'];
  },
  drive: async t => {
    const finished = await t.run(['--preserve-fds', '2'], { descriptors: numbered(t) });
    assert.is(finished.code, 0, finished.stderr);
    assert.equal(Object.keys(reportIn(finished.stdout).fds), ['0', '1', '2', '3', '4']);
    const texts = jsonLines(finished.stdout).slice(1) as { text: string }[];
    assert.equal(
      texts.map(({ text }) => text),
      ['I am 3\n', 'I am 4\n'],
    );
  },
});

test('descriptors/preserve-fds-over-create-and-start', {
  config: c => {
    c.process.args = ['/bin/reporter', 'report', ',', 'read', '5'];
  },
  drive: async t => {
    const created = await t.create(['--preserve-fds=3'], { descriptors: numbered(t) });
    await t.start();
    await created.ended();
    assert.match(created.output(), 'I am 5');
  },
});

/** Runs the rest of the line with descriptor 5 as the only one behind the standard streams. */
const fiveOnly = ['/bin/sh', '-c', 'exec 3<&- 4<&- 5</proc/self/exe; exec "$0" "$@"'];

test('descriptors/preserve-fds-of-which-some-are-closed', {
  drive: async t => {
    for (const count of ['3', '5', '900', '1000000']) {
      const finished = await t.run(['--preserve-fds', count], { through: fiveOnly });
      assert.is(finished.code, 0, finished.stderr);
      assert.equal(Object.keys(reportIn(finished.stdout).fds), ['0', '1', '2', '5'], count);
    }
  },
});

test('descriptors/preserve-fds-of-which-none-is-open', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create(['--preserve-fds', '4']);
    await t.start();
    const finished = await t.exec(['--preserve-fds', '4', t.id, '/bin/reporter', 'report']);
    assert.is(finished.code, 0, finished.stderr);
    assert.equal(Object.keys(reportIn(finished.stdout).fds), ['0', '1', '2']);
  },
});

test('descriptors/preserve-fds-in-exec', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create();
    await t.start();
    const args = ['--preserve-fds', '1', t.id, '/bin/reporter', 'report', ',', 'read', '3'];
    const finished = await t.exec(args, { descriptors: numbered(t) });
    assert.is(finished.code, 0, finished.stderr);
    assert.equal(Object.keys(reportIn(finished.stdout).fds), ['0', '1', '2', '3']);
    assert.match(finished.stdout, 'I am 3');
  },
});

test('descriptors/listen-fds', {
  drive: async t => {
    const script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"';
    const finished = await t.run([], {
      through: ['/bin/sh', '-c', script],
      descriptors: numbered(t).slice(0, 1),
    });
    assert.is(finished.code, 0, finished.stderr);
    const { fds, env } = reportIn(finished.stdout);
    assert.equal(Object.keys(fds), ['0', '1', '2', '3']);
    assert.ok(env.includes('LISTEN_FDS=1'), env.join(' '));
    assert.ok(env.includes('LISTEN_PID=1'), env.join(' '));
  },
});

test('descriptors/listen-fds-left-over', {
  drive: async t => {
    const finished = await t.run([], { env: { LISTEN_FDS: '2', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
    assert.is(finished.code, 0, finished.stderr);
    assert.not.ok(reportIn(finished.stdout).env.includes('LISTEN_FDS=2'));
    assert.equal(Object.keys(reportIn(finished.stdout).fds), ['0', '1', '2']);
  },
});

test('descriptors/preserve-fds-without-bounds', {
  drive: async t => {
    for (const count of [
      '9223372036854775807',
      '9223372036854775805',
      '18446744073709551615',
      '2147483645',
    ]) {
      const finished = await t.run(['--preserve-fds', count]);
      assert.is.not(finished.code, 0, count);
    }
  },
});

test('command-line/spec-to-an-absolute-path', {
  skip: runtime => (runtime === 'runc' ? 'it has no --file' : undefined),
  drive: async t => {
    const file = join(t.dir, 'elsewhere.json');
    const finished = await t.call('spec', ['-f', file]);
    assert.is(finished.code, 0, finished.stderr);
    assert.ok(JSON.parse(readFileSync(file, 'utf8')).process);
  },
});

test('descriptors/closed-standard-streams', {
  // Whatever the runtime opens first must not become the container's standard input.
  config: c => {
    c.process.args = ['/bin/reporter', 'report'];
  },
  drive: async t => {
    const finished = await t.run([], { through: ['/bin/sh', '-c', 'exec "$0" "$@" <&-'] });
    if (finished.code !== 0) return assert.match(finished.stderr, /./);
    const { fds } = reportIn(finished.stdout);
    assert.ok([undefined, '/dev/null'].includes(fds[0]) || fds[0]?.startsWith('pipe:'), fds[0]);
  },
});

test('command-line/pid-file-in-the-place-of-another', {
  drive: async t => {
    for (const old of ['file', 'link']) {
      const id = t.anotherId();
      const pidFile = join(t.bundle.dir, `old-${old}`);
      if (old === 'file') writeFileSync(pidFile, 'an older and longer one');
      else symlinkSync(join(t.dir, 'elsewhere'), pidFile);
      // A name without a directory counts from the caller's.
      const args = ['--pid-file', `old-${old}`, '--bundle', t.bundle.dir, id];
      const finished = await t.call('create', args);
      assert.is(finished.code, 0, finished.stderr);
      assert.match(readFileSync(pidFile, 'utf8'), /^\d+$/);
      assert.is((await t.call('delete', ['--force', id])).code, 0);
      assert.not.ok(existsSync(join(t.dir, 'elsewhere')), 'written through a link');
    }
  },
});
