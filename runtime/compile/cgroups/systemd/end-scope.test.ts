/** What delete and update do when somebody answers who is not systemd, or systemd does not say whose the unit is. */
import { chmodSync, mkdirSync, readlinkSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Answer, busError, busReturn } from '../../bus/test/fake-bus.js';
import { listed } from './test/scope-answers.js';
import { members, scopeRuns, sound } from './test/scope-runs.js';

const { startAndStop: run, base, end } = scopeRuns();
test.after(end);

const UNIT = 'libpod-box.scope';
const mount = join(base, 'cgroup');
const scope = join(mount, 'machine.slice', UNIT);
const stateDir = join(base, 'state');

const silent: Answer = () => [];
const outlasts = { outlasts: ['ListUnitsByNames', 1] } as const;

/** The directory of the scope, written down. */
async function recorded(): Promise<void> {
  for (const dir of [mount, stateDir]) rmSync(dir, { recursive: true, force: true });
  mkdirSync(scope, { recursive: true });
  mkdirSync(stateDir);
  const { out } = await run(silent, { does: 'record', mount, stateDir });
  assert.is(out, '');
  assert.is(readlinkSync(join(stateDir, 'scope-cgroup')), `${statSync(scope).ino}`);
}

/** Another directory takes its place. */
function replace(): void {
  renameSync(scope, `${scope}.old`);
  mkdirSync(scope);
}

const refusing: Answer = heard => [
  busError(heard, 'org.freedesktop.DBus.Error.AccessDenied', 'Access denied'),
];

for (const [name, answer, why] of [
  ['silence', silent, 'no answer within 30 seconds'],
  ['a refusal', refusing, 'refused: Access denied \\(org.freedesktop.DBus.Error.AccessDenied\\)'],
  ['garbage', () => [Buffer.alloc(64, 'x')], 'what it answered is no message of D-Bus'],
] as const) {
  test(`${name}, and the directory is the same: it is removed without systemd, with a warning`, async () => {
    await recorded();
    const { out } = await run(answer, {
      does: 'end',
      mount,
      stateDir,
      ...(answer === silent ? outlasts : {}),
    });
    assert.match(
      out,
      new RegExp(
        `^UNKNOWN\n.*warning: systemd did not tell whose ${UNIT} is: ${why}; its cgroups are removed without it\n$`,
      ),
    );
  });

  test(`${name}, and it is another directory: it is left alone, with a warning`, async () => {
    await recorded();
    replace();
    const { out, heard } = await run(answer, {
      does: 'end',
      mount,
      stateDir,
      ...(answer === silent ? outlasts : {}),
    });
    assert.match(
      out,
      new RegExp(
        `^OTHERS\n.*warning: systemd did not tell whose ${UNIT} is: ${why}; its cgroup is another by now, and is left alone\n$`,
      ),
    );
    assert.equal(members(heard), ['ListUnitsByNames']);
  });
}

test('no systemd, and another directory: it is left alone without a word', async () => {
  await recorded();
  replace();
  const { out } = await run(sound, { does: 'end', mount, stateDir, absent: true });
  assert.is(out, 'OTHERS\n');
});

test('what systemd says counts more than the directory', async () => {
  await recorded();
  replace();
  const { out } = await run(heard => [listed(heard, UNIT, 'not-found', 'inactive')], {
    does: 'end',
    ...{ mount, stateDir },
  });
  assert.is(out, 'NOBODYS\n');
});

test('a directory that is gone, or was never written down, is nobody else’s', async () => {
  await recorded();
  rmSync(scope, { recursive: true });
  assert.match((await run(silent, { does: 'end', mount, stateDir, ...outlasts })).out, /^UNKNOWN\n/);
  mkdirSync(scope);
  rmSync(join(stateDir, 'scope-cgroup'));
  assert.match((await run(silent, { does: 'end', mount, stateDir, ...outlasts })).out, /^UNKNOWN\n/);
});

if (process.getuid?.() === 0) {
  chmodSync(base, 0o777);
  const stranger = 'the socket is one of uid 4711, who is neither root nor its caller';

  test('delete asks nothing of a stranger, and goes by the directory', async () => {
    await recorded();
    const same = await run(sound, { does: 'end', mount, stateDir, owner: 4711 });
    assert.match(
      same.out,
      new RegExp(`^UNKNOWN\n.*warning: systemd is not asked for ${UNIT}: ${stranger}\n$`),
    );
    assert.equal(members(same.heard), []);
    replace();
    const other = await run(sound, { does: 'end', mount, stateDir, owner: 4711 });
    assert.match(
      other.out,
      new RegExp(`^OTHERS\n.*warning: systemd is not asked for ${UNIT}: ${stranger}\n$`),
    );
  });

  test('update changes nothing where a stranger answers', async () => {
    const config = { resources: { pids: { limit: 7 } } };
    const { out, heard } = await run(sound, { does: 'update', config, owner: 4711 });
    assert.match(out, new RegExp(`^[^\n]*let systemd change ${UNIT}: ${stranger}\n$`));
    assert.equal(members(heard), []);
  });
}

test('update: the files, then systemd; a refusal is told', async () => {
  const config = { resources: { pids: { limit: 7 } } };
  const told = await run(heard => [busReturn(heard)], { does: 'update', config });
  assert.is(told.out, 'changed\ntold\n');
  assert.equal(members(told.heard), ['SetUnitProperties']);
  const refused = await run(refusing, { does: 'update', config });
  assert.match(refused.out, new RegExp(`^changed\n.*let systemd change ${UNIT}: refused: Access denied`));
});

test.run();
