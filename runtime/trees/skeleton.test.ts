import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { planPatches, planRoot, type TreeEntry, type TreeView } from './skeleton.js';

/** `name/` is a directory, `name -> target` a link, others files. */
function view(lines: readonly string[]): TreeView {
  const entries = new Map<string, TreeEntry>();
  for (const line of lines) {
    const [path = '', target] = line.split(' -> ');
    if (target !== undefined) entries.set(`/${path}`, { kind: 'link', target });
    else if (path.endsWith('/')) entries.set(`/${path.slice(0, -1)}`, { kind: 'directory', mode: 0o711 });
    else entries.set(`/${path}`, { kind: 'other' });
  }
  return {
    entry: path => entries.get(path) ?? null,
    list: path => {
      const prefix = path === '/' ? '/' : `${path}/`;
      return [...entries.keys()]
        .filter(key => key.startsWith(prefix) && !key.slice(prefix.length).includes('/'))
        .map(key => key.slice(prefix.length))
        .sort();
    },
  };
}

const linux = ['bin -> usr/bin', 'dev/', 'etc/', 'home/', 'proc/', 'sys/', 'usr/', 'usr/bin/', 'usr/lib/'];
const shown = (points: readonly string[], lines = linux, readonly = false): readonly string[] => {
  const root = planRoot(view(lines), points, readonly);
  if (root.kind === 'tree') return ['tree'];
  return root.entries.map(entry =>
    entry.kind === 'link' ? `${entry.path} -> ${entry.target}` : `${entry.kind} ${entry.path}`,
  );
};

test('a tree with all mount points is the root itself', () => {
  assert.equal(shown(['/proc', '/home']), ['tree']);
});

test('a missing mount point makes a skeleton of links, binds and directories', () => {
  assert.equal(shown(['/proc', '/data']), [
    '/bin -> usr/bin',
    'bind /dev',
    'bind /etc',
    'bind /home',
    'bind /sys',
    'bind /usr',
    'directory /data',
    'directory /proc',
  ]);
});

test('a read-only tree gets a skeleton, for mount points of later mounts', () => {
  assert.is(shown(['/proc'], linux, true).at(-1), 'directory /proc');
});

test('a deep mount point opens the directories on its way only', () => {
  assert.equal(
    shown(['/usr/site/data']).filter(line => line.includes('/usr')),
    ['directory /usr', 'bind /usr/bin', 'bind /usr/lib', 'directory /usr/site', 'directory /usr/site/data'],
  );
});

test('a link of the tree where a share goes is replaced by a directory', () => {
  assert.equal(shown(['/home'], ['home -> data/home', 'data/']), ['bind /data', 'directory /home']);
});

test('nothing of the tree shows below a link that is replaced', () => {
  assert.equal(shown(['/home/all'], ['home -> etc', 'etc/', 'etc/shadow']), [
    'bind /etc',
    'directory /home',
    'directory /home/all',
  ]);
});

test('places that a launch needs and the tree lacks: files too', () => {
  const missing = [
    { path: '/etc/hosts', kind: 'file' },
    { path: '/data/deep', kind: 'directory' },
  ] as const;
  const root = planRoot(view([...linux, 'etc/passwd']), ['/proc'], false, missing);
  assert.is(root.kind === 'skeleton' && root.why, 'the tree has no file /etc/hosts');
  const entries = root.kind === 'skeleton' ? root.entries.map(({ kind, path }) => `${kind} ${path}`) : [];
  assert.equal(
    entries.filter(entry => /etc|data/.test(entry)),
    ['directory /data', 'directory /etc', 'bind /etc/passwd', 'directory /data/deep', 'file /etc/hosts'],
  );
});

test('in a copy, directories that lack a place are covered with one like them', () => {
  const tree = view([...linux, 'etc/passwd', 'etc/ssl/', 'etc/ssl/certs/']);
  const point = (path: string, kind: 'file' | 'directory' = 'file') => ({ path, kind, index: 0 });
  const patches = planPatches(tree, [
    point('/etc/ssl/new'),
    point('/etc/hosts'),
    point('/usr/a/b', 'directory'),
  ]);
  assert.equal(
    patches?.map(({ path, mode, why, entries }) => [
      path,
      mode,
      why,
      entries.map(e => `${e.kind} ${e.path}`),
    ]),
    [
      ['/etc', 0o711, 'the tree has no /etc/hosts', ['bind /passwd', 'bind /ssl', 'file /hosts']],
      ['/etc/ssl', 0o711, 'the tree has no /etc/ssl/new', ['bind /certs', 'file /new']],
      [
        '/usr',
        0o711,
        'the tree has no /usr/a/b',
        ['bind /bin', 'bind /lib', 'directory /a', 'directory /a/b'],
      ],
    ],
  );
  assert.equal(planPatches(tree, [point('/etc/hosts'), point('/data', 'directory')]), null);
  assert.equal(planPatches(tree, []), []);
});

test('directories keep their owner', () => {
  const tree: TreeView = {
    entry: () => ({ kind: 'directory', mode: 0o2775, uid: 5, gid: 8 }),
    list: () => [],
  };
  const root = planRoot(tree, ['/mail'], true);
  assert.equal(root.kind === 'skeleton' && root.entries, [
    { kind: 'directory', path: '/mail', mode: 0o2775, uid: 5, gid: 8 },
  ]);
});

test('directories keep their mode', () => {
  const root = planRoot(view(linux), ['/home', '/data'], false);
  const entries = root.kind === 'skeleton' ? root.entries : [];
  assert.equal(
    entries.find(entry => entry.path === '/home'),
    { kind: 'directory', path: '/home', mode: 0o711 },
  );
  assert.equal(
    entries.find(entry => entry.path === '/data'),
    { kind: 'directory', path: '/data', mode: 0o755 },
  );
});

test.run();
