/** `list` and `exec` look at the freezer themselves, `state`, `kill` and their like have a stored program look: both find the same, whatever the files hold. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openFlags } from '../../spec/kernel.js';
import { Frost } from '../compile/cgroups/driver.js';
import { frostSensor } from '../compile/cgroups/freezer.js';
import { native, results, scratch } from '../engine/test/engine.js';
import * as o from '../program/operand.js';
import * as s from '../program/step.js';
import { isFrozen } from './frozen.js';

const [v1, v2] = [join(scratch, 'freezer'), join(scratch, 'unified')];
const only = native ? test : test.skip;

/** null: there is no such file. */
function holds(directory: string, file: string, text: string | null): void {
  mkdirSync(directory, { recursive: true });
  if (text === null) rmSync(join(directory, file), { force: true });
  else writeFileSync(join(directory, file), text);
}

function frostByProgram(): number {
  const { see, frost } = frostSensor(openFlags('x86_64'), [
    { place: o.text(v1), version: 1 },
    { place: o.text(v2), version: 2 },
  ]);
  return Number(results([s.call(see)], [frost]));
}

const states = [null, '', 'THAWED\n', 'FREEZING\n', 'FROZEN\n'];
const asked = [null, '', '0\n', '1\n'];
const events = [null, '', 'populated 1\nfrozen 0\n', 'populated 0\nfrozen 1\n'];

only('a stored program and TypeScript agree on who is paused, whatever the three files say', () => {
  for (const state of states)
    for (const freeze of asked)
      for (const event of events) {
        holds(v1, 'freezer.state', state);
        holds(v2, 'cgroup.freeze', freeze);
        holds(v2, 'cgroup.events', event);
        const which = JSON.stringify([state, freeze, event]);
        assert.is(isFrozen([v1, v2]), frostByProgram() !== Frost.THAWED, which);
      }
});

only('FREEZING is paused for both: not all processes stand still, but none is let go on', () => {
  holds(v1, 'freezer.state', 'FREEZING\n');
  holds(v2, 'cgroup.freeze', '0\n');
  holds(v2, 'cgroup.events', 'populated 1\nfrozen 0\n');
  assert.equal([isFrozen([v1, v2]), frostByProgram()], [true, Frost.FREEZING]);
  holds(v1, 'freezer.state', 'THAWED\n');
  holds(v2, 'cgroup.freeze', '1\n');
  assert.equal([isFrozen([v1, v2]), frostByProgram()], [true, Frost.FREEZING]);
  holds(v2, 'cgroup.freeze', '0\n');
  assert.equal([isFrozen([v1, v2]), frostByProgram()], [false, Frost.THAWED]);
});

only('groups that are gone are not frozen', () => {
  for (const directory of [v1, v2]) rmSync(directory, { recursive: true, force: true });
  assert.equal([isFrozen([v1, v2]), frostByProgram()], [false, Frost.THAWED]);
});

test.run();
