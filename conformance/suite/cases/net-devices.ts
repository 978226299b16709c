import { execFileSync, spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { type Driver, test } from '../case.js';

const ip = (...args: readonly string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

interface Device {
  readonly ifname: string;
  readonly operstate: string;
  readonly flags: readonly string[];
  readonly addr_info: readonly {
    readonly local: string;
    readonly prefixlen: number;
    readonly scope: string;
  }[];
}

/** As the host sees it; a name for each process that runs the suite. */
const deviceOf = (letter: string): string => `cs${letter}${process.pid}`;

/** One end of a pair, with an address that is to come along and one, of the link, that is not. Both ends go with the other one, wherever it is. */
function pair(t: Driver, letter: string): string {
  const name = deviceOf(letter);
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
  t.afterwards(() => void spawnSync('ip', ['link', 'del', `${name}p`]));
  ip('address', 'add', '10.213.7.1/24', 'dev', name, 'label', `${name}:one`);
  ip('address', 'add', '10.214.7.2/24', 'dev', name, 'scope', 'link');
  ip('address', 'add', 'fd5c:7::1/64', 'dev', name, 'nodad');
  ip('link', 'set', name, 'up');
  return name;
}

const inside = (pid: number): readonly Device[] =>
  JSON.parse(
    execFileSync('nsenter', ['-t', String(pid), '-n', 'ip', '-json', 'address'], { encoding: 'utf8' }),
  ) as readonly Device[];

function addressesOf(device: Device | undefined): readonly string[] {
  return (device?.addr_info ?? [])
    .filter(({ scope }) => scope === 'global')
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
}

for (const [how, name, wanted] of [
  ['under-its-own-name', undefined, deviceOf('a')],
  ['under-another-name', 'lan', 'lan'],
  ['under-a-name-with-a-number-of-the-kernels', 'lan%d', 'lan0'],
] as const) {
  test(`net-devices/${how}`, {
    drive: async t => {
      const device = pair(t, 'a');
      t.configure(c => {
        c.process.args = ['/bin/reporter', 'sleep'];
        c.linux.netDevices = { [device]: name === undefined ? {} : { name } };
      });
      const { pid } = await t.create();
      const found = inside(pid).find(({ ifname }) => ifname === wanted);
      assert.equal(addressesOf(found), ['10.213.7.1/24', 'fd5c:7::1/64'], JSON.stringify(inside(pid)));
      assert.ok(found?.flags.includes('UP'), JSON.stringify(found));
      assert.not.match(ip('-br', 'link'), new RegExp(`^${device}\\b`, 'm'));
    },
  });
}

test('net-devices/that-is-not-there', {
  config: c => {
    c.linux.netDevices = { nosuchdev: {} };
  },
  refused: /nosuchdev|device/i,
});

test('net-devices/under-a-name-that-is-taken', {
  drive: async t => {
    const device = pair(t, 'b');
    t.configure(c => {
      c.linux.netDevices = { [device]: { name: 'lo' } };
    });
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
    assert.is.not(finished.code, 0);
    assert.match(ip('-br', 'link'), new RegExp(`^${device}\\b`, 'm'));
  },
});

test('net-devices/come-back-when-the-launch-fails', {
  drive: async t => {
    const device = pair(t, 'c');
    t.configure(c => {
      c.linux.netDevices = { [device]: { name: 'lan' } };
      c.process.args = ['/no/such/command'];
    });
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
    assert.is.not(finished.code, 0);
    assert.match(ip('-br', 'link'), new RegExp(`^${device}\\b`, 'm'));
  },
});

test('net-devices/without-a-network-namespace', {
  config: c => {
    c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'network');
    c.linux.netDevices = { nosuchdev: {} };
  },
  refused: /net/i,
});
