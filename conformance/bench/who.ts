/**
 * `who` beside 10,000 processes: none of them in a tree, and all of them in one. Beside it bare Node, and what the kernel takes to tell as much of them
 * (`processes.c`), which is the floor.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { registryScript, whyNotPinned } from './pinned.js';
import type { Contestant } from './plan.js';
import type { Context, Race, Scenario } from './race.js';

const tree = 'benchwho';
const count = 10_000;
const here = (context: Context): string => join(dirname(context.tools.timer), 'processes');

/** The program is no file of the tree: it is started by the descriptor that a shell of the host has opened. */
const inside = (herd: string): string =>
  `exec 9<${herd} && nsenter --mount=/run/chos-trees/${tree}@1 /proc/self/fd/9`;

const scenario = (id: string, title: string, floor: 'look' | 'tell', start: (herd: string) => string) => ({
  id,
  title,
  rounds: 20,
  set: (context: Context): Race => {
    const reason = whyNotPinned(context.tools);
    const names = ['cold', 'floor', 'node'];
    if (reason !== undefined)
      return { contestants: [], absent: names.map(name => ({ name, status: 'absent', reason })) };
    const registry = join(context.directory, `${id}.registry.json`);
    writeFileSync(registry, JSON.stringify({ trees: { [tree]: { path: context.rootfs } }, shares: [] }));
    const timed = (name: string, ...argv: readonly string[]): Contestant => ({
      name,
      steps: [{ kind: 'time', label: 'run', argv }],
    });
    const script = `${registryScript(context, registry, [tree])} && ${start(here(context))} herd ${count}`;
    return {
      absent: [],
      prepare: [['setup', '/bin/sh', '-c', script]],
      contestants: [
        timed('cold', context.tools.chos, 'who'),
        timed('floor', here(context), floor),
        timed('node', process.execPath, '-e', '0'),
      ],
    };
  },
});

export const whoScenarios: readonly Scenario[] = [
  scenario('who-none', 'who, 10,000 processes, none in a tree', 'look', herd => herd),
  scenario('who-all', 'who, 10,000 processes in one tree', 'tell', inside),
];
