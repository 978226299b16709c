/** Watches what the service (docs/compiler-service.md) asks the kernel about itself while it answers: nothing; runtime/entry/no-self.test.ts looks at what could. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Service, warmedUp } from '../harness/service.js';
import { check, chos, type Lab, residue } from './lab.js';
import { deleteForce } from './stops.js';

/** Calls whose answers are those of who makes them, and calls that take a path. Node makes getpid(2) by itself, and what it says to us is what it knew at first. */
const WATCHED =
  '%file,getcwd,umask,getuid,geteuid,getgid,getegid,getgroups,getppid,capget,prlimit64,sched_getaffinity';
const OWN = /^(?:getcwd|umask|gete?[ug]id|getgroups|getppid|capget|prlimit64|sched_getaffinity)\(/;

/** What may be looked at, and why. */
const allowed: readonly RegExp[] = [
  // Who is served is in the same mount namespace, and has the same root (runtime/host/caller.ts).
  /^"\/proc\/self\/mountinfo"$/,
  // Once, to give pages back that only the start needed (runtime/host/free-memory.ts).
  /^"\/proc\/self\/(?:smaps|exe)"$/,
  // Bun resolves a path by the descriptor that it has opened, and looks how much memory it has taken.
  /^"\/proc\/self\/(?:fd\/\d+|statm)"$/,
];

/** What of the log is about the process of that number, or its threads, or begins in its directory. */
function aboutItself(log: string, pid: number, threads: readonly string[]): readonly string[] {
  const own = [String(pid), 'self', 'thread-self', ...threads].join('|');
  // The first path: a second one is where a link is to lead, or led.
  const path = new RegExp(`^\\w+\\((?:AT_FDCWD, )?("(?:/proc/(?:${own})(?:/[^"]*)?|[^/"][^"]*)")`);
  const found = log.split('\n').flatMap(line => {
    const [, made = ''] = /^\d+ +(.*)$/.exec(line) ?? [];
    const text = OWN.exec(made)?.[0] ?? path.exec(made)?.[1];
    return text === undefined || allowed.some(one => one.test(text)) ? [] : [text];
  });
  return [...new Set(found)].sort();
}

/** Each command that it answers, once it has warmed up. */
export async function watched(
  lab: Lab,
  service: Service,
  socket: string,
  id: string,
  bundles: readonly string[],
): Promise<void> {
  await warmedUp(socket);
  const log = join(lab.dir, 'self-trace');
  const options = ['-f', '-s', '200', '-e', `trace=${WATCHED}`, '-o', log, '-p', String(service.pid)];
  const tracer = spawn('strace', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>(done => tracer.on('close', () => done()));
  await new Promise<void>(done => tracer.stderr.once('data', () => done()));
  const threads = readdirSync(`/proc/${service.pid}/task`);
  const before = service.answered();
  const [bundle = ''] = bundles;
  const asked = [
    ...bundles.map(dir => ['explain', dir]),
    ['create', '--bundle', bundle, id],
    ['exec', id, '/bin/busybox', 'true'],
    ['ps', '-f', 'json', id],
    ['list'],
    ['features'],
    ['facts'],
    ['spec', '-f', join(lab.dir, 'spec.json')],
  ];
  const complaints = asked.flatMap(args => {
    if (args[0] === 'exec') chos(lab, ['start', id]);
    const { code, err } = chos(lab, args);
    return code === 0 ? [] : [`${args.join(' ')}: ${err}`];
  });
  const answered = service.answered() - before;
  tracer.kill();
  await ended;
  const text = readFileSync(log, 'utf8');
  check('warm: it asks nothing about itself', [
    ...complaints,
    ...(answered === asked.length ? [] : [`it has answered ${answered} of ${asked.length}`]),
    ...(/"\/sys\/fs\/cgroup/.test(text) ? [] : ['nothing was seen of it']),
    ...aboutItself(text, service.pid, threads),
    ...(await deleteForce(lab, id)),
    ...residue(lab, id),
  ]);
}
