import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inputOf } from '../test/input.js';
import { isMappedGid } from './confined.js';
import { createLaunch } from './launch.js';

const map = [{ containerID: 0, hostID: 1000, size: 1 }];

function isMapped(user: object, gidMappings: readonly object[], gid: number): boolean {
  const linux = {
    namespaces: [{ type: 'mount' }, user],
    ...(gidMappings.length > 0 ? { uidMappings: map, gidMappings } : {}),
  };
  return isMappedGid(createLaunch(inputOf({ config: { linux } })), gid);
}

const joined = { type: 'user', path: '/proc/7/ns/user' };

test('groups of a user namespace, made or joined, are those of its maps', () => {
  for (const user of [{ type: 'user' }, joined]) {
    assert.ok(isMapped(user, map, 0));
    assert.not.ok(isMapped(user, map, 5));
  }
});

test('one that is joined without a word about its maps has those of the caller', () => {
  assert.ok(isMapped(joined, [], 5));
});

test.run();
