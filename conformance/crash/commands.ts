/** Commands of a container that is there, killed before each of their steps: here those that its stored program serves. */
import { join } from 'node:path';
import { type Bundle, type BundleKind, makeBundle } from './bundles.js';
import { compiledSubjects, stopCompiled } from './compiled-commands.js';
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
import { countSteps, deleteForce, Missed, type Steps, shortest } from './stops.js';

export interface Container {
  readonly lab: Lab;
  readonly id: string;
  readonly bundle: Bundle;
  readonly image: Image;
}

export function create({ lab, id, bundle, image }: Container): void {
  const values = { ID: id, STATE_DIR: join(lab.root, id) };
  const made = call(lab, engineCommand(lab, image, values), { cwd: bundle.dir });
  if (made.code !== 0) throw new Error(`create: ${made.err}`);
}

/** The stored program serves these: the debug engine finds it by itself. */
export function debug(lab: Lab, args: readonly string[], env: Readonly<Record<string, string>>): Ended {
  return call(lab, [lab.debug, '--root', lab.root, ...args], { env });
}

/** `kill --all` goes round until the last process is gone: on a loaded host one run makes half as many steps again as the next. */
const WHOLE_RUNS = 5;

interface Subject {
  readonly name: string;
  readonly args: (id: string) => readonly string[];
  /** What has to happen between create and the command. */
  readonly before: readonly (readonly string[])[];
  /** Commands that must come back afterwards, whatever they find. */
  readonly after: readonly (readonly string[])[];
}

const subjects: readonly Subject[] = [
  { name: 'start', args: id => ['start', id], before: [], after: [['state'], ['start'], ['kill']] },
  { name: 'kill', args: id => ['kill', id, 'KILL'], before: [['start']], after: [['state']] },
  { name: 'kill', args: id => ['kill', '--all', id, 'KILL'], before: [], after: [['state']] },
  {
    name: 'delete',
    args: id => ['delete', '--force', id],
    before: [['start']],
    after: [['state'], ['delete']],
  },
  { name: 'delete', args: id => ['delete', id], before: [], after: [['delete']] },
  { name: 'state', args: id => ['state', id], before: [['start']], after: [] },
  {
    name: 'pause',
    args: id => ['pause', id],
    before: [['start']],
    after: [['state'], ['resume']],
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
  const wholes: ReadonlyMap<string, Steps>[] = [];
  for (let run = 0; run < WHOLE_RUNS; run++) {
    arrange();
    const whole = debug(lab, subject.args(id), { CHOS_TRACE: '1' });
    check(`${title}: without a stop`, [
      ...(whole.code === 0 ? [] : [`exit code ${whole.code}: ${whole.err.split('\n').slice(-3).join(' ')}`]),
      ...(await deleteForce(lab, id)),
      ...residue(lab, id),
    ]);
    wholes.push(countSteps(whole.err));
  }
  const from = performance.now();
  const missed = new Missed();
  let tried = 0;
  for (const [track, { count }] of shortest(wholes, subject.name)) {
    for (let n = 1; n <= count; n++) {
      arrange();
      const ended = debug(lab, subject.args(id), { CHOS_STOP: `${track}:${n}` });
      const complaints: string[] = [];
      if (track === subject.name) complaints.push(...missed.complaints(ended));
      for (const args of subject.after) {
        const later = debug(lab, [...args, id], {});
        if (later.late || later.signal) complaints.push(`${args.join(' ')} did not come back afterwards`);
      }
      complaints.push(...(await deleteForce(lab, id)), ...residue(lab, id));
      check(`${title}: ${track}:${n}`, complaints);
      tried++;
    }
  }
  missed.check(title);
  console.log(`${title}: ${tried} stops, ${Math.round(performance.now() - from)} ms`);
  return tried;
}

/** Every step of the commands of that bundle's container; only of those whose title matches, if not all are wanted. */
export async function stopCommands(lab: Lab, kind: BundleKind, wanted = /^/): Promise<void> {
  const began = performance.now();
  const bundle = makeBundle(lab, { ...kind, name: `${kind.name} commands` }, 'create');
  const image = await compileFile(lab, ['create', '--bundle', bundle.dir, 'id']);
  const container = { lab, id: `${lab.tag}-c`, bundle, image };
  let tried = 0;
  for (const subject of subjects) {
    const title = subject.args('ID').join(' ');
    if (wanted.test(title)) tried += await stopStored(container, subject, `${kind.name}: ${title}`);
  }
  for (const subject of compiledSubjects)
    if (wanted.test(subject.title)) tried += await stopCompiled(container, subject, kind);
  const left = chos(lab, ['list', '--quiet']).out;
  check(`${kind.name}: nothing is left of its commands`, left === '' ? [] : [left]);
  console.log(`${kind.name}, its commands: ${tried} stops, ${Math.round(performance.now() - began)} ms`);
}
