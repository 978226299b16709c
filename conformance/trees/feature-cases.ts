/** Features (docs/features.md): what containers and users of `chos` get of the host. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { caseList, good } from './case.js';
import {
  base,
  bundle,
  chos,
  detached,
  makeTree,
  newId,
  type Ran,
  removeRegistry,
  runtime,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('features: ');

const library = `${base}/driver/lib.so`;
const features = {
  gpu: {
    description: 'of the node',
    files: [
      { path: library, at: '/opt/gpu/lib.so' },
      { path: `${base}/none`, optional: true },
    ],
    devices: [{ path: '/dev/null' }],
    set: ['GPU=all'],
    prepend: ['LD_LIBRARY_PATH=/opt/gpu'],
  },
  mpi: { files: [{ path: `${base}/mpi`, writable: true }], requires: ['gpu'], conflicts: ['other'] },
  other: {},
};

function setUp(backEnd: string): void {
  mkdirSync(dirname(library), { recursive: true });
  mkdirSync(`${base}/mpi`, { recursive: true });
  writeFileSync(library, 'driver\n');
  const trees = {
    featured: {
      path: `${base}/featured`,
      features: ['gpu'],
      backEnd,
      shares: [],
      env: ['LD_LIBRARY_PATH=/site'],
    },
  };
  writeRegistry({ trees, features }, 'featured.json');
}

const annotated = (names: string): Readonly<Record<string, string>> => ({ 'org.chos.features': names });
const run = (command: string, names?: string): Ran =>
  chos(
    'run',
    '-b',
    bundle({
      tree: 'featured',
      args: ['sh', '-c', command],
      ...(names === undefined ? {} : { annotations: annotated(names) }),
    }),
    newId(),
  );

for (const backEnd of ['private', 'pinned'])
  test(`files and variables are there, by ${backEnd}, and nothing is made in the tree`, () => {
    // A view that is there has its `/`: what that lacks only `private` can add.
    if (backEnd === 'private') makeTree('featured');
    else for (const name of ['opt', 'mnt']) mkdirSync(`${base}/featured/${name}`);
    setUp(backEnd);
    if (backEnd === 'pinned') good(chos('tree', 'prepare', 'featured'));
    const all = run(
      `cat /opt/gpu/lib.so; echo $GPU $LD_LIBRARY_PATH; echo x > /opt/gpu/lib.so; echo y > ${base}/mpi/file; ls ${base}`,
      'mpi',
    );
    assert.match(all.stdout, /^driver\nall \/opt\/gpu:\/site\n/);
    assert.match(all.stderr, /lib.so: Read-only file system/);
    assert.match(all.stdout, /^mpi$/m);
    assert.equal(good(run(`ls ${base} /opt; ls ${base}/mpi || echo none`)).includes('lib.so'), false);
    const [made] = ['opt', 'mnt'].flatMap(name =>
      existsSync(`${base}/featured/${name}`) ? readdirSync(`${base}/featured/${name}`) : [],
    );
    assert.equal(made, undefined);
    assert.deepEqual(readdirSync(`${base}/mpi`), ['file']);

    const id = newId();
    good(detached('run', '-d', '-b', bundle({ tree: 'featured', args: ['sleep', '1000'] }), id));
    assert.equal(
      good(chos('exec', id, 'sh', '-c', 'cat /opt/gpu/lib.so; echo $LD_LIBRARY_PATH')),
      'driver\n/opt/gpu:/site\n',
    );
    if (backEnd === 'pinned') {
      good(chos('delete', '--force', id));
      good(chos('tree', 'release', 'featured'));
    }
    removeRegistry('featured.json');
  });

test('what a tree gets is shown', () => {
  setUp('private');
  const shown = good(chos('tree', 'show', 'featured'));
  assert.match(shown, /^feature +gpu, of the node \(\/etc\/chos.d\/featured.json:\d+\)$/m);
  assert.deepEqual(JSON.parse(good(chos('tree', 'show', 'featured', '-f', 'json'))).features, ['gpu']);
  const explained = good(
    chos('explain', bundle({ tree: 'featured', args: ['true'], annotations: annotated('mpi') })),
  );
  assert.match(
    explained,
    new RegExp(
      `use feature gpu: 1 file, 1 device, GPU, LD_LIBRARY_PATH; left out, because it is not there: ${base}/none .*features.gpu`,
    ),
  );
  assert.match(explained, /use feature mpi: 1 file /);
  assert.match(explained, /bind .*lib.so.* \/opt\/gpu\/lib.so.*features.gpu/);
  assert.match(
    good(chos('tree', 'entry', 'featured')),
    /show .*lib.so of the host at \/opt\/gpu\/lib.so, read-only .*features.gpu/,
  );
  assert.match(good(chos('tree', 'check', 'featured')), /none is not there and is left out/);
});

test('what cannot be had is refused with one line', () => {
  setUp('private');
  const said = (names: string): string => {
    const { status, stderr } = run('true', names);
    assert.equal(status, 1);
    return stderr;
  };
  assert.match(said('gup'), /start tree `featured`: no feature `gup` is registered; did you mean `gpu`\?$/m);
  assert.match(said('mpi,other'), /the features `mpi` and `other` do not go together/);
  const alone = chos('explain', bundle({ args: ['true'], annotations: annotated('gpu') }));
  assert.match(alone.stderr, /org.chos.features needs a tree/);
  const missing = { ...features.gpu, files: [{ path: `${base}/none` }] };
  writeRegistry(
    { trees: { lacks: { path: `${base}/featured`, features: ['gpu'] } }, features: { gpu: missing } },
    'featured.json',
  );
  const { status, stdout } = chos('tree', 'check', 'lacks');
  assert.equal(status, 1);
  assert.match(
    stdout,
    /lacks +fault +feature `gpu`: .*none: No such file or directory; install it, or say "optional"/,
  );
  removeRegistry('featured.json');
});

test('chos has files and variables, too, for root and for users', () => {
  setUp('private');
  good(chos('tree', 'prepare', '--all'));
  const command = `${dirname(runtime)}/chos`;
  const script = 'cat /opt/gpu/lib.so; echo $GPU $LD_LIBRARY_PATH; echo x > /opt/gpu/lib.so';
  for (const user of [[], ['setpriv', '--reuid=1001', '--regid=1001', '--clear-groups', '--']]) {
    const [file = '', ...args] = [...user, command, 'featured', 'sh', '-c', script];
    const { stdout, stderr } = spawnSync(file, args, {
      encoding: 'utf8',
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', HOME: '/' },
    });
    assert.equal(stdout, 'driver\nall /opt/gpu:/site\n', stderr);
    assert.match(stderr, /Read-only file system|Permission denied/);
  }
  removeRegistry('featured.json');
});

export const featureCases = cases;
