/** `COST=share-check ONLY=none node build/conformance/hooks.mjs`: what each hook costs, beside the shell script that does the same and a program that does nothing. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hookPath, type Machine, stateText, top } from './machine.js';

const rounds = 200;

/** Milliseconds of one start by a shell, which does it without an interpreter of its own in between; the least of five. */
function milliseconds(command: string, input: string): number {
  const times = Array.from({ length: 5 }, () => {
    const began = process.hrtime.bigint();
    const loop = `i=0; while [ $i -lt ${rounds} ]; do ${command} <${input} || exit 1; i=$((i+1)); done`;
    const { status, stderr } = spawnSync('dash', ['-c', loop], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
    return Number(process.hrtime.bigint() - began) / 1e6 / rounds;
  });
  return Math.min(...times);
}

export function printCosts(machine: Machine, names: readonly string[]): void {
  const bundle = join(machine.dir, 'cost');
  mkdirSync(bundle);
  const mounts = ['/home', '/tmp', '/srv', '/opt'].map(source => ({
    destination: source,
    type: 'bind',
    source,
  }));
  writeFileSync(join(bundle, 'config.json'), JSON.stringify({ mounts }));
  const state = join(machine.dir, 'cost.json');
  writeFileSync(state, stateText({ bundle, pid: process.pid }));
  writeFileSync(join(machine.dir, 'nothing.c'), 'int main(void) { return 0; }');
  spawnSync('gcc', ['-static', '-o', join(machine.dir, 'nothing'), join(machine.dir, 'nothing.c')]);
  console.log(
    `a static program that does nothing: ${milliseconds(join(machine.dir, 'nothing'), state).toFixed(2)} ms`,
  );
  for (const name of names) {
    const ours = milliseconds(hookPath(name), state);
    const script = milliseconds(join(top, `conformance/hooks/shell/${name}.sh`), state);
    console.log(`${name}: ${ours.toFixed(2)} ms, the shell script ${script.toFixed(2)} ms`);
  }
}
