import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NormalConfig } from '../../spec/normal-config.js';
import { admit } from '../admit/admit.js';
import { rootlessTreeConfig } from '../cli/rootless-config.js';
import { type Credentials, type Entering, entrantOf, whyNotAsUser } from './entrant.js';

const written = rootlessTreeConfig({ uid: 1000, gid: 100, home: null }, 'a', '/os/a');

/** What `spec --rootless --tree` writes, with changes. */
function configOf({ linux, process, ...change }: Record<string, object> = {}): NormalConfig {
  const text = JSON.stringify({
    ...written,
    ...change,
    process: { ...written.process, ...process },
    linux: { ...written.linux, ...linux },
  });
  const result = admit({ file: 'config.json', text });
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.diagnostics));
  return result.spec.config;
}

const user: Credentials = { euid: 1000, egid: 100, confined: false };
const root: Credentials = { euid: 0, egid: 0, confined: false };
const map = (inside: number, host: number, size = 1) => [{ containerID: inside, hostID: host, size }];
const propagation = (kind: 'private' | 'slave') => ({ kind, recursive: false });
const none = { namespaces: [], uidMappings: [], gidMappings: [] };

test('root enters as it is, a user in a user namespace of its own id', () => {
  assert.is(entrantOf(configOf({ linux: none }), root).kind, 'root');
  assert.is(entrantOf(configOf(), user).kind, 'user');
  assert.is(entrantOf(configOf({ linux: none }), user).kind, 'user');
});

test('others do not, and are told why', () => {
  const why = (linux: object, caller: Credentials) => {
    const entrant = entrantOf(configOf({ linux }), caller);
    return entrant.kind === 'never' ? entrant.why : entrant.kind;
  };
  assert.match(why({}, root), /cannot join the mounts of root/);
  for (const caller of [user, root])
    assert.match(why(none, { ...caller, confined: true }), /the caller is in a user namespace/);
  assert.match(why({ namespaces: [{ type: 'user', path: '/proc/7/ns/user' }] }, user), /to join/);
  for (const maps of [
    { uidMappings: map(1000, 1000, 2) },
    { uidMappings: map(1000, 1001) },
    { gidMappings: map(100, 1000) },
    { uidMappings: [...map(1000, 1000), ...map(1, 100_000)] },
  ])
    assert.match(why(maps, user), /maps other ids than those of the caller/, JSON.stringify(maps));
});

test('what takes mounts of its own is named', () => {
  assert.is(whyNotAsUser(configOf()), null);
  const config = configOf();
  // Without a mount namespace admission lets some of them through only where they are empty.
  const cases: readonly (readonly [Entering, string])[] = [
    [configOf({ linux: { namespaces: [{ type: 'user' }, { type: 'mount' }] } }), 'a mount namespace'],
    [configOf({ mounts: [{ destination: '/mnt', type: 'tmpfs', source: 'x' }] }), 'mounts'],
    [configOf({ root: { path: '/os/a', readonly: true } }), 'root.readonly'],
    [
      { ...config, linux: { ...config.linux, rootfsPropagation: propagation('private') } },
      'linux.rootfsPropagation',
    ],
    [configOf({ process: { capabilities: { inheritable: ['CAP_SYS_ADMIN'] } } }), 'CAP_SYS_ADMIN'],
    [configOf({ process: { capabilities: { bounding: ['CAP_SYS_CHROOT'] } } }), 'CAP_SYS_CHROOT'],
  ];
  for (const [given, what] of cases)
    assert.is(whyNotAsUser(given), `config.json has ${what}, for which a user needs mounts of its own`);
  const slave = { ...config.linux, rootfsPropagation: propagation('slave') };
  assert.is(whyNotAsUser({ ...config, linux: slave }), null);
  assert.is(whyNotAsUser(configOf({ process: { capabilities: { bounding: ['CAP_CHOWN'] } } })), null);
});

test.run();
