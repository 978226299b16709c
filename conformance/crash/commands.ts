/** start, kill, delete, state, pause, resume and exec, killed before each of their steps. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Bundle, type BundleKind, makeBundle } from './bundles.js';
import {
  call,
  check,
  chos,
  compileFile,
  type Ended,
  engineCommand,
  type Image,
  type Lab,
  residue,
} from './lab.js';
import { countSteps, deleteForce } from './stops.js';

interface Container {
  readonly lab: Lab;
  readonly id: string;
  readonly bundle: Bundle;
  readonly image: Image;
}

function create({ lab, id, bundle, image }: Container): void {
  const values = { ID: id, STATE_DIR: join(lab.root, id) };
  const made = call(lab, engineCommand(lab, image, values), { cwd: bundle.dir });
  if (made.code !== 0) throw new Error(`create: ${made.err}`);
}

/** The stored program serves these: the debug engine finds it by itself. */
function debug(lab: Lab, args: readonly string[], env: Readonly<Record<string, string>>): Ended {
  return call(lab, [lab.debug, '--root', lab.root, ...args], { env });
}

interface Subject {
  readonly name: string;
  readonly args: (id: string) => readonly string[];
  /** What has to happen between create and the command. */
  readonly before: readonly (readonly string[])[];
  /** Commands that must come back afterwards, whatever they find. */
  readonly after: readonly (readonly string[])[];
  /** It goes round until the kernel is done, so that another run of it may end some steps earlier. */
  readonly rounds?: true;
}

const subjects: readonly Subject[] = [
  { name: 'start', args: id => ['start', id], before: [], after: [['state'], ['start'], ['kill']] },
  { name: 'kill', args: id => ['kill', id, 'KILL'], before: [['start']], after: [['state']], rounds: true },
  { name: 'kill', args: id => ['kill', '--all', id, 'KILL'], before: [], after: [['state']], rounds: true },
  {
    name: 'delete',
    args: id => ['delete', '--force', id],
    before: [['start']],
    after: [['state'], ['delete']],
    rounds: true,
  },
  { name: 'delete', args: id => ['delete', id], before: [], after: [['delete']] },
  { name: 'state', args: id => ['state', id], before: [['start']], after: [] },
  {
    name: 'pause',
    args: id => ['pause', id],
    before: [['start']],
    after: [['state'], ['resume']],
    rounds: true,
  },
  { name: 'resume', args: id => ['resume', id], before: [['start'], ['pause']], after: [['state']] },
];

async function stopStored(c: Container, subject: Subject, title: string): Promise<number> {
  const { lab, id } = c;
  const arrange = (): void => {
    create(c);
    for (const args of subject.before) {
      const done = debug(lab, [...args, id], {});
      if (done.code !== 0) throw new Error(`${args.join(' ')}: ${done.err}`);
    }
  };
  arrange();
  const whole = debug(lab, subject.args(id), { CHOS_TRACE: '1' });
  check(`${title}: without a stop`, [
    ...(whole.code === 0 ? [] : [`exit code ${whole.code}: ${whole.err.split('\n').slice(-3).join(' ')}`]),
    ...(await deleteForce(lab, id)),
    ...residue(lab, id),
  ]);
  let tried = 0;
  for (const [track, { count }] of countSteps(whole.err)) {
    for (let n = 1; n <= count; n++) {
      arrange();
      const ended = debug(lab, subject.args(id), { CHOS_STOP: `${track}:${n}` });
      const complaints: string[] = [];
      const early = subject.rounds === true && ended.code === 0;
      if (track === subject.name && ended.signal !== 'SIGKILL' && !early)
        complaints.push(`not stopped: ${ended.err}`);
      for (const args of subject.after) {
        const later = debug(lab, [...args, id], {});
        if (later.late || later.signal) complaints.push(`${args.join(' ')} did not come back afterwards`);
      }
      complaints.push(...(await deleteForce(lab, id)), ...residue(lab, id));
      check(`${title}: ${track}:${n}`, complaints);
      tried++;
    }
  }
  return tried;
}

/** exec, detached and in the foreground: the container lives on, and nothing of it outlives the container. */
async function stopExec(
  c: Container,
  options: readonly string[],
  title: string,
  stride: number,
): Promise<number> {
  const { lab, id } = c;
  const arrange = (): void => {
    create(c);
    debug(lab, ['start', id], {});
  };
  arrange();
  const process = options.length > 0 ? ['sleep', '3600'] : ['true'];
  const image = await compileFile(lab, ['exec', ...options, id, '/bin/busybox', ...process]);
  // The compiled program names the container's process by its pid, so each container needs its own.
  const whole = call(lab, engineCommand(lab, image), { env: { CHOS_TRACE: '1' } });
  check(`${title}: without a stop`, [
    ...(whole.code === 0 ? [] : [`exit code ${whole.code}: ${whole.err.split('\n').slice(-3).join(' ')}`]),
    ...(await deleteForce(lab, id)),
    ...residue(lab, id),
  ]);
  rmSync(image.file);
  let tried = 0;
  for (const [track, { count }] of countSteps(whole.err)) {
    for (let n = 1; n <= count; n += track === 'exec' ? 1 : stride) {
      arrange();
      const own = await compileFile(lab, ['exec', ...options, id, '/bin/busybox', ...process]);
      const ended = call(lab, engineCommand(lab, own), { env: { CHOS_STOP: `${track}:${n}` } });
      rmSync(own.file);
      const complaints: string[] = [];
      if (track === 'exec' && ended.signal !== 'SIGKILL') complaints.push(`not stopped: ${ended.err}`);
      const state = debug(lab, ['state', id], {});
      if (!state.out.includes('"running"')) complaints.push(`the container does not run on: ${state.out}`);
      check(`${title}: ${track}:${n}`, [...complaints, ...(await deleteForce(lab, id)), ...residue(lab, id)]);
      tried++;
    }
  }
  return tried;
}

/** Every step of the commands of that bundle's container. */
export async function stopCommands(lab: Lab, kind: BundleKind): Promise<void> {
  const began = performance.now();
  const bundle = makeBundle(lab, { ...kind, name: `${kind.name} commands` }, 'create');
  const image = await compileFile(lab, ['create', '--bundle', bundle.dir, 'id']);
  const container = { lab, id: `${lab.tag}-c`, bundle, image };
  let tried = 0;
  for (const subject of subjects) {
    const title = `${kind.name}: ${subject.args('ID').join(' ')}`;
    const from = performance.now();
    const count = await stopStored(container, subject, title);
    console.log(`${title}: ${count} stops, ${Math.round(performance.now() - from)} ms`);
    tried += count;
  }
  tried += await stopExec(container, [], `${kind.name}: exec`, kind.stride);
  tried += await stopExec(container, ['--detach'], `${kind.name}: exec --detach`, kind.stride);
  check(`${kind.name}: nothing is left of exec`, chos(lab, ['list', '--quiet']).out === '' ? [] : ['list']);
  console.log(`${kind.name}, its commands: ${tried} stops, ${Math.round(performance.now() - began)} ms`);
}
