import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { test } from '../case.js';
import { type Seen, seen } from '../seen.js';

const idle = 'echo ready; exec sleep 1000';

/** `podman exec OPTIONS NAME COMMAND...` in an idle container that was made with `options`. */
function exec(
  name: string,
  before: readonly string[],
  command: readonly string[],
  check: (found: Seen) => void,
  options: readonly string[] = [],
  compare: (found: Seen) => unknown = found => found,
): void {
  test(`exec/${name}`, {
    observe: async podman => {
      await podman.detached(idle, options);
      return seen(podman, await podman.call(['exec', ...before, podman.name, ...command]));
    },
    compare,
    expect: check,
  });
}

const says = (stdout: string) => (found: Seen) => assert.equal(found, { code: 0, stdout, stderr: '' });
const fails = (code: number, text: RegExp) => (found: Seen) => {
  assert.is(found.code, code);
  assert.match(found.stderr, text);
};

exec('output', [], ['echo', 'hello'], says('hello'));
exec('exit-code', [], ['sh', '-c', 'echo to-stderr >&2; exit 9'], found =>
  assert.equal(found, { code: 9, stdout: '', stderr: 'to-stderr' }),
);
exec('signal', [], ['sh', '-c', 'kill -KILL $$'], found => assert.is(found.code, 137));
// Of what cannot be started only the code is the same under crun: the words are each runtime's own.
exec('missing-command', [], ['nothing-here'], fails(127, /nothing-here/), [], found => found.code);
exec('missing-path', [], ['/bin/nothing-here'], fails(127, /nothing-here/), [], found => found.code);
exec(
  'not-executable',
  [],
  ['/etc/not-executable'],
  fails(126, /permission denied/i),
  [],
  found => found.code,
);
exec('directory', [], ['/etc'], fails(126, /./), [], found => found.code);
exec(
  'missing-workdir',
  ['--workdir', '/no/such/dir'],
  ['true'],
  fails(127, /no\/such\/dir/),
  [],
  found => found.code,
);
exec('user', ['--user', '1000:63'], ['sh', '-c', 'id -u; id -g; id -G'], says('1000\n63\n63'));
exec('user-name', ['--user', 'alice'], ['sh', '-c', 'id -u; id -G'], says('1000\n1000 63'));
exec('env', ['--env', 'A=b'], ['sh', '-c', 'echo $A $HOSTNAME'], says('b ID'));
exec('workdir', ['--workdir', '/home/alice'], ['pwd'], says('/home/alice'));
exec('capabilities', [], ['grep', '^Cap', '/proc/self/status'], found =>
  assert.match(found.stdout, /CapEff:\t00000000(a80425fb|800405fb)/),
);
exec('privileged', ['--privileged'], ['grep', '^CapEff', '/proc/self/status'], found =>
  assert.match(found.stdout, /CapEff:\t0000[\da-f]{4}f[ef]ffffff$/),
);
exec('seccomp', [], ['grep', '^Seccomp:', '/proc/self/status'], says('Seccomp:\t2'));
exec('seccomp-unconfined', [], ['grep', '^Seccomp:', '/proc/self/status'], says('Seccomp:\t0'), [
  '--security-opt',
  'seccomp=unconfined',
]);
exec('same-cgroup', [], ['sh', '-c', 'cmp /proc/self/cgroup /proc/1/cgroup && echo same'], says('same'));
exec('read-only-root', [], ['touch', '/x'], fails(1, /Read-only/), ['--read-only']);
exec(
  'same-namespaces',
  [],
  [
    'sh',
    '-c',
    'for n in ipc mnt net pid uts cgroup; do [ $(readlink /proc/self/ns/$n) = $(readlink /proc/1/ns/$n) ] && echo $n; done',
  ],
  says('ipc\nmnt\nnet\npid\nuts\ncgroup'),
);
exec('pid-host', [], ['sh', '-c', '[ $$ -gt 1 ] && echo hello'], says('hello'), ['--pid', 'host']);
exec('rlimits', [], ['sh', '-c', 'ulimit -n; ulimit -Hn'], says('512\n600'), [
  '--ulimit',
  'nofile=512:600',
  '--ulimit',
  'nproc=99:99',
]);
exec('descriptors', [], ['ls', '/proc/self/fd'], says('0\n1\n2\n3'));

test('exec/stdin', {
  observe: async podman => {
    await podman.detached(idle);
    const file = join(podman.dir, 'input');
    writeFileSync(file, 'one\ntwo\n');
    return seen(podman, await podman.call(['exec', '-i', podman.name, 'wc', '-l'], { stdin: file }));
  },
  expect: says('2'),
});

test('exec/preserve-fds', {
  observe: async podman => {
    await podman.detached(idle);
    const file = join(podman.dir, 'kept');
    writeFileSync(file, 'kept\n');
    const args = ['exec', '--preserve-fds', '1', podman.name, 'sh', '-c', 'cat <&3'];
    return seen(podman, await podman.call(args, { descriptors: [file] }));
  },
  expect: says('kept'),
});

test('exec/detached', {
  observe: async podman => {
    await podman.detached('mkfifo /tmp/f; echo ready; cat /tmp/f; exec sleep 1000');
    const started = await podman.call(['exec', '-d', podman.name, 'sh', '-c', 'echo from-exec >/tmp/f']);
    const log = await podman.logged(podman.name, 'from-exec');
    return { code: started.code, log: log.trim() };
  },
  expect: found => assert.equal(found, { code: 0, log: 'ready\nfrom-exec' }),
});

test('exec/many', {
  deadlineMs: 60_000,
  observe: async podman => {
    await podman.detached(idle);
    const all = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        podman.call(['exec', podman.name, 'sh', '-c', `exit ${index}`]),
      ),
    );
    return all.map(({ code }) => code);
  },
  expect: found => assert.equal(found, [0, 1, 2, 3, 4]),
});

test('exec/in-stopped', {
  observe: async podman => {
    await podman.call(['run', '--name', podman.name, ...podman.common, 'bb', 'true']);
    return seen(podman, await podman.call(['exec', podman.name, 'true']));
  },
  expect: fails(255, /can only create exec sessions on running containers/),
});

test('exec/healthcheck', {
  observe: async podman => {
    await podman.detached(idle, ['--health-cmd', 'test -e /etc/passwd', '--health-interval', 'disable']);
    const good = await podman.call(['healthcheck', 'run', podman.name]);
    await podman.call(['exec', podman.name, 'rm', '/etc/passwd']);
    const bad = await podman.call(['healthcheck', 'run', podman.name]);
    return [good.code, bad.code];
  },
  expect: found => assert.equal(found, [0, 1]),
});

test('exec/cgroups-disabled', {
  observe: async podman => {
    const made = [
      'run',
      '-d',
      '--name',
      podman.name,
      '--network',
      'none',
      '--cgroups',
      'disabled',
      'bb',
      'sleep',
      '1000',
    ];
    const started = await podman.call(made);
    return {
      started: started.code,
      exec: seen(podman, await podman.call(['exec', podman.name, 'echo', 'hello'])),
    };
  },
  expect: found => assert.equal(found, { started: 0, exec: { code: 0, stdout: 'hello', stderr: '' } }),
});
