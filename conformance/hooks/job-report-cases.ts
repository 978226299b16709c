/** job-report: one line of JSON and one JUnit file for each container that has ended, however it ended. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type HookCase, underEach } from './case.js';
import { onlyReport, type Place, placeOf, type Report, records, reported } from './job-report-place.js';
import {
  begin,
  bundle,
  byHand,
  hooksDir,
  insist,
  killProcesses,
  newName,
  podman,
  podmanRun,
  type Runtime,
  run,
  runtimeCommand,
  settingsFile,
  stateText,
  until,
  within,
} from './machine.js';

const name = 'job-report';
function hooksOf({ options }: Place) {
  const one = { args: [name, ...options] };
  return { createRuntime: one, poststart: one, poststop: one };
}

const burn = 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exit 3';

function judge(report: Report, runtime: Runtime): void {
  insist('exit', JSON.stringify(report.exit), '{"code":3}');
  insist('args', report.args.at(-1), burn);
  insist('host', report.host, hostname());
  insist('runtime', report.runtime, runtime.name);
  // runc before 1.2 calls poststart in its `create`.
  if (runtime.name !== 'runc') insist('started', report.started, /^20\d\d-.*\.\d{9}Z$/);
  insist('seconds', report.seconds > 0.01 && report.seconds < 20, true);
  insist('CPU time', (report.cpu?.seconds ?? 0) > 0.01 && (report.cpu?.seconds ?? 0) < 20, true);
  insist('peak', (report.memory?.peak ?? 0) > 50_000, true);
  insist('mounts', report.mounts.made > 5, true);
}

export const jobReportCases: readonly HookCase[] = [
  ...underEach('job-report/config.json/run', (machine, runtime) => {
    const place = placeOf(machine);
    const change = (config: { process: { args: string[] }; annotations?: Record<string, string> }) => {
      config.process.args = ['/bin/sh', '-c', burn];
      config.annotations = { 'org.chos.report.name': 'build <1>', 'org.chos.report.suite': 'é"&' };
    };
    const ran = run(machine, runtime, { hooks: hooksOf(place), change });
    insist('exit code', ran.code, 3);
    insist('words', ran.stderr, '');
    const report = onlyReport(place);
    judge(report, runtime);
    insist('name', report.name, 'build <1>');
    insist('records', existsSync(records) ? readdirSync(records).length : -1, 0);
    const [xml = ''] = readdirSync(place.junit).map(file => readFileSync(join(place.junit, file), 'utf8'));
    insist(
      'JUnit',
      xml,
      /<testsuite name="é&#34;&#38;" tests="1" skipped="0" failures="1" errors="0" time="\d+\.\d{6}"/,
    );
    insist('JUnit', xml, /<testcase classname="é&#34;&#38;" name="build &#60;1&#62;" time=/);
    insist('JUnit', xml, /<failure message="exit code 3"\/>/);
  }),
  ...underEach('job-report/Podman/run', (machine, runtime) => {
    const place = placeOf(machine);
    const ran = podmanRun(runtime, hooksDir(machine, name, place.options), [], ['sh', '-c', burn]);
    insist('exit code', ran.code, 3);
    judge(onlyReport(place), runtime);
  }),
  ...underEach('job-report/Podman/killed with its conmon', async (machine, runtime) => {
    const place = placeOf(machine);
    const id = newName();
    const hooks = hooksDir(machine, name, place.options);
    const ran = podmanRun(runtime, hooks, ['-d', '--name', id], ['sleep', '1000']);
    insist('words', ran.stderr, '');
    const format = '{{.State.Pid}} {{.State.ConmonPid}}';
    const inspected = podman(runtime, hooks, 'inspect', '-f', format, id);
    insist(`inspect: ${inspected.stderr}`, inspected.code, 0);
    const [init, conmon] = inspected.stdout.trim().split(' ').map(Number);
    killProcesses({ conmon, init });
    insist('exit', JSON.stringify((await reported(place)).exit), '{"signal":9}');
    // Without conmon's exit file Podman 4 does not remove it.
    const full = podman(runtime, hooks, 'inspect', '-f', '{{.ID}}', id).stdout.trim();
    insist('delete', runtimeCommand(runtime, 'delete', '--force', full).stderr, '');
  }),
  ...underEach(
    'job-report/config.json/the runtime and the container are killed',
    async (machine, runtime) => {
      const place = placeOf(machine);
      const id = newName();
      const child = begin(
        machine,
        runtime,
        {
          hooks: hooksOf(place),
          change: config => {
            config.process.args = ['/bin/sh', '-c', 'echo up; exec sleep 1000'];
          },
        },
        id,
      );
      await within(60, 'its first word', new Promise(said => child.stdout?.once('data', said)));
      // crun writes it down when the command is already at work.
      let state = runtimeCommand(runtime, 'state', id);
      await until(`its state: ${state.stderr}`, () => {
        state = runtimeCommand(runtime, 'state', id);
        return state.code === 0;
      });
      const { pid } = JSON.parse(state.stdout) as { pid: number };
      killProcesses({ runtime: child.pid, container: pid });
      const report = await reported(place);
      insist('exit', JSON.stringify(report.exit), '{"signal":9}');
      runtimeCommand(runtime, 'delete', '--force', id);
      insist('record', existsSync(join(records, id)), false);
    },
  ),
  ...underEach('job-report/config.json/created, never started', (machine, runtime) => {
    const place = placeOf(machine);
    const id = newName();
    const dir = bundle(machine, runtime, { hooks: hooksOf(place) }, id);
    spawnSync(runtime.path, ['create', '-b', dir, id], { stdio: 'ignore' });
    runtimeCommand(runtime, 'delete', '--force', id);
    const report = onlyReport(place);
    insist('started', report.started, null);
    // Init may see its runtime's end of the channel closed first.
    insist('exit', JSON.stringify(report.exit), /^\{"(signal":9|code":1)\}$/);
  }),
  {
    name: 'job-report/socket and journal',
    run: async machine => {
      const dir = join(machine.dir, newName());
      mkdirSync(dir);
      const paths = [join(dir, 'socket'), '/run/systemd/journal/socket'];
      mkdirSync('/run/systemd/journal', { recursive: true });
      const receiver = `import socket, sys, os
socks = []
for path in sys.argv[1:]:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(path); socks.append(s)
os.write(1, b"ready\\n")
sys.stdin.readline()
for s in socks: s.settimeout(10); print(s.recv(65536).decode())
`;
      const child = spawn('python3', ['-c', receiver, ...paths], { stdio: ['pipe', 'pipe', 'inherit'] });
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      await within(60, 'the receiver', new Promise(ready => child.stdout.once('data', ready)));
      const settings = settingsFile(machine, { journal: true, socket: paths[0] });
      const [runtime] = machine.runtimes;
      if (!runtime) throw new Error('no runtime');
      const one = { args: [name, '--settings', settings] };
      run(machine, runtime, {
        hooks: { createRuntime: one, poststop: one },
        change: config => {
          config.process.args = ['/bin/true'];
        },
      });
      const ended = new Promise(done => child.on('close', done));
      child.stdin.end('\n');
      // Its own sockets wait 10 s each.
      await within(60, 'the end of the receiver', ended);
      insist('socket', said, /ready\n\{"version":1,.*"exit":\{"code":0\}/);
      insist(
        'journal',
        said,
        /PRIORITY=6\nSYSLOG_IDENTIFIER=job-report\nCONTAINER_ID=h\d+\nMESSAGE=\{"version":1/,
      );
    },
  },
  ...(
    [
      [
        'a folder that is not there',
        { junit: '/nonexistent' },
        /open the folder of JUnit reports \/nonexistent: No such file/,
      ],
      [
        'a socket that is not there',
        { socket: '/nonexistent' },
        /connect to the socket \/nonexistent: No such file/,
      ],
      ['a long socket', { socket: `/${'x'.repeat(200)}` }, /has too long a name/],
      [
        'a file in no folder',
        { file: '/nonexistent/file' },
        /open the file of reports \/nonexistent\/file: No such/,
      ],
    ] as const
  ).map(
    ([what, settings, words]): HookCase => ({
      name: `job-report/bad/${what}`,
      run: machine => {
        const dir = join(machine.dir, newName());
        mkdirSync(dir);
        writeFileSync(join(dir, 'config.json'), '{}');
        const id = newName();
        const state = stateText({ id, bundle: dir, pid: process.pid });
        const ran = byHand(name, [name, '--settings', settingsFile(machine, settings)], state);
        insist('words', ran.stderr, words);
        insist('exit code', ran.code, 1);
        insist('record', existsSync(join(records, id)), false);
      },
    }),
  ),
  {
    name: 'job-report/bad/a link in the place of the file, an id with a slash, no process',
    run: machine => {
      const dir = join(machine.dir, newName());
      mkdirSync(dir);
      writeFileSync(join(dir, 'config.json'), '{}');
      symlinkSync('/etc/passwd', join(dir, 'link'));
      const settings = ['--settings', settingsFile(machine, { file: join(dir, 'link') })];
      const hand = (members: object) =>
        byHand(name, [name, ...settings], stateText({ bundle: dir, ...members })).stderr;
      insist('link', hand({ pid: process.pid }), /open the file of reports .*: Too many levels/);
      insist('slash', hand({ id: '../x', pid: process.pid }), /the id ..\/x is no file name/);
      insist('no pid', hand({ pid: 0 }), /lacks "pid"/);
      insist('gone', hand({ pid: 4194303 }), /hold process 4194303 of the container: No such process/);
    },
  },
];
