/** What an administrator does with chos-runtime_*.deb, step by step on one machine; each step needs those before it. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { newer, older } from './built.js';
import { type Machine, machineOf } from './machine.js';

export interface World {
  readonly trees: string;
  /** For what is mounted. */
  readonly place: string;
}

export interface PackageCase {
  readonly name: string;
  readonly run: (world: World) => Promise<void> | void;
}

const INSTALL = 'apt-get install -qq -y --no-install-recommends';

export function same(actual: string, expected: string): void {
  if (actual !== expected) throw new Error(`not\n${expected}\nbut\n${actual}`);
}

/** All names with owner, mode and link, but those that dpkg, apt and the system's own tools keep for themselves. */
export const NAMES = `find / /run -xdev \\( -path /packages -o -path /tmp -o -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt \\) -prune \
-o ! -name ld.so.cache -printf '%p %M %u:%g %l\\n' | sort -u`;

export function sameNames(before: string, after: string): void {
  const [old, now] = [before, after].map(text => new Set(text.split('\n'))) as [Set<string>, Set<string>];
  same([...now].filter(name => !old.has(name)).join('\n'), '');
  same([...old].filter(name => !now.has(name)).join('\n'), '');
}

/** A tree with a shell, and a bundle of it. */
const MAKE_TREE = `mkdir -p /srv/box/{usr/bin,usr/lib64,usr/lib/x86_64-linux-gnu,etc,proc,sys,dev,tmp,run,home,root,var} /srv/bundle
for name in bin lib lib64; do ln -sfn usr/$name /srv/box/$name; done
cp /bin/{dash,cat,sleep,true} /srv/box/usr/bin; ln -sf dash /srv/box/usr/bin/sh; echo box >/srv/box/etc/name
cp -L /lib64/ld-linux-x86-64.so.2 /srv/box/usr/lib64; cp -L /lib/x86_64-linux-gnu/libc.so.6 /srv/box/usr/lib/x86_64-linux-gnu
cd /srv/bundle; chos-runtime spec; sed -i 's|"rootfs"|"/srv/box"|; s|"terminal": true|"terminal": false|; s|"sh"|"sh", "-c", "cat /etc/name; [ -z \\\\"$WAIT\\\\" ] \\|\\| exec sleep 1000"|' config.json
sed 's|"PATH=|"WAIT=1", "PATH=|' config.json >wait.json`;

const RUN = 'chos-runtime --cgroup-manager disabled run --bundle /srv/bundle';

/** Digests in threads, an import, which starts programs. */
const WITH_CHILDREN = `chos-runtime features >/dev/null; chos-runtime who --json; chos-runtime tree list
test "$(chos-runtime tree digest /srv/box)" = "$(chos-runtime tree digest /srv/box)"
tar -C /srv/box -cf /srv/box.tar .; chos-runtime tree import /srv/box.tar --name taken
chos-runtime tree prepare --all; test "$(chos taken cat /etc/name)" = box; chos-runtime tree release taken; chos-runtime tree remove taken`;

function works(machine: Machine): void {
  assert.match(machine.sh('chos-runtime --version'), /^chos-runtime version/);
  machine.sh(MAKE_TREE);
  same(machine.sh(`${RUN} one`), 'box\n');
  assert.match(machine.sh('chos-runtime explain /srv/bundle'), /actions, .* mounts at most/);
  machine.sh(
    `echo '{"trees": {"box": {"path": "/srv/box"}}}' >/etc/chos.d/box.json; chmod 644 /etc/chos.d/box.json; chos-runtime tree prepare --all`,
  );
  same(machine.sh('chos box cat /etc/name'), 'box\n');
  same(machine.sh('CHOS=box chos-job-starter cat /etc/name'), 'box\n');
  assert.ok(JSON.parse(machine.sh('chos-runtime doctor --json || true')));
  assert.match(machine.sh('man=/usr/share/man/man1/chos.1.gz; gunzip -c $man'), /SYNOPSIS/);
}

export function machineCases(debian: string): readonly PackageCase[] {
  let machine: Machine;
  let before = '';
  const step = (name: string, run: PackageCase['run']): PackageCase => ({ name: `${debian}: ${name}`, run });
  return [
    step('installed with nothing but what Debian has', async ({ trees, place }) => {
      machine = await machineOf(trees, debian, join(place, debian));
      before = machine.sh(NAMES);
      machine.sh(`${INSTALL} ${older('chos-runtime', '0.0.1')}`);
      works(machine);
    }),
    step('the unit of the boot is enabled and nothing is started', () => {
      assert.match(
        machine.sh('readlink /etc/systemd/system/multi-user.target.wants/chos-prepare.service'),
        /lib\/systemd\/system\/chos-prepare.service\n$/,
      );
      machine.sh('test -L /etc/systemd/system/multi-user.target.wants/chos-files.path');
      machine.sh('! test -e /etc/systemd/system/multi-user.target.wants/chos-dashboard.service');
      machine.sh('! test -e /etc/systemd/system/sockets.target.wants/chos-runtime.socket');
      machine.sh('! test -e /etc/systemd/user/sockets.target.wants/chos-runtime.socket');
      assert.match(
        machine.sh('cat /usr/lib/systemd/system/chos-prepare.service'),
        'ExecStart=/usr/bin/chos-runtime tree prepare --all\n',
      );
    }),
    step('there is no Node, and what starts threads and programs works', () => {
      machine.sh('! command -v node nodejs; test ! -e /usr/lib/chos-runtime/chos-runtime.cjs');
      machine.sh(`${INSTALL} libarchive-tools`);
      machine.sh(WITH_CHILDREN);
    }),
    step('upgraded under a running container and a prepared tree', () => {
      machine.sh(
        'cp /srv/bundle/config.json /srv/one.json; cp /srv/bundle/wait.json /srv/bundle/config.json',
      );
      machine.sh(`${RUN} --detach --pid-file /tmp/pid old </dev/null >/dev/null 2>&1`);
      const pid = machine.sh('cat /tmp/pid');
      const generation = machine.sh('chos-runtime tree show box --format json');
      const compiler = 'stat --format %i /usr/lib/chos-runtime/chos-compiler';
      const before = machine.sh(compiler);
      machine.sh(`${INSTALL} ${newer('chos-runtime')}`);
      assert.not.match(machine.sh('dpkg-query -W chos-runtime'), '0.0.1');
      assert.is.not(machine.sh(compiler), before);
      const { pid: now, status } = JSON.parse(machine.sh('chos-runtime state old'));
      same(`${now} ${status}`, `${pid} running`);
      same(machine.sh('chos-runtime exec old cat /etc/name'), 'box\n');
      machine.sh('chos-runtime kill old KILL; chos-runtime delete --force old');
      same(machine.sh('chos-runtime tree show box --format json'), generation);
      same(machine.sh('chos box cat /etc/name; cp /srv/one.json /srv/bundle/config.json'), 'box\n');
      same(machine.sh(`${RUN} new`), 'box\n');
    }),
    step('the PAM module is in no stack until it is chosen, and in none when it is gone', () => {
      const stacks = 'grep -h pam_chos /etc/pam.d/common-* || true';
      machine.sh(`${INSTALL} ${newer('libpam-chos')}`);
      same(machine.sh(stacks), '');
      machine.sh('ldd /usr/lib/*/security/pam_chos.so; pam-auth-update --enable chos');
      same(
        machine.sh("grep -v '^#' /etc/pam.d/common-session | tail -n 1"),
        'session\trequired\tpam_chos.so minimum_uid=1000\n',
      );
      machine.sh('apt-get remove -qq -y libpam-chos');
      same(machine.sh(stacks), '');
    }),
    step('removed: what the administrator made stays, purged: nothing else does', () => {
      machine.sh('chos-runtime hooks install share-check; apt-get remove -qq -y chos-runtime');
      machine.sh(
        'test -e /etc/chos.d/box.json; test ! -e /usr/bin/chos; test ! -e /usr/lib/chos-runtime; test ! -e /usr/share/containers/oci/hooks.d/share-check.json',
      );
      machine.sh(
        'rm -r /etc/chos.d/box.json /var/lib/chos /srv/*; apt-get purge -qq -y --autoremove chos-runtime libarchive-tools',
      );
      sameNames(before, machine.sh(NAMES));
      machine.end();
    }),
  ];
}
