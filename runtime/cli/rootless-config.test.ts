import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { admit } from '../admit/admit.js';
import { rootlessConfig, rootlessTreeConfig } from './rootless-config.js';

const caller = { uid: 1000, gid: 100, home: '/home/alice' };
const whole = rootlessConfig(caller);
const tree = rootlessTreeConfig(caller, 'debian12', '/ostrees/debian12', 'bash');

test('what spec --rootless writes', () => {
  assert.equal(whole.linux?.uidMappings, [{ containerID: 0, hostID: 1000, size: 1 }]);
  assert.equal(whole.linux?.gidMappings, [{ containerID: 0, hostID: 100, size: 1 }]);
  assert.is(whole.linux?.resources, undefined);
  const types = (whole.linux?.namespaces ?? []).map(({ type }) => type);
  assert.equal(types, ['pid', 'ipc', 'uts', 'mount', 'user']);
  assert.not.match(JSON.stringify(whole.mounts), /gid=5|"sysfs"/);
});

test('in an environment the user stays who it is, and has no capabilities', () => {
  assert.equal(tree.process.user, { uid: 1000, gid: 100 });
  assert.equal(tree.linux?.uidMappings, [{ containerID: 1000, hostID: 1000, size: 1 }]);
  assert.is(tree.process.capabilities, undefined);
  assert.is(tree.process.noNewPrivileges, true);
  assert.equal(
    tree.linux?.namespaces,
    [{ type: 'user' }],
    'with mounts of its own it could not be entered by the link',
  );
  assert.ok(tree.process.env?.includes('HOME=/home/alice'));
  assert.is(tree.annotations?.['org.chos.tree'], 'debian12');
});

test('both are admitted', () => {
  for (const config of [whole, tree]) {
    const result = admit({ file: 'config.json', text: JSON.stringify(config) });
    assert.is(result.kind, 'admitted', JSON.stringify(result.kind === 'refused' && result.diagnostics));
  }
});

test.run();
