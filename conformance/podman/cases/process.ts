import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { test } from '../case.js';
import { type Seen, script, seen } from '../seen.js';

/** A script under `podman run` with some options, and its whole standard output. */
function prints(name: string, options: readonly string[], text: string, expected: string | RegExp): void {
  test(`process/${name}`, {
    observe: podman => script(podman, options, text),
    expect: (found: Seen) => {
      assert.is(found.code, 0, found.stderr);
      if (typeof expected === 'string') assert.is(found.stdout, expected);
      else assert.match(found.stdout, expected);
      assert.is(found.stderr, '');
    },
  });
}

const capabilities = 'grep ^Cap /proc/self/status';

prints('user-number', ['--user', '1234:77'], 'id -u; id -g; id -G', '1234\n77\n77');
prints(
  'user-name',
  ['--user', 'alice'],
  'id -u; id -g; id -G; echo $HOME',
  '1000\n1000\n1000 63\n/home/alice',
);
prints('user-owns-stdout', ['--user', '1000'], 'echo yes >/dev/stdout', 'yes');
prints(
  'group-add',
  ['--user', '1000:1000', '--group-add', '63', '--group-add', '99'],
  'id -G',
  /^1000 63 99$/,
);
// A user's own groups have no number in its user namespace.
prints('keep-groups', ['--group-add', 'keep-groups'], 'grep ^Groups: /proc/self/status', /^Groups:/);
prints('umask', ['--umask', '0077'], 'umask', '0077');
prints('env', ['--env', 'A=b c', '--env', 'EMPTY='], 'echo "$A"; env | grep -c ^EMPTY=$', 'b c\n1');
prints('workdir', ['--workdir', '/home/alice'], 'pwd', '/home/alice');
prints('entrypoint', ['--entrypoint', '["echo","first"]'], '', 'first sh -c');
prints('hostname', ['--hostname', 'box.example'], 'hostname; cat /etc/hostname', 'box.example\nbox.example');
// Podman 5.8 gives neither MKNOD nor AUDIT_WRITE nor NET_RAW.
prints('cap-default', [], capabilities, /CapEff:\t00000000(a80425fb|800405fb)/);
prints('cap-drop-all', ['--cap-drop', 'ALL'], capabilities, /CapEff:\t0{16}\nCapBnd:\t0{16}\nCapAmb:\t0{16}/);
prints(
  'cap-add',
  ['--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN,CHOWN'],
  capabilities,
  /CapEff:\t0000000000001001/,
);
prints(
  'cap-add-user',
  ['--user', '1000', '--cap-add', 'NET_BIND_SERVICE'],
  capabilities,
  /CapAmb:\t0000000000000400/,
);
prints(
  'no-new-privileges',
  ['--security-opt', 'no-new-privileges'],
  'grep NoNewPrivs /proc/self/status',
  /1$/,
);
prints(
  'ulimit',
  ['--ulimit', 'nofile=512:600', '--ulimit', 'core=0:0', '--ulimit', 'nproc=99:99'],
  'ulimit -n; ulimit -Hn; ulimit -c',
  '512\n600\n0',
);
prints('oom-score', ['--oom-score-adj', '500'], 'cat /proc/self/oom_score_adj', '500');
prints(
  'sysctl',
  ['--sysctl', 'kernel.msgmax=9000', '--sysctl', 'kernel.shm_rmid_forced=1'],
  'cat /proc/sys/kernel/msgmax /proc/sys/kernel/shm_rmid_forced',
  '9000\n1',
);
prints(
  'privileged',
  ['--privileged'],
  `${capabilities}; grep ^Seccomp: /proc/self/status; ls -d /dev/kmsg; mount -t tmpfs t /tmp && echo mounted`,
  /CapBnd:\t0000[\da-f]{4}f[ef]ffffff[\s\S]*Seccomp:\t0[\s\S]*mounted/,
);
prints('first-process', [], 'echo $$; cat /proc/1/comm; ls /proc/self/fd', '1\nsh\n0\n1\n2\n3');
prints('session', [], 'cut -d" " -f5,6 /proc/1/stat', '1 1');
prints('stdin-closed', [], 'readlink /proc/self/fd/0; wc -c', '/dev/null\n0');
prints('timezone', ['--tz', 'local'], 'date +%Y', /^20/);
prints('init-environment', ['--env', 'PATH=/bin'], 'env | sort', /^HOME=\/root\nHOSTNAME=ID\n/);
prints(
  'seccomp-default',
  [],
  'grep ^Seccomp: /proc/self/status; mount -t tmpfs t /tmp 2>&1; unshare -r true 2>&1 | wc -l',
  /Seccomp:\t2\nmount: permission denied/,
);
prints(
  'seccomp-unconfined',
  ['--security-opt', 'seccomp=unconfined'],
  'grep ^Seccomp: /proc/self/status',
  'Seccomp:\t0',
);
prints(
  'privileged-devices',
  ['--privileged'],
  'ls /dev | grep -v ^core | wc -l; stat -c "%t:%T %a" /dev/loop-control',
  /:/,
);

test('process/seccomp-profile', {
  observe: podman => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
      syscalls: [
        { names: ['chmod', 'fchmodat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 },
        { names: ['kill'], action: 'SCMP_ACT_ERRNO', args: [{ index: 1, value: 10, op: 'SCMP_CMP_EQ' }] },
      ],
    };
    const file = join(podman.dir, 'profile.json');
    writeFileSync(file, JSON.stringify(profile));
    return script(
      podman,
      ['--security-opt', `seccomp=${file}`],
      'chmod 777 /etc/passwd; kill -USR1 1; kill -0 1 && echo rest',
    );
  },
  expect: found => {
    assert.match(found.stderr, /not supported/);
    assert.match(found.stderr, /not permitted/);
    assert.is(found.stdout, 'rest');
  },
});

test('process/stdin', {
  observe: async podman => {
    const file = join(podman.dir, 'input');
    writeFileSync(file, 'one\ntwo\n');
    return seen(
      podman,
      await podman.run(['-i', 'bb', 'sh', '-c', 'cat; wc -l </etc/group'], { stdin: file }),
    );
  },
  expect: found => assert.equal(found, { code: 0, stdout: 'one\ntwo\n3', stderr: '' }),
});

test('process/preserve-fds', {
  observe: async podman => {
    const file = join(podman.dir, 'kept');
    writeFileSync(file, 'kept\n');
    const args = ['--preserve-fds', '2', 'bb', 'sh', '-c', 'cat <&3; cat <&4; ls /proc/self/fd'];
    return seen(podman, await podman.run(args, { descriptors: [file, file] }));
  },
  expect: found => assert.equal(found, { code: 0, stdout: 'kept\nkept\n0\n1\n2\n3\n4\n5', stderr: '' }),
});

test('process/init', {
  skip: async podman => {
    const asked = await podman.run(['--init', 'bb', 'true']);
    return asked.code === 125 && /init binary not found|catatonit|container-init/.test(asked.stderr)
      ? 'no catatonit on this host'
      : undefined;
  },
  observe: podman => script(podman, ['--init'], 'cat /proc/1/comm; echo $$'),
  expect: found => assert.match(found.stdout, /^podman-init\n[2-9]$/),
});

test('process/annotation', {
  observe: async podman => {
    await podman.detached('echo ready; exec sleep 1000', ['--annotation', 'org.example.key=a value']);
    const state = await podman.call([
      'inspect',
      '--format',
      '{{index .Config.Annotations "org.example.key"}}',
      podman.name,
    ]);
    return seen(podman, state);
  },
  expect: found => assert.is(found.stdout, 'a value'),
});
