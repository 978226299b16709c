/** Programs about the scope of `machine.slice:libpod:box`; what they come to is printed. */

import { AT_FDCWD } from '../../../../../spec/kernel.js';
import { when } from '../../../../program/control.js';
import { encode } from '../../../../program/encode.js';
import { slot, text } from '../../../../program/operand.js';
import { call, exit, exitReporting, sys } from '../../../../program/step.js';
import { action } from '../../../../program/test/action.js';
import { createLaunch, rule } from '../../../launch/launch.js';
import { inputOf, layouts } from '../../../test/input.js';
import { endScope } from '../end-scope.js';
import { createManager } from '../manager.js';
import { planScope } from '../plan.js';
import { limitProperties } from '../properties.js';
import { createRecord } from '../record-scope.js';
import { reachSystemd } from '../scope.js';
import { startScope } from '../start-scope.js';
import { nameUnit } from '../unit.js';
import { updateScope } from '../update-scope.js';
import { createOwnership, Whose } from '../whose.js';

export interface ScopeProgram {
  readonly path: string;
  readonly kind: 'direct' | 'bus';
  /** For all of it. */
  readonly milliseconds: number;
  /** `start`: it is started for process 4711, and stopped again. `record`: its directory is written down. `end`: what delete does. `update`: limits are changed. */
  readonly does?: 'start' | 'record' | 'end' | 'update';
  /** Where cgroups are, and the state directory. */
  readonly mount?: string;
  readonly stateDir?: string;
  /** More of `linux`. */
  readonly linux?: object;
  readonly annotations?: object;
}

export function scopeProgram({
  path,
  kind,
  milliseconds,
  does = 'start',
  mount = '/sys/fs/cgroup',
  stateDir = '/',
  linux = {},
  annotations = {},
}: ScopeProgram): Uint8Array {
  const launch = createLaunch(
    inputOf({
      config: { annotations, linux: { namespaces: [], cgroupsPath: 'machine.slice:libpod:box', ...linux } },
      facts: { cgroup: { ...layouts.v2, unified: { ...layouts.v2.unified, mount } } },
      options: {
        cgroupManager: 'systemd',
        systemd: {
          scope: 'system',
          sockets: [
            { path: `${path}.none`, kind: 'direct' },
            { path, kind },
          ],
          passedOver: null,
          cgroup: '/',
        },
      },
    }),
  );
  const named = nameUnit(launch.config.linux.cgroupsPath, 'system');
  if (named.kind === 'fault') throw new Error(named.fault.kind);
  const plan = planScope(launch.facts.cgroup, launch.options.systemd, named.unit, launch.cells.id);
  const manager = createManager(launch, milliseconds);
  const because = rule('test');
  const { stateFd } = launch.cells;
  const ownership = createOwnership(launch, manager, plan, stateFd);
  const record = createRecord(plan, stateFd);
  const end = endScope(manager, plan, ownership, record);
  const say = (word: string) =>
    action({ title: word, because }, [sys('write', [1, text(word), word.length])]);
  const sayWhose = Object.entries(Whose).flatMap(([word, value]) =>
    when(end.whose, 'EQ', value, [sys('write', [1, text(`${word}\n`), word.length + 1])]),
  );
  const stop = action({ title: 'stop', because }, [call(end.see), call(end.stop)]);
  const { resources } = launch.config.linux;
  const limits = limitProperties(resources, 2);
  const asked = slot('asked');
  // As systemd.ts has it.
  const undo = when(asked, 'NE', 0, [call(end.see), call(end.stop)]);
  const takeBack = action({ title: 'take back', because, undo }, []);
  const ways = {
    start: () => [
      takeBack,
      reachSystemd(launch, manager),
      startScope(launch, manager, plan, { name: named.unit, limits }, ownership, {
        pid: slot('pid', 4711),
        asked,
      }),
      say('started\n'),
      stop,
      say('stopped\n'),
    ],
    record: () => record.write,
    end: () => [action({ title: 'see', because }, [call(end.see), ...sayWhose]), stop],
    update: () => [...updateScope(launch, plan, resources, [say('changed\n')]), say('told\n')],
  };
  const actions = [
    action({ title: 'open', because }, [
      sys('openat', [AT_FDCWD, text(stateDir), launch.open.PATH, 0], { to: stateFd }),
    ]),
    ...ways[does](),
    action({ title: 'end', because }, [exit(0)]),
  ];
  return encode({
    arch: 'x86_64',
    joins: false,
    tracks: [{ name: 'host', actions, failed: [exitReporting(1)] }],
    entries: [{ entry: 'run', track: 'host' }],
    parameters: new Map(),
  });
}
