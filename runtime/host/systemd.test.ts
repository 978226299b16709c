import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { probeSystemd, socketsOf } from './systemd.js';

interface Host {
  readonly euid?: number;
  readonly files?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
}
const initial = '         0          0 4294967295\n';
const found = ({ euid = 0, files = {}, variables = {} }: Host) => {
  const all: Readonly<Record<string, string>> = { '/proc/self/uid_map': initial, ...files };
  const { scope, sockets, cgroup } = probeSystemd({
    euid,
    read: path => all[path] ?? null,
    variable: name => variables[name] ?? null,
  });
  return [scope, cgroup, ...sockets.map(({ path, kind }) => `${kind} ${path}`)];
};

test('root asks that of the machine: its own socket, or the bus', () => {
  const system = ['direct /run/systemd/private', 'bus /run/dbus/system_bus_socket'];
  assert.equal(found({}), ['system', '/', ...system]);
  assert.equal(found({ variables: { XDG_RUNTIME_DIR: '/run/user/0' } }), ['system', '/', ...system]);
  const inside = { '/proc/1/cgroup': '1:name=systemd:/docker/x/init.scope\n0::/docker/x/init.scope\n' };
  assert.equal(found({ files: inside }), ['system', '/docker/x', ...system]);
});

test('the bus that the caller names comes in their place', () => {
  const variables = { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/a' };
  assert.equal(found({ variables }), ['system', '/', 'bus /a']);
});

test('a variable that names no Unix socket is passed over, and told of', () => {
  const odd = (euid: number, address: string) => {
    const variables = { DBUS_SYSTEM_BUS_ADDRESS: address, DBUS_SESSION_BUS_ADDRESS: address };
    const { sockets, passedOver } = probeSystemd({
      euid,
      read: path => (path === '/proc/self/uid_map' ? initial : null),
      variable: name => (name in variables ? variables[name as keyof typeof variables] : null),
    });
    return [passedOver, sockets.length];
  };
  for (const address of [
    'x',
    'unix:',
    'unix:path=',
    'unix:abstract=',
    'tcp:host=a',
    `unix:path=/${'x'.repeat(107)}`,
  ]) {
    assert.equal(odd(0, address), ['DBUS_SYSTEM_BUS_ADDRESS', 0], address);
    assert.equal(odd(1000, address), ['DBUS_SESSION_BUS_ADDRESS', 2], address);
  }
  assert.equal(odd(0, 'tcp:host=a;unix:path=/a'), [null, 1]);
});

test('users ask their own', () => {
  assert.equal(found({ euid: 1000 }), [
    'user',
    '/user.slice/user-1000.slice/user@1000.service',
    'direct /run/user/1000/systemd/private',
    'bus /run/user/1000/bus',
  ]);
  const variables = { XDG_RUNTIME_DIR: '/x', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x/bus' };
  const files = { '/proc/self/cgroup': '0::/a/user@1000.service/app.slice/b.scope\n' };
  assert.equal(found({ euid: 1000, variables, files }), [
    'user',
    '/a/user@1000.service',
    'direct /x/systemd/private',
    'bus /x/bus',
  ]);
});

test('root of a user namespace asks that of its owner', () => {
  const files = {
    '/proc/self/uid_map': '         0       1000          1\n         1     100000      65536\n',
  };
  assert.equal(found({ files })[3], 'bus /run/user/1000/bus');
  assert.is(found({ files })[0], 'user');
});

test('addresses of D-Bus', () => {
  assert.equal(socketsOf('unix:path=/a%20b,guid=1;tcp:host=x;unix:abstract=/t'), [
    { path: '/a b', kind: 'bus' },
    { path: '\0/t', kind: 'bus' },
  ]);
  assert.equal(socketsOf('nonsense'), []);
  assert.equal(found({ euid: 1, variables: { XDG_RUNTIME_DIR: `/${'x'.repeat(120)}` } }).length, 2);
});

test.run();
