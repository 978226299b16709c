/** chos-runtime under the real containerd: `node build/conformance/containerd.mjs [--runtime PATH] [--only PATTERN]`. */
import { runPart } from '../harness/part.js';
import { cases } from './cases.js';
import { startContainerd } from './containerd.js';
import { podCases } from './pod-cases.js';

await runPart(import.meta.url, {
  name: 'containerd',
  unshare: ['--net'],
  cases: [...cases, ...podCases],
  start: ({ dir, runtime, tag }) => startContainerd(dir, runtime, tag),
  traces: ({ tag }, id) => [`/run/containerd/runc/${tag}/${id}`],
});
