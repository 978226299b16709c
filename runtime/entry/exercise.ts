/**
 * Has the compiler answer create, run and exec for made-up containers, so that its code is warm: at build time, for the cache of what V8 compiled (warm-up.ts), and
 * when the service starts. Nothing is started: answers are thrown away.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Process } from '../../spec/generated/config.js';
import { stateTemplate } from '../../spec/records/state.js';
import { defaultConfig } from '../cli/default-config.js';
import { ownRequest } from '../cli/own-request.js';
import type { Answer, Request } from '../engine/wire.js';
import { processInfo } from '../host/process-info.js';

/** dispatch.ts */
export type Answering = (request: Request) => Promise<Answer>;

/** A configuration in which most of what people use occurs. */
function exampleConfig(round: number): string {
  const config = defaultConfig();
  const hook = { path: '/bin/true', timeout: 1 };
  return JSON.stringify(
    {
      ...config,
      process: { ...config.process, terminal: false },
      hostname: `warm-${round}`,
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

async function exerciseIn(answer: Answering, root: string, rounds: number, round: () => void): Promise<void> {
  makeContainer(root, exampleConfig(0));
  const linesOf = (round: string): readonly (readonly string[])[] => [
    ['create', '--bundle', root, '--pid-file', '/p', 'a'],
    ['run', '-b', root, 'a'],
    ['exec', '--process', join(root, 'process.json'), '--detach', 'warm'],
    ['exec', 'warm', 'true', round],
  ];
  const environment = ['PATH=/bin'];
  for (let i = 0; i < rounds; i++) {
    // Of what is known nothing is compiled (known.ts).
    const process_: Process = { ...defaultConfig().process, terminal: false, args: ['true', String(i)] };
    writeFileSync(join(root, 'config.json'), exampleConfig(i));
    writeFileSync(join(root, 'process.json'), JSON.stringify(process_));
    for (const line of linesOf(String(i))) {
      // Whoever else asks meanwhile comes first.
      await new Promise(setImmediate);
      // A refusal here (a builder without root) costs speed, nothing else.
      await answer(ownRequest(['--root', root, '--log-format=json', ...line], { environment, cwd: root }));
    }
    round();
  }
}

/** As often as it is told to; `round` is called after each. `scratch`: where a directory is made for as long. */
export async function exercise(
  answer: Answering,
  scratch: string,
  rounds: number,
  round = (): void => undefined,
): Promise<void> {
  const root = mkdtempSync(join(scratch, 'chos-warm-up-'));
  try {
    await exerciseIn(answer, root, rounds, round);
  } finally {
    rmSync(root, { recursive: true });
  }
}
