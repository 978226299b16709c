/** crun's annotations, as far as they mean something here. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Step } from '../../program/step.js';
import { compileLaunch } from '../compile.js';
import { inputOf, specOf } from '../test/input.js';
import { keepsGroups, labelOption, pidfdReceiver } from './annotations.js';
import type { RefusalReason } from './refusal.js';

const configOf = (annotations: object) => specOf({ annotations }).config;

function compiled(annotations: object, linux: object = {}): readonly Step[] | readonly RefusalReason[] {
  const result = compileLaunch(inputOf({ config: { annotations, linux } }));
  if (result.kind === 'refused') return result.refusals.map(({ reason }) => reason);
  const init = result.program.tracks.find(t => t.name === 'init');
  return (init?.actions ?? []).flatMap(a => a.lines.filter((l): l is Step => l.kind === 'step'));
}
const calls = (annotations: object): readonly unknown[] =>
  (compiled(annotations) as readonly Step[]).map(({ call }) => call);

test('keep_original_groups: present is on, "0" is off, as with crun', () => {
  for (const on of ['1', '', 'true'])
    assert.ok(keepsGroups(configOf({ 'run.oci.keep_original_groups': on })), on);
  assert.not.ok(keepsGroups(configOf({ 'run.oci.keep_original_groups': '0' })));
  assert.not.ok(keepsGroups(configOf({})));
  assert.ok(calls({}).includes('setgroups'));
  assert.not.ok(calls({ 'run.oci.keep_original_groups': '1' }).includes('setgroups'));
});

test('pidfd_receiver: a path, nothing if empty', () => {
  assert.is(pidfdReceiver(configOf({ 'run.oci.pidfd_receiver': '/run/s' })), '/run/s');
  assert.is(pidfdReceiver(configOf({ 'run.oci.pidfd_receiver': '' })), null);
});

test('mount_context_type: the four options of SELinux, else context', () => {
  for (const option of ['context', 'fscontext', 'defcontext', 'rootcontext'])
    assert.is(labelOption(configOf({ 'run.oci.mount_context_type': option })), option);
  for (const other of ['', 'size', 'context=x'])
    assert.is(labelOption(configOf({ 'run.oci.mount_context_type': other })), 'context');
});

const unknown = {
  seccomp: {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['nosuch', 'socketcall'], action: 'SCMP_ACT_LOG' }],
  },
};

test('seccomp_fail_unknown_syscall: what no architecture has is refused', () => {
  assert.equal(compiled({ 'run.oci.seccomp_fail_unknown_syscall': '1' }, unknown), [
    { kind: 'seccomp', refusal: { kind: 'unknown-calls', at: '', names: ['nosuch'] } },
  ]);
  assert.ok((compiled({}, unknown) as readonly Step[]).some(({ call }) => call === 'seccomp'));
});

test('seccomp_bpf_data: instructions in base64 take the place of linux.seccomp', () => {
  const allow = Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]).toString('base64');
  assert.ok(calls({ 'run.oci.seccomp_bpf_data': allow }).includes('seccomp'));
  const refused = [{ kind: 'seccomp', refusal: { kind: 'raw-filter', at: '' } }];
  const long = Buffer.alloc(4097 * 8).toString('base64');
  for (const bad of ['zz', 'AAAA', '!!!!', `${allow}\n`, long])
    assert.equal(compiled({ 'run.oci.seccomp_bpf_data': bad }, unknown), refused, bad.slice(0, 20));
});

test('what does nothing here is warned of', () => {
  const warned = (annotations: object) => {
    const result = compileLaunch(inputOf({ config: { annotations } }));
    return result.kind === 'program' ? result.warnings.map(({ reason }) => reason) : [];
  };
  assert.equal(
    warned({ 'run.oci.systemd.subgroup': 'x', 'run.oci.keep_original_groups': '1', 'org.any': '' }),
    [{ kind: 'annotation-without-effect', name: 'run.oci.systemd.subgroup' }],
  );
  assert.equal(warned({}), []);
});

test.run();
