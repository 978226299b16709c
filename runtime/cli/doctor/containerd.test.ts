import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { containerd } from './containerd.js';
import { type Files, forget, hostWith, program, subjectWith, told } from './test/made-up.js';

const installed: Files = { '/usr/bin/containerd': program, '/usr/local/bin/chos-runtime': program };
const systemd: Files = { '/run/systemd/system/x': '' };
const conf = '/etc/containerd/config.toml';
const kubelet = '/var/lib/kubelet/config.yaml';
const look = (files: Files = {}) =>
  told(containerd(subjectWith({ host: hostWith({ ...installed, ...files }) })));

const written = (more = '', name = 'chos', part = 'io.containerd.grpc.v1.cri'): string => `version = 2
[plugins."${part}".containerd.runtimes.${name}]
  runtime_type = "io.containerd.runc.v2"
  [plugins."${part}".containerd.runtimes.${name}.options]
    BinaryName = "/usr/local/bin/chos-runtime"
    ${more}
[plugins."${part}".containerd.runtimes.other.options]
  BinaryName = "/gone/runc"
`;
const good = ['ok: pods ask for it by the handler chos'];

test('not installed, and known, in either version of the file', () => {
  assert.equal(told(containerd(subjectWith())), ['ok: it is not installed']);
  assert.equal(look({ [conf]: written() }), good);
  assert.equal(look({ [conf]: written('', 'chos', 'io.containerd.cri.v1.runtime') }), good);
  assert.equal(look({ ...systemd, [conf]: written('SystemdCgroup = true') }), good);
});

test('the command that mends it writes what makes it good', () => {
  for (const [there, extra] of [
    ['', {}],
    ['version = 2\n', {}],
    ['version = 3\n', systemd],
    ['', { [kubelet]: 'kind: KubeletConfiguration\ncgroupDriver: cgroupfs\n', ...systemd }],
  ] as const) {
    const before: Files = there === '' ? {} : { [conf]: there };
    const [line = ''] = look({ ...before, ...extra });
    assert.match(line, /^note: no runtime of containerd has BinaryName/);
    const command = line.split(' | ')[1] ?? '';
    assert.is(command.endsWith(' && systemctl restart containerd'), '/run/systemd/system/x' in extra);
    const print = command.slice(command.indexOf('printf'), command.lastIndexOf(' >>'));
    const text = there + execFileSync('sh', ['-c', print], { encoding: 'utf8' });
    assert.equal(look({ ...extra, [conf]: text }), good);
  }
  assert.match(look({ [conf]: '# of version 1\n' })[0] ?? '', /^note: .*ask for it$/);
});

test('who makes the cgroups', () => {
  assert.equal(look({ [conf]: written('SystemdCgroup = true') }), [
    'fault: runtimes.chos: SystemdCgroup is true, but process 1 is not systemd: no pod starts',
  ]);
  assert.match(
    look({ ...systemd, [conf]: written() })[0] ?? '',
    /^note: runtimes\.chos: SystemdCgroup is false, and/,
  );
  for (const [driver, more] of [
    ['systemd', 'SystemdCgroup = false'],
    ['cgroupfs', 'SystemdCgroup = true'],
  ])
    assert.match(
      look({ ...systemd, [conf]: written(more), [kubelet]: `cgroupDriver: ${driver}\n` })[0] ?? '',
      new RegExp(
        `^fault: runtimes\\.chos: SystemdCgroup is (true|false), but ${kubelet} has cgroupDriver: ${driver}$`,
      ),
    );
  assert.equal(look({ ...systemd, [conf]: written(), [kubelet]: 'cgroupDriver: "cgroupfs"\n' }), good);
});

test('an entry that leads nowhere, or to another shim; files that are taken in', () => {
  const wrong = written().replace('/usr/local/bin/chos', '/gone/chos').replace('runc.v2', 'runc.v1');
  const lines = [
    'fault: runtimes.chos: /gone/chos-runtime is not there',
    'fault: runtimes.chos: its runtime_type is io.containerd.runc.v1, not io.containerd.runc.v2',
  ];
  assert.equal(look({ [conf]: wrong }), lines);
  const taken = 'imports = ["/etc/containerd/conf.d/*.toml", "one.toml"]\n';
  assert.equal(look({ [conf]: taken, '/etc/containerd/conf.d/a.toml': wrong }), lines);
  assert.equal(
    look({ [conf]: taken, '/etc/containerd/conf.d/a.txt': wrong, '/etc/containerd/one.toml': written() }),
    good,
  );
});

test.after(forget);
test.run();
