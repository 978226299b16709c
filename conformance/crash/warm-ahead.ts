/** What the service reads of the host before a request has come: never older than the connection of who is answered by it, and soon of no use. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { launch } from '../harness/processes.js';
import { warmedUp } from '../harness/service.js';
import { makeBundle } from './bundles.js';
import { call, check, type Lab } from './lab.js';
import { attached } from './warm-calls.js';

/** A place for a file that says whether there is AppArmor. */
const MODULES = '/sys/module';
const SWITCH = join(MODULES, 'apparmor/parameters/enabled');
/** What `create` of a container with a profile fails with. */
const words = { N: 'has no apparmor enabled', Y: 'use the AppArmor profile' } as const;

/** Milliseconds in which somebody has read something. */
const SOON = 10_000;
/** Microseconds after which what was read ahead is read again. */
const LATE = 500_000;
/** Requests of which one, on a busy machine, comes soon enough after its connection. */
const TRIES = 20;

/** `socket`: of the service that is that process. */
export async function readAhead(lab: Lab, socket: string, pid: number): Promise<void> {
  await warmedUp(socket);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', MODULES]);
  mkdirSync(dirname(SWITCH), { recursive: true });
  const turn = (to: keyof typeof words): void => writeFileSync(SWITCH, to);
  const profile = {
    name: 'ahead',
    change: ({ process }: { process: { apparmorProfile?: string } }) => {
      process.apparmorProfile = 'nobody-has-it';
    },
  };
  const { dir } = makeBundle(lab, profile, 'create');
  const create = [lab.runtime, '--root', lab.root, 'create', '--bundle', dir, `${lab.tag}-ahead`];
  const log = join(lab.dir, 'ahead-trace');
  const tracer = await attached(pid, ['-f', '-o', log, '-e', 'trace=openat']);
  const readings = (): number => readFileSync(log, 'utf8').split(`"${SWITCH}"`).length - 1;
  const read = async (before: number): Promise<readonly string[]> => {
    for (const end = performance.now() + SOON; readings() <= before; ) {
      if (performance.now() > end) return ['nothing was read ahead'];
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    return [];
  };
  const told = (err: string, as: keyof typeof words): readonly string[] =>
    err.includes(words[as]) ? [] : [`not "${words[as]}": ${err}`];
  turn('N');
  check('warm: create with a profile', told(call(lab, create).err, 'N'));

  const before = readings();
  const silent = connect(socket);
  const seen = await read(before);
  turn('Y');
  const other = told(call(lab, create).err, 'Y');
  check('warm: what was read ahead for one is not for another', [...seen, ...other]);
  silent.destroy();
  await new Promise(resolve => silent.on('close', resolve));

  const again = readings();
  const inject = `inject=sendto:delay_enter=${LATE}:when=1`;
  const { done } = launch(['strace', '-f', '-o', '/dev/null', '-e', inject, ...create], lab.dir);
  const soon = await read(again);
  turn('N');
  check('warm: what was read ahead is soon read again', [...soon, ...told((await done).stderr, 'N')]);

  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES && least > 1; i++) {
    const start = readings();
    call(lab, create);
    least = Math.min(least, readings() - start);
  }
  check('warm: what was read ahead is used', least === 1 ? [] : [`it is read ${least} times`]);
  await tracer.leave();
  execFileSync('umount', [MODULES]);
}
