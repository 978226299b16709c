/** gpu: what a CDI specification asks for is in the container, and no program of a vendor's runs that the site has not listed. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../harness/config.js';
import { type HookCase, underEach } from './case.js';
import {
  bundle,
  byHand,
  hooksDir,
  insist,
  kernelLog,
  type Machine,
  newName,
  podmanRun,
  type Runtime,
  runtimeCommand,
  settingsFile,
  stateText,
} from './machine.js';

const name = 'gpu';
const device = 'example.com/gpu=0';
/** Device 1:5 under a name of its own; a file of the vendor's; a variable for all of the kind, and one of the device. */
function specification(machine: Machine, change: (spec: Spec) => void = () => undefined): string {
  const dir = join(machine.dir, `cdi-${newName()}`);
  mkdirSync(dir, { mode: 0o755 });
  writeFileSync(join(dir, 'library'), 'of the vendor\n');
  const spec: Spec = {
    cdiVersion: '0.6.0',
    kind: 'example.com/gpu',
    containerEdits: { env: ['GPU_KIND=example'] },
    devices: [
      {
        name: '0',
        containerEdits: {
          deviceNodes: [{ path: '/dev/gpu0', hostPath: '/dev/zero', permissions: 'r' }],
          mounts: [{ hostPath: join(dir, 'library'), containerPath: '/opt/gpu/library' }],
          env: ['TERM=gpu', 'GPU=0'],
        },
      },
    ],
  };
  change(spec);
  writeFileSync(join(dir, 'example.json'), JSON.stringify(spec));
  return dir;
}

interface Edits {
  deviceNodes?: object[];
  mounts?: object[];
  env?: string[];
  hooks?: object[];
}

interface Spec {
  cdiVersion: string;
  kind: string;
  containerEdits?: Edits;
  devices: { name: string; containerEdits: Edits }[];
}

const options = (machine: Machine, directories: readonly string[], more: object = {}) => [
  '--settings',
  settingsFile(machine, { directories, ...more }),
];

const look = 'head -c 4 /dev/gpu0 | od -An -tx1; cat /opt/gpu/library; echo $TERM $GPU $GPU_KIND';
const seen = ' 00 00 00 00\nof the vendor\ngpu 0 example\n';

function change(config: Config): void {
  config.process.args = ['/bin/sh', '-c', look];
  config.annotations = { 'cdi.k8s.io/test': device };
}

const inBundle = (machine: Machine, runtime: Runtime, args: readonly string[]) => {
  const id = newName();
  const dir = bundle(machine, runtime, { hooks: {}, change }, id);
  return { id, dir, ran: byHand(name, [name, '--bundle', dir, ...args], '') };
};

const configText = (annotations: object, more: object = {}) =>
  JSON.stringify({ ociVersion: '1.0.2', process: {}, linux: {}, annotations, ...more });

function refusal(
  what: string,
  words: RegExp,
  spec: (spec: Spec) => void,
  wanted: string = device,
  more: object = {},
): HookCase {
  return {
    name: `gpu/refused/${what}`,
    run: machine => {
      const args = [name, ...options(machine, [specification(machine, spec)], more)];
      const ran = byHand(name, args, configText({ 'org.chos.gpu': wanted }));
      insist('words', ran.stderr, words);
      insist('lines', ran.stderr.split('\n').length, 2);
      insist('output', ran.stdout, '');
      insist('exit code', ran.code, 1);
    },
  };
}

const program = { hookName: 'createContainer', path: '/usr/bin/vendor', args: ['vendor', 'x'] };
const first = (spec: Spec, edits: Edits) => {
  const [one] = spec.devices;
  if (one) one.containerEdits = edits;
};

export const gpuCases: readonly HookCase[] = [
  ...underEach('gpu/bundle/device, file and variables', (machine, runtime) => {
    const { id, dir, ran } = inBundle(machine, runtime, options(machine, [specification(machine)]));
    insist('words', ran.stderr, '');
    const started = runtimeCommand(runtime, 'run', '-b', dir, id);
    insist('words', started.stderr, '');
    insist('inside', started.stdout, seen);
  }),
  ...underEach('gpu/Podman/device, file and variables', (machine, runtime) => {
    const hooks = hooksDir(machine, name, options(machine, [specification(machine)]));
    const ran = podmanRun(runtime, hooks, ['--annotation', `org.chos.gpu=${device}`], ['sh', '-c', look]);
    insist('words', ran.stderr, '');
    insist('inside', ran.stdout, seen);
  }),
  ...underEach('gpu/Podman/without the annotation', (machine, runtime) => {
    const hooks = hooksDir(machine, name, options(machine, ['/nonexistent']));
    insist('inside', podmanRun(runtime, hooks, [], ['ls', '/dev/gpu0']).code, 1);
  }),
  ...underEach('gpu/Podman/no such device', (machine, runtime) => {
    const cdi = specification(machine);
    const hooks = hooksDir(machine, name, options(machine, [cdi]));
    const ran = podmanRun(runtime, hooks, ['--annotation', 'org.chos.gpu=example.com/gpu=7'], ['true']);
    insist('it starts', ran.code !== 0, true);
    insist('words', ran.stderr, /precreate hook: executing \[gpu .*: exit status 1/);
    insist(
      'kernel log',
      readFileSync(kernelLog(machine.dir), 'utf8'),
      new RegExp(`gpu: no specification in ${cdi} has the device example.com/gpu=7`),
    );
  }),
  {
    name: 'gpu/precreate/nothing asked, nothing changed',
    run: () => {
      const text = `${configText({ a: 'b' })}`;
      insist('output', byHand(name, [name], text).stdout, text);
    },
  },
  {
    name: 'gpu/precreate/white space behind the object, members that are null',
    run: machine => {
      const dir = specification(machine, spec => {
        first(spec, { hooks: [program], deviceNodes: [{ path: '/dev/gpu0', hostPath: '/dev/zero' }] });
        Object.assign(spec.devices[0]?.containerEdits ?? {}, { additionalGids: [7] });
      });
      const args = [name, ...options(machine, [dir], { programs: ['/usr/bin/vendor'] })];
      const nulls = { hooks: null, mounts: null, linux: { resources: null }, process: { user: null } };
      for (const more of [{}, nulls])
        for (const tail of ['\n', ' \t\r\n\n']) {
          const text = configText({ 'org.chos.gpu': device }, more);
          const { stdout, stderr } = byHand(name, args, `${text}${tail}`);
          insist('words', stderr, '');
          insist('tail', stdout.endsWith(`}${tail}`), true);
          const made = JSON.parse(stdout);
          insist('rules', made.linux.resources.devices.length, 1);
          insist('hooks', made.hooks.createContainer.length, 1);
          insist('groups', made.process.user.additionalGids.join(), '7');
          for (const member of ['hooks', 'resources', 'user', 'devices'])
            insist(member, stdout.split(`"${member}"`).length, member === 'devices' ? 3 : 2);
          const other = byHand(name, [name], `${configText({})}${tail}`);
          insist('nothing asked', other.stdout, `${configText({})}${tail}`);
        }
      const wrong = configText({ 'org.chos.gpu': device }, { hooks: [] });
      insist('a list', byHand(name, args, wrong).stderr, /config.json: "hooks" is no object/);
    },
  },
  {
    name: 'gpu/precreate/a variable of two devices, and of config.json',
    run: machine => {
      const dir = specification(machine, spec => {
        spec.devices.push({ name: '1', containerEdits: { env: ['GPU=1', 'TERM=one', 'GP=3'] } });
      });
      const env = ['TERM=x', 'A=b', 'TERM=y'];
      const text = configText({ 'org.chos.gpu': `${device},example.com/gpu=1` }, { process: { env } });
      const ran = byHand(name, [name, ...options(machine, [dir])], text);
      const wanted = 'TERM=one,A=b,TERM=one,GPU_KIND=example,GPU=1,GP=3';
      insist('variables', JSON.parse(ran.stdout).process.env.join(), wanted);
    },
  },
  {
    name: 'gpu/precreate/lists that are missing, a device twice, programs that the site lists',
    run: machine => {
      const dir = specification(machine, spec => spec.devices[0]?.containerEdits.env?.push('A=b'));
      const other = specification(machine, spec => {
        spec.kind = 'example.com/fabric';
        first(spec, { hooks: [program], deviceNodes: [{ path: '/dev/gpu0', hostPath: '/dev/zero' }] });
      });
      const args = [name, ...options(machine, [dir, other], { programs: ['/usr/bin/vendor'] })];
      const wanted = `${device},${device},example.com/fabric=0`;
      const ran = byHand(name, args, configText({ 'org.chos.gpu': wanted, 'cdi.k8s.io/x': device }));
      insist('words', ran.stderr, '');
      const made = JSON.parse(ran.stdout);
      const node = { path: '/dev/gpu0', type: 'c', major: 1, minor: 5 };
      insist('devices', JSON.stringify(made.linux.devices), JSON.stringify([node]));
      insist(
        'rules',
        made.linux.resources.devices.map((one: { access: string }) => one.access).join(),
        'r,rwm',
      );
      insist('variables', made.process.env.join(), 'GPU_KIND=example,TERM=gpu,GPU=0,A=b');
      const { path, args: programArgs } = program;
      insist(
        'hooks',
        JSON.stringify(made.hooks),
        JSON.stringify({ createContainer: [{ path, args: programArgs }] }),
      );
    },
  },
  {
    name: 'gpu/precreate/the later directory wins',
    run: machine => {
      const dirs = [
        specification(machine),
        specification(machine, spec => first(spec, { env: ['LATER=1'] })),
      ];
      const ran = byHand(name, [name, ...options(machine, dirs)], configText({ 'org.chos.gpu': device }));
      insist('variables', JSON.parse(ran.stdout).process.env.join(), 'GPU_KIND=example,LATER=1');
    },
  },
  {
    name: 'gpu/precreate/programs are left out where the site says so',
    run: machine => {
      const dir = specification(machine, spec => first(spec, { hooks: [program] }));
      const args = [name, ...options(machine, [dir], { skipPrograms: true })];
      insist(
        'hooks',
        JSON.parse(byHand(name, args, configText({ 'org.chos.gpu': device })).stdout).hooks,
        undefined,
      );
    },
  },
  refusal('a program that nobody has listed', /wants to run \/usr\/bin\/vendor \(createContainer\)/, spec =>
    first(spec, { hooks: [program] }),
  ),
  refusal(
    'a kind of hooks that there is not',
    /no hooks called "sometimes"/,
    spec => first(spec, { hooks: [{ ...program, hookName: 'sometimes' }] }),
    device,
    { programs: ['/usr/bin/vendor'] },
  ),
  refusal('a device that is a file', /\/etc\/passwd is no device/, spec =>
    first(spec, { deviceNodes: [{ path: '/dev/x', hostPath: '/etc/passwd' }] }),
  ),
  refusal('a device that is not there', /look at the device \/dev\/no-such of .*: No such file/, spec =>
    first(spec, { deviceNodes: [{ path: '/dev/no-such' }] }),
  ),
  refusal('a file that is not there', /look at \/no\/such of .*: No such file/, spec =>
    first(spec, { mounts: [{ hostPath: '/no/such', containerPath: '/x' }] }),
  ),
  refusal('a variable without a value', /is not NAME=VALUE/, spec => first(spec, { env: ['GPU'] })),
  refusal('no version', /it has no cdiVersion/, spec => Object.assign(spec, { cdiVersion: undefined })),
  {
    name: 'gpu/refused/more words than a line of the kernel log has',
    run: machine => {
      const wanted = `example.com/gpu=${'x'.repeat(2000)}`;
      writeFileSync(kernelLog(machine.dir), '');
      const ran = byHand(name, [name, ...options(machine, [])], configText({ 'org.chos.gpu': wanted }));
      insist('words', ran.stderr, new RegExp(`has the device ${wanted} `));
      const line = readFileSync(kernelLog(machine.dir), 'utf8');
      insist('line', line, /^gpu: no specification .*x\.\.\.\n$/);
      insist('length', line.length, 900);
    },
  },
  refusal('a name that is none', /"gpu0" is no name of a device/, () => undefined, 'gpu0'),
  {
    name: 'gpu/refused/a directory that others can write to, two of a name, a state',
    run: machine => {
      const dir = specification(machine);
      const ask = () =>
        byHand(name, [name, ...options(machine, [dir])], configText({ 'org.chos.gpu': device })).stderr;
      writeFileSync(join(dir, 'again.json'), readFileSync(join(dir, 'example.json')));
      insist('twice', ask(), /is in two specifications in /);
      spawnSync('chmod', ['777', dir]);
      insist('directory', ask(), /^gpu: refuses .*mode 777; only root/);
      insist('state', byHand(name, [name], stateText()).stderr, /belongs to the stage precreate/);
    },
  },
  {
    name: 'gpu/bundle/mode and owner stay',
    run: machine => {
      const dir = join(machine.dir, newName());
      const path = join(dir, 'config.json');
      mkdirSync(dir);
      writeFileSync(path, `${configText({ 'org.chos.gpu': device })}\n`);
      chmodSync(path, 0o640);
      chownSync(path, 12, 34);
      const ran = byHand(name, [name, '--bundle', dir, ...options(machine, [specification(machine)])], '');
      insist('words', ran.stderr, '');
      const { mode, uid, gid } = statSync(path);
      insist('mode and owner', `${(mode & 0o7777).toString(8)} ${uid} ${gid}`, '640 12 34');
      insist('device', JSON.parse(readFileSync(path, 'utf8')).linux.devices[0].path, '/dev/gpu0');
    },
  },
  {
    name: 'gpu/bundle/a failure leaves it as it was',
    run: machine => {
      const [runtime] = machine.runtimes;
      if (!runtime) throw new Error('no runtime');
      const { dir, ran } = inBundle(machine, runtime, options(machine, ['/nonexistent']));
      insist('exit code', ran.code, 1);
      insist('part', existsSync(join(dir, 'config.json.part')), false);
      insist(
        'config.json',
        JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')).linux.devices,
        undefined,
      );
    },
  },
];
