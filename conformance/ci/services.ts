/** The two services: where their file is, and which variables their runners set. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { githubJobs, gitlabJobs } from './jobs.js';
import { example } from './machine.js';
import type { Service } from './runner.js';

const commit = '0123456789abcdef0123456789abcdef01234567';

export const gitlab: Service = {
  name: 'GitLab',
  jobs: gitlabJobs(readFileSync(join(example, '.gitlab-ci.yml'), 'utf8')),
  variables: folder => ({
    GITLAB_CI: 'true',
    CI_PROJECT_DIR: folder,
    CI_PROJECT_PATH: 'group/words',
    CI_COMMIT_SHA: commit,
    CI_COMMIT_REF_NAME: 'main',
    CI_PIPELINE_ID: '1',
  }),
};

export const github: Service = {
  name: 'GitHub',
  jobs: githubJobs(readFileSync(join(example, '.github/workflows/trees.yml'), 'utf8')),
  variables: folder => ({
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: folder,
    GITHUB_REPOSITORY: 'group/words',
    GITHUB_SHA: commit,
    GITHUB_REF_NAME: 'main',
    GITHUB_RUN_ID: '1',
  }),
};

export const services: readonly Service[] = [gitlab, github];
