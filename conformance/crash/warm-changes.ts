/** After each change of the registry, of files and of states a service says what a compiler says that has just been started: root's, and a user's. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { STATE_ROOT_NAME } from '../../spec/state-root.js';
import { SERVICE_SOCKET } from '../../spec/wire.js';
import { type Service, startService } from '../harness/service.js';
import { type Bundle, makeBundle } from './bundles.js';
import { call, check, chos, type Ended, type Lab } from './lab.js';

const REGISTRY = '/etc/chos.d';
/** Not root, who alone writes the registry. */
const USER = 1000;

/** What is asked after which change. */
type Step = readonly [name: string, command: readonly string[], change: () => unknown];

interface Changing {
  readonly of: string;
  readonly lab: Lab;
  readonly socket: string;
  readonly service: Service;
  readonly id: string;
  readonly bundle: Bundle;
  readonly plain: Bundle;
  /** Starts the container of that id; null: there is none. */
  readonly create: readonly string[] | null;
}

/** Of a tree of the registry, and of none. */
export function bundlesOf(lab: Lab): { readonly bundle: Bundle; readonly plain: Bundle } {
  const ofTree = {
    name: 'warm',
    change: (config: { annotations?: Record<string, string> }) => {
      config.annotations = { 'org.chos.tree': 'one' };
    },
  };
  return {
    bundle: makeBundle(lab, ofTree, 'create'),
    plain: makeBundle(lab, { name: 'warm-plain', change: () => undefined }, 'create'),
  };
}

/** Other bytes in the place of some: the same file, of the same size and time. */
function replace(file: string, from: string, to: string): void {
  const { atime, mtime } = statSync(file);
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
  utimesSync(file, atime, mtime);
}

/** After each change the service says what a compiler says that has just been started. */
export function changes({ of, lab, socket, service, id, bundle, plain, create }: Changing): void {
  const file = (name: string): string => join(REGISTRY, `${name}.json`);
  const write = (name: string, text: string): void => writeFileSync(file(name), text, { mode: 0o644 });
  const config = join(plain.dir, 'config.json');
  const tree = (readonly: boolean): string =>
    JSON.stringify({ trees: { one: { path: bundle.rootfs, readonly } }, default: 'one' });
  const explain = ['explain', bundle.dir];
  const lives = (start: readonly string[]): readonly Step[] => [
    ['a container is there', ['list'], () => call(lab, start)],
    [
      'its state changes',
      ['list'],
      () => replace(join(lab.root, id, 'state.json'), plain.dir, plain.dir.replace(/.$/, '_')),
    ],
    ['it is gone', ['list'], () => chos(lab, ['delete', '--force', id])],
  ];
  const steps: readonly Step[] = [
    ['nothing yet', explain, () => undefined],
    ['a tree is registered', explain, () => write('a', tree(true).replace('true', 'true '))],
    ['its option changes', explain, () => replace(file('a'), 'true ', 'false')],
    ['a second file is broken', explain, () => write('b', '{"trees": ')],
    ['it is mended, with a share', explain, () => write('b', '{"shares": [{"path": "/tmp"}]}')],
    ['the share is another one', explain, () => replace(file('b'), '/tmp', '/opt')],
    ['the tree is registered twice', explain, () => write('c', tree(false))],
    ['one of them is removed', explain, () => rmSync(file('c'))],
    ['the share is removed', explain, () => rmSync(file('b'))],
    ['anybody may write it', explain, () => execFileSync('chmod', ['666', file('a')])],
    ['the registry is removed', explain, () => rmSync(file('a'))],
    ['a bundle without a tree', ['explain', plain.dir], () => undefined],
    ['its config.json changes', ['explain', plain.dir], () => replace(config, '3600', '3601')],
    ...(create === null ? [] : lives(create)),
  ];
  const told = ({ code, out, err }: Ended): string => JSON.stringify([code, out, err]);
  let last = '';
  let different = 0;
  for (const [name, command, change] of steps) {
    change();
    const answered = service.answered();
    const [warm, again] = [chos(lab, command), chos(lab, command)];
    const asked = service.answered() - answered;
    renameSync(socket, `${socket}.away`);
    const cold = chos(lab, command);
    renameSync(`${socket}.away`, socket);
    if (told(cold) !== last) different++;
    last = told(cold);
    check(`${of}: ${name}`, [
      ...(asked === 2 ? [] : [`the service has answered ${asked} of 2`]),
      ...([warm, again].every(one => told(one) === last)
        ? []
        : [`${told(warm)}, ${told(again)} and cold ${last}`]),
    ]);
  }
  check(
    `${of}: the changes can be seen`,
    different === steps.length ? [] : [`${different} of ${steps.length}`],
  );
}

/** The registry is root's, and so is who changes it here; who asks, and whose service answers, is a user. */
export async function usersChanges(outer: Lab): Promise<void> {
  const dir = mkdtempSync(join(outer.dir, 'asked-by-user-'));
  chmodSync(dir, 0o755);
  const own = join(dir, 'xdg');
  const root = join(dir, 'root');
  for (const path of [own, root]) {
    mkdirSync(path, { mode: 0o700 });
    chownSync(path, USER, USER);
  }
  const through = ['setpriv', '--reuid', `${USER}`, '--regid', `${USER}`, '--clear-groups'];
  const runtime = join(dir, 'as-user');
  writeFileSync(runtime, `#!/bin/sh\nexec ${through.join(' ')} ${outer.runtime} "$@"\n`, { mode: 0o755 });
  const env = { XDG_RUNTIME_DIR: own };
  const lab: Lab = { ...outer, dir, root, runtime, env };
  const service = await startService(outer.runtime, dir, env, through);
  const socket = join(own, STATE_ROOT_NAME, SERVICE_SOCKET);
  changes({ of: 'warm, user', lab, socket, service, id: '', ...bundlesOf(lab), create: null });
  await service.end();
  rmSync(dir, { recursive: true });
}
