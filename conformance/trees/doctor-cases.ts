/** `chos-runtime doctor` on a real machine: what it tells, what it does not wait for, what it leaves as it was. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { withDeadShareOn } from '../harness/dead-share.js';
import { caseList, good } from './case.js';
import { base, chos, current, home, hostMounts, pins, runtime, scratch, shell } from './machine.js';

const { cases, test } = caseList('doctor: ');

interface Line {
  readonly check: string;
  readonly result: string;
  readonly what: string;
  readonly mend: string | null;
}

interface Told {
  readonly fault: boolean;
  readonly lines: readonly Line[];
}

/** What is said, and an exit code that agrees with it. */
function examined(command: string, ...args: readonly string[]): readonly Line[] {
  const ran = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 });
  const { fault, lines }: Told = JSON.parse(ran.stdout);
  assert.equal(ran.status, fault ? 1 : 0, ran.stderr);
  assert.equal(
    fault,
    lines.some(({ result }) => result === 'fault'),
  );
  return lines;
}

const doctor = (): readonly Line[] => examined(runtime, 'doctor', '--json');

const of = (lines: readonly Line[], check: string): readonly string[] =>
  lines
    .filter(line => line.check === check)
    .map(({ result, what, mend }) => `${result}: ${what}${mend === null ? '' : ` | ${mend}`}`);

test('what is wrong is told with what mends it', () => {
  for (const tree of ['one', 'two', 'three', 'must']) chos('tree', 'release', '--force', tree);
  const before = doctor();
  assert.deepEqual(of(before, 'kernel').length, 1);
  assert.deepEqual(of(before, 'registry'), ['ok: 4 trees, 2 shares, default one']);
  assert.match(
    of(before, 'trees').join('\n'),
    /^fault: must: .*pinned.* \| chos-runtime tree prepare must$/m,
  );
  assert.match(
    of(before, 'pins').join('\n'),
    /^note: not prepared, .*one, two, three, must \| chos-runtime tree prepare --all/,
  );
  assert.match(
    chos('doctor').stdout,
    /^pins +note +not prepared.*\n +mend: chos-runtime tree prepare --all/m,
  );
  good(chos('tree', 'prepare', '--all'));
  const after = doctor();
  assert.deepEqual(of(after, 'trees'), ['ok: each can be started']);
  assert.deepEqual(of(after, 'pins'), ['ok: 4 generations']);
});

test('a share that does not answer is named, and is waited for three seconds, not for ever', async () => {
  // Named by the configuration of somebody else.
  const program = `${scratch}/bin/chos-runtime`;
  mkdirSync('/etc/slurm', { recursive: true });
  for (const [name, text] of [
    ['slurm', ''],
    ['oci', `RunTimeRun="exec ${program} run"\n`],
  ])
    writeFileSync(`/etc/slurm/${name}.conf`, text ?? '');
  await withDeadShareOn(scratch, () => {
    const began = performance.now();
    const lines = doctor();
    assert.ok(performance.now() - began < 15_000);
    const silent = `fault: ${scratch} (fuse filer1:/scratch on ${scratch}) did not answer within 3000 ms: whoever goes there waits for its server | umount -f -l ${scratch}`;
    assert.deepEqual(new Set(of(lines, 'shares')), new Set([silent, silent.replace(scratch, program)]));
    assert.deepEqual(of(lines, 'trees'), [
      `note: one, three, must: not looked at, because ${scratch} does not answer`,
    ]);
  });
  for (const name of ['slurm', 'oci']) rmSync(`/etc/slurm/${name}.conf`);
  assert.deepEqual(of(doctor(), 'shares'), ['ok: 2 shares answer']);
});

test('the mount of a share that is not shared', () => {
  good(spawnSync('mount', ['-t', 'tmpfs', 'none', home], { encoding: 'utf8' }));
  try {
    good(spawnSync('mount', ['--make-private', home], { encoding: 'utf8' }));
    const [line = ''] = of(doctor(), 'propagation');
    assert.match(line, new RegExp(`^note: ${home} is not shared: .* \\| mount --make-shared ${home}$`));
    good(spawnSync('sh', ['-c', line.split(' | ')[1] ?? ''], { encoding: 'utf8' }));
    assert.match(of(doctor(), 'propagation').join(), /^ok/);
  } finally {
    spawnSync('umount', [home]);
  }
});

test('Podman knows the runtime by what is printed', () => {
  if (spawnSync('podman', ['--version']).status !== 0) return 'no podman';
  const places = ['root', 'runroot', 'tmpdir'].flatMap(name => [`--${name}`, `${base}/podman-${name}`]);
  const asked = ['--runtime', 'chos-runtime', 'info', '--format', '{{.Host.OCIRuntime.Path}}'];
  const podman = () => spawnSync('podman', [...places, ...asked], { encoding: 'utf8' });
  const file = '/etc/containers/containers.conf.d/chos-runtime.conf';
  const [line = ''] = of(doctor(), 'podman');
  if (line.startsWith('ok')) return 'it is known here';
  assert.match(podman().stderr, /"chos-runtime" not found/);
  const mend = line.split(' | ')[1] ?? '';
  try {
    good(
      spawnSync('sh', ['-c', mend.replace(/\["[^"]*\/bin\/chos-runtime"\]/, `["${runtime}"]`)], {
        encoding: 'utf8',
      }),
    );
    assert.equal(good(podman()).trim(), runtime);
    assert.deepEqual(of(doctor(), 'podman'), ['ok: Podman knows it as --runtime chos-runtime']);
  } finally {
    rmSync(file, { force: true });
  }
  return undefined;
});

test('a user is told what he cannot see', () => {
  const user = ['--reuid', '1000', '--regid', '1000', '--clear-groups', 'env', '-i', 'HOME=/', runtime];
  const lines = examined('setpriv', ...user, '--root', `${base}/none`, 'doctor', '--json');
  assert.deepEqual(of(lines, 'pins'), [
    'note: only root can see what is prepared | sudo chos-runtime doctor',
  ]);
  assert.deepEqual(of(lines, 'states'), [`ok: ${base}/none`]);
  assert.deepEqual(of(lines, 'registry'), ['ok: 4 trees, 2 shares, default one']);
});

test('state that is damaged, or cannot be read, is among what is told, and the other checks go on', () => {
  for (const tree of ['one', 'two', 'three', 'must']) chos('tree', 'release', '--force', tree);
  good(chos('tree', 'prepare', '--all'));
  const checks = new Set(doctor().map(({ check }) => check));
  const faults = (): readonly string[] => {
    const lines = doctor();
    assert.deepEqual(new Set(lines.map(({ check }) => check)), checks);
    return ['trees', 'pins', 'skeleton']
      .flatMap(check => of(lines, check))
      .filter(line => line.startsWith('fault'));
  };
  assert.deepEqual(faults(), []);
  const prepared = current('one');
  const record = `${pins}/${prepared}.json`;
  const text = readFileSync(record);
  writeFileSync(record, 'garbage');
  assert.deepEqual(faults(), [
    `fault: ${prepared} is not used: its record is damaged | chos-runtime tree prepare one`,
  ]);
  assert.match(shell({ tree: 'one' }, 'true').stderr, /^$/);
  writeFileSync(record, text);
  rmSync(`${pins}/${prepared}.mounts`);
  assert.match(of(doctor(), 'trees').join(), /one@\d+ is not used: files of it were taken away/);
  assert.match(good(chos('tree', 'list')), new RegExp(`^one .*${prepared} stale`, 'm'));
  while (spawnSync('umount', ['-l', pins]).status === 0);
  rmdirSync(pins);
  writeFileSync(pins, '');
  assert.deepEqual(faults().slice(1), [
    `fault: ${pins} cannot be read: Not a directory`,
    `fault: ${pins}/%2Fchos.json cannot be read: Not a directory`,
  ]);
  // By a command of the other bundle, too.
  for (const ran of [chos('tree', 'list'), chos('who'), shell({ tree: 'one' }, 'true')])
    assert.match(ran.stderr, new RegExp(`^chos-runtime: read \`${pins}\`: Not a directory\n$`));
  rmSync(pins);
  good(chos('tree', 'prepare', '--all'));
  assert.deepEqual(faults(), []);
});

test('nothing is changed', () => {
  const state = (): unknown => [
    hostMounts(),
    ...['/etc/chos.d', pins].map(path => (existsSync(path) ? readdirSync(path).sort() : [])),
  ];
  const before = state();
  doctor();
  assert.deepEqual(state(), before);
  if (spawnSync('strace', ['-V']).status !== 0) return 'no strace';
  const log = `${base}/doctor-calls`;
  const calls =
    'openat,open,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,chmod,fchmodat,chown,fchownat,mount,umount2';
  spawnSync('strace', ['-f', '-e', `trace=${calls}`, '-o', log, runtime, 'doctor'], { encoding: 'utf8' });
  const lines = readFileSync(log, 'utf8').split('\n');
  assert.ok(lines.some(line => line.includes('/etc/chos.d')));
  const written = lines.filter(
    line =>
      / (?!open|creat)\w+\(/.test(line) ||
      (/O_WRONLY|O_RDWR|O_CREAT/.test(line) && !line.includes('"/dev/null"')),
  );
  assert.deepEqual(written, []);
  return undefined;
});

export const doctorCases = cases;
