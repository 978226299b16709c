import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compileLaunch } from '../compile.js';
import { inputOf } from '../test/input.js';

const rule = { names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' };
const profile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] };
const listened = { ...profile, listenerPath: '/run/agent.sock' };

function refusals(config: Readonly<Record<string, unknown>>): readonly unknown[] {
  const compiled = compileLaunch(inputOf({ config }));
  return compiled.kind === 'refused' ? compiled.refusals.map(({ reason }) => reason) : [];
}

/** The sockets that `run` sends to. */
function sockets(config: Readonly<Record<string, unknown>>): readonly unknown[] {
  const compiled = compileLaunch(inputOf({ config, options: { entry: 'run' } }));
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.refusals));
  const operations = compiled.program.tracks.flatMap(({ actions }) => actions.map(one => one.operation));
  return operations.flatMap(one => (one.kind === 'send-listener' ? [one.socket] : []));
}

test('somebody has to answer', () => {
  const reason = { kind: 'seccomp', refusal: { kind: 'notify-whom', at: '' } };
  assert.equal(refusals({ linux: { seccomp: profile } }), [reason]);
  assert.equal(refusals({ linux: { seccomp: listened } }), []);
});

test('the socket of the profile counts, else that of the annotation', () => {
  const annotations = { 'run.oci.seccomp.receiver': '/run/other.sock' };
  assert.equal(sockets({ linux: { seccomp: listened }, annotations }), ['/run/agent.sock']);
  assert.equal(sockets({ linux: { seccomp: profile }, annotations }), ['/run/other.sock']);
  assert.equal(sockets({ linux: { seccomp: { ...listened, syscalls: [] } }, annotations }), []);
});

test('hooks inside would have listeners of their own', () => {
  const hooks = { startContainer: [{ path: '/hook' }] };
  const reason = { kind: 'seccomp', refusal: { kind: 'notify-hooks', at: '' } };
  assert.equal(refusals({ hooks, linux: { seccomp: listened } }), [reason]);
});

test.run();
