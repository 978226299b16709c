/** chos-runtime under the real Slurm: `node build/conformance/slurm.mjs [--runtime PATH] [--only PATTERN]`. */
import { runPart } from '../harness/part.js';
import { cases } from './cases.js';
import { startSlurm } from './slurm.js';
import { treeCases } from './tree-cases.js';

await runPart(import.meta.url, {
  name: 'slurm',
  unshare: ['--net', '--uts'],
  cases: [...cases, ...treeCases],
  start: ({ dir, runtime }) => startSlurm(dir, runtime),
  // Generations.
  mayStay: / \/run\/chos-trees\//,
  traces: () => [],
});
