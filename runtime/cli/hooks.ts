/** `hooks list|check|match|run|install|remove`: the hooks of hooks.d, by hand. */
import { join } from 'node:path';
import { hookActions } from '../../spec/commands.js';
import { type Found, type HookFile, readDirectories } from '../hooks/directories.js';
import { match } from '../hooks/match.js';
import { DIRECTORIES } from '../hooks/places.js';
import { jsonText } from '../report/json-text.js';
import { table } from '../report/table.js';
import { visible } from '../report/visible.js';
import { broken, faultsOfHooks } from './hook-findings.js';
import { hookSubject } from './hook-subject.js';
import { installHook, removeHook } from './hooks-install.js';
import { runHook } from './hooks-run.js';
import { absolute, done, failed, type Invocation, type Outcome } from './invocation.js';
import { outputFormat } from './output-format.js';

/** What the options name, else the operand of `check`, else Podman's. */
function look(invocation: Invocation, operand?: string): Found {
  const { lists } = invocation.line.options;
  const given = [...(lists.get('dir') ?? []), ...(lists.get('hooks-dir') ?? [])];
  if (given.length === 0 && operand !== undefined) given.push(operand);
  return given.length === 0
    ? readDirectories(DIRECTORIES, false)
    : readDirectories(
        given.map(path => absolute(invocation, path)),
        true,
      );
}

const used = ({ files }: Found): readonly HookFile[] => files.filter(file => file.replacedBy === null);

function list(invocation: Invocation): Outcome {
  const format = outputFormat(invocation, ['table', 'json']);
  if (format.kind === 'failure') return format;
  const found = look(invocation);
  const rows = used(found).flatMap(({ name, file, read }) =>
    read.kind === 'read' ? [{ name, file, ...read.definition }] : [],
  );
  if (format.value === 'json') return done(`${jsonText(rows, 2)}\n`, broken(found));
  return done(
    table(
      ['HOOK', 'STAGES', 'WHEN', 'TIMEOUT', 'PROGRAM', 'FILE'],
      rows.map(({ name, stages, when, hook, file }) => [
        name,
        stages.join(','),
        JSON.stringify(when),
        hook.timeout === undefined ? 'none' : `${hook.timeout} s`,
        hook.path,
        file,
      ]),
    ),
    broken(found),
  );
}

function check(invocation: Invocation): Outcome {
  const { options, operands } = invocation.line;
  const [, operand] = operands;
  if (operand !== undefined && (options.lists.has('dir') || options.lists.has('hooks-dir')))
    return failed({ kind: 'usage', fault: { kind: 'conflict', one: '--dir', other: operand } });
  const found = look(invocation, operand);
  const faults = faultsOfHooks(found);
  const notes = found.files.flatMap(({ file, replacedBy, read }) => [
    ...(replacedBy === null ? [] : [`${file}: not used: ${replacedBy} has the same name`]),
    ...(read.kind === 'read' && read.definition.stages.includes('precreate')
      ? [`${file}: precreate is run by Podman itself; no runtime runs it`]
      : []),
  ]);
  const count = `${found.files.length} ${found.files.length === 1 ? 'file' : 'files'}, ${faults.length} wrong`;
  const out = [...faults, ...notes.map(visible), count].map(line => `${line}\n`).join('');
  return { kind: 'done', out, exitCode: faults.length > 0 ? 1 : 0 };
}

function matching(invocation: Invocation): Outcome {
  const format = outputFormat(invocation, ['table', 'json']);
  if (format.kind === 'failure') return format;
  const bundle = invocation.line.operands[1] ?? '.';
  const config = join(bundle, 'config.json');
  const subject = hookSubject(config, absolute(invocation, config));
  if (subject.kind === 'failure') return subject;
  const found = look(invocation);
  const rows = used(found).flatMap(({ name, read }) =>
    read.kind === 'read'
      ? [{ name, stages: read.definition.stages, ...match(read.definition, subject.value) }]
      : [],
  );
  if (format.value === 'json') return done(`${jsonText(rows, 2)}\n`, broken(found));
  const cells = rows.map(({ name, stages, runs, why }) => [name, stages.join(','), runs ? 'yes' : 'no', why]);
  return done(table(['HOOK', 'STAGES', 'RUNS', 'WHY'], cells), broken(found));
}

export function hooks(invocation: Invocation): Outcome | Promise<Outcome> {
  const given = invocation.line.operands[0] ?? '';
  const action = hookActions.find(name => name === given);
  switch (action) {
    case 'list':
      return list(invocation);
    case 'check':
      return check(invocation);
    case 'match':
      return matching(invocation);
    case 'run':
      return runHook(invocation, look(invocation));
    case 'install':
      return installHook(invocation);
    case 'remove':
      return removeHook(invocation);
    default:
      return failed({
        kind: 'usage',
        fault: { kind: 'unknown-action', command: 'hooks', given, actions: hookActions },
      });
  }
}
