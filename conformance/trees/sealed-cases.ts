/** What is shared by many cannot be changed from inside: read-only views, and the place of the pins. Begins and ends with nothing prepared. */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { bind, caseList, good } from './case.js';
import {
  base,
  bundle,
  chos,
  current,
  makeTree,
  newId,
  pins,
  registry,
  removeRegistry,
  scratch,
  shell,
  shellLater,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('sealed: ');

/** The ways into a tree: its view as all share it, a copy of it, and mounts of the launch's own. */
const ways = [
  { name: 'pinned', as: 'sealed', own: false, prepared: true },
  { name: 'a copy of pinned', as: 'sealed-copy', own: true, prepared: true },
  { name: 'private', as: 'sealed-private', own: true, prepared: false },
] as const;

for (const { name, as, own, prepared } of ways) {
  test(`${name}: set up`, () => {
    const trees = { [as]: { path: makeTree(as), readonly: true } };
    writeRegistry({ trees, shares: registry.shares }, 'sealed.json');
    if (prepared) good(chos('tree', 'prepare', as));
  });

  test(`${name}: nothing can be made, taken away or renamed in the root of a tree that is read-only`, () => {
    const inside = shell(
      { tree: as, own },
      'mkdir /new; touch /file; busybox rm -rf /bin /etc; busybox mv /tmp /t; ls /',
    );
    assert.match(inside.stderr, /Read-only file system/);
    assert.doesNotMatch(inside.stdout, /new|file/);
    const after = good(shell({ tree: as, own }, 'ls /; cat /etc/os-release'));
    assert.match(after, /bin[\s\S]*etc[\s\S]*tmp[\s\S]*ID=/);
  });

  test(`${name}: what the host mounts later below a read-only share or tree cannot be written`, () => {
    const places = [`${scratch}/late`, `${base}/${as}/etc/late`];
    for (const place of places) mkdirSync(place, { recursive: true });
    const script = `echo in; read line; for p in ${scratch}/late /etc/late; do touch $p/x && echo "written $p"; done; exit 0`;
    const inside = shellLater({ tree: as, own }, script);
    return inside.started.then(async () => {
      for (const place of places)
        good(spawnSync('mount', ['-t', 'tmpfs', 'late', place], { encoding: 'utf8' }));
      inside.go();
      const said = await inside.ended;
      for (const place of places) good(spawnSync('umount', [place], { encoding: 'utf8' }));
      for (const place of places) rmdirSync(place);
      assert.doesNotMatch(said, /written/);
      assert.match(said, /Read-only file system/);
    });
  });

  test(`${name}: undo`, () => {
    if (prepared) good(chos('tree', 'release', as));
    removeRegistry('sealed.json');
  });
}

test('the skeleton of a tree that can be written is read-only all the same: it is no part of the tree', () => {
  good(chos('tree', 'prepare', 'one'));
  assert.match(shell({ tree: 'one' }, 'mkdir /new').stderr, /Read-only file system/);
  good(shell({ tree: 'one' }, 'touch /etc/written && busybox rm /etc/written'));
  good(chos('tree', 'release', 'one'));
});

test('a namespace that has a slave of /run never sees the pins', () => {
  const ready = spawn('unshare', ['-m', '--propagation', 'slave', 'sh', '-c', 'echo in; read x'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return new Promise<void>(resolve => ready.stdout.once('data', () => resolve())).then(() => {
    good(chos('tree', 'prepare', 'one'));
    const seen = readdirSync(`/proc/${ready.pid}/root${pins}`);
    ready.kill('SIGKILL');
    assert.deepEqual(seen, []);
    assert.ok(readdirSync(pins).some(file => file.startsWith('one@')));
  });
});

for (const tree of ['one', undefined])
  test(`a bind of / shows nothing of the pins, whatever becomes of the propagation (${tree ?? 'ordinary bundle'})`, () => {
    const wish = tree === undefined ? { root: makeTree('plain-sealed', ['host']) } : { tree };
    const mounts = [bind('/', '/host', 'rbind', 'rslave')];
    const proc = { destination: '/proc', type: 'proc', source: 'proc' };
    const seen = good(
      shell(
        { ...wish, own: true, mounts: tree === undefined ? [...mounts, proc] : mounts },
        `ls -a /host${pins}; cat /proc/self/mountinfo`,
      ),
    );
    assert.doesNotMatch(seen, /one@|nsfs|chos-trees .*mode=700/);
  });

test('a share /run does not take the pins along', () => {
  const trees = { running: { path: makeTree('running', ['run']), shares: [{ path: '/run' }] } };
  writeRegistry({ trees }, 'running.json');
  const look = `ls -a ${pins}; cat /proc/self/mountinfo`;
  const fresh = good(shell({ tree: 'running', own: true }, look));
  good(chos('tree', 'prepare', 'running'));
  const shared = good(shell({ tree: 'running' }, look));
  const copied = good(shell({ tree: 'running', own: true }, look));
  for (const seen of [fresh, shared, copied]) assert.doesNotMatch(seen, /one@|running@|nsfs|mode=700/);
  good(chos('tree', 'release', 'running'));
  removeRegistry('running.json');
});

/** What root in a container can do that shows the place of the pins: write there, but mount nothing. */
function forge(name: string, change: (record: Record<string, unknown>) => object): () => void {
  const own = current('one');
  const record = JSON.parse(readFileSync(`${pins}/${own}.json`, 'utf8')) as Record<string, unknown>;
  writeFileSync(`${pins}/${name}`, '', { mode: 0o600 });
  writeFileSync(`${pins}/${name}.mounts`, '');
  writeFileSync(
    `${pins}/${name}.json`,
    JSON.stringify(change({ ...record, inode: statSync(`${pins}/${name}`).ino })),
    {
      mode: 0o600,
    },
  );
  return () => {
    for (const suffix of ['', '.json', '.mounts']) rmSync(`${pins}/${name}${suffix}`, { force: true });
  };
}

test('a record without the namespace that it is about is not believed', () => {
  const directory = bundle({ tree: 'one', args: ['true'] });
  const own = current('one');
  const forgeries: readonly ((record: Record<string, unknown>) => object)[] = [
    record => record,
    record => ({ ...record, host: { namespace: 1, root: { major: 0, minor: 0, inode: 2 } } }),
    record => ({ ...record, boot: 'another' }),
    ({ host: _, ...record }) => record,
    () => [],
  ];
  for (const change of forgeries) {
    const undo = forge('one@99', change);
    assert.equal(current('one'), own, change.toString());
    assert.match(good(chos('explain', directory)), new RegExp(`back end pinned: ${own} is prepared`));
    good(chos('run', '-b', directory, newId()));
    undo();
  }
  const undo = forge('one@98', record => record);
  chmodSync(`${pins}/${own}.json`, 0o666);
  assert.match(good(chos('explain', directory)), /back end private/);
  chmodSync(`${pins}/${own}.json`, 0o600);
  undo();
});

test('pins that were exchanged start nothing else than was asked for', () => {
  good(chos('tree', 'prepare', 'two'));
  const executable = `${bundle({ tree: 'one', args: ['cat', '/etc/os-release'] })}`;
  // From a namespace without the pins their files can be renamed, and the pins go with them.
  const [one, two] = [current('one'), current('two')];
  const swap = `cd ${pins} && busybox mv ${one} x && busybox mv ${two} ${one} && busybox mv x ${two}`;
  const records = [one, two].map(name => readFileSync(`${pins}/${name}.json`, 'utf8'));
  good(spawnSync('unshare', ['-m', 'sh', '-c', swap], { encoding: 'utf8' }));
  const inode = (name: string): number => statSync(`${pins}/${name}`).ino;
  const edited = [one, two].map((name, i) =>
    JSON.stringify({ ...JSON.parse(records[i] ?? ''), inode: inode(name) }),
  );
  [one, two].forEach((name, i) => {
    writeFileSync(`${pins}/${name}.json`, edited[i] ?? '');
  });
  const ran = chos('run', '-b', executable, newId());
  good(spawnSync('unshare', ['-m', 'sh', '-c', swap], { encoding: 'utf8' }));
  [one, two].forEach((name, i) => {
    writeFileSync(`${pins}/${name}.json`, records[i] ?? '');
  });
  assert.equal(ran.status, 1);
  assert.match(
    ran.stderr,
    /start in one@\d+: it shows another directory than \S+\/one; run chos-runtime tree prepare one/,
  );
  assert.equal(good(chos('run', '-b', executable, newId())).split('\n')[0], 'ID=one');
  good(chos('tree', 'release', 'two'));
});

test('a tree that was replaced is not started from what was prepared of it', () => {
  const trees = { moved: { path: makeTree('moved'), shares: [] } };
  writeRegistry({ trees }, 'moved.json');
  good(chos('tree', 'prepare', 'moved'));
  renameSync(`${base}/moved`, `${base}/moved-old`);
  makeTree('moved', ['newer']);
  const directory = bundle({ tree: 'moved', args: ['ls', '/newer'] });
  assert.match(
    good(chos('explain', directory)),
    /back end private: \S+\/moved is another directory now since moved@\d+/,
  );
  good(chos('run', '-b', directory, newId()));
  good(chos('tree', 'release', 'moved'));
  removeRegistry('moved.json');
});

test('nothing is left', () => {
  good(chos('tree', 'release', 'one'));
  assert.ok(!existsSync(pins), existsSync(pins) ? readdirSync(pins).join() : '');
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), /chos-trees /);
});

export { cases as sealedCases };
