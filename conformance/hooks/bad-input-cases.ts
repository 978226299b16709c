/** Bad input: what `hooks check` says of a file of hooks.d, a launch says of the same in config.json. And where a launch says that its hook comes from. */
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../harness/config.js';
import type { HookCase } from './case.js';
import {
  bundle,
  insist,
  type Machine,
  newName,
  oursOf,
  podmanRun,
  type Ran,
  runtimeCommand,
} from './machine.js';

interface Hook {
  readonly path: string;
  readonly args?: readonly string[];
  readonly timeout?: unknown;
}

interface Bad {
  readonly what: string;
  readonly hook: (dir: string) => Hook;
  /** What both say, behind the name of the hook or the property. */
  readonly words: (hook: Hook) => string;
  /** The launch warns, and goes on. */
  readonly warns?: true;
}

const file =
  (content: string, mode: number, owner = 0) =>
  (dir: string): Hook => {
    const path = join(dir, 'program');
    writeFileSync(path, content);
    chmodSync(path, mode);
    chownSync(path, owner, 0);
    return { path };
  };

const notExecuted =
  (why: string) =>
  ({ path }: Hook): string =>
    `${path} was not executed: ${why}`;

const script = '#!/bin/sh\nexit 0\n';

const bad: readonly Bad[] = [
  {
    what: 'a program that is not there',
    hook: dir => ({ path: `${dir}/none` }),
    words: notExecuted('No such file or directory'),
  },
  {
    what: 'a program without its execute bit',
    hook: file(script, 0o644),
    words: notExecuted('Permission denied'),
  },
  { what: 'a directory', hook: dir => ({ path: dir }), words: notExecuted('Permission denied') },
  {
    what: 'a script whose interpreter is not there',
    hook: file('#!/nowhere/sh\n', 0o755),
    words: notExecuted('its interpreter or dynamic linker is missing: No such file or directory'),
  },
  { what: 'no program', hook: file('exit 0\n', 0o755), words: notExecuted('Exec format error') },
  {
    what: 'a program that all can change',
    hook: file(script, 0o777),
    words: ({ path }) => `path can be changed by others than root: ${path} has mode 777`,
    warns: true,
  },
  {
    what: "another user's program",
    hook: file(script, 0o755, 1000),
    words: ({ path }) =>
      `path can be changed by others than root: ${path} belongs to user 1000, has mode 755`,
    warns: true,
  },
  {
    what: 'a program in a directory that all can change',
    hook: dir => {
      mkdirSync(`${dir}/open`);
      chmodSync(`${dir}/open`, 0o777);
      return file(script, 0o755)(`${dir}/open`);
    },
    words: ({ path }) =>
      `path can be changed by others than root: ${path.replace('/program', '')} has mode 777`,
    warns: true,
  },
  {
    what: 'a bare name',
    hook: () => ({ path: 'true' }),
    words: () => 'path must be an absolute path, not "true"',
  },
  ...[0, -1].map(
    (timeout): Bad => ({
      what: `timeout ${timeout}`,
      hook: () => ({ path: '/bin/true', timeout }),
      words: () => `timeout must be a whole number from 1 to 2147483647, not ${timeout}`,
    }),
  ),
];

function directory(machine: Machine): string {
  const dir = join(machine.dir, `bad-${newName()}`);
  mkdirSync(dir);
  return dir;
}

const definition = (hook: Hook) =>
  JSON.stringify({ version: '1.0.0', hook, when: { always: true }, stages: ['createRuntime'] }, null, 2);

function launch(machine: Machine, hook: Hook): Ran {
  const runtime = oursOf(machine);
  const id = newName();
  const change = (config: Config): void => {
    config.process.args = ['true'];
    Object.assign(config, { hooks: { createRuntime: [hook] } });
  };
  return runtimeCommand(runtime, 'run', '-b', bundle(machine, runtime, { hooks: {}, change }, id), id);
}

const place = '/etc/containers/oci/hooks.d';

/** A file of the machine's own hooks.d, where Podman and the launch look for it. */
function withInstalled(hook: Hook, run: () => void): void {
  mkdirSync(place, { recursive: true });
  const path = join(place, 'site.json');
  writeFileSync(path, definition(hook));
  try {
    run();
  } finally {
    // Others are not to see it.
    writeFileSync(path, '{}');
  }
}

const failing: Hook = { path: '/bin/sh', args: ['sh', '-c', 'echo one >&2; echo last words >&2; exit 3'] };
const failed = 'createRuntime hook #\\d+ /bin/sh ended with exit code 3, after [\\d.]+ ms: one last words';

export const badInputCases: readonly HookCase[] = [
  ...bad.map(
    ({ what, hook: make, words, warns = false }): HookCase => ({
      name: `bad-input/${what}: check and the launch say the same`,
      run: machine => {
        const hook = make(directory(machine));
        const dir = directory(machine);
        writeFileSync(join(dir, 'a.json'), definition(hook));
        const checked = runtimeCommand(oursOf(machine), 'hooks', 'check', dir);
        const lines = checked.stdout.trim().split('\n');
        insist('check: exit code', checked.code, 1);
        insist('check: lines', lines.length, 2);
        insist('check: place', lines[0], /^\S+\/a\.json:\d+:\d+: hook\./);
        insist('check', lines[0]?.endsWith(words(hook)), true);
        const ran = launch(machine, hook);
        insist('launch: exit code', ran.code, warns ? 0 : 1);
        insist('launch: one line', ran.stderr.trim().split('\n').length, 1);
        insist('launch: place', ran.stderr, /config\.json:\d+:\d+[: ] ?hooks\.createRuntime\[0\]/);
        insist(`launch: ${ran.stderr}`, ran.stderr.includes(words(hook)), true);
        insist('warning', /warning/.test(ran.stderr), warns);
      },
    }),
  ),
  {
    name: 'bad-input/broken JSON: check and the launch say the same',
    run: machine => {
      const dir = directory(machine);
      writeFileSync(join(dir, 'a.json'), '{"version": "1.0.0",}');
      const { stdout } = runtimeCommand(oursOf(machine), 'hooks', 'check', dir);
      const b = directory(machine);
      writeFileSync(join(b, 'config.json'), '{"version": "1.0.0",}');
      const { stderr } = runtimeCommand(oursOf(machine), 'run', '-b', b, newName());
      const words = /json:1:21: (.*)/;
      insist('launch', words.exec(stderr)?.[1], words.exec(stdout)?.[1]);
      insist('words', stderr, /nothing follows the last/);
    },
  },
  {
    name: 'bad-input/a link that leads to itself is a file that cannot be read',
    run: machine => {
      const dir = directory(machine);
      symlinkSync('b.json', join(dir, 'a.json'));
      symlinkSync('a.json', join(dir, 'b.json'));
      const { code, stdout } = runtimeCommand(oursOf(machine), 'hooks', 'check', dir);
      insist('exit code', code, 1);
      insist('lines', stdout, /^\S+a\.json: Too many levels of symbolic links\n\S+b\.json: Too many/);
    },
  },
  {
    name: 'bad-input/a failing hook is named with its file of hooks.d',
    run: machine =>
      withInstalled(failing, () => {
        const by = (hook: Hook) => launch(machine, hook).stderr;
        insist(
          'launch',
          by(failing),
          new RegExp(
            `${failed} \\(config\\.json:\\d+:\\d+ hooks\\.createRuntime\\[0\\], as in ${place}/site\\.json\\)\n$`,
          ),
        );
        const other = by({ ...failing, args: [...(failing.args ?? []), 'more'] });
        insist(
          'other arguments',
          other,
          new RegExp(`${failed} \\(config\\.json:\\d+:\\d+ hooks\\.createRuntime\\[0\\]\\)\n$`),
        );
      }),
  },
  {
    name: 'bad-input/a failing hook that Podman has from hooks.d is named with its file',
    run: machine =>
      withInstalled(failing, () => {
        const { code, stderr } = podmanRun(oursOf(machine), place, [], ['true']);
        insist('exit code', code === 0, false);
        insist(
          'words',
          stderr,
          new RegExp(
            `${failed} \\(config\\.json:1:\\d+ hooks\\.createRuntime\\[\\d\\], as in ${place}/site\\.json\\)`,
          ),
        );
      }),
  },
];
