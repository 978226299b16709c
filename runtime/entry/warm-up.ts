/**
 * Run at build time: `node warm-up.cjs CODE CACHE`. Loads the code, has it answer create, run and exec for made-up containers, and writes what V8
 * compiled on the way to the cache that load.ts loads. Nothing is started: answers are thrown away.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import type { Process } from '../../spec/generated/config.js';
import { stateTemplate } from '../../spec/records/state.js';
import { defaultConfig } from '../cli/default-config.js';
import { ownRequest } from '../cli/own-request.js';
import { processInfo } from '../host/process-info.js';
import type * as Main from './main.js';

type Answer = (typeof Main)['answer'];
/** Of the name at the end of the code, as in load.ts. */
const NAME_LENGTH = 64;

/** A configuration in which most of what people use occurs. */
function exampleConfig(): string {
  const config = defaultConfig();
  const hook = { path: '/bin/true', timeout: 1 };
  return JSON.stringify(
    {
      ...config,
      process: { ...config.process, terminal: false },
      mounts: [
        ...(config.mounts ?? []),
        { destination: '/data', type: 'bind', source: '/tmp', options: ['rbind', 'ro', 'rprivate'] },
      ],
      hooks: { prestart: [hook], createContainer: [hook], poststop: [hook] },
      linux: {
        ...config.linux,
        cgroupsPath: '/chos-warm-up',
        resources: { ...config.linux?.resources, memory: { limit: 1e8 }, pids: { limit: 100 } },
        seccomp: {
          defaultAction: 'SCMP_ACT_ERRNO',
          architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_AARCH64'],
          syscalls: [
            { names: ['read', 'write', 'execve'], action: 'SCMP_ACT_ALLOW' },
            {
              names: ['personality'],
              action: 'SCMP_ACT_ALLOW',
              args: [{ index: 0, value: 8, op: 'SCMP_CMP_EQ' }],
            },
          ],
        },
      },
    },
    null,
    2,
  );
}

/** A container of which this process is the first one. */
function makeContainer(root: string, config: string): void {
  const directory = join(root, 'warm');
  mkdirSync(directory);
  writeFileSync(join(directory, 'config.json'), config);
  const pidStart = processInfo(process.pid)?.start ?? '0';
  const chos = { cgroups: [], backEnd: 'private', variables: [], shared: undefined, link: undefined };
  const state = stateTemplate(
    {
      ociVersion: '1.3.0',
      bundle: root,
      rootfs: root,
      owner: 'root',
      annotations: {},
      chos: { ...chos, cgroupManager: 'cgroupfs', entry: 'create' },
    },
    (_, name) => String({ pid: process.pid, pidStart, id: 'warm', created: '' }[name]),
  );
  writeFileSync(join(directory, 'state.json'), state.join(''));
}

async function exercise(answer: Answer, root: string): Promise<void> {
  const config = exampleConfig();
  const process_: Process = { ...defaultConfig().process, terminal: false };
  writeFileSync(join(root, 'config.json'), config);
  writeFileSync(join(root, 'process.json'), JSON.stringify(process_));
  makeContainer(root, config);
  const lines = [
    ['create', '--bundle', root, '--pid-file', '/p', 'a'],
    ['run', '-b', root, 'a'],
    ['exec', '--process', join(root, 'process.json'), '--detach', 'warm'],
    ['exec', 'warm', 'true'],
  ];
  for (const line of lines) {
    // A refusal here (a builder without root) costs speed, nothing else.
    await answer(
      ownRequest(['--root', root, '--log-format=json', ...line], { environment: ['PATH=/bin'], cwd: root }),
    );
  }
}

async function warmUp(codePath: string, cachePath: string): Promise<void> {
  const code = readFileSync(codePath, 'latin1');
  const script = new Script(code, { filename: codePath });
  const module_: { exports: Partial<typeof Main> } = { exports: {} };
  script.runInThisContext()(module_.exports, require, module_);
  const root = mkdtempSync(join(tmpdir(), 'chos-warm-up-'));
  try {
    if (module_.exports.answer !== undefined) await exercise(module_.exports.answer, root);
  } finally {
    rmSync(root, { recursive: true });
  }
  writeFileSync(
    cachePath,
    Buffer.concat([Buffer.from(code.slice(-NAME_LENGTH), 'latin1'), script.createCachedData()]),
  );
}

const [codePath = '', cachePath = ''] = process.argv.slice(2);
void warmUp(codePath, cachePath);
