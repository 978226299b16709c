import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { admit } from '../admit/admit.js';
import { defaultConfig, treeConfig } from './default-config.js';

test('what spec writes is admitted', () => {
  for (const config of [defaultConfig(), treeConfig('debian12', '/ostrees/debian12')]) {
    const result = admit({ file: 'config.json', text: JSON.stringify(config) });
    assert.is(result.kind, 'admitted', JSON.stringify(result.kind === 'refused' && result.diagnostics));
  }
});

test('an environment without a mount namespace keeps nobody from making zero mounts', () => {
  const config = treeConfig('debian12', '/ostrees/debian12');
  assert.equal(config.linux?.namespaces, []);
  assert.is(config.mounts, undefined);
  assert.not.ok(config.process.capabilities?.bounding?.includes('CAP_SYS_ADMIN'));
});

test('the shell of a tree is what its bundle starts', () => {
  assert.equal(treeConfig('debian12', '/ostrees/debian12', 'bash').process.args, ['bash']);
  assert.equal(treeConfig('debian12', '/ostrees/debian12').process.args, ['sh']);
});

test.run();
