/** Every kind of operation has its words. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cgroups } from '../../../spec/operations/cgroups.js';
import { container } from '../../../spec/operations/container.js';
import { criu } from '../../../spec/operations/criu.js';
import { hooks } from '../../../spec/operations/hooks.js';
import { type Operation, type OperationKind, operations } from '../../../spec/operations/index.js';
import { launch } from '../../../spec/operations/launch.js';
import { namespaces } from '../../../spec/operations/namespaces.js';
import { pins } from '../../../spec/operations/pins.js';
import { process } from '../../../spec/operations/process.js';
import { root } from '../../../spec/operations/root.js';
import { stored } from '../../../spec/operations/stored.js';
import { views } from '../../../spec/operations/views.js';
import { titleOf, wordsFor } from './words.js';
import { errno } from './words-of.js';

test('each kind stands in the table of one wing', () => {
  const tables = [cgroups, container, criu, hooks, launch, namespaces, pins, process, root, stored, views];
  assert.equal(tables.flatMap(table => Object.keys(table)).sort(), Object.keys(operations).sort());
});

/** Something for each field of a kind. */
const example = {
  text: '/some/path',
  number: 493,
  integer: 2n ** 64n - 1n,
  flag: true,
  texts: ['CAP_KILL'],
  numbers: [7],
};

/** A record of the kind with every field that it may have. */
function exampleOf(kind: OperationKind): Operation {
  const fields = Object.entries(operations[kind] as Readonly<Record<string, string | readonly string[]>>).map(
    ([name, type]) => [
      name,
      typeof type === 'string' ? example[type.replace('?', '') as keyof typeof example] : type[0],
    ],
  );
  return { kind, because: { kind: 'rule', rule: 'test' }, ...Object.fromEntries(fields) } as Operation;
}

test('a title is one line that says what is done', () => {
  for (const kind of Object.keys(operations) as OperationKind[]) {
    const title = titleOf(exampleOf(kind));
    assert.match(title, /^[a-z][^\n]*[^\s]$/, `${kind}: ${title}`);
    assert.not.match(title, /undefined|\[object|^(be|have|it|its) /, `${kind}: ${title}`);
  }
});

/** Of what config.json asks for, also where the message is another than verb and object. */
test('a failure says where it was asked for', () => {
  const place = ' (config.json:7 linux.memoryPolicy)';
  const because = { kind: 'config', file: 'config.json', path: 'linux.memoryPolicy', line: 7 } as const;
  const shown = Array.from({ length: 4 }, () => errno);
  const without: string[] = [];
  for (const kind of Object.keys(operations) as OperationKind[]) {
    const words = wordsFor({ ...exampleOf(kind), because } as Operation, shown);
    const places = words.filter(one => typeof one === 'string' && one.includes(place));
    if (places.length === 0) without.push(kind);
    else assert.is(places.length === 1 && words.at(-1), place, kind);
  }
  assert.equal(without.sort(), [
    'become-hook',
    'check-executable',
    'check-interpreter',
    'enter-bundle',
    'execute',
    'execute-hook',
    'execute-map-helper',
    'find-executable',
  ]);
});

test('where systemd is looked for, or why nowhere', () => {
  const say = (sockets: readonly string[], passedOver?: string): string => {
    const because = { kind: 'rule', rule: 'test' } as const;
    const record = { kind: 'reach-systemd', sockets, ...(passedOver ? { passedOver } : {}), because };
    const words = wordsFor(record as Operation, []);
    return words.map(one => (typeof one === 'string' ? one : 'ERRNO')).join('');
  };
  const hint = 'without it: --cgroup-manager cgroupfs)';
  assert.is(say(['/a', '/b']), `reach systemd at /a or /b: ERRNO (is it running? ${hint}`);
  const odd = 'DBUS_SYSTEM_BUS_ADDRESS names no Unix socket that there could be';
  assert.is(say([], 'DBUS_SYSTEM_BUS_ADDRESS'), `reach systemd: ${odd} (${hint}`);
  assert.is(
    say(['/a'], 'DBUS_SYSTEM_BUS_ADDRESS'),
    `reach systemd at /a: ERRNO (is it running? ${odd}; ${hint}`,
  );
  assert.is(say([]), `reach systemd: the path of its socket would be too long (${hint}`);
});

test.run();
