/** Runs jobs as the services' runners do: each in a clone of its own, its lines in a bash that ends at the first that fails, artifacts from stage to stage. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Job, Step } from './jobs.js';

export interface Service {
  readonly name: string;
  readonly jobs: readonly Job[];
  /** Variables that the service sets, for a job in this folder. */
  readonly variables: (folder: string) => Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly job: string;
  readonly passed: boolean;
  /** What the job has said, stdout and stderr in their order. */
  readonly said: string;
  readonly milliseconds: number;
  /** Where its clone is. */
  readonly folder: string;
}

export const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `project` is what is cloned; `builds` has the clones and the artifacts afterwards. */
export function runPipeline(
  service: Service,
  project: string,
  builds: string,
  variables: Readonly<Record<string, string>> = {},
): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  const artifacts = join(builds, 'artifacts');
  mkdirSync(artifacts, { recursive: true });
  const jobs = [...service.jobs].sort((one, other) => one.stage - other.stage);
  for (const [index, job] of jobs.entries()) {
    const earlier = jobs.findIndex(({ stage }) => stage === job.stage);
    if (!job.always && outcomes.slice(0, earlier).some(({ passed }) => !passed)) continue;
    const folder = join(builds, String(index));
    cpSync(project, folder, { recursive: true });
    const began = Date.now();
    let passed = true;
    let said = '';
    for (const step of job.steps) {
      if (!passed && !(step.kind !== 'take' && step.always)) continue;
      const env = { ...service.variables(folder), ...job.variables, ...variables };
      const result = doStep(step, folder, artifacts, env);
      passed &&= result.passed;
      said += result.said;
    }
    outcomes.push({ job: job.name, passed, said, milliseconds: Date.now() - began, folder });
  }
  return outcomes;
}

function doStep(
  step: Step,
  folder: string,
  artifacts: string,
  variables: Readonly<Record<string, string>>,
): { readonly passed: boolean; readonly said: string } {
  if (step.kind === 'take') {
    cpSync(artifacts, join(folder, step.path), { recursive: true });
    return { passed: true, said: '' };
  }
  if (step.kind === 'keep') {
    const from = join(folder, step.path);
    if (!existsSync(from)) return { passed: true, said: `nothing to keep: ${step.path}\n` };
    // GitLab keeps the folder, GitHub what is in it.
    cpSync(from, step.path.endsWith('/') ? join(artifacts, step.path) : artifacts, { recursive: true });
    return { passed: true, said: '' };
  }
  const { status, stdout, error } = spawnSync(
    'bash',
    ['-eo', 'pipefail', '-c', `exec 2>&1\n${step.script}`],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: 120_000,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: path, HOME: '/root', CI: 'true', ...variables },
    },
  );
  return { passed: status === 0, said: `${stdout}${error === undefined ? '' : `${error.message}\n`}` };
}

export const removeBuilds = (builds: string): void => rmSync(builds, { recursive: true, force: true });
