import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KernelFacts } from '../../trees/kernel-link.js';
import { kernel, module } from './kernel.js';
import { forget, hostWith, registryOf, subjectWith, told } from './test/made-up.js';

const linux = (release: string) =>
  told(kernel(subjectWith({ host: hostWith({ '/proc/sys/kernel/osrelease': `${release}\n` }) })))[0] ?? '';

test('a kernel too old to start anything is a fault, one that tells less is a note', () => {
  assert.match(linux('5.10.0-30'), /^fault: Linux 5\.10\.0-30, .* older than 5\.12/);
  assert.match(linux('6.1.0-28'), /^note: .*before 6\.8/);
  assert.match(linux('6.12.5-amd64'), /^ok: Linux 6\.12\.5-amd64/);
  assert.match(linux('whatever'), /^fault/);
});

const trees = {
  a: { path: '/ostrees/a' },
  b: { path: '/ostrees/b' },
  c: { path: '/ostrees/c', backEnd: 'private' },
};
const present = (valid: readonly string[] | null): KernelFacts => ({
  kind: 'present',
  version: '0.1.0',
  skeleton: '/chos',
  valid: valid === null ? null : new Set(valid),
});
const loaded = (facts: KernelFacts) =>
  told(module(subjectWith({ ...registryOf({ 'site.json': { trees } }), kernel: facts })));

test("the kernel's list is compared with the registry", () => {
  assert.equal(loaded(present(['/ostrees/a', '/ostrees/b'])), ['ok: chos 0.1.0, 2 trees in its list']);
  assert.equal(loaded(present(['/ostrees/a', '/gone'])).slice(1), [
    "note: not in the kernel's list of trees: b | chos-runtime tree load",
    "note: in the kernel's list, but not registered: /gone | chos-runtime tree load",
  ]);
});

test('who may not read the list is told so', () => {
  assert.equal(loaded(present(null)), [
    'ok: chos 0.1.0',
    "note: only root can read the kernel's list of trees",
  ]);
});

test('a module that is too old is a fault', () => {
  assert.match(
    loaded({ kind: 'too-old', version: '0.0.9' })[0] ?? '',
    /^fault: chos 0\.0\.9 is too old.* \| make kmod-install/,
  );
});

test('a module that is installed has only to be loaded', () => {
  const with_ = (modules: string) =>
    told(module(subjectWith({ host: hostWith({ '/lib/modules/6.12.5-amd64/modules.dep': modules }) })))[0] ??
    '';
  assert.match(
    with_('updates/dkms/chos.ko.xz: updates/dkms/chos_link.ko.xz\n'),
    /^note: .* \| systemctl enable --now chos-trees$/,
  );
  assert.match(with_('kernel/fs/chosen/xchos.ko:\n'), /linux-headers-6\.12\.5-amd64/);
});

test.after(forget);
test.run();
