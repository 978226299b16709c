import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stateTemplate } from '../../spec/records/state.js';
import { processInfo } from '../host/process-info.js';
import { listStates, readState } from './read-state.js';

const root = mkdtempSync(join(tmpdir(), 'chos-state-'));
const euid = process.geteuid?.() ?? 0;
const own = processInfo(process.pid);
const cgroup = join(root, 'no-container', 'cgroup');
mkdirSync(cgroup, { recursive: true });

const stateText = (id: string, pid: number, pidStart: string): string =>
  stateTemplate(
    {
      ociVersion: '1.3.0',
      bundle: '/b',
      rootfs: '/b/rootfs',
      owner: 'root',
      annotations: {},
      chos: {
        cgroupManager: 'cgroupfs',
        cgroups: [[cgroup]],
        backEnd: 'private',
        variables: [],
        shared: undefined,
        link: undefined,
        entry: 'create',
      },
    },
    (_, name) => String({ pid, pidStart, id, created: '2026-01-02T03:04:05.678Z' }[name]),
  ).join('');

const container = (id: string, files: Record<string, string>): void => {
  mkdirSync(join(root, id));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, id, name), text);
};
const statusOf = (id: string): string => {
  const read = readState(root, id, euid);
  return read.kind === 'state' ? read.live.status : read.kind;
};

test('the status follows from what is there now', () => {
  const start = own?.start ?? '';
  container('running', { 'state.json': stateText('running', process.pid, start) });
  container('created', { 'state.json': stateText('created', process.pid, start), 'exec.fifo': '' });
  container('creating', { 'state.json': stateText('creating', 0, '0') });
  container('reused', { 'state.json': stateText('reused', process.pid, `${start}1`) });
  container('gone', { 'state.json': stateText('gone', 4194303, start) });
  for (const id of ['running', 'created', 'creating']) assert.is(statusOf(id), id);
  assert.is(statusOf('reused'), 'stopped');
  assert.is(statusOf('gone'), 'stopped');
});

test('a frozen cgroup is paused, on v1 and on v2', () => {
  writeFileSync(join(cgroup, 'cgroup.freeze'), '1\n');
  assert.is(statusOf('running'), 'paused');
  writeFileSync(join(cgroup, 'cgroup.freeze'), '0\n');
  writeFileSync(join(cgroup, 'freezer.state'), 'FROZEN\n');
  assert.is(statusOf('running'), 'paused');
  writeFileSync(join(cgroup, 'freezer.state'), 'THAWED\n');
  assert.is(statusOf('running'), 'running');
});

test('a cgroup that is being frozen, or is frozen from above, is paused; so is one that waits for its start', () => {
  const cases = {
    'freezer.state': ['FREEZING\n', 'THAWED\n'],
    'cgroup.events': ['populated 1\nfrozen 1\n', 'populated 1\nfrozen 0\n'],
    'cgroup.freeze': ['1\n', '0\n'],
  } as const;
  for (const [file, [frozen, thawed]] of Object.entries(cases)) {
    writeFileSync(join(cgroup, file), frozen);
    for (const id of ['running', 'created']) assert.is(statusOf(id), 'paused', file);
    assert.is(statusOf('gone'), 'stopped', file);
    writeFileSync(join(cgroup, file), thawed);
    for (const id of ['running', 'created']) assert.is(statusOf(id), id, file);
  }
});

test('while hooks are at work it is creating, also for one in its pid namespace, who does not see its init', () => {
  const start = own?.start ?? '';
  const cases = {
    seen: [process.pid, start],
    unseen: [4194303, start],
    another: [process.pid, `${start}1`],
  } as const;
  for (const [id, [pid, pidStart]] of Object.entries(cases)) {
    container(id, { 'state.json': stateText(id, pid, pidStart) });
    const fifo = join(root, id, 'creating');
    spawnSync('mkfifo', [fifo]);
    const held = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    assert.is(statusOf(id), id === 'another' ? 'stopped' : 'creating', id);
    closeSync(held);
    assert.is(statusOf(id), id === 'seen' ? 'running' : 'stopped', id);
    rmSync(join(root, id), { recursive: true });
  }
});

test('half-made, foreign and hostile directories', () => {
  container('half', {});
  container('durable', { program: 'x' });
  container('torn', { 'state.json': '{"pid":12,"pidSt' });
  container('other', { 'state.json': stateText('someone-else', 1, '1') });
  container('list', { 'state.json': '[]' });
  container('negative', { 'state.json': stateText('negative', -1, '1') });
  container('link-as-state', {});
  symlinkSync('/etc/passwd', join(root, 'link-as-state', 'state.json'));
  container('huge', { 'state.json': '{' });
  truncateSync(join(root, 'huge', 'state.json'), 2 ** 33);
  container('fifo-as-state', {});
  spawnSync('mkfifo', [join(root, 'fifo-as-state', 'state.json')]);
  container('socket-as-state', {});
  spawnSync('python3', [
    '-c',
    `import socket; socket.socket(1).bind("${join(root, 'socket-as-state', 'state.json')}")`,
  ]);
  writeFileSync(join(root, 'plain-file'), '');
  symlinkSync('/etc', join(root, 'link'));
  assert.equal(readState(root, 'half', euid), { kind: 'half-created', durable: false });
  assert.equal(readState(root, 'durable', euid), { kind: 'half-created', durable: true });
  for (const id of [
    'torn',
    'other',
    'list',
    'negative',
    'link-as-state',
    'huge',
    'fifo-as-state',
    'socket-as-state',
  ])
    assert.is(statusOf(id), 'malformed', id);
  for (const id of ['plain-file', 'link']) assert.is(statusOf(id), 'distrust', id);
  assert.is(statusOf('nobody'), 'absent');
});

test('the list leaves out what cannot be read', () => {
  const ids = listStates(root, euid).map(({ state }) => state.id);
  assert.equal(ids, ['created', 'creating', 'gone', 'reused', 'running']);
  assert.equal(listStates(join(root, 'absent'), euid), []);
});

test.after(() => rmSync(root, { recursive: true }));
test.run();
