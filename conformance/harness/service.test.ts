import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { asks, complaintsAbout } from './service.js';

test('what asks the service must have been answered', () => {
  const some = ['create', 'run', 'exec', 'list', 'explain', 'features', 'state', 'delete', 'spec', 'ps'];
  assert.equal(some.filter(asks), ['create', 'run', 'exec', 'list', 'explain', 'features', 'spec', 'ps']);
  assert.equal(complaintsAbout(3, 0), ['the service has answered nothing']);
  assert.equal([...complaintsAbout(3, 1), ...complaintsAbout(0, 0)], []);
});

test.run();
