/** What the registry says, and what commands make of it. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { caseList, good } from './case.js';
import {
  base,
  bundle,
  chos,
  home,
  makeTree,
  newId,
  pins,
  registry,
  removeRegistry,
  runtime,
  shell,
  sleeping,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('registry: ');

test('what the registry does wrong is told with its place', () => {
  const said = (content: unknown, file = 'wrong.json'): string => {
    writeRegistry(content, file);
    const { stderr } = chos('tree', 'list');
    removeRegistry(file);
    return stderr;
  };
  assert.match(
    said('{"trees": {"a": {"path": "x"}}}'),
    /wrong.json:1:26: trees.a.path must be an absolute path/,
  );
  assert.match(
    said('{"trees": {"one": {"path": "/x"}}}'),
    /registered already, in \/etc\/chos.d\/test.json:\d/,
  );
  assert.match(said('{"tres": {}}'), /tres is not a property .*did you mean "trees"/);
  assert.match(said('{"trees": {"../x": {"path": "/x"}}}'), /a name that no tree can have/);
  writeRegistry({ trees: {} }, 'open.json');
  chmodSync('/etc/chos.d/open.json', 0o666);
  assert.match(chos('tree', 'list').stderr, /open\.json: others than its owner can write to it/);
  removeRegistry('open.json');
});

test('a tree that is missing or leads out of its place is refused', () => {
  mkdirSync(`${base}/links`, { recursive: true });
  symlinkSync('/etc', `${base}/links/away`);
  symlinkSync('../one', `${base}/links/beside`);
  const trees = {
    gone: { path: `${base}/gone` },
    away: { path: `${base}/links/away` },
  };
  writeRegistry({ trees }, 'more.json');
  const start = (tree: string) => chos('run', '-b', bundle({ tree, args: ['true'] }), newId());
  assert.match(start('gone').stderr, /more.json:\d+:\d+: trees.gone.path is not a directory .*No such file/);
  assert.match(start('away').stderr, /trees.away.path is a symlink that leads out of its place, to \/etc/);
  assert.match(start('nobody').stderr, /unknown tree `nobody`/);
  assert.equal(chos('tree', 'check').status, 1);
  removeRegistry('more.json');
});

test('the classic file works', () => {
  writeFileSync('/etc/chos', `# trees\n%SHELLS\n\nclassic:${base}/two\n${base}/one\n`, { mode: 0o644 });
  assert.match(good(chos('tree', 'list')), /classic +Tree two/);
  assert.match(good(shell({ tree: 'classic' }, 'cat /etc/os-release')), /ID=two/);
  good(chos('tree', 'prepare', `${base}/one`));
  assert.match(good(shell({ tree: `${base}/one`, root: '/x' }, 'cat /etc/os-release')), /ID=one/);
  good(chos('tree', 'release', `${base}/one`));
  writeFileSync('/etc/chos', '%SHELLS\nnonsense\n');
  assert.match(chos('tree', 'list').stderr, /\/etc\/chos:2:1: nonsense must be an absolute path/);
  rmSync('/etc/chos');
});

/** The command as a user without any privilege, who can reach our files wherever they are: the folder above them is replaced by an open one. */
function asUser(...args: readonly string[]) {
  const top = `/${process.cwd().split('/')[1] ?? ''}`;
  const script = `mkdir -p ${base}/product; mount --bind "$PWD" ${base}/product
mount -t tmpfs -o mode=755 open ${top}; mkdir -p "$PWD"; mount --bind ${base}/product "$PWD"; cd /
exec setpriv --reuid 1000 --regid 1000 --clear-groups "$@"`;
  const argv = ['-m', 'sh', '-e', '-c', script, 'sh', runtime, ...args];
  return spawnSync('unshare', argv, { encoding: 'utf8', env: { PATH: process.env.PATH ?? '' } });
}

test('check says of the root what prepare makes of it: a share below another needs no place of its own', () => {
  mkdirSync(`${home}/nested`, { recursive: true });
  makeTree('nest');
  mkdirSync(`${base}/nest${home}`, { recursive: true });
  const shares = [{ path: home }, { path: `${home}/nested` }];
  writeRegistry({ trees: { nest: { path: `${base}/nest`, shares } } }, 'nest.json');
  assert.doesNotMatch(good(chos('tree', 'check', 'nest')), /skeleton/);
  assert.match(good(chos('tree', 'prepare', 'nest')), /the tree is its root/);
  good(chos('tree', 'release', 'nest'));
  removeRegistry('nest.json');
  rmSync(`${home}/nested`, { recursive: true });
});

test('explain tells a user what he would get, which is not what root would', () => {
  const directory = bundle({ tree: 'two', args: ['true'], own: true });
  good(chos('tree', 'prepare', 'two'));
  const seen = good(asUser('explain', directory));
  assert.match(seen, new RegExp(`mount the root ${base}/two`));
  assert.match(seen, /only root sees what is prepared/);
  assert.equal(spawnSync('stat', ['-c', '%a', pins], { encoding: 'utf8' }).stdout, '700\n');
});

test('a broken file takes its own trees away and no others, and is told of', () => {
  writeRegistry({ trees: { four: { paht: `${base}/three` } } }, 'broken.json');
  const ran = shell({ tree: 'one' }, 'cat /etc/os-release');
  assert.match(good(ran), /ID=one/);
  assert.match(
    ran.stderr,
    /warning: the registry goes on without what is broken: \/etc\/chos\.d\/broken\.json:4:\d+: trees\.four\.paht .*did you mean "path"/,
  );
  const four = shell({ tree: 'four' }, 'true');
  assert.equal(four.status, 1);
  assert.match(four.stderr, /tree `four` cannot be used: .*broken\.json:4:\d+: trees\.four\.paht/);
  assert.match(shell({ tree: 'none' }, 'true').stderr, /unknown tree `none`.*broken\.json is broken/);
  const checked = chos('tree', 'check');
  assert.equal(checked.status, 1);
  assert.match(checked.stdout, /four +fault +\/etc\/chos\.d\/broken\.json:4/);
  assert.match(good(chos('tree', 'list')), /^one \*/m);
  writeRegistry('{"trees": {', 'broken.json');
  good(shell({ tree: 'one' }, 'true'));
  assert.match(chos('tree', 'prepare', 'one').stderr, /broken\.json/);
  removeRegistry('broken.json');
  assert.equal(shell({ tree: 'one' }, 'true').stderr, '');
});

test('a file that others could have written counts as broken', () => {
  writeRegistry({ trees: { four: { path: `${base}/three` } } }, 'open.json');
  chmodSync('/etc/chos.d/open.json', 0o666);
  assert.equal(shell({ tree: 'four' }, 'true').status, 1);
  assert.match(shell({ tree: 'one' }, 'true').stderr, /open\.json: others than its owner can write to it/);
  removeRegistry('open.json');
});

test('a link that leads nowhere, and a file without an end, count as broken', () => {
  symlinkSync(`${base}/not-mounted/site.json`, '/etc/chos.d/gone.json');
  assert.match(chos('tree', 'check').stdout, /fault +\/etc\/chos\.d\/gone\.json: No such file/);
  assert.match(shell({ tree: 'one' }, 'true').stderr, /without what is broken: \/etc\/chos\.d\/gone\.json/);
  removeRegistry('gone.json');
  writeRegistry('', 'huge.json');
  truncateSync('/etc/chos.d/huge.json', 3 * 2 ** 30);
  assert.match(chos('tree', 'check').stdout, /fault +\/etc\/chos\.d\/huge\.json: File too large/);
  good(shell({ tree: 'one' }, 'true'));
  good(shell({ own: true, root: `${base}/two` }, 'true'));
  removeRegistry('huge.json');
});

test('a file is checked before it is put in its place', () => {
  const file = `${base}/new.json`;
  const check = (content: unknown, name = file) => {
    writeFileSync(name, typeof content === 'string' ? content : JSON.stringify(content, null, 1));
    return chos('tree', 'check', name);
  };
  assert.match(good(check({ trees: { five: { path: `${base}/two`, shares: [] } } })), /five +ok/);
  const taken = check({ trees: { one: { path: `${base}/two` } } });
  assert.equal(taken.status, 1);
  assert.match(
    taken.stdout,
    /one +fault .*new\.json:4:\d+: trees\.one\.path is registered already, in \/etc\/chos\.d\/test\.json:3/,
  );
  // In the place of the file of its name, that one does not count.
  good(check({ trees: { one: { path: `${base}/two`, shares: [] } } }, `${base}/test.json`));
  assert.equal(check('{').status, 1);
  assert.match(
    check({ trees: { five: { path: `${base}/nowhere` } } }).stdout,
    /five +fault .*new\.json:4:\d+: trees\.five\.path is not a directory/,
  );
  assert.match(
    good(check({ trees: { five: { path: `${base}/two`, backEnd: 'pinned' } } })),
    /five +note +it must be started with the back end pinned/,
  );
  const poststop = [{ path: `${base}/no-hook` }];
  assert.match(
    check({ trees: { five: { path: `${base}/two`, hooks: { poststop } } } }).stdout,
    /hook poststop\[0\]: .*No such file/,
  );
});

test('an optional share that is not there is left out, and is there when the host has it', () => {
  const place = `${base}/maybe`;
  writeRegistry(
    { trees: { maybe: { path: `${base}/two`, shares: [{ path: place, optional: true }] } } },
    'maybe.json',
  );
  assert.match(good(chos('tree', 'check', 'maybe')), /note +.*maybe is not there and is left out/);
  assert.notEqual(shell({ tree: 'maybe' }, `ls ${place}`).status, 0);
  assert.match(good(chos('tree', 'prepare', 'maybe')), /maybe@\d+ is prepared: 0 shares/);
  good(shell({ tree: 'maybe' }, 'true'));
  mkdirSync(place);
  writeFileSync(`${place}/file`, 'now\n');
  assert.equal(good(shell({ tree: 'maybe' }, `cat ${place}/file`)), 'now\n');
  assert.match(good(chos('tree', 'prepare', 'maybe')), /maybe@2 is prepared: 1 share/);
  assert.equal(good(shell({ tree: 'maybe' }, `cat ${place}/file`)), 'now\n');
  good(chos('tree', 'release', 'maybe'));
  rmSync(place, { recursive: true });
  writeRegistry({ trees: { maybe: { path: `${base}/two`, shares: [{ path: place }] } } }, 'maybe.json');
  assert.equal(shell({ tree: 'maybe' }, 'true').status, 1);
  // Behind a link of root's, as /var/lock, it is as missing.
  symlinkSync('maybe', `${base}/linked-maybe`);
  const linked = [{ path: `${base}/linked-maybe/below` }];
  writeRegistry({ trees: { maybe: { path: `${base}/two`, shares: linked } } }, 'maybe.json');
  assert.match(shell({ tree: 'maybe' }, 'true').stderr, /linked-maybe\/below.*: No such file or directory/);
  assert.match(chos('tree', 'prepare', 'maybe').stderr, /No such file or directory/);
  rmSync(`${base}/linked-maybe`);
  removeRegistry('maybe.json');
});

test('the shares of a file without trees are those of every tree', () => {
  const place = `${base}/site`;
  mkdirSync(place);
  writeFileSync(`${place}/file`, 'site\n');
  writeRegistry({ shares: [{ path: place }] }, 'site.json');
  assert.equal(good(shell({ tree: 'one' }, `cat ${place}/file ${home}/hello`)), 'site\nhello\n');
  assert.notEqual(shell({ tree: 'two' }, `cat ${place}/file`).status, 0);
  removeRegistry('site.json');
});

test('default is the tree that the registry names so', () => {
  assert.match(good(shell({ tree: 'default', root: `${base}/two` }, 'cat /etc/os-release')), /ID=one/);
  assert.match(good(chos('tree', 'show', 'default')), /name +one/);
  writeRegistry({ ...registry, default: undefined });
  assert.match(shell({ tree: 'default', root: `${base}/two` }, 'true').stderr, /names no default tree/);
  writeRegistry({ ...registry, default: 'nobody' });
  assert.match(shell({ tree: 'default', root: `${base}/two` }, 'true').stderr, /test\.json is broken/);
  good(shell({ tree: 'one' }, 'true'));
  writeRegistry(registry);
});

test('prepare --all prepares what can be prepared, and tells what cannot', () => {
  writeRegistry(
    { trees: { bad: { path: `${base}/nowhere` }, never: { path: `${base}/two`, backEnd: 'private' } } },
    'more.json',
  );
  const ran = chos('tree', 'prepare', '--all');
  assert.equal(ran.status, 1);
  for (const name of ['one', 'two', 'three', 'must'])
    assert.match(ran.stdout, new RegExp(`^${name}@\\d+ is prepared`, 'm'));
  assert.doesNotMatch(ran.stdout, /never@/);
  assert.match(
    ran.stderr,
    /not all trees are prepared: bad: .*more\.json:4:\d+: trees\.bad\.path is not a directory/,
  );
  removeRegistry('more.json');
  assert.equal(
    good(chos('tree', 'prepare', '--all'))
      .trim()
      .split('\n').length,
    4,
  );
  assert.match(chos('tree', 'prepare', '--all', 'one').stderr, /`--all`.*`one`/);
});

test('a tree whose directory was exchanged is not started from what was prepared of the old one', () => {
  const path = makeTree('exchanged');
  writeRegistry({ trees: { swap: { path, shares: [] } } }, 'swap.json');
  good(chos('tree', 'prepare', 'swap'));
  const directory = bundle({ tree: 'swap', args: ['cat', '/etc/os-release'] });
  good(chos('compile', directory, '-o', `${directory}/run`));
  renameSync(path, `${path}.old`);
  makeTree('exchanged');
  writeFileSync(`${path}/etc/os-release`, 'ID=new\n');
  assert.match(good(chos('tree', 'list')), /swap .* swap@1 stale +\S+ +0 /);
  assert.match(
    good(chos('tree', 'check', 'swap')),
    /note +swap@1 is not used: .*exchanged is another directory now since swap@1/,
  );
  assert.match(good(chos('explain', directory)), /back end private: .*exchanged is another directory now/);
  assert.equal(good(chos('run', '-b', directory, 'swapped')), 'ID=new\n');
  const compiled = spawnSync(`${directory}/run`, [], { encoding: 'utf8' });
  assert.equal(compiled.status, 1);
  assert.match(compiled.stderr, /start in swap@1: .*exchanged is another directory now; prepare it anew/);
  good(chos('tree', 'prepare', 'swap'));
  assert.match(good(chos('explain', directory)), /back end pinned/);
  assert.equal(good(chos('run', '-b', directory, 'swapped')), 'ID=new\n');
  good(chos('tree', 'release', 'swap'));
  removeRegistry('swap.json');
});

test('what was added to a tree that a skeleton shows entry by entry makes its generation stale', () => {
  const path = makeTree('grows');
  writeRegistry({ trees: { grows: { path } }, shares: [{ path: home }] }, 'grows.json');
  good(chos('tree', 'prepare', 'grows'));
  mkdirSync(`${path}/etc/late`);
  assert.match(good(chos('tree', 'list')), /grows@1 +0/);
  mkdirSync(`${path}/opt`);
  assert.match(good(chos('tree', 'list')), /grows@1 stale/);
  good(shell({ tree: 'grows' }, 'ls /opt'));
  good(chos('tree', 'release', 'grows'));
  removeRegistry('grows.json');
});

test('list tells how many hold a generation', () => {
  good(chos('tree', 'prepare', 'one'));
  const id = sleeping({ tree: 'one' });
  assert.match(good(chos('tree', 'list')), /one@\d+ +\S+ +1 /);
  good(chos('delete', '--force', id));
  assert.match(good(chos('tree', 'list')), /one@\d+ +\S+ +0 /);
});

for (const backEnd of ['pinned', 'private'])
  test(`a file is a share, by ${backEnd}`, () => {
    const path = makeTree(`files-${backEnd}`);
    const file = `${base}/resolv-${backEnd}.conf`;
    writeFileSync(file, 'nameserver here\n');
    const inside = `${path}${file}`;
    mkdirSync(dirname(inside), { recursive: true });
    // In one tree there is a file for it, in the other nothing; a link must not be followed.
    if (backEnd === 'private') symlinkSync('/etc/os-release', inside);
    const shares = [{ path: file, readonly: true }];
    writeRegistry({ trees: { files: { path, shares, backEnd } } }, 'files.json');
    if (backEnd === 'pinned') good(chos('tree', 'prepare', 'files'));
    assert.equal(good(shell({ tree: 'files' }, `cat ${file}`)), 'nameserver here\n');
    assert.notEqual(shell({ tree: 'files' }, `echo x > ${file}`).status, 0);
    assert.equal(good(shell({ tree: 'files', own: true }, `cat ${file}`)), 'nameserver here\n');
    if (backEnd === 'pinned') {
      // Another file in its place is another share: like a mount, it stays until the next prepare.
      good(chos('tree', 'release', 'files'));
      assert.equal(existsSync(inside), false);
    }
    removeRegistry('files.json');
  });

export const registryCases = cases;
