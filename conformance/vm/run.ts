/**
 * `make vm` and `make vm-shell`: node build/conformance/vm-run.mjs KERNEL [SCRIPT]
 *   VM_INIT=systemd VM_MEMORY=MiB VM_CPUS=N VM_TIMEOUT=SECONDS VM_APPEND="words for the kernel" VM_PAYLOAD="FROM:TO FROM:TO"
 */
import { readFileSync } from 'node:fs';
import { bootMachine, kernels, type MachineRequest, openConsole } from './machine.js';
import { treeOfTheBuild } from './product.js';
import { wordsFor } from './words.js';

function requestFromEnvironment(kernel: string, script: string): MachineRequest | null {
  const known = kernels.find(one => one === kernel);
  if (known === undefined) return null;
  const { VM_MEMORY, VM_CPUS, VM_TIMEOUT, VM_APPEND, VM_PAYLOAD, VM_INIT } = process.env;
  const words = (text: string | undefined) => (text ?? '').split(/\s+/).filter(Boolean);
  return {
    kernel: known,
    script,
    payload: [
      ...treeOfTheBuild(),
      ...words(VM_PAYLOAD).map(pair => {
        const [from = '', to = ''] = pair.split(':');
        return { from, to };
      }),
    ],
    ...(VM_MEMORY ? { memory: Number(VM_MEMORY) } : {}),
    ...(VM_INIT === 'systemd' ? { init: VM_INIT } : {}),
    ...(VM_CPUS ? { cpus: Number(VM_CPUS) } : {}),
    timeout: Number(VM_TIMEOUT ?? 1200),
    commandLine: words(VM_APPEND),
    environment: {
      TERM: process.env.TERM ?? 'linux',
      LAB_ROWS: String(process.stdout.rows || 24),
      LAB_COLUMNS: String(process.stdout.columns || 80),
    },
  };
}

async function main(): Promise<number> {
  const [kernel = '', script] = process.argv.slice(2);
  const request = requestFromEnvironment(kernel, script === undefined ? '' : readFileSync(script, 'utf8'));
  if (request === null) {
    console.error(`vm: no kernel "${kernel}": one of ${kernels.join(', ')}`);
    return 1;
  }
  if (script === undefined) return openConsole(request);
  const outcome = await bootMachine({ ...request, onLine: line => console.log(line) });
  console.error(wordsFor(outcome));
  return outcome.ending.kind === 'exit' ? outcome.exitCode : 1;
}

process.exitCode = await main();
