import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checks } from './checks.js';
import { programLines } from './program.js';
import { answers, type Files, forget, hostWith, program, subjectWith, told } from './test/made-up.js';

const gone = '/share/bin/chos-runtime';
const silent = (path: string): string => `${path} was not looked at, because it does not answer`;

test('one that is there, one that is missing, one on a server that is gone', () => {
  const host = hostWith({ '/usr/bin/there': program });
  const subject = subjectWith({ host, answers: answers({ [gone]: 'silent' }) });
  assert.equal(programLines(subject, 'x', '/usr/bin/there'), []);
  assert.equal(programLines(subject, 'x', 'there'), []);
  assert.equal(told(programLines(subject, 'x', 'missing')), ['fault: x: missing is not there']);
  assert.equal(told(programLines(subject, 'x', '/usr')), ['fault: x: /usr is not there']);
  assert.equal(told(programLines(subject, 'x', gone)), [`note: x: ${silent(gone)}`]);
});

/** A check, what it goes to, and what it says when that does not answer. */
const named: readonly (readonly [name: string, files: Files, line: string])[] = [
  [
    'podman',
    {
      '/usr/bin/podman': program,
      '/etc/containers/containers.conf': `[engine.runtimes]\nchos-runtime = ["${gone}"]\n`,
    },
    `note: engine.runtimes of containers.conf: ${silent(gone)}`,
  ],
  [
    'containerd',
    {
      '/usr/bin/containerd': program,
      '/etc/containerd/config.toml': `version = 2
[plugins.x.containerd.runtimes.chos]
runtime_type = "io.containerd.runc.v2"
[plugins.x.containerd.runtimes.chos.options]
BinaryName = "${gone}"
`,
    },
    `note: runtimes.chos: ${silent(gone)}`,
  ],
  [
    'docker',
    {
      '/usr/bin/dockerd': program,
      '/etc/docker/daemon.json': JSON.stringify({ runtimes: { 'chos-runtime': { path: gone } } }),
    },
    `note: /etc/docker/daemon.json, runtimes.chos-runtime: ${silent(gone)}`,
  ],
  [
    'slurm',
    {
      '/usr/bin/srun': program,
      '/etc/slurm/slurm.conf': '',
      '/etc/slurm/oci.conf': `RunTimeRun="exec ${gone} run"\n`,
    },
    `note: /etc/slurm/oci.conf, runtimerun: ${silent(gone)}`,
  ],
];

for (const [name, files, line] of named)
  test(`${name}: what its configuration names is asked, and not gone to where it is silent`, () => {
    const check = checks.find(one => one.name === name);
    const host = hostWith(files);
    assert.equal(check?.paths?.(subjectWith()), []);
    assert.equal(check?.paths?.(subjectWith({ host })), [gone]);
    const lines = told(check?.look(subjectWith({ host, answers: answers({ [gone]: 'silent' }) })) ?? []);
    assert.ok(lines.includes(line), lines.join('\n'));
  });

test('containerd: directories that it takes files from are asked before these are read', () => {
  const check = checks.find(one => one.name === 'containerd');
  const host = hostWith({
    '/usr/bin/containerd': program,
    '/etc/containerd/config.toml': 'imports = ["/share/*.toml"]\n',
    '/share/a.toml': `[plugins.x.containerd.runtimes.chos.options]\nBinaryName = "${gone}"\n`,
  });
  assert.equal(check?.paths?.(subjectWith({ host })), ['/share']);
  const asked = (kind: 'answered' | 'silent') => subjectWith({ host, answers: answers({ '/share': kind }) });
  assert.equal(check?.paths?.(asked('answered')), [gone]);
  assert.equal(check?.paths?.(asked('silent')), []);
  assert.equal(told(check?.look(asked('silent')) ?? []), [
    'note: /etc/containerd/config.toml takes in /share/*.toml, which was not read, because it does not answer',
  ]);
});

test.after(forget);
test.run();
