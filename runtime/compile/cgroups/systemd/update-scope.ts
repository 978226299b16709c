/** `update`: systemd is told of the limits that it would otherwise write again. Where there is no systemd, nobody does. */
import { errnos } from '../../../../spec/errno.js';
import type { NormalResources } from '../../../../spec/normal-resources.js';
import type { UnitProperty } from '../../../../spec/systemd.js';
import type { Action } from '../../../program/action.js';
import { when } from '../../../program/control.js';
import { bytes } from '../../../program/operand.js';
import { call, fail, type Line } from '../../../program/step.js';
import { strangerChanges } from '../../../report/operations/systemd.js';
import { marshal } from '../../bus/marshal.js';
import { operation } from '../../idioms/operation.js';
import { type Launch, rule } from '../../launch/launch.js';
import { createManager, type Manager } from './manager.js';
import { createSpeech, failUnlessDone, type Speech, uidOf, unitField } from './outcome.js';
import type { ScopePlan } from './plan.js';
import { limitProperties, marshalProperties, versionOf } from './properties.js';

/** With whoever is none to be told: nothing has been changed yet. */
function see(m: Manager, plan: ScopePlan, speech: Speech): readonly Line[] {
  const { problem } = m.connection;
  return [
    call(m.reach),
    ...when(m.peer.isStranger, 'NE', 0, [
      ...speech.say(strangerChanges(unitField(plan), uidOf(m))),
      speech.fail(errnos.EPERM.number),
    ]),
    ...when(problem, 'NE', errnos.ENOENT.number, [
      ...when(problem, 'NE', errnos.ECONNREFUSED.number, [...when(problem, 'NE', 0, [fail(problem)])]),
    ]),
  ];
}

/** Of a unit that is there; systemd has written their files by the time of its answer. The connection is open, and ends. */
export function setProperties(
  m: Manager,
  plan: ScopePlan,
  properties: readonly UnitProperty[],
  speech: Speech,
): readonly Line[] {
  const marshalled = marshalProperties(properties);
  const first = Buffer.concat([marshal('b', [true]), Buffer.alloc(4)]);
  first.writeUInt32LE(marshalled.length, 4);
  const second = bytes('properties', marshalled);
  return [
    ...m.ask('SetUnitProperties', 'sba(sv)', plan.unit, { first, second }, false),
    ...failUnlessDone(m, unitField(plan), 'change', speech),
    call(m.connection.close),
  ];
}

/**
 * Around `changed`, which writes the files: the kernel may refuse, and what systemd has written it has forgotten how to take back. Who answers is seen before.
 */
export function updateScope(
  launch: Launch,
  plan: ScopePlan,
  resources: NormalResources,
  changed: readonly Action[],
): readonly Action[] {
  const version = versionOf(plan);
  const properties = limitProperties(resources, version);
  if (properties.length === 0) return changed;
  const m = createManager(launch);
  const unit = plan.unitTemplate.join('');
  const because = rule('update');
  const speech = createSpeech(because);
  return [
    operation({ kind: 'see-systemd', unit, because }, see(m, plan, speech)),
    ...changed,
    operation(
      { kind: 'set-properties', unit, properties: properties.map(({ name }) => name), because },
      when(m.connection.problem, 'EQ', 0, setProperties(m, plan, properties, speech)),
    ),
  ];
}
