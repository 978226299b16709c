import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bootId } from '../host/boot-id.js';
import { thisProcess } from '../host/caller.js';
import { probeHostFacts } from '../host/facts.js';
import { ownRequest } from './own-request.js';
import { unfitFacts } from './unfit-facts.js';

const facts = probeHostFacts(thisProcess());
const invocation = { request: ownRequest([]) };

test('facts of another machine, where what is found out here counts', () => {
  const own = { facts, machine: bootId() };
  const otherMachine = { facts, machine: 'another' };
  const otherCaller = { facts: { ...facts, euid: facts.euid + 1 }, machine: 'another' };
  const why = (given: typeof own | null, backEnd: 'private' | 'pinned' | 'kmod' | null, systemd = false) => {
    const found = unfitFacts(
      given,
      invocation,
      backEnd === null ? null : { backEnd },
      systemd ? 'systemd' : 'cgroupfs',
    );
    return found?.kind === 'facts-of-another' ? [found.of, found.what] : null;
  };
  for (const backEnd of ['private', 'pinned', 'kmod', null] as const)
    for (const systemd of [false, true]) {
      assert.is(why(null, backEnd, systemd), null);
      assert.is(why(own, backEnd, systemd), null);
    }
  assert.is(why(otherMachine, null), null);
  assert.is(why(otherMachine, 'private'), null, 'it is mounted anew');
  assert.equal(why(otherMachine, 'pinned'), ['machine', 'tree']);
  assert.equal(why(otherMachine, 'kmod'), ['machine', 'tree']);
  assert.equal(why(otherMachine, 'private', true), ['machine', 'systemd']);
  assert.equal(why(otherMachine, null, true), ['machine', 'systemd']);
  assert.is(why(otherCaller, null), null);
  assert.equal(why(otherCaller, 'private'), ['caller', 'tree']);
  assert.equal(why(otherCaller, null, true), ['caller', 'systemd']);
  // Where /proc tells nothing, nothing is known to be the same.
  assert.equal(why({ facts, machine: '' }, 'pinned'), ['machine', 'tree']);
});

test.run();
