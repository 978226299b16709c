import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cgroups } from './cgroups.js';
import { ann, type Files, forget, hostWith, subjectWith, told, type Who } from './test/made-up.js';

const seen = (files: Files = {}, who: Who = {}) => told(cgroups(subjectWith({ host: hostWith(files, who) })));

test('all controllers are there', () => {
  assert.equal(seen(), ['ok: version 2']);
});

test('a controller that the kernel has not is told, memory with the way to it', () => {
  const lines = seen({ '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io\n' });
  assert.match(
    lines[1] ?? '',
    /^note: the kernel has no controller memory, pids: .*next boot.* \| sed .*cgroup_enable=memory/,
  );
});

test('without a hierarchy nothing can be limited', () => {
  assert.match(
    seen({}, { magicOf: () => null })[0] ?? '',
    /^fault: no hierarchy is mounted.* \| mount -t cgroup2/,
  );
});

test('what systemd does not hand on to a user', () => {
  const lines = seen({}, ann);
  assert.is(lines[0], 'ok: version 2');
  assert.match(
    lines[1] ?? '',
    /^note: not delegated to ann: cpu, cpuset, io, memory, pids; .* \| mkdir -p .*Delegate=cpu cpuset io memory pids/,
  );
});

test('what it does is not told', () => {
  const writable = (path: string): boolean => path.includes('/user.slice');
  const own = { '/sys/fs/cgroup/user.slice/cgroup.controllers': 'memory pids\n' };
  assert.match(seen(own, { ...ann, writable })[1] ?? '', /not delegated to ann: cpu, cpuset, io;/);
  assert.equal(seen({}, { ...ann, writable }), ['ok: version 2']);
});

test.after(forget);
test.run();
