/** `COST=share-check,job-report ONLY=none node build/conformance/hooks.mjs`: what hooks cost, beside a shell script that does the same and a program that does nothing. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hookPath, type Machine, newName, stateText, top } from './machine.js';

const rounds = 50;
const annotations = { 'org.chos.tree': 'cost' };

/** Milliseconds of one start by a shell, which adds nothing but fork and pipe; the least of five. Each has a container of its own name. */
function milliseconds(command: string, text: (id: string, pid: number | undefined) => string): number {
  const times = Array.from({ length: 5 }, () => {
    const init = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const state = text(`${newName()}-I`, init.pid).replaceAll('"', '\\"');
    const input = `printf '%s' "${state.replace('-I', '-$i')}"`;
    const began = process.hrtime.bigint();
    const loop = `i=0; while [ $i -lt ${rounds} ]; do ${input} | ${command} >/dev/null || exit 1; i=$((i+1)); done`;
    const { status, stderr } = spawnSync('dash', ['-c', loop], { encoding: 'utf8' });
    const took = Number(process.hrtime.bigint() - began) / 1e6 / rounds;
    init.kill('SIGKILL');
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
    return took;
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
  writeFileSync(join(bundle, 'config.json'), JSON.stringify({ process: { args: ['sh'] }, mounts }));
  mkdirSync('/etc/chos.d', { recursive: true });
  const registry = { trees: { cost: { path: bundle, shares: [] } } };
  writeFileSync('/etc/chos.d/cost.json', JSON.stringify(registry), { mode: 0o644 });
  spawnSync(hookPath('tree-digest'), ['tree-digest', '--make', 'cost']);
  mkdirSync('/etc/cdi', { recursive: true });
  const edits = { deviceNodes: [{ path: '/dev/gpu0', hostPath: '/dev/zero' }], env: ['GPU=0'] };
  const devices = [{ name: '0', containerEdits: edits }];
  const cdi = { cdiVersion: '0.6.0', kind: 'example.com/gpu', devices };
  writeFileSync('/etc/cdi/example.json', JSON.stringify(cdi), { mode: 0o644 });
  const config = {
    ociVersion: '1.0.2',
    process: {},
    linux: {},
    annotations: { 'org.chos.gpu': 'example.com/gpu=0' },
  };
  const state = (id: string, pid: number | undefined) => stateText({ id, bundle, pid, annotations });
  const textOf = (name: string) => (name === 'gpu' ? () => JSON.stringify(config) : state);
  const nothing = join(machine.dir, 'nothing');
  writeFileSync(`${nothing}.c`, 'int main(void) { return 0; }');
  spawnSync('gcc', ['-static', '-o', nothing, `${nothing}.c`]);
  console.log(`a static program that does nothing: ${milliseconds(nothing, state).toFixed(2)} ms`);
  for (const name of names) {
    const ours = milliseconds(hookPath(name), textOf(name));
    const script = milliseconds(join(top, `conformance/hooks/shell/${name}.sh`), textOf(name));
    console.log(`${name}: ${ours.toFixed(2)} ms, the shell script ${script.toFixed(2)} ms`);
  }
  rmSync('/etc/chos.d', { recursive: true });
}
