import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { githubJobs, gitlabJobs, type Job } from './jobs.js';

const example = 'conformance/ci/example';
const gitlab = readFileSync(`${example}/.gitlab-ci.yml`, 'utf8');
const github = readFileSync(`${example}/.github/workflows/trees.yml`, 'utf8');

const trees = ['debian12', 'debian13', 'busybox-musl'];
const scripts = ({ steps }: Job) => steps.flatMap(step => (step.kind === 'run' ? [step.script] : []));

test('a job for each tree, then one that shows what all took, in both files', () => {
  for (const jobs of [gitlabJobs(gitlab), githubJobs(github)]) {
    assert.equal(
      jobs.map(({ variables, stage }) => [variables.TREE, stage]),
      [...trees.map(tree => [tree, 0]), [undefined, 1]],
    );
    assert.is(jobs.at(-1)?.always, true);
    assert.is(jobs.at(-1)?.steps[0]?.kind, 'take');
  }
});

test('both services run the same lines', () => {
  const lines = (jobs: readonly Job[]) => jobs.map(job => scripts(job).join('\n'));
  assert.equal(lines(gitlabJobs(gitlab)), lines(githubJobs(github)));
});

test('what the reader does not know is an error', () => {
  const because = (read: () => unknown, what: RegExp) => assert.throws(read, what);
  because(() => gitlabJobs(gitlab.replace('after_script', 'before_script')), /before_script: not known/);
  because(() => gitlabJobs(gitlab.replace('stage: trees', 'stage: tree')), /stage tree is not in stages/);
  because(() => githubJobs(github.replace('actions/checkout', 'actions/cache')), /no mapping|not known/);
  because(() => githubJobs(github.replace('matrix.tree', 'github.ref')), /github.ref .*not known/);
  because(() => githubJobs(github.replace('if: always()', 'if: failure()')), /if: failure\(\)/);
});

test.run();
