import * as assert from 'uvu/assert';
import { test } from '../case.js';

/** What prints; `explain` and `tree` are ours alone. */
const printing: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['state', ['ID']],
  ['list', []],
  ['list', ['--format', 'json']],
  ['ps', ['--format', 'json', 'ID']],
  ['features', []],
];

for (const [command, args] of printing) {
  test(
    `output/${[command, ...args.filter(word => word !== 'ID')].join('-').replaceAll('--', '')}-to-a-full-disk`,
    {
      drive: async t => {
        await t.create();
        const words = args.map(word => (word === 'ID' ? t.id : word));
        const good = await t.call(command, words);
        const full = await t.call(command, words, { through: ['sh', '-c', 'exec "$@" >/dev/full', 'sh'] });
        assert.is(good.code, 0, good.stderr);
        assert.is.not(full.code, 0, 'nobody could read it');
        assert.is(full.stderr.trim().split('\n').length, 1, full.stderr);
        assert.match(full.stderr, /no space left on device/i);
      },
    },
  );
}
