import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exercise } from './exercise.js';

test('each round asks for what no other has: an answer that is known warms up nothing', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'exercise-'));
  try {
    const asked: string[] = [];
    await exercise(
      async ({ argv, cwd }) => {
        const files = ['config.json', 'process.json'].map(name => readFileSync(join(cwd, name), 'utf8'));
        const command = argv.find(word => ['create', 'run', 'exec'].includes(word));
        const read = command === 'exec' ? (argv.includes('--process') ? files[1] : '') : files[0];
        asked.push([...argv, read].join(' '));
        return { kind: 'cold', message: '' };
      },
      scratch,
      3,
    );
    assert.is(asked.length, 12);
    assert.is(new Set(asked).size, 12);
    assert.equal(readdirSync(scratch), []);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test.run();
