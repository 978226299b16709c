/**
 * What the compiler's service (docs/compiler-service.md) makes different: whoever asks it is killed at each call, it is itself, and what its answers depend on changes
 * between two of them.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STATE_ROOT } from '../../spec/state-root.js';
import { SERVICE_SOCKET } from '../../spec/wire.js';
import { mountLines } from '../harness/host-check.js';
import { ownStateRoot, type Service, startService } from '../harness/service.js';
import type { Bundle } from './bundles.js';
import { call, check, chos, type Ended, type Lab, residue } from './lab.js';
import { deleteForce } from './stops.js';
import { readAhead } from './warm-ahead.js';
import { attached, type Call, exchangeIn } from './warm-calls.js';
import { bundlesOf, changes, usersChanges } from './warm-changes.js';
import { watched } from './warm-self.js';

const socket = join(STATE_ROOT, SERVICE_SOCKET);

const inject = ({ name, nth }: Call): readonly string[] => [
  '-e',
  `inject=${name}:signal=SIGKILL:when=${nth}`,
];

interface Scene {
  readonly lab: Lab;
  readonly id: string;
  /** Of a tree of the registry, and of none. */
  readonly bundle: Bundle;
  readonly plain: Bundle;
  readonly create: readonly string[];
  readonly log: string;
}

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
const anonymous = (pid: number): number =>
  Number(/^RssAnon:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);

/** Whoever asks is killed at each of its calls: the service goes on, and keeps nothing of it. */
async function callersKilled(scene: Scene, service: Service): Promise<void> {
  const { lab, id, create, log } = scene;
  const traced = (...options: readonly string[]): Ended =>
    call(lab, ['strace', '-o', log, ...options, ...create]);
  const whole = traced();
  check('warm: create, traced', [
    ...(whole.code === 0 ? [] : [whole.err]),
    ...(await deleteForce(lab, id)),
    ...residue(lab, id),
  ]);
  const calls = exchangeIn(log, 'socket');
  const names = calls.map(({ name }) => name);
  check('warm: its calls are found', calls.length > 10 ? [] : [names.join(' ')]);
  check(
    'warm: it waits by no clock that can be set',
    names.filter(name => /^(clock_gettime|gettimeofday|time)$/.test(name)),
  );
  // It is connected before it makes its copy, and asks by that connection.
  const order = names.filter(name => /^(connect|execveat|sendto)$/.test(name)).slice(0, 3);
  check('warm: it connects once', order.join(' ') === 'connect execveat sendto' ? [] : [names.join(' ')]);
  chos(lab, ['list']);
  const before = { fds: descriptorsOf(service.pid), memory: anonymous(service.pid) };
  for (const one of calls) {
    const { signal } = traced(...inject(one));
    const answered = service.answered();
    const listed = chos(lab, ['--debug', 'list']);
    check(`warm: create killed at ${one.name} ${one.nth}`, [
      ...(signal === 'SIGKILL' ? [] : ['it was not killed']),
      ...(listed.code === 0 && listed.err === '' ? [] : [`list: ${listed.err}`]),
      ...(service.answered() > answered ? [] : ['the service has not answered the next one']),
      ...(await deleteForce(lab, id)),
      ...residue(lab, id),
    ]);
  }
  // It hears of the end of the last one some turns later.
  const end = performance.now() + 10_000;
  while (descriptorsOf(service.pid) > before.fds && performance.now() < end)
    await new Promise(resolve => setTimeout(resolve, 20));
  const after = { fds: descriptorsOf(service.pid), memory: anonymous(service.pid) };
  check('warm: the service keeps nothing of who was killed', [
    ...(after.fds <= before.fds ? [] : [`${before.fds} descriptors, then ${after.fds}`]),
    ...(after.memory <= before.memory + 24 * 1024 ? [] : [`${before.memory} KiB, then ${after.memory}`]),
  ]);
  console.log(`warm: ${calls.length} calls of who asks`);
}

/** The service is killed at the first call of each name, the last of all, and every eighth, from accept to close. */
async function servicesKilled({ lab, id, create, log }: Scene): Promise<void> {
  const start = (): Promise<Service> => startService(lab.runtime, lab.dir, {});
  const first = await start();
  const seen = await attached(first.pid, ['-o', log]);
  call(lab, create);
  await deleteForce(lab, id);
  await first.end();
  await seen.ended;
  const all = exchangeIn(log, 'accept4');
  const chosen = all.filter(
    (one, i) => i % 8 === 0 || i === all.length - 1 || all.findIndex(({ name }) => name === one.name) === i,
  );
  let missed = 0;
  for (const one of chosen) {
    const service = await start();
    const trace = await attached(service.pid, ['-o', log, ...inject(one)]);
    const ended = call(lab, create);
    try {
      process.kill(service.pid, 'SIGKILL');
    } catch {
      // As it should be.
    }
    await trace.ended;
    if (!/killed by SIGKILL/.test(readFileSync(log, 'utf8'))) missed++;
    await service.end();
    check(`warm: the service killed at ${one.name} ${one.nth}`, [
      ...(ended.code === 0 && ended.err === '' ? [] : [`create: ${ended.code ?? ended.signal} ${ended.err}`]),
      ...(await deleteForce(lab, id)),
      ...residue(lab, id),
    ]);
  }
  check(
    'warm: the service was there to be killed',
    chosen.length > 8 && missed <= chosen.length / 4 ? [] : [`${missed} of ${chosen.length} times not`],
  );
  console.log(`warm: ${chosen.length} of ${all.length} calls of the service`);
}

export async function warm(outer: Lab): Promise<void> {
  const began = performance.now();
  ownStateRoot();
  mkdirSync('/etc/chos.d', { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/etc/chos.d']);
  const lab = { ...outer, mounts: mountLines() };
  const id = `${lab.tag}-w`;
  const { bundle, plain } = bundlesOf(lab);
  const create = [lab.runtime, '--root', lab.root, 'create', '--bundle', plain.dir, id];
  const scene = { lab, id, bundle, plain, create, log: join(lab.dir, 'warm-trace') };
  const service = await startService(lab.runtime, lab.dir, {});
  writeFileSync('/etc/chos.d/a.json', JSON.stringify({ trees: { one: { path: bundle.rootfs } } }));
  await watched(lab, service, socket, id, [plain.dir, bundle.dir]);
  rmSync('/etc/chos.d/a.json');
  changes({ ...scene, of: 'warm', socket, service });
  await readAhead(lab, socket, service.pid);
  await usersChanges(lab);
  await callersKilled(scene, service);
  await service.end();
  await servicesKilled(scene);
  spawnSync('umount', ['/etc/chos.d', STATE_ROOT]);
  console.log(`warm: ${Math.round(performance.now() - began)} ms`);
}
