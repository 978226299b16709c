/** The text format of Prometheus, version 0.0.4. */
import { isWell, type Site, sharesOf } from './site.js';
import { BOUNDS } from './start-times.js';

type Labels = Readonly<Record<string, string>>;

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
}

function family(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  samples: readonly (readonly [Labels, number])[],
): readonly string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => sample(name, labels, value)),
  ];
}

/** How often each set of labels comes. */
function counts(all: readonly Labels[]): readonly (readonly [Labels, number])[] {
  const found = new Map<string, [Labels, number]>();
  for (const labels of all) {
    const key = JSON.stringify(labels);
    const known = found.get(key);
    if (known === undefined) found.set(key, [labels, 1]);
    else known[1]++;
  }
  return [...found.values()];
}

function treeMetrics({ trees, who, now }: Site): readonly string[] {
  const listed = trees.value ?? [];
  const prepared = listed.flatMap(tree =>
    tree.prepared === null ? [] : [{ ...tree, generation: tree.prepared }],
  );
  return [
    ...family('chos_trees', 'gauge', 'Registered trees.', trees.value === null ? [] : [[{}, listed.length]]),
    ...family(
      'chos_tree_prepared',
      'gauge',
      '1: launches use the generation; 0: it is stale.',
      prepared.map(({ name, generation, stale }) => [{ tree: name, generation }, stale === null ? 1 : 0]),
    ),
    ...family(
      'chos_tree_age_seconds',
      'gauge',
      'Since the generation was prepared.',
      prepared.flatMap(({ name, created }) =>
        created === null ? [] : [[{ tree: name }, Math.max(0, (now - Date.parse(created)) / 1000)] as const],
      ),
    ),
    ...family(
      'chos_tree_users',
      'gauge',
      'Users with processes in generations of the tree.',
      listed.map(({ name, users }) => [{ tree: name }, users.length]),
    ),
    ...family(
      'chos_processes',
      'gauge',
      'Processes in trees.',
      counts(
        (who.value ?? []).map(({ tree, generation, backEnd }) => ({
          tree: tree ?? '',
          generation: generation ?? '',
          back_end: backEnd,
        })),
      ),
    ),
  ];
}

function healthMetrics({ trees, doctor }: Site): readonly string[] {
  const shares = sharesOf(trees.value ?? []);
  return [
    ...family(
      'chos_share_up',
      'gauge',
      'Whether the share answers.',
      shares.map(share => [{ path: share.path }, isWell(share) ? 1 : 0]),
    ),
    ...family(
      'chos_share_answer_seconds',
      'gauge',
      'What its answer took.',
      shares.flatMap(({ path, milliseconds }) =>
        milliseconds === null ? [] : [[{ path }, milliseconds / 1000] as const],
      ),
    ),
    ...family(
      'chos_doctor_lines',
      'gauge',
      'What chos-runtime doctor says, by check and result.',
      counts((doctor.value?.lines ?? []).map(({ check, result }) => ({ check, result }))),
    ),
  ];
}

function startMetrics({ starts }: Site): readonly string[] {
  const name = 'chos_start_seconds';
  const lines = starts.flatMap(({ tree, counts: each, sum, count }) => {
    let below = 0;
    return [
      ...BOUNDS.map((bound, i) => {
        below += each[i] ?? 0;
        return sample(`${name}_bucket`, { tree, le: String(bound) }, below);
      }),
      sample(`${name}_bucket`, { tree, le: '+Inf' }, count),
      sample(`${name}_sum`, { tree }, sum),
      sample(`${name}_count`, { tree }, count),
    ];
  });
  return [
    `# HELP ${name} What chos NAME true took, started by the dashboard.`,
    `# TYPE ${name} histogram`,
    ...lines,
    ...family(
      'chos_start_failures_total',
      'counter',
      'Of these, how many failed.',
      starts.map(({ tree, failures }) => [{ tree }, failures]),
    ),
  ];
}

export function metricsText(site: Site): string {
  const { trees, who, doctor, version } = site;
  const looks = Object.entries({ trees, who, doctor });
  return `${[
    ...family('chos_build_info', 'gauge', 'The version of chos-runtime.', [[{ version }, 1]]),
    ...family(
      'chos_look_success',
      'gauge',
      'Whether what the other figures rest on could be seen.',
      looks.map(([look, { why }]) => [{ look }, why === null ? 1 : 0]),
    ),
    ...family(
      'chos_look_seconds',
      'gauge',
      'What seeing it took.',
      looks.map(([look, { milliseconds }]) => [{ look }, milliseconds / 1000]),
    ),
    ...treeMetrics(site),
    ...healthMetrics(site),
    ...startMetrics(site),
  ].join('\n')}\n`;
}
