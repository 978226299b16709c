import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { test } from '../case.js';

test('sysctl/network', {
  config: c => {
    c.linux.sysctl = { 'net.ipv4.ip_unprivileged_port_start': '80' };
  },
  probes: ['read /proc/sys/net/ipv4/ip_unprivileged_port_start'],
  inside: ({ at }) => assert.is(at('read /proc/sys/net/ipv4/ip_unprivileged_port_start').text, '80\n'),
});

test('sysctl/ipc-although-proc-sys-is-read-only', {
  config: c => {
    c.linux.sysctl = { 'kernel.msgmax': '4096', 'fs.mqueue.msg_max': '7' };
  },
  probes: ['read /proc/sys/kernel/msgmax', 'read /proc/sys/fs/mqueue/msg_max'],
  inside: ({ at }) => {
    assert.is(at('read /proc/sys/kernel/msgmax').text, '4096\n');
    assert.is(at('read /proc/sys/fs/mqueue/msg_max').text, '7\n');
    assert.is.not(readFileSync('/proc/sys/kernel/msgmax', 'utf8'), '4096\n');
  },
});

test('sysctl/with-slashes', {
  config: c => {
    c.linux.sysctl = { 'net/ipv4/ip_unprivileged_port_start': '81' };
  },
  probes: ['read /proc/sys/net/ipv4/ip_unprivileged_port_start'],
  inside: ({ at }) => assert.is(at('read /proc/sys/net/ipv4/ip_unprivileged_port_start').text, '81\n'),
});

for (const [name, key, without] of [
  ['not-namespaced', 'vm.swappiness', ''],
  ['network-of-the-host', 'net.ipv4.ip_unprivileged_port_start', 'network'],
  ['ipc-of-the-host', 'kernel.msgmax', 'ipc'],
  ['climbing-out', 'net.ipv4/../../vm/swappiness', ''],
] as const) {
  test(`sysctl/${name}-is-refused`, {
    config: c => {
      c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== without);
      c.linux.sysctl = { [key]: readFileSync('/proc/sys/vm/swappiness', 'utf8').trim() };
    },
    refused: /sysctl|vm|net|msgmax/,
  });
}
