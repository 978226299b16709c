/** What the jobs do on a host that is set up as the page says, and what they do when something is wrong. */
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withDeadShareOn } from '../harness/dead-share.js';
import { within } from '../hooks/machine.js';
import { commandsOf, missingLine } from '../pages/blocks.js';
import { must, project, shell } from '../pages/machine.js';
import { blockOf, example, home, page, projectWith, traces, trees, writeFilesOfPage } from './machine.js';
import { type Outcome, path, removeBuilds, runPipeline, type Service } from './runner.js';
import { github, gitlab, services } from './services.js';

export interface CiCase {
  readonly name: string;
  readonly run: () => Promise<void> | void;
}

const builds = join(home, 'builds');

interface Line {
  readonly tree: string;
  readonly generation: string;
  readonly digest: string;
  readonly backEnd: string;
  readonly name: string;
  readonly exit: { readonly code: number };
}

/** What the last job of a pipeline got from those before it. */
const reportsOf = (outcomes: readonly Outcome[]): string => join(outcomes.at(-1)?.folder ?? '', 'reports');

/** The lines of job-report, in the order of the steps. */
const linesOf = (outcomes: readonly Outcome[]): readonly Line[] =>
  trees.flatMap(tree => {
    const file = join(reportsOf(outcomes), `${tree}.jsonl`);
    const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    return text === '' ? [] : text.split('\n').map(line => JSON.parse(line) as Line);
  });

const XML = `import sys, xml.etree.ElementTree as tree
for file in sorted(sys.argv[1:]):
    for suite in tree.parse(file).getroot():
        for case in suite.iter("testcase"):
            print(suite.get("name"), case.get("name"), *(child.get("message") for child in case if child.tag in ("failure", "error")))`;

/** `SUITE CASE`, and the message of a failure, of all JUnit files; those that no XML reader takes are an error. */
function junitOf(outcomes: readonly Outcome[]): readonly string[] {
  const directory = reportsOf(outcomes);
  const files = readdirSync(directory).filter(name => name.endsWith('.xml'));
  return must('python3', '-c', XML, ...files.map(name => join(directory, name)))
    .trim()
    .split('\n');
}

const failed = (outcomes: readonly Outcome[]): readonly string[] =>
  outcomes.filter(({ passed }) => !passed).map(({ job }) => job);

/** Looks again and again until it holds: a conmon, for one, ends after the command that waited for its container. */
async function until(what: () => string): Promise<void> {
  for (const end = Date.now() + 30_000; what() !== ''; await new Promise(done => setTimeout(done, 50)))
    if (Date.now() > end) assert.fail(what());
}

/** Waits until the machine is as it was before. */
async function leavingNothing(body: () => Promise<void> | void): Promise<void> {
  const before = traces();
  removeBuilds(builds);
  await body();
  await until(() =>
    traces()
      .filter(line => !before.includes(line))
      .map(line => `left: ${line}`)
      .join('; '),
  );
}

/** Runs the jobs on a clone of `from`. */
const pipeline = (
  service: Service,
  from: string,
  judge: (outcomes: readonly Outcome[]) => void,
  variables: Readonly<Record<string, string>> = {},
): Promise<void> => leavingNothing(() => judge(runPipeline(service, from, builds, variables)));

const steps = ['build', 'check'];

/** Each tree and each run has others. */
const withoutFigures = (table: string): string =>
  table.replace(/ *\b\d+\.\d+/g, ' N').replace(/sha256:[0-9a-f]{12}/g, 'sha256:N');

function allWell(outcomes: readonly Outcome[]): void {
  const said = outcomes.map(({ said }) => said).join('\n');
  assert.deepEqual(failed(outcomes), [], said);
  assert.equal(outcomes.length, trees.length + 1);
  for (const system of ['Debian GNU/Linux 12', 'Debian GNU/Linux 13', 'busybox'])
    assert.match(said, new RegExp(`^built on ${system}`, 'm'));
  const expected = trees.flatMap(tree => steps.map(step => `${tree} ${step}`));
  assert.deepEqual([...junitOf(outcomes)].sort(), [...expected].sort());
  const lines = linesOf(outcomes);
  assert.deepEqual(
    lines.map(({ tree, name }) => `${tree} ${name}`),
    expected,
  );
  for (const { tree, generation, digest, backEnd, exit } of lines) {
    assert.equal(generation, `${tree}@1`);
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual([backEnd, exit.code], ['pinned', 0]);
  }
  assert.equal(new Set(lines.map(({ digest }) => digest)).size, trees.length);
  const table = outcomes.at(-1)?.said.trim() ?? '';
  for (const one of [page, 'README.md'])
    assert.equal(withoutFigures(table), withoutFigures(blockOf(one, 'TREE').lines.join('\n')), table);
}

export const cases: readonly CiCase[] = [
  {
    name: 'page/the host of a runner, in three commands',
    run: () => {
      writeFilesOfPage();
      const commands = commandsOf(blockOf(page, '# make && make install'));
      assert.equal(commands.length, 3);
      for (const { text, output } of commands) {
        const { status, stdout, stderr } = shell(text, { cwd: project });
        assert.equal(status, 0, `${text}: ${stdout}${stderr}`);
        assert.equal(missingLine(output, stdout.split('\n')), null, stdout);
      }
      const { status, stdout } = shell('chos-runtime hooks check && chos-runtime tree check', {
        cwd: project,
      });
      assert.equal(status, 0, stdout);
    },
  },
  {
    name: 'page/its files are those of the example',
    run: () => {
      const script = blockOf('README.md', 'script:').lines.map(line => line.trim());
      assert.ok(
        blockOf(page, 'stages:')
          .lines.map(line => line.trim())
          .join('\n')
          .includes(script.join('\n')),
      );
      for (const [file, first] of [
        ['.gitlab-ci.yml', 'stages:'],
        ['.github/workflows/trees.yml', 'name: trees'],
        ['ci/in-tree', '#!/bin/sh'],
      ] as const)
        assert.equal(`${blockOf(page, first).lines.join('\n')}\n`, readFileSync(join(example, file), 'utf8'));
    },
  },
  ...services.map(service => ({
    name: `${service.name}/each tree builds and tests the project`,
    run: () => pipeline(service, projectWith('well'), allWell),
  })),
  ...services.map(service => ({
    name: `${service.name}/a test that fails in one tree fails the pipeline`,
    run: () => {
      const project = projectWith('wrong', folder =>
        appendFileSync(join(folder, 'tests/empty'), '[ ! -e /lib/ld-musl-x86_64.so.1 ]\n'),
      );
      return pipeline(service, project, outcomes => {
        const [one] = failed(outcomes);
        assert.match(failed(outcomes).join(), /^in-tree\W+busybox-musl\W$/);
        assert.match(outcomes.find(({ job }) => job === one)?.said ?? '', /^FAIL {2}tests\/empty$/m);
        assert.ok(junitOf(outcomes).includes('busybox-musl check exit code 1'), junitOf(outcomes).join());
        assert.match(outcomes.at(-1)?.said ?? '', /^busybox-musl .* check +1 /m);
        const xml = readFileSync(join(reportsOf(outcomes), 'busybox-musl-check.xml'), 'utf8');
        assert.equal(missingLine(blockOf('README.md', '<testsuites>').lines, xml.split('\n')), null, xml);
      });
    },
  })),
  {
    name: 'GitLab/what does not compile is not tested',
    run: () => {
      const project = projectWith('broken', folder => writeFileSync(join(folder, 'words.c'), 'int main('));
      return pipeline(gitlab, project, outcomes => {
        assert.equal(failed(outcomes).length, trees.length);
        assert.deepEqual(
          linesOf(outcomes).map(({ name, exit }) => [name, exit.code === 0]),
          trees.map(() => ['build', false]),
        );
      });
    },
  },
  {
    name: 'GitHub/a share that does not answer fails the job at once, by name',
    run: () =>
      withDeadShareOn('/scratch', () =>
        pipeline(github, projectWith('well'), outcomes => {
          assert.equal(failed(outcomes).length, trees.length);
          const shown = [page, 'README.md'].flatMap(one => blockOf(one, 'share-check: ').lines);
          assert.equal(shown[0], shown[1]);
          for (const { said, milliseconds } of outcomes.slice(0, trees.length)) {
            assert.equal(missingLine(shown.slice(1), said.split('\n')), null, said);
            assert.ok(milliseconds < 20_000, `${milliseconds} ms`);
          }
        }),
      ),
  },
  {
    name: 'GitHub/a job that is cancelled takes its container along, and has a report',
    run: () =>
      leavingNothing(async () => {
        const folder = projectWith('cancelled', one =>
          writeFileSync(join(one, 'check'), '#!/bin/sh\nsleep 1000\n'),
        );
        // As a runner does, which is in no terminal, to the group of the job's shell.
        const job = spawn('bash', ['-ec', 'ci/in-tree debian12 check ./check'], {
          cwd: folder,
          detached: true,
          stdio: 'ignore',
          env: { PATH: path, HOME: '/root' },
        });
        const ended = new Promise<unknown>(done => job.on('close', (code, signal) => done(signal ?? code)));
        await until(() => (must('podman', 'ps', '--quiet') === '' ? 'no container runs' : ''));
        if (job.pid === undefined || job.pid <= 1) throw new Error('no job');
        process.kill(-job.pid, 'SIGTERM');
        await within(30, 'the end of the job', ended);
        await until(() => (existsSync(join(folder, 'reports/debian12-check.xml')) ? '' : 'no report'));
        assert.match(
          readFileSync(join(folder, 'reports/debian12.jsonl'), 'utf8'),
          /"exit":\{"signal":"?(SIG)?KILL|"exit":\{"signal":9/,
        );
      }),
  },
  {
    name: 'page/a step whose report is lost keeps its exit code',
    run: () =>
      leavingNothing(() => {
        const folder = projectWith('rotated', one => {
          const script = join(one, 'ci/in-tree');
          writeFileSync(script, readFileSync(script, 'utf8').replace(/^lines=.*/m, 'lines=/var/log/rotated'));
        });
        for (const code of [0, 7]) {
          const { status, stderr } = shell(`ci/in-tree debian12 check sh -c 'exit ${code}'`, { cwd: folder });
          assert.equal(status, code, stderr);
          assert.match(stderr, /^in-tree: \/var\/log\/rotated has no line of /m);
        }
      }),
  },
  ...['crun', 'runc'].map(runtime => ({
    name: `GitLab/the same jobs by ${runtime}, with the shares of chos-environment`,
    run: () => {
      const project = projectWith('share', folder =>
        writeFileSync(join(folder, 'tests/share'), '[ "$(cat /scratch/data)" = "of the site" ]\n'),
      );
      return pipeline(
        gitlab,
        project,
        outcomes => {
          assert.deepEqual(failed(outcomes), [], outcomes.map(({ said }) => said).join('\n'));
          for (const { said } of outcomes.slice(0, trees.length)) assert.match(said, /^ok +tests\/share$/m);
          assert.equal(linesOf(outcomes).length, 2 * trees.length);
        },
        { RUNTIME: runtime },
      );
    },
  })),
];
