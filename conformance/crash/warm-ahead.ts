/** What the service reads of the host before a request has come: never older than the connection of who is answered by it, and soon of no use. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** Where it says whether there is AppArmor before that file does. */
const LIST = '/sys/kernel/security/lsm';

/** Milliseconds in which a service that was not just tidying up has read something. */
const SOON = 2000;
/** Microseconds after which what was read ahead is read again. */
const LATE = 2_000_000;
/** Of so many one is not in the middle of something else, or, on a busy machine, comes soon enough after its connection. */
const TRIES = 20;

/** `socket`: of the service that is that process. */
export async function readAhead(lab: Lab, socket: string, pid: number): Promise<void> {
  if (existsSync(LIST) && !readFileSync(LIST, 'utf8').split(',').includes('apparmor')) {
    console.log(`warm: ${LIST} does not name apparmor: whether it is read ahead cannot be seen`);
    return;
  }
  await warmedUp(socket);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', MODULES]);
  mkdirSync(dirname(SWITCH), { recursive: true });
  const log = join(lab.dir, 'ahead-trace');
  const tracer = await attached(pid, ['-f', '-o', log, '-e', 'trace=openat']);
  try {
    await looks(lab, socket, log);
  } finally {
    await tracer.leave();
    execFileSync('umount', [MODULES]);
  }
}

function bundleWithProfile(lab: Lab): string {
  const profile = {
    name: 'ahead',
    change: ({ process }: { process: { apparmorProfile?: string } }) => {
      process.apparmorProfile = 'nobody-has-it';
    },
  };
  return makeBundle(lab, profile, 'create').dir;
}

async function looks(lab: Lab, socket: string, log: string): Promise<void> {
  const turn = (to: keyof typeof words): void => writeFileSync(SWITCH, to);
  const id = `${lab.tag}-ahead`;
  const create = [lab.runtime, '--root', lab.root, 'create', '--bundle', bundleWithProfile(lab), id];
  const readings = (): number => readFileSync(log, 'utf8').split(`"${SWITCH}"`).length - 1;
  /** What `begin` has connected, once something was read for it; null: it never was. */
  const read = async <One>(begin: () => One, leave: (one: One) => unknown): Promise<One | null> => {
    for (let i = 0; i < TRIES; i++) {
      const before = readings();
      const one = begin();
      for (const end = performance.now() + SOON; performance.now() < end; ) {
        if (readings() > before) return one;
        await new Promise(resolve => setTimeout(resolve, 5));
      }
      await leave(one);
    }
    return null;
  };
  const told = (err: string, as: keyof typeof words): readonly string[] =>
    err.includes(words[as]) ? [] : [`not "${words[as]}": ${err}`];
  const nothing = ['nothing was read ahead'];
  turn('N');
  check('warm: create with a profile', told(call(lab, create).err, 'N'));

  const silent = await read(
    () => connect(socket),
    one => one.destroy(),
  );
  turn('Y');
  const other = told(call(lab, create).err, 'Y');
  check('warm: what was read ahead for one is not for another', silent === null ? nothing : other);
  await new Promise(resolve => (silent === null ? resolve(null) : silent.on('close', resolve).destroy()));

  const inject = `inject=sendto:delay_enter=${LATE}:when=1`;
  const late = await read(
    () => launch(['strace', '-f', '-o', '/dev/null', '-e', inject, ...create], lab.dir),
    one => one.done,
  );
  turn('N');
  const ended = await late?.done;
  check('warm: what was read ahead is soon read again', ended ? told(ended.stderr, 'N') : nothing);

  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES && least > 1; i++) {
    const start = readings();
    call(lab, create);
    least = Math.min(least, readings() - start);
  }
  check('warm: what was read ahead is used', least === 1 ? [] : [`it is read ${least} times`]);
}
