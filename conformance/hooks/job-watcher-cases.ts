/** job-report by hand: what its watcher makes of a process that nobody takes notice of, of records that are left, of strangers in its way. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { HookCase } from './case.js';
import { onlyReport, type Place, placeOf, records, reported } from './job-report-place.js';
import {
  hookPath,
  insist,
  kernelLog,
  killProcesses,
  type Machine,
  newName,
  type Ran,
  readIfThere,
  stateText,
  until,
  within,
} from './machine.js';

const lock = '/run/chos-hooks/job-report.lock';

/** A child of user 1000 that ends with 3 as soon as it is told, and that stays a zombie. */
const parent = `import os, sys
r, w = os.pipe()
pid = os.fork()
if not pid:
    os.setuid(1000); os.close(w); os.read(r, 1); os._exit(3)
os.write(1, b"%d\\n" % pid)
os.read(0, 1)
os.write(w, b"x")
os.read(0, 1)
`;

interface Job {
  readonly id: string;
  readonly pid: number;
  readonly hook: (status?: string, annotations?: object) => Ran;
  readonly end: () => void;
}

const firstWord = (child: ChildProcess): Promise<string> =>
  within(60, 'a first word', new Promise(said => child.stdout?.once('data', word => said(`${word}`))));

/** `through`: a command line before that of the hook. */
async function withJob(
  machine: Machine,
  place: Place,
  body: (job: Job) => Promise<void> | void,
  id = newName(),
  through: readonly string[] = [],
): Promise<void> {
  const bundle = join(machine.dir, `watched-${newName()}`);
  mkdirSync(bundle);
  writeFileSync(join(bundle, 'config.json'), '{}');
  const child = spawn('python3', ['-c', parent], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const pid = Number(await firstWord(child));
    const [program = '', ...args] = [...through, hookPath('job-report'), ...place.options];
    const hook = (status = 'created', annotations: object = {}): Ran => {
      const input = stateText({ id, pid, bundle, status, annotations });
      const ran = spawnSync(program, args, { input, encoding: 'utf8', timeout: 40_000 });
      return { code: ran.status ?? 128, stdout: ran.stdout, stderr: ran.stderr };
    };
    await body({ id, pid, hook, end: () => child.stdin.write('x') });
  } finally {
    killProcesses({ parent: child.pid });
  }
  // The next case looks for its own.
  await until('the end of all watchers', () => watchers().length === 0);
}

function well({ code, stderr }: Ran): void {
  insist('words', stderr, '');
  insist('exit code', code, 0);
}

/** All of this machine. */
function watchers(): readonly number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && /^\d+ \(job-report\) [^Z]/.test(readIfThere(`/proc/${name}/stat`)))
    .map(Number);
}

/** Takes the lock itself: the kernel does not show others what a process holds that has ended. */
const holder = `import fcntl, os, sys
os.setgroups([]); os.setuid(int(sys.argv[3]))
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_EX)
os.write(1, b"held\\n")
os.read(0, 1)
os.system(sys.argv[2])
`;

/** A file that somebody holds locked; `then`: a command when its stdin ends. */
async function holding(path: string, user: number, then = ':'): Promise<ChildProcess> {
  const child = spawn('python3', ['-c', holder, path, then, `${user}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  insist('lock', await firstWord(child), 'held\n');
  return child;
}

const withoutTrace = ['setpriv', '--bounding-set', '-sys_ptrace', '--inh-caps', '-sys_ptrace'];

const ofConmon = (file: string | null, exit: string): HookCase => ({
  name: `job-report/watcher/a status that the kernel hides: ${exit} by conmon's ${file}`,
  run: machine => {
    const place = placeOf(machine);
    return withJob(
      machine,
      place,
      async ({ id, hook, end }) => {
        well(hook());
        if (file !== null) writeFileSync(join(place.exits, id), file);
        end();
        insist('exit', JSON.stringify((await reported(place)).exit), exit);
      },
      newName(),
      withoutTrace,
    );
  },
});

const watcherCase = (name: string, run: (machine: Machine, place: Place) => Promise<void>): HookCase => ({
  name: `job-report/watcher/${name}`,
  run: machine => run(machine, placeOf(machine)),
});

export const jobWatcherCases: readonly HookCase[] = [
  ofConmon(null, 'null'),
  ofConmon('3', '{"code":3}'),
  ofConmon('255', '{"code":255}'),
  ofConmon('137', '{"signal":9}'),
  watcherCase(
    'who may trace reads the status of a zombie; names are XML; a part is no pipe',
    (machine, place) =>
      withJob(machine, place, async ({ id, hook, end }) => {
        spawnSync('mkfifo', [join(place.junit, `.${id}.part`)]);
        well(hook('created', { 'org.chos.report.name': 'a\ufffe\uffffb\ufffd' }));
        end();
        insist('exit', JSON.stringify((await reported(place)).exit), '{"code":3}');
        const xml = readFileSync(join(place.junit, `${id}.xml`), 'utf8');
        insist('JUnit', xml, /<testcase [^>]* name="a\?\?b\ufffd"/);
        insist('folder', readdirSync(place.junit).join(), `${id}.xml`);
      }),
  ),
  watcherCase('a stranger who locks the file of reports, which has been rotated', (machine, place) =>
    withJob(machine, place, async ({ hook, end }) => {
      well(hook());
      renameSync(place.file, `${place.file}.1`);
      writeFileSync(place.file, '', { mode: 0o644 });
      const stranger = await holding(place.file, 1000);
      end();
      await reported(place);
      insist('the old file', readFileSync(`${place.file}.1`, 'utf8'), '');
      killProcesses({ stranger: stranger.pid });
    }),
  ),
  watcherCase('what a killed watcher has noted is not said of the next container', async (machine, place) => {
    const id = newName();
    await withJob(
      machine,
      place,
      async ({ hook }) => {
        well(hook());
        well(hook('running'));
        const [watcher] = watchers();
        killProcesses({ watcher });
        await until('the end of the watcher', () => watchers().length === 0);
        insist('record', existsSync(join(records, id)), true);
      },
      id,
    );
    await withJob(
      machine,
      place,
      async ({ hook, end }) => {
        well(hook());
        end();
        insist('started', (await reported(place)).started, null);
      },
      id,
    );
  }),
  watcherCase('a record that another holds', (machine, place) =>
    withJob(machine, place, async ({ id, hook, end }) => {
      const record = join(records, id);
      mkdirSync(records, { recursive: true });
      writeFileSync(record, '');
      // The kernel shows who waits behind whom.
      const waited = `-> FLOCK .*:${statSync(record).ino} `;
      const other = await holding(
        record,
        0,
        `until grep -q -- '${waited}' /proc/locks; do :; done; rm "${record}"`,
      );
      const { code, stderr } = hook();
      insist(
        'words',
        stderr,
        `job-report: not done within 5 s: it was at waiting for the watcher of an earlier container ${id}\n`,
      );
      insist('exit code', code, 1);
      // It goes while the hook waits for the lock: the one that counts is made anew.
      await new Promise<void>(ended => other.stdin?.end(ended));
      well(hook());
      insist('record', existsSync(record), true);
      // Of the same container: it is watched already.
      well(hook());
      end();
      await reported(place);
      onlyReport(place);
    }),
  ),
  watcherCase('what goes wrong is in the kernel log, the other reports are there', (machine, place) =>
    withJob(machine, place, async ({ id, hook, end }) => {
      well(hook());
      const other = await holding(lock, 0);
      writeFileSync(kernelLog(machine.dir), '');
      end();
      await until('JUnit', () => existsSync(join(place.junit, `${id}.xml`)));
      const [watcher = 0] = watchers();
      insist('a watcher', watcher > 1, true);
      // As its deadline does, which is 30 s away.
      process.kill(watcher, 'SIGALRM');
      await until('the end of the watcher', () => watchers().length === 0);
      insist('record', existsSync(join(records, id)), false);
      insist(
        'kernel log',
        readFileSync(kernelLog(machine.dir), 'utf8'),
        'job-report: not done within 30 s: it was at writing the report\n',
      );
      killProcesses({ other: other.pid });
    }),
  ),
  watcherCase('a file that cannot be written any more is in the kernel log', (machine, place) =>
    withJob(machine, place, async ({ id, hook, end }) => {
      well(hook());
      rmSync(place.file);
      mkdirSync(place.file);
      writeFileSync(kernelLog(machine.dir), '');
      end();
      await until('the end of the watcher', () => watchers().length === 0);
      insist(
        'kernel log',
        readFileSync(kernelLog(machine.dir), 'utf8'),
        `job-report: write ${place.file}: Is a directory\n`,
      );
      insist('JUnit', readdirSync(place.junit).join(), `${id}.xml`);
    }),
  ),
];
