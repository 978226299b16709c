/** tree-digest: one digest for each generation, the same for equal trees, in the annotation and in the report. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
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
  hookPath,
  hooksDir,
  insist,
  type Machine,
  newName,
  podmanRun,
  readIfThere,
  run,
  settingsFile,
  stateText,
  until,
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
          ? [
              'l',
              createHash('sha256')
                .update(readlinkSync(join(tree, path)))
                .digest('hex'),
            ]
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

function pin(generation: string): void {
  mkdirSync('/run/chos-trees', { recursive: true, mode: 0o755 });
  writeFileSync(join('/run/chos-trees', generation), '');
}

function must(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
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
      insist('no generation', make('one@3').stderr, 'tree-digest: there is no generation one@3\n');
      pin('one@3');
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
    name: 'tree-digest/--make/another that makes it is waited for, with a line',
    run: async machine => {
      register('held', makeTree(machine));
      const digest = make('held').stdout;
      const lock = join(kept, 'held.lock');
      insist('mode', lstatSync(lock).mode & 0o777, 0o600);
      // One that another user has opened before, say.
      const holder = spawn('flock', ['--exclusive', lock, 'sh', '-c', 'echo held; cat'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      await new Promise(resolve => holder.stdout.once('data', resolve));
      const waiting = spawn(hookPath(name), ['--make', 'held'], { stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '';
      waiting.stdout.on('data', data => (out += data));
      const words = await new Promise(resolve => waiting.stderr.once('data', resolve));
      insist('words', String(words), `tree-digest: waits for another that makes it and holds ${lock}\n`);
      const ended = new Promise(resolve => waiting.on('close', resolve));
      holder.stdin.end();
      insist('code', await ended, 0);
      insist('digest', out, digest);
    },
  },
  {
    name: 'tree-digest/--make/what is no lock of root is refused',
    run: machine => {
      register('lock', makeTree(machine));
      const lock = join(kept, 'lock.lock');
      mkdirSync(kept, { recursive: true });
      const refused = (what: string, stand: () => void, wanted: RegExp): void => {
        stand();
        insist(what, make('lock').stderr, wanted);
        rmSync(lock, { recursive: true });
      };
      refused(
        'link',
        () => symlinkSync('/dev/null', lock),
        /^tree-digest: make .*lock\.lock: Too many levels/,
      );
      refused('fifo', () => must('mkfifo', lock), /lock\.lock: it is not a regular file\n$/);
      refused('directory', () => mkdirSync(lock), /lock\.lock: Is a directory\n$/);
      const others = (): void => {
        writeFileSync(lock, '');
        chownSync(lock, 4711, 4711);
      };
      refused('another owner', others, /lock\.lock: owner 4711, mode 644; only root/);
      chmodSync(kept, 0o777);
      try {
        insist('directory of all', make('lock').stderr, /tree-digest\/: owner 0, mode 777; only root/);
      } finally {
        chmodSync(kept, 0o755);
      }
    },
  },
  {
    name: 'tree-digest/--make/what may not be written leaves nothing',
    run: machine => {
      register('large', makeTree(machine));
      const limited = ['-c', 'ulimit -f 0; exec "$@"', 'sh', hookPath(name), '--make', 'large'];
      const { stderr } = spawnSync('sh', limited, { encoding: 'utf8' });
      insist('words', stderr, `tree-digest: write ${join(kept, 'large')}: File too large\n`);
      insist(
        'files',
        readdirSync(kept)
          .filter(one => /^large(?!\.lock)/.test(one))
          .join(),
        '',
      );
    },
  },
  {
    name: 'tree-digest/--make/trees that differ in what a link says only',
    run: machine => {
      const [a, b] = [join(machine.dir, newName()), join(machine.dir, newName())];
      for (const top of [a, b]) mkdirSync(join(top, 'p .'), { recursive: true });
      symlinkSync('t', join(a, 'p ./q'));
      symlinkSync('t ./p', join(b, 'q'));
      const digests = [a, b].map((path, i) => {
        register(`link${i}`, path);
        return make(`link${i}`).stdout;
      });
      insist('first', digests[0], `${expected(a)}\n`);
      insist('differ', digests[0] === digests[1], false);
    },
  },
  {
    name: 'tree-digest/--make/what is mounted is not in it, other devices are',
    run: machine => {
      const top = join(machine.dir, newName());
      const [upper, work, lower, tree] = ['u/upper', 'u/work', 'lower/d', 'tree'].map(one => join(top, one));
      if (!upper || !work || !lower || !tree) throw new Error('no names');
      mkdirSync(join(top, 'u'), { recursive: true });
      must('mount', '-t', 'tmpfs', 'chos-hooks', join(top, 'u'));
      for (const dir of [upper, work, lower, tree]) mkdirSync(dir, { recursive: true });
      writeFileSync(join(lower, 'low'), 'of the lower layer');
      writeFileSync(join(upper, 'up'), 'of the upper layer');
      const layers = `lowerdir=${join(top, 'lower')},upperdir=${upper},workdir=${work},xino=off`;
      must('mount', '-t', 'overlay', '-o', layers, 'overlay', tree);
      register('overlay', tree);
      const wanted = expected(tree);
      insist('overlay', make('overlay').stdout, `${wanted}\n`);
      must('umount', tree);

      const [file, directory, plain] = ['file', 'directory', 'plain'].map(one => join(top, 'again', one));
      if (!file || !directory || !plain) throw new Error('no names');
      mkdirSync(plain, { recursive: true });
      register('mounts', join(top, 'again'));
      const without = expected(join(top, 'again'));
      mkdirSync(directory);
      writeFileSync(file, '');
      must('mount', '--bind', lower, directory);
      must('mount', '--bind', join(lower, 'low'), file);
      insist('binds of one device', make('mounts').stdout, `${without}\n`);
      must('umount', directory, file, join(top, 'u'));
    },
  },
  {
    name: 'tree-digest/precreate/a generation and a digest that somebody has made up',
    run: machine => {
      register('five', makeTree(machine));
      const digest = make('five').stdout.trim();
      const options = [name, '--settings', settingsFile(machine, { required: true })];
      pin('six@1');
      const ask = (generation: string) => {
        const annotations = {
          'org.chos.tree.digest': 'sha256:0',
          'org.chos.tree': 'five',
          'org.chos.environment': generation,
        };
        const { stdout, stderr } = byHand(name, options, configText(annotations));
        return stderr || JSON.parse(stdout).annotations['org.chos.tree.digest'];
      };
      for (const generation of ['six@1', 'five@8', '../x@1', 'five@/', 'five'])
        insist(generation, ask(generation), digest);
      pin('five@8');
      insist('pinned', ask('five@8'), /there is no digest of five@8 yet/);
      insist(
        'files',
        readdirSync(kept)
          .filter(one => /six|five@/.test(one))
          .join(),
        '',
      );
      insist(
        'once',
        byHand(name, options, configText({ 'org.chos.tree': 'five' })).stdout.split(digest).length,
        2,
      );
      const other = byHand(name, [name], configText({ 'org.chos.tree.digest': 'sha256:0' })).stdout;
      insist('no tree', JSON.parse(other).annotations['org.chos.tree.digest'], '');
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
    async (machine, runtime) => {
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
      await until('its report', () => readIfThere(file).includes('\n'));
      const read = JSON.parse(readFileSync(file, 'utf8')) as { digest: string; tree: string };
      insist('tree', read.tree, tree);
      insist('digest in the report', read.digest, digest);
    },
  ),
  ...underEach('tree-digest/Podman/precreate', async (machine, runtime) => {
    const tree = `p-${runtime.name}`;
    register(tree, runtime.place.tree);
    const digest = make(tree).stdout.trim();
    const file = join(machine.dir, `${newName()}.jsonl`);
    const dir = hooksDir(machine, name);
    const other = hooksDir(machine, 'job-report', ['--settings', settingsFile(machine, { file })]);
    writeFileSync(join(dir, 'job-report.json'), readFileSync(join(other, 'job-report.json')));
    const ran = podmanRun(runtime, dir, ['--annotation', `org.chos.tree=${tree}`], ['true']);
    insist('words', ran.stderr, '');
    await until('its report', () => readIfThere(file).includes('\n'));
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    insist('digest', (JSON.parse(lines.at(-1) ?? '') as { digest: string }).digest, digest);
  }),
];
