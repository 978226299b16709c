/** `chos` in a tree that a `chos` has entered before: what it takes for one, what it starts in place, what it tells. */
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PreparedRoot } from '../../../spec/environment.js';
import { chos, executable, site, two } from './chos-command.js';
import { byMounts, linkRoot, nobody, skeletonFor, type Tree, tree } from './chos-trees.js';

/** As a package has it. */
const inside = '/etc/chos';

/** The shell's script runs in alma9; `$chos` is the command there. */
function nested(t: Tree, script: string, uid?: number, root: PreparedRoot = { kind: 'tree' }) {
  copyFileSync(executable, join(t.path, inside));
  const at = site(two, { alma9: byMounts(t, { root }) });
  return chos(at, ['alma9', 'sh', '-c', script], {
    inNamespace: t.script,
    cwd: '/',
    environment: { chos: inside },
    ...(uid === undefined ? {} : { uid }),
  });
}

const ended = (out: string, status = 0) => ({ status, out, err: '' });
const refused = (err: string) => ({ status: 125, out: '', err: `chos: ${err}\n` });

test('the same tree: the command starts where it is, for users and root', () => {
  const t = tree('proc', 'dev');
  const command = `sh -c 'cat /etc/mark; echo $CHOS $SITE_OS; exit 7'`;
  for (const uid of [nobody, undefined])
    for (const call of ['alma9', '--', 'alma9 $chos alma9 $chos --'])
      assert.equal(
        nested(t, `SITE_OS=own; $chos ${call} ${command}`, uid),
        ended('in the tree\nalma9 own\n', 7),
        `${uid} ${call}`,
      );
  assert.equal(nested(t, 'cd /etc; $chos -- pwd', nobody), ended('/etc\n'));
  const shell = nested(t, 'echo "echo in $0" | SHELL=/nonexistent $chos alma9', 12345);
  assert.equal([shell.status, shell.out], [0, 'in sh\n']);
});

test('it tells what it is in, without the list', () => {
  const t = tree('proc', 'dev');
  for (const uid of [nobody, undefined]) {
    assert.equal(nested(t, '$chos --which', uid), ended('alma9 (entered)\n'));
    assert.equal(nested(t, '$chos --which alma9', uid), ended('alma9 (argument)\n'));
    const listed = "  alma9  (entered; others are the host's, and not to be seen from here)\n";
    assert.equal(nested(t, '$chos --list', uid), ended(listed));
    const words = 'enter nothing: this is in alma9 already\nexecute what was asked for   <- chos\n';
    for (const call of ['', ' alma9']) assert.equal(nested(t, `$chos --explain${call}`, uid), ended(words));
    for (const call of ['--which debian12', '--explain debian12', '--list x', '--nonsense'])
      assert.equal(
        nested(t, `$chos ${call}`, uid),
        refused("this is in alma9: the list of trees is the host's, and not to be seen from here"),
        call,
      );
  }
});

test('another tree, a generation, the host: a line that says how', () => {
  const t = tree('proc', 'dev');
  const other = (name: string) =>
    refused(
      `this is in alma9: ${name} is entered from the host: end what chos has started here first (exit)`,
    );
  for (const uid of [nobody, undefined]) {
    assert.equal(nested(t, '$chos debian12 true', uid), other('debian12'));
    assert.equal(nested(t, 'CHOS=debian12 $chos -- true', uid), other('debian12'));
    assert.equal(nested(t, '$chos alma9@1 true', uid), other('alma9@1'));
    assert.equal(
      nested(t, '$chos / true', uid),
      refused('leave: this is in alma9 by mounts of its own, and stays there until it ends (exit)'),
    );
  }
});

test('a view of a skeleton, whose root is the user’s own', () => {
  const root = skeletonFor('/dev');
  assert.equal(nested(tree(), '$chos alma9 cat /etc/mark', nobody, root), ended('in the tree\n'));
  // Without the variable nobody can tell which tree it is.
  const lost = nested(tree(), 'env -u CHOS_VIEW $chos alma9 true', nobody, root);
  assert.match(lost.err, /^chos: the root of this view belongs to user 65534: it is that of a tree/);
});

test('a variable that was carried elsewhere says nothing', () => {
  const t = tree('proc', 'dev');
  const mark = nested(t, 'echo "$CHOS_VIEW"').out.trim();
  const [namespace = '', root = ''] = mark.split(' ');
  assert.match(mark, /^mnt:\[\d+\] \d+:\d+:\d+ alma9$/);
  const s = site();
  // Of this namespace's number, as on another machine; of this root, in another namespace.
  for (const [proof, place] of [
    ['$(readlink /proc/self/ns/mnt)', root],
    [namespace, '$(stat -c %Hd:%Ld:%i /)'],
  ])
    assert.is(
      chos(s, ['--which'], { shell: `CHOS_VIEW="${proof} ${place} alma9" exec "$@"` }).out,
      'debian12 (default of the registry)\n',
    );
  const here = 'CHOS_VIEW="$(readlink /proc/self/ns/mnt) $(stat -c %Hd:%Ld:%i /) alma9" exec "$@"';
  assert.is(chos(s, ['--which'], { shell: here, inNamespace: 'exec "$@"' }).out, 'alma9 (entered)\n');
  // Forged by whom root has the environment of: this is where process 1 is.
  const first = `exec unshare --pid --fork --mount-proc sh -c '${here}' sh "$@"`;
  assert.is(chos(s, ['--which'], { shell: first }).out, 'debian12 (default of the registry)\n');
});

test('a view that another user has put together is not believed, by root neither', () => {
  const mark = 'CHOS_VIEW="$(readlink /proc/self/ns/mnt) $(stat -c %Hd:%Ld:%i /) alma9"';
  const s = site();
  const foreign = (uid?: number) =>
    chos({ ...s, place: '/public' }, ['--which'], {
      inNamespace: `mount -t tmpfs -o uid=1001,mode=755 own /mnt; cd /mnt; mkdir usr etc proc; cp ${executable} etc/chos
mount --rbind /usr usr; mount --rbind /proc proc; for d in bin lib lib64; do ln -s usr/$d $d; done
exec /usr/sbin/chroot . ${uid === undefined ? '' : `setpriv --reuid=${uid} --clear-groups`} sh -c '${mark} exec /etc/chos --which'`,
    });
  const line =
    'the root of this view belongs to user 1001: it is that of a tree, out of which no other is entered; leave it first';
  assert.equal(foreign(), refused(line));
  assert.equal(foreign(1002), refused(line));
});

test('by the link: it is left where the module lets go, and another tree says how', () => {
  const { root } = linkRoot();
  renameSync(join(root, 'bin'), join(root, 'os/a/bin'));
  const outside = (...args: readonly string[]) => {
    const { status, out, err } = chos({ place: '/public', home: '/' }, args, {
      inNamespace: `chmod 755 ${root}; mount --bind ${root} ${root}/chos; shift; exec /usr/sbin/chroot ${root} /os/a/bin/inside "$@"`,
    });
    return { status, out, err };
  };
  const run = (...args: readonly string[]) => outside('a', '/os/a/bin/inside', ...args);
  // The link alone, which anybody may set, is on the host, too.
  assert.equal(run('--which').out.includes('entered'), false);
  symlinkSync('/proc/chos/link/bin', join(root, 'bin'));
  assert.equal(run('--which'), ended('a (entered)\n'));
  assert.match(run('a', '/os/a/bin/inside', '--version').out, /^chos version /);
  assert.equal(
    run('b', 'true'),
    refused(
      'this is in a: b is entered from the host: exec chos / leaves, in the shell that chos has started',
    ),
  );
  assert.match(run('/', '/os/a/bin/inside', '--version').out, /^chos version /);
  assert.is(readFileSync(join(root, 'proc/chos/setchos'), 'utf8')[0], '/');
  // What has left is on the host again.
  unlinkSync(join(root, 'proc/chos/link'));
  symlinkSync('/', join(root, 'proc/chos/link'));
  mkdirSync(join(root, 'proc/self'));
  writeFileSync(join(root, 'proc/self/uid_map'), '         0          0 4294967295\n');
  assert.equal(outside('/', '/os/a/bin/inside', '--list'), ended('  a\n'));
});

test('on the host / stays there; where that is not known, a line', () => {
  const s = site();
  writeFileSync(join(s.home, '.chos'), 'alma9\n');
  assert.equal(chos(s, ['/', 'sh', '-c', 'echo host$CHOS$CHOS_VIEW']), ended('host\n'));
  const unknown = 'leave: it is not known which view this is;';
  assert.equal(
    chos(site(null), ['/', 'true']),
    refused(
      `${unknown} the host's list of trees is not to be seen (root runs chos-runtime tree prepare, or tree load)`,
    ),
  );
  assert.equal(
    chos(s, ['/', 'true'], { shell: 'exec unshare --user "$@"' }),
    refused(`${unknown} it is in a user namespace, and stays there until it ends (exit)`),
  );
});

test.run();
