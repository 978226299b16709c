/** The block of docs/hooks.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Block } from './blocks.js';
import { makeBundle } from './machine.js';
import { inOrder } from './scenario.js';

/** Two files with faults, between what comes before `hooks check` and what comes behind it. */
export function byHand(block: Block): void {
  const middle = block.lines.indexOf('# chos-runtime hooks check');
  inOrder({ ...block, lines: block.lines.slice(0, middle) });
  const directory = '/etc/containers/oci/hooks.d';
  mkdirSync(directory, { recursive: true });
  const rest = ['"stages": ["prestart"]', '}', ''];
  const log = [
    '{',
    '"version": "1.0.0",',
    '"hook": {"path": "/bin/true"},',
    '  "when":    { "commands": ["(sh"] },',
  ];
  const miss = ['{', '"version": "1.0.0",', '  "hook":{"path":"/opt/hook"},', '"when": {"always": true},'];
  writeFileSync(`${directory}/log.json`, [...log, ...rest].join('\n'));
  writeFileSync(`${directory}/miss.json`, [...miss, ...rest].join('\n'));
  makeBundle('/srv/job', false);
  inOrder(
    { ...block, lines: block.lines.slice(middle) },
    { 'chos-runtime hooks check': { status: 1 }, 'chos-runtime hooks run': { with: {} } },
  );
}
