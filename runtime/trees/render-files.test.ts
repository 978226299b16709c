/** Everything below a prefix that stands for the root of the host. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { oneLine } from '../report/diagnostic.js';
import { parseJsonFile } from './json-file.js';
import { faultsOf } from './prepare-input.js';
import { mergeFiles } from './read-registry.js';
import { noTrees, type RegisteredTree } from './registry.js';
import { renderFiles, surplusFiles, surplusFilesOfAll } from './render-files.js';
import { shownShares } from './shown-shares.js';

const scratch = mkdtempSync(join(tmpdir(), 'files-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** A host with a tree /os. */
function hostOf(files: Readonly<Record<string, string>>): string {
  const prefix = mkdtempSync(join(scratch, 'host-'));
  mkdirSync(join(prefix, 'run'), { mode: 0o755 });
  mkdirSync(join(prefix, 'os/etc'), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(prefix + path), { recursive: true });
    writeFileSync(prefix + path, text, { flag: 'wx', mode: 0o644 });
  }
  return prefix;
}

function treeOf(...texts: readonly object[]): RegisteredTree {
  const files = texts.map((text, i) => {
    const read = parseJsonFile(`${i}.json`, JSON.stringify(text));
    if (read.kind === 'refused') throw new Error(read.diagnostics.map(oneLine).join('\n'));
    return read.file;
  });
  const tree = mergeFiles(files).trees.get('one');
  if (tree === undefined) throw new Error('no tree');
  return tree;
}

const one = (files: Readonly<Record<string, string>>) => treeOf({ trees: { one: { path: '/os', files } } });
const at = (prefix: string, path: string): string =>
  join(prefix, 'run/chos/files/one', path.replaceAll('/', '%2F'));

const clear = (paths: readonly string[]): void => {
  for (const path of paths) rmSync(path, { recursive: true });
};

test('the nearest that names a file counts, and it is shown like a share that is read-only', () => {
  const tree = treeOf(
    {
      trees: { one: { path: '/os', shares: [], files: { '/etc/a': '/srv/a', '/etc//b': 'tree' } } },
      files: { '/etc/a': 'host', '/etc/c': 'host' },
    },
    { files: { '/etc/c': 'tree', '/etc/b': 'host', '/etc/d': 'host' } },
  );
  assert.equal(
    tree.files.map(({ path, content }) => [path, content.kind]),
    [
      ['/etc/a', 'from'],
      ['/etc/c', 'host'],
      ['/etc/d', 'host'],
    ],
  );
  const prefix = hostOf({ '/srv/a': 'a\n', '/etc/c': 'c\n' });
  assert.equal(renderFiles(tree, prefix), []);
  assert.equal(
    shownShares(tree.shares, prefix),
    ['/etc/a', '/etc/c'].map(path => ({
      path,
      from: `/run/chos/files/one/${path.replaceAll('/', '%2F')}`,
      readonly: true,
      file: true,
    })),
  );
  assert.equal(faultsOf({ ...tree, path: '/os' }, prefix), []);
});

test('host, merge and a path; the mode is that of the host, but nobody else can write', () => {
  const prefix = hostOf({
    '/etc/passwd': 'root:x:0:0:h:/root:/bin/zsh\nann:x:1001:1001::/home/ann:/bin/bash\n',
    '/os/etc/passwd': 'root:x:0:0:t:/root:/bin/sh\n',
    '/srv/key': 'secret\n',
    '/run/resolve/stub': 'nameserver 127.0.0.53\n',
  });
  symlinkSync('../run/resolve/stub', join(prefix, 'etc/resolv.conf'));
  const tree = one({
    '/etc/passwd': 'merge',
    '/etc/resolv.conf': 'host',
    '/etc/key': '/srv/key',
    '/etc/none': 'host',
  });
  assert.equal(renderFiles(tree, prefix), []);
  assert.is(
    readFileSync(at(prefix, '/etc/passwd'), 'utf8'),
    'root:x:0:0:t:/root:/bin/sh\nann:x:1001:1001::/home/ann:/bin/bash\n',
  );
  assert.is(readFileSync(at(prefix, '/etc/resolv.conf'), 'utf8'), 'nameserver 127.0.0.53\n');
  assert.is(readFileSync(at(prefix, '/etc/key'), 'utf8'), 'secret\n');
  assert.not.ok(existsSync(at(prefix, '/etc/none')));
  assert.is(statSync(at(prefix, '/etc/passwd')).mode & 0o777, 0o644);
});

test('what is written anew is the same file, shorter or longer', () => {
  const prefix = hostOf({ '/etc/hosts': 'one\ntwo\nthree\n' });
  const tree = one({ '/etc/hosts': 'host' });
  const { path } = { path: at(prefix, '/etc/hosts') };
  renderFiles(tree, prefix);
  const { ino } = statSync(path);
  for (const text of ['one\n', '', 'one\ntwo\nthree\nfour\n', 'no line end', 'x']) {
    // As editors do.
    writeFileSync(join(prefix, 'etc/new'), text, { flag: 'wx' });
    renameSync(join(prefix, 'etc/new'), join(prefix, 'etc/hosts'));
    assert.equal(renderFiles(tree, prefix), []);
    assert.is(readFileSync(path, 'utf8'), text);
    assert.is(statSync(path).ino, ino);
  }
  // The entry program of before shows it, until there is another.
  assert.equal(renderFiles(one({}), prefix), []);
  assert.ok(existsSync(path));
  clear(surplusFiles(one({}), prefix));
  assert.not.ok(existsSync(dirname(path)));
});

test('what the host has no longer is there for those who show it, and for no other', () => {
  const prefix = hostOf({ '/etc/hosts': 'one\n', '/etc/a': 'a\n', '/etc/b': 'b\n' });
  const tree = one({ '/etc/hosts': 'host', '/etc/a': 'host', '/etc/b': '/etc/b' });
  renderFiles(tree, prefix);
  const shown = () => shownShares(tree.shares, prefix).map(({ path }) => path);
  rmSync(join(prefix, 'etc/hosts'));
  rmSync(join(prefix, 'etc/b'));
  assert.is(renderFiles(tree, prefix).length, 1);
  assert.is(readFileSync(at(prefix, '/etc/hosts'), 'utf8'), 'one\n');
  assert.equal(shown(), ['/etc/a', '/etc/b']);
  const { ino } = statSync(at(prefix, '/etc/hosts'));
  writeFileSync(join(prefix, 'etc/hosts'), 'again\n', { flag: 'wx' });
  renderFiles(tree, prefix);
  assert.equal(shown(), ['/etc/hosts', '/etc/a', '/etc/b']);
  assert.is(statSync(at(prefix, '/etc/hosts')).ino, ino);
  rmSync(join(prefix, 'etc/hosts'));
  renderFiles(tree, prefix);
  clear(surplusFiles(tree, prefix));
  // What is wrong with one keeps it from being written, and takes nothing away.
  assert.equal(
    ['/etc/hosts', '/etc/a', '/etc/b'].map(path => existsSync(at(prefix, path))),
    [false, true, true],
  );
  assert.equal(faultsOf({ ...tree, path: '/os' }, prefix), []);
});

test('a file that is registered later is not written yet, and trees that are gone leave nothing', () => {
  const prefix = hostOf({ '/etc/hosts': 'one\n', '/etc/a': 'a\n' });
  renderFiles(one({ '/etc/hosts': '/etc/hosts' }), prefix);
  const more = one({ '/etc/hosts': '/etc/hosts', '/etc/a': '/etc/a' });
  assert.equal(
    faultsOf(more, prefix).map(({ what, path }) => `${what.kind} ${path}`),
    ['not-rendered trees.one.files["/etc/a"]'],
  );
  const broken = [
    { file: '/etc/chos.d/x.json', why: { kind: 'unreadable', code: 'EIO' }, trees: [] },
  ] as const;
  clear(surplusFilesOfAll({ ...noTrees, broken }, prefix));
  assert.ok(existsSync(at(prefix, '/etc/hosts')));
  clear(surplusFilesOfAll(noTrees, prefix));
  assert.not.ok(existsSync(dirname(at(prefix, '/etc/hosts'))));
});

test('an image’s symlink leads nowhere on the host, and what is no file is told', () => {
  const prefix = hostOf({ '/etc/group': 'root:x:0:\n', '/secret': 'root:x:7:\n' });
  symlinkSync(join(prefix, 'secret'), join(prefix, 'os/etc/group'));
  mkdirSync(join(prefix, 'etc/directory'));
  const tree = one({ '/etc/group': 'merge', '/etc/a': '/etc/directory', '/etc/b': '/nonexistent' });
  assert.equal(
    renderFiles(tree, prefix)
      .map(oneLine)
      .map(line => line.replace(/^[^ ]* /, '')),
    [
      'trees.one.files["/etc/a"] is not a regular file of at most 16 MiB that can be read: Invalid argument',
      'trees.one.files["/etc/b"] is not a regular file of at most 16 MiB that can be read: No such file or directory',
    ],
  );
  assert.is(readFileSync(at(prefix, '/etc/group'), 'utf8'), 'root:x:0:\n');
  // Nothing is written where others than root could have put a link.
  rmSync(at(prefix, '/etc/group'));
  symlinkSync(join(prefix, 'secret'), at(prefix, '/etc/group'));
  assert.throws(() => renderFiles(tree, prefix), /ELOOP/);
  assert.is(readFileSync(join(prefix, 'secret'), 'utf8'), 'root:x:7:\n');
});

test('of a tree no FIFO is waited for, no device opened, and nothing long read', () => {
  const prefix = hostOf({ '/etc/passwd': 'root:x:0:0::/:/bin/sh\n' });
  const own = join(prefix, 'os/etc/passwd');
  const told = (make: () => void): string => {
    rmSync(own, { force: true });
    make();
    return renderFiles(one({ '/etc/passwd': 'merge' }), prefix)
      .map(oneLine)
      .join();
  };
  assert.match(
    told(() => execFileSync('mkfifo', [own])),
    /that can be read: Invalid argument$/,
  );
  // No driver has this number: ENXIO, if it were opened.
  if (process.getuid?.() === 0)
    assert.match(
      told(() => execFileSync('mknod', [own, 'c', '511', '1048575'])),
      /that can be read: Invalid argument$/,
    );
  const sparse = (): void => {
    writeFileSync(own, '');
    truncateSync(own, 2 ** 30);
  };
  assert.match(told(sparse), /that can be read: File too large$/);
  assert.is(
    told(() => symlinkSync('/etc/shadow', own)),
    '',
  );
  assert.is(readFileSync(at(prefix, '/etc/passwd'), 'utf8'), 'root:x:0:0::/:/bin/sh\n');
});

test('before it is written there is a line', () => {
  const prefix = hostOf({});
  const tree = one({ '/etc/hosts': 'host' });
  assert.match(
    faultsOf(tree, prefix).map(oneLine).join(),
    'is not written down yet: run chos-runtime tree files, or tree prepare',
  );
});

test('what a registry file cannot say', () => {
  const refused = (files: object): string => {
    const read = parseJsonFile('a.json', JSON.stringify({ files }));
    return read.kind === 'refused' ? read.diagnostics.map(oneLine).join('\n') : 'read';
  };
  for (const path of ['etc/hosts', '/etc/', '/proc/version', '/dev/x', `/${'x'.repeat(300)}`])
    assert.match(refused({ [path]: 'host' }), 'is not the absolute path of a file of a tree', path);
  for (const path of ['/', '/./']) assert.match(refused({ [path]: 'host' }), 'must not be the root', path);
  assert.match(refused({ '/etc/../x': 'host' }), '..');
  assert.match(refused({ '/etc/hosts': 'merge' }), 'host, tree, merge (for /etc/passwd and /etc/group)');
  assert.match(refused({ '/etc/hosts': 'hsot' }), 'host, tree, merge');
  assert.match(refused({ '/etc/hosts': 'host', '/etc//hosts': 'tree' }), '/etc/hosts');
  assert.match(refused({ '/etc/hosts': '' }), 'a.json:1');
  assert.is(refused({ '/etc/passwd': 'merge', '/srv/x': '/srv/y' }), 'read');
});

test.run();
