/** tree-digest: one digest for each generation, the same for equal trees, in the annotation and in the report. */
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type HookCase, underEach } from './case.js';
import {
  byHand,
  hooksDir,
  insist,
  type Machine,
  newName,
  podmanRun,
  run,
  settingsFile,
  stateText,
} from './machine.js';

const name = 'tree-digest';
const kept = '/run/chos-hooks/tree-digest';

/** What hooks/tree-digest/walk.c says of itself, written down once more. */
function expected(tree: string): string {
  const all = createHash('sha256');
  const walk = (path: string) => {
    const st = lstatSync(join(tree, path));
    const file = () =>
      createHash('sha256')
        .update(readFileSync(join(tree, path)))
        .digest('hex');
    const [letter, detail] = st.isFile()
      ? ['f', file()]
      : st.isDirectory()
        ? ['d', '-']
        : st.isSymbolicLink()
          ? ['l', readlinkSync(join(tree, path))]
          : ['p', '-'];
    const mode = (st.mode & 0o7777).toString(8).padStart(4, '0');
    all.update(`${letter} ${mode} ${st.uid} ${st.gid} ${detail} ${path}\0`);
    if (!st.isDirectory()) return;
    const names = readdirSync(join(tree, path))
      .map(one => Buffer.from(one))
      .sort(Buffer.compare);
    for (const one of names) walk(`${path}/${one}`);
  };
  walk('.');
  return `sha256:${all.digest('hex')}`;
}

function makeTree(machine: Machine): string {
  const tree = join(machine.dir, newName());
  mkdirSync(join(tree, 'a/b'), { recursive: true });
  for (const one of ['z', 'a.', 'a-b', 'Z', 'é']) writeFileSync(join(tree, one), one.repeat(30_000));
  for (const size of [0, 55, 56, 63, 64, 65, 119, 120])
    writeFileSync(join(tree, `a/b/${size}`), 'x'.repeat(size));
  for (let i = 0; i < 300; i++) writeFileSync(join(tree, `a/${i}`), '');
  symlinkSync('../nowhere', join(tree, 'a/link'));
  return tree;
}

function register(name: string, path: string): void {
  mkdirSync('/etc/chos.d', { recursive: true });
  writeFileSync('/etc/chos.d/digest.json', JSON.stringify({ trees: { [name]: { path, shares: [] } } }), {
    mode: 0o644,
  });
}

const make = (tree: string) => byHand(name, [name, '--make', tree], '');

const configText = (annotations?: object) =>
  JSON.stringify(
    { ociVersion: '1.0.2', process: { args: ['é\n'] }, ...(annotations ? { annotations } : {}) },
    null,
    2,
  );

export const treeDigestCases: readonly HookCase[] = [
  {
    name: 'tree-digest/--make/what it is, and that it is made once',
    run: machine => {
      const path = makeTree(machine);
      register('one', path);
      const wanted = `${expected(path)}\n`;
      insist('digest', make('one').stdout, wanted);
      insist('generation', make('one@3').stdout, wanted);
      writeFileSync(join(path, 'a/1'), 'another');
      insist('not made again', make('one').stdout, wanted);
      writeFileSync(join(path, 'new'), '');
      insist('its root has changed', make('one').stdout, `${expected(path)}\n`);
      insist('parts', readdirSync(kept).filter(one => one.endsWith('.part')).length, 0);
    },
  },
  {
    name: 'tree-digest/precreate/the annotation, and nothing else',
    run: machine => {
      register('two', makeTree(machine));
      const digest = make('two').stdout.trim();
      const text = configText({ 'org.chos.tree': 'two', b: 'é' });
      const ran = byHand(name, [name], text);
      insist('words', ran.stderr, '');
      insist('rest', ran.stdout, text.replace('\n  }\n}', `\n  ,"org.chos.tree.digest":"${digest}"}\n}`));
      for (const other of [configText(), configText({ 'org.chos.tree': 'elsewhere' })])
        insist('another tree, or none', byHand(name, [name], other).stdout, other);
    },
  },
  {
    name: 'tree-digest/required/no digest, no start',
    run: machine => {
      register('three', makeTree(machine));
      const options = [name, '--settings', settingsFile(machine, { required: true })];
      const ask = (tree: string) =>
        byHand(name, options, stateText({ annotations: { 'org.chos.tree': tree } }));
      insist(
        'words',
        ask('three').stderr,
        'tree-digest: there is no digest of three yet: tree-digest --make three\n',
      );
      insist('exit code', ask('three').code, 1);
      insist('unknown', ask('four').stderr, 'tree-digest: there is no tree four in /etc/chos.d\n');
      make('three');
      insist('made', ask('three').code, 0);
    },
  },
  {
    name: 'tree-digest/bad/input',
    run: machine => {
      insist('not JSON', byHand(name, [name], '{').stderr, /stdin:1:2: not JSON/);
      insist('nothing known', byHand(name, [name], '{}').stderr, /neither a state nor a config.json/);
      insist('unknown', make('nowhere').stderr, /there is no tree nowhere in/);
      const path = makeTree(machine);
      register('gone', path);
      rmSync(path, { recursive: true });
      insist('gone', make('gone').stderr, /^tree-digest: look at the tree .*: No such file or directory\n$/);
    },
  },
  ...underEach(
    'tree-digest/config.json/the first job has it made, the next one has it in its report',
    (machine, runtime) => {
      const tree = `t-${runtime.name}`;
      register(tree, runtime.place.tree);
      const file = join(machine.dir, `${newName()}.jsonl`);
      const report = { args: ['job-report', '--settings', settingsFile(machine, { file })] };
      const job = (hooks: object) =>
        run(machine, runtime, {
          hooks,
          change: config => {
            config.process.args = ['/bin/true'];
            config.annotations = { 'org.chos.tree': tree };
            // The environment of chos-runtime shows the host's.
            config.mounts = config.mounts.filter(({ destination }) => destination === '/proc');
          },
        });
      const first = job({ createRuntime: { args: [name] } });
      insist('words', first.stderr, '');
      insist('exit code', first.code, 0);
      // Whoever makes it holds the lock meanwhile.
      const digest = make(tree).stdout.trim();
      insist('digest', digest, /^sha256:[0-9a-f]{64}$/);
      job({ createRuntime: report, poststop: report });
      const read = JSON.parse(readFileSync(file, 'utf8')) as { digest: string; tree: string };
      insist('tree', read.tree, tree);
      insist('digest in the report', read.digest, digest);
    },
  ),
  ...underEach('tree-digest/Podman/precreate', (machine, runtime) => {
    const tree = `p-${runtime.name}`;
    register(tree, runtime.place.tree);
    const digest = make(tree).stdout.trim();
    const file = join(machine.dir, `${newName()}.jsonl`);
    const dir = hooksDir(machine, name);
    const other = hooksDir(machine, 'job-report', ['--settings', settingsFile(machine, { file })]);
    writeFileSync(join(dir, 'job-report.json'), readFileSync(join(other, 'job-report.json')));
    const ran = podmanRun(runtime, dir, ['--annotation', `org.chos.tree=${tree}`], ['true']);
    insist('words', ran.stderr, '');
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    insist('digest', (JSON.parse(lines.at(-1) ?? '') as { digest: string }).digest, digest);
  }),
];
