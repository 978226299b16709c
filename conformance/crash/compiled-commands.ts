/** Commands that are compiled for each container: exec, update, checkpoint and restore, killed before each of their steps. */
import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BundleKind } from './bundles.js';
import { type Container, create, debug } from './commands.js';
import { call, check, compileFile, type Ended, engineCommand, type Lab, residue } from './lab.js';
import { countSteps, deleteForce, Missed } from './stops.js';

interface Subject {
  readonly title: string;
  /** The command's own track, which the stop ends; the others are processes that it made. */
  readonly track: string;
  readonly args: (container: Container) => readonly string[];
  /** Before the command is compiled. The container is there and runs, if nothing else is said. */
  readonly arrange: (container: Container) => void;
  /** What is wrong with the container after the stop. */
  readonly afterwards: (container: Container) => readonly string[];
  readonly env?: (lab: Lab) => Readonly<Record<string, string>>;
  /** Every how many steps a stop is tried: of the own track, and, times the bundle's stride, of the others. */
  readonly strides?: { readonly own: number; readonly other: number };
}

function run(c: Container): void {
  create(c);
  debug(c.lab, ['start', c.id], {});
}

const is =
  (...wanted: readonly string[]) =>
  ({ lab, id }: Container): readonly string[] => {
    const state = debug(lab, ['state', id], {});
    return wanted.some(status => state.out.includes(`"${status}"`))
      ? []
      : [`the container is not ${wanted.join(' or ')}: ${state.out}${state.err}`];
  };

const busybox = '/bin/busybox';

/** The stand-in of the suite, which says that it is the version its directory is named after. */
function criu({ dir }: Lab): Readonly<Record<string, string>> {
  const place = join(dir, '4.1');
  mkdirSync(place, { recursive: true });
  copyFileSync(resolve('conformance/suite/stand-in-criu'), join(place, 'criu'));
  chmodSync(join(place, 'criu'), 0o755);
  return { PATH: `${place}:/usr/bin:/bin` };
}

const places = ({ dir }: Lab): readonly string[] =>
  ['image', 'work'].flatMap(name => [`--${name}-path`, join(dir, `criu-${name}`)]);

function forgetImages({ dir }: Lab): void {
  for (const name of ['image', 'work']) rmSync(join(dir, `criu-${name}`), { recursive: true, force: true });
}

export const compiledSubjects: readonly Subject[] = [
  {
    title: 'exec',
    track: 'exec',
    args: ({ id }) => ['exec', id, busybox, 'true'],
    arrange: run,
    afterwards: is('running'),
  },
  {
    title: 'exec --detach',
    track: 'exec',
    args: ({ id }) => ['exec', '--detach', id, busybox, 'sleep', '3600'],
    strides: { own: 1, other: 3 },
    arrange: run,
    afterwards: is('running'),
  },
  {
    title: 'update',
    track: 'host',
    args: ({ id }) => ['update', '--memory', `${128 << 20}`, '--pids-limit', '50', '--cpu-share', '512', id],
    arrange: run,
    afterwards: is('running'),
  },
  {
    title: 'checkpoint --leave-running',
    track: 'host',
    args: ({ lab, id }) => ['checkpoint', '--leave-running', ...places(lab), id],
    arrange: c => {
      forgetImages(c.lab);
      run(c);
    },
    // Frozen while it is saved; `resume` is what it needs then.
    afterwards: is('running', 'paused'),
    env: criu,
    strides: { own: 3, other: 7 },
  },
  {
    title: 'restore',
    track: 'run',
    args: ({ lab, id, bundle }) => ['restore', '--detach', ...places(lab), '--bundle', bundle.dir, id],
    arrange: c => {
      forgetImages(c.lab);
      run(c);
      const saved = call(c.lab, [c.lab.runtime, '--root', c.lab.root, 'checkpoint', ...places(c.lab), c.id], {
        env: criu(c.lab),
      });
      if (saved.code !== 0) throw new Error(`checkpoint: ${saved.err}`);
    },
    afterwards: () => [],
    env: criu,
    strides: { own: 20, other: 19 },
  },
];

/** Whatever becomes of the command, the container is as it should be, and nothing of the command outlives it. */
export async function stopCompiled(c: Container, subject: Subject, kind: BundleKind): Promise<number> {
  const { lab, id } = c;
  const title = `${kind.name}: ${subject.title}`;
  const env = subject.env?.(lab) ?? {};
  const began = performance.now();
  // The program names the container's process by its pid, so each container needs its own.
  const attempt = async (more: Readonly<Record<string, string>>): Promise<Ended> => {
    subject.arrange(c);
    const image = await compileFile({ ...lab, env: { ...lab.env, ...env } }, subject.args(c));
    const ended = call(lab, engineCommand(lab, image), { env: { ...env, ...more }, cwd: c.bundle.dir });
    rmSync(image.file);
    return ended;
  };
  const whole = await attempt({ CHOS_TRACE: '1' });
  check(`${title}: without a stop`, [
    ...(whole.code === 0 ? [] : [`exit code ${whole.code}: ${whole.err.split('\n').slice(-3).join(' ')}`]),
    ...(await deleteForce(lab, id)),
    ...residue(lab, id),
  ]);
  const { own, other } = subject.strides ?? { own: 1, other: 1 };
  const missed = new Missed();
  let tried = 0;
  for (const [track, { count }] of countSteps(whole.err)) {
    const stride = track === subject.track ? own : other * kind.stride;
    for (let n = 1; n <= count; n += stride) {
      const ended = await attempt({ CHOS_STOP: `${track}:${n}` });
      const complaints: string[] = [];
      if (track === subject.track) complaints.push(...missed.complaints(ended));
      else if (ended.late) complaints.push('it did not come back');
      complaints.push(...subject.afterwards(c), ...(await deleteForce(lab, id)), ...residue(lab, id));
      check(`${title}: ${track}:${n}`, complaints);
      tried++;
    }
  }
  missed.check(title);
  console.log(`${title}: ${tried} stops, ${Math.round(performance.now() - began)} ms`);
  return tried;
}
