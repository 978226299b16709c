/** The jobs of a .gitlab-ci.yml and of a GitHub workflow: as much of both languages as the example speaks. What is not known here is an error, not passed over. */
import { parse } from 'yaml';

export type Step =
  /** Lines for a shell that ends at the first that fails. */
  | { readonly kind: 'run'; readonly script: string; readonly always: boolean }
  /** A folder is kept as an artifact. */
  | { readonly kind: 'keep'; readonly path: string; readonly always: boolean }
  /** The artifacts of the jobs before it come into the folder. */
  | { readonly kind: 'take'; readonly path: string };

export interface Job {
  readonly name: string;
  /** Those of a stage begin when those of the one before it have ended. */
  readonly stage: number;
  /** It runs although a job before it has failed. */
  readonly always: boolean;
  readonly variables: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  /** The JUnit files that the service is told of, below the job's folder; null: it is told of none. */
  readonly junit: string | null;
}

type Tree = Readonly<Record<string, unknown>>;

/** Its members are these and no others. */
function known(what: string, value: unknown, ...names: readonly string[]): Tree {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what}: no mapping`);
  const strange = Object.keys(value).filter(name => !names.includes(name));
  if (strange.length > 0) throw new Error(`${what}: ${strange.join(', ')}: not known to this reader`);
  return value as Tree;
}

function texts(what: string, value: unknown): readonly string[] {
  const list = value === undefined ? [] : Array.isArray(value) ? value : [value];
  if (!list.every(one => typeof one === 'string')) throw new Error(`${what}: not a list of texts`);
  return list;
}

const run = (lines: readonly string[], always: boolean): readonly Step[] =>
  lines.length === 0 ? [] : [{ kind: 'run', script: lines.join('\n'), always }];

/** One job for each value of the one variable of a matrix. */
function combinations(
  what: string,
  matrix: unknown,
): readonly { readonly name: string; readonly value: string }[] {
  const lists = Object.entries(known(what, matrix, ...Object.keys(matrix as object)));
  const [one, another] = lists;
  if (one === undefined || another !== undefined) throw new Error(`${what}: not one variable`);
  return texts(what, one[1]).map(value => ({ name: one[0], value }));
}

export function gitlabJobs(text: string): readonly Job[] {
  const { stages, ...jobs } = parse(text) as Tree;
  const order = texts('stages', stages);
  return Object.entries(jobs).flatMap(([name, value]): readonly Job[] => {
    const job = known(
      name,
      value,
      ...['stage', 'tags', 'parallel', 'script', 'after_script', 'artifacts', 'when'],
    );
    const stage = order.indexOf(String(job.stage));
    if (stage < 0) throw new Error(`${name}: stage ${job.stage} is not in stages`);
    const artifacts = known(`${name}: artifacts`, job.artifacts ?? {}, 'when', 'paths', 'reports');
    const reports = known(`${name}: reports`, artifacts.reports ?? {}, 'junit');
    const one: Job = {
      name,
      stage,
      always: job.when === 'always',
      variables: {},
      junit: typeof reports.junit === 'string' ? reports.junit : null,
      steps: [
        ...(stage > 0 ? [{ kind: 'take', path: '.' } as const] : []),
        ...run(texts(`${name}: script`, job.script), false),
        ...run(texts(`${name}: after_script`, job.after_script), true),
        ...texts(`${name}: paths`, artifacts.paths).map(
          path => ({ kind: 'keep', path, always: artifacts.when === 'always' }) as const,
        ),
      ],
    };
    if (job.parallel === undefined) return [one];
    const [matrix] = known(`${name}: parallel`, job.parallel, 'matrix').matrix as readonly unknown[];
    return combinations(name, matrix).map(({ name: variable, value: chosen }) => ({
      ...one,
      name: `${name}: [${chosen}]`,
      variables: { [variable]: chosen },
    }));
  });
}

/** `${{ matrix.NAME }}` is replaced; there are no other expressions. */
function evaluated(text: string, matrix: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
    const value = matrix[expression.replace(/^matrix\./, '')];
    if (!expression.startsWith('matrix.') || value === undefined)
      throw new Error(`\${{ ${expression} }}: not known to this reader`);
    return value;
  });
}

function githubStep(what: string, value: unknown, matrix: Readonly<Record<string, string>>): readonly Step[] {
  const step = known(what, value, 'uses', 'run', 'if', 'with');
  if (step.if !== undefined && step.if !== 'always()') throw new Error(`${what}: if: ${step.if}`);
  const always = step.if === 'always()';
  if (typeof step.run === 'string')
    return [{ kind: 'run', script: evaluated(step.run, matrix), always } as const];
  const action = String(step.uses).replace(/@v\d+$/, '');
  // A job begins in a clone here: see `runner.ts`.
  if (action === 'actions/checkout') return [];
  const { path } = known(what, step.with, 'name', 'path', 'pattern', 'merge-multiple');
  if (typeof path !== 'string') throw new Error(`${what}: no path`);
  if (action === 'actions/upload-artifact') return [{ kind: 'keep', path, always }];
  if (action === 'actions/download-artifact') return [{ kind: 'take', path }];
  throw new Error(`${what}: ${action}: not known to this reader`);
}

export function githubJobs(text: string): readonly Job[] {
  const { jobs } = known('workflow', parse(text), 'name', 'on', 'jobs');
  return Object.entries(jobs as Tree).flatMap(([name, value]): readonly Job[] => {
    const job = known(name, value, 'runs-on', 'strategy', 'env', 'steps', 'needs', 'if');
    const strategy = known(`${name}: strategy`, job.strategy ?? {}, 'fail-fast', 'matrix');
    const chosen = strategy.matrix === undefined ? [null] : combinations(name, strategy.matrix);
    return chosen.map(one => {
      const matrix = one === null ? {} : { [one.name]: one.value };
      const variables = Object.entries((job.env ?? {}) as Record<string, string>);
      return {
        name: one === null ? name : `${name} (${one.value})`,
        stage: job.needs === undefined ? 0 : 1,
        always: job.if === 'always()',
        variables: Object.fromEntries(variables.map(([key, text]) => [key, evaluated(text, matrix)])),
        steps: (job.steps as readonly unknown[]).flatMap(step => githubStep(name, step, matrix)),
        junit: null,
      };
    });
  });
}
