/** Entry programs as root compiles them, run by `chos`: by mounts in trees made of the host's /usr; by the link in a root in which files stand for the module's. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chos, site, two } from './chos-command.js';
import {
  byMounts,
  linkRoot,
  nobody,
  type Shown,
  shareOf,
  skeletonFor,
  type Tree,
  tree,
} from './chos-trees.js';
import { scratch } from './engine.js';

function enter(t: Tree, shown: Shown, script: string, uid?: number) {
  const at = site(two, { alma9: byMounts(t, shown) });
  return chos(at, ['alma9', 'sh', '-c', script], {
    inNamespace: t.script,
    cwd: '/',
    ...(uid === undefined ? {} : { uid }),
  });
}

test('a user: the same ids, no capability, the tree and the host view', () => {
  const t = tree('proc', 'dev');
  const script =
    'cat /etc/mark; id -u; id -g; grep CapEff /proc/self/status; cat /proc/self/uid_map; echo x >/dev/null';
  const { status, out, err } = enter(t, {}, script, nobody);
  assert.equal([status, err], [0, '']);
  assert.equal(
    out
      .trim()
      .split('\n')
      .map(line => line.trim().replace(/\s+/g, ' ')),
    ['in the tree', '65534', '65534', 'CapEff: 0000000000000000', '65534 65534 1'],
  );
});

test('root: no user namespace, and all that is its own', () => {
  const t = tree('proc', 'dev');
  const host = readFileSync('/proc/self/uid_map', 'utf8');
  const { status, out } = enter(t, {}, 'id -u; cat /proc/self/uid_map; touch /etc/made');
  assert.equal([status, out], [0, `0\n${host}`]);
  assert.is(statSync(join(t.path, 'etc/made')).uid, 0);
});

test('shares are the host’s, read-only where they are to be', () => {
  const share = mkdtempSync(join(scratch, 'share-'));
  writeFileSync(join(share, 'file'), 'shared\n');
  const t = tree('proc', 'dev', share);
  const script = `cat ${share}/file; echo more >${share}/other`;
  assert.is(enter(t, { shares: [shareOf(share)] }, script).out, 'shared\n');
  assert.is(readFileSync(join(share, 'other'), 'utf8'), 'more\n');
  const sealed = enter(t, { shares: [shareOf(share, true)] }, script);
  assert.match(sealed.err, 'Read-only file system');
  const missing = enter(t, { shares: [shareOf('/nonexistent/share')] }, 'true', nobody);
  assert.equal(missing, {
    status: 125,
    out: '',
    err: 'chos: show /nonexistent/share of the host: No such file or directory (site.json:4 trees.alma9)\n',
  });
  const registered = { file: 'site.json', line: 2, path: 'shares[0].path' };
  const named = enter(t, { shares: [{ ...shareOf('/nonexistent/share'), registered }] }, 'true', nobody);
  assert.match(named.err, '(site.json:2 shares[0].path)');
});

test('a tree that lacks places: a skeleton, which a user can put together too', () => {
  const t = tree();
  const root = skeletonFor();
  for (const uid of [nobody, undefined]) {
    const { status, out, err } = enter(
      t,
      { root, hostView: ['/proc'] },
      'cat /etc/mark; ls / | tr "\\n" " "; >/x',
      uid,
    );
    assert.equal([status, out], [2, 'in the tree\nbin etc lib lib64 proc usr ']);
    assert.match(err, /\/x: (Read-only file system|Permission denied)/);
  }
});

test('a read-only tree', () => {
  const t = tree('proc', 'dev');
  assert.match(enter(t, { readonly: true }, 'touch /etc/made').err, 'Read-only file system');
});

test('nothing of it is seen outside', () => {
  const t = tree('proc', 'dev');
  const at = site(two, { alma9: byMounts(t) });
  const { out } = chos(at, ['alma9', 'true'], {
    inNamespace: `${t.script.replace(' exec "$@"', '')} before=$(wc -l </proc/self/mountinfo); "$@"; echo $(($(wc -l </proc/self/mountinfo) - before))`,
  });
  assert.is(out, '0\n');
});

function enterLink(root: string, bound = true) {
  const bind = bound ? `mount --bind ${root} ${root}/chos;` : '';
  const { place, home } = { place: '/public', home: '/' };
  const script = `chmod 755 ${root}; ${bind} shift; exec /usr/sbin/chroot ${root} /bin/inside "$@"`;
  const { status, out, err } = chos({ place, home }, ['a', '/bin/inside', '--version'], {
    inNamespace: script,
    cwd: dirname(root),
  });
  return { status, out: out.replace(/\d\S*/, 'V'), err };
}

const lost = (err: string) => ({ status: 125, out: '', err });

test('by the link: the path is written whole, and nothing else', () => {
  const { root } = linkRoot();
  assert.equal(enterLink(root), { status: 0, out: 'chos version V\n', err: '' });
  assert.is(readFileSync(join(root, 'proc/chos/setchos'), 'utf8'), '/os/a');
});

test('by the link: the skeleton is being removed, or is not what was entered', () => {
  const { root, record } = linkRoot();
  assert.equal(
    enterLink(root, false),
    lost('chos: enter a: the skeleton /chos is being removed or made anew; try again\n'),
  );
  rmSync(record);
  const gone =
    'chos: enter a: the skeleton /chos is not there (No such file or directory): root runs chos-runtime skeleton create; inside a tree: exec chos / leaves it\n';
  assert.equal(enterLink(root), lost(gone));
  assert.is(readFileSync(join(root, 'proc/chos/setchos'), 'utf8'), '/os/a', 'of the first one');
});

test('by the link: without the module', () => {
  const { root } = linkRoot();
  rmSync(join(root, 'proc/chos/setchos'));
  const { status, err } = enterLink(root);
  assert.is(status, 125);
  assert.match(
    err,
    /^chos: enter a by \/proc\/chos\/setchos: No such file or directory; the module has to be loaded/,
  );
});

test('by the link: another tree is behind it', () => {
  const { root } = linkRoot();
  // One that was removed could leave its inode to the next.
  renameSync(join(root, 'os/a'), join(root, 'other'));
  mkdirSync(join(root, 'os/a'));
  const { status, err } = enterLink(root);
  assert.is(status, 125);
  assert.match(err, /^chos: enter a: the skeleton does not show \/os\/a, or it is another directory by now/);
});

test.run();
