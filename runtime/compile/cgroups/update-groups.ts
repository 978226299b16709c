/**
 * `update`: other limits for the groups of a container that runs. The kernel takes some of them only in one order, which depends on what holds now: memory above
 * memory with swap never, nor a burst above the quota. So each is tried in turn, and what was refused is tried once more when the others are set. If it is refused
 * again, all that was written is taken back.
 */
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import type { NormalResources } from '../../../spec/normal-resources.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring, when } from '../../program/control.js';
import { buffer, field, type Slot, slot, slots, text } from '../../program/operand.js';
import { call, fail, type Line, move, scan, subroutine, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import type { AskedResources } from './driver.js';
import { enableControllers, neededControllers, type PlacedLimit, placeLimits } from './limit-groups.js';
import { isUnlimited } from './limits.js';
import { openPlace } from './open-place.js';
import { type CgroupPlan, directoryOf, shownPath } from './plan.js';
import { savedLimit } from './saved-limits.js';
import { writeEither } from './write-file.js';

export function updateGroups(
  launch: Launch,
  plan: CgroupPlan,
  asked: AskedResources,
  refuse: Refuse,
): readonly Action[] {
  const wanted = { ...asked, resources: withSwap(asked.resources) };
  const limits = placeLimits(launch, plan, wanted, refuse);
  if (limits.length === 0) return [];
  return [
    ...checkMemory(launch, plan, wanted),
    ...enableMissing(launch, limits),
    remember(launch, limits),
    ...change(launch, limits, wanted),
  ];
}

/** Without a limit of memory one of memory and swap has no sense either, and on v1 it would forbid it. So do crun and runc. */
function withSwap(resources: NormalResources): NormalResources {
  const { limitBytes, swapBytes } = resources.memory;
  const unlimited = limitBytes !== null && limitBytes < 0 && swapBytes === null;
  return unlimited ? { ...resources, memory: { ...resources.memory, swapBytes: -1 } } : resources;
}

/** v2 kills where a limit is below what is used, v1 refuses such a limit by itself (config-linux.md, checkBeforeUpdate). */
function checkMemory(
  launch: Launch,
  plan: CgroupPlan,
  { resources, because }: AskedResources,
): readonly Action[] {
  const { limitBytes: limit, checkBeforeUpdate } = resources.memory;
  const d = directoryOf(plan, 'memory');
  const checked = checkBeforeUpdate ?? launch.config.linux.resources.memory.checkBeforeUpdate ?? false;
  if (!checked || limit === null || limit < 0 || d?.version !== 2) return [];
  const used = slots('memory_used', 2);
  return [
    operation(
      { kind: 'check-memory-use', path: shownPath(d), limit, because: because('memory', 'limit') },
      [
        ...readNumber(launch, d, 'memory.current', used),
        ...when(used, 'GT', BigInt(limit), [fail(errnos.EBUSY.number)]),
      ],
      { shown: [field(TemplateField.DECIMAL, used)] },
    ),
  ];
}

function readNumber({ open }: Launch, d: PlacedLimit['directory'], file: string, to: Slot): readonly Line[] {
  const dir = slot('use_dir');
  const fd = slot('use_fd');
  const size = slot('use_size');
  const content = buffer('use_text', 64);
  return [
    openPlace(open, d.memory, dir),
    sys('openat', [dir, text(file), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
    sys('close', [dir]),
    sys('read', [fd, content, 63], { to: size }),
    sys('close', [fd]),
    scan('NUMBER', { buffer: content, length: size }, { to }),
  ];
}

/** Only where a file is missing: whoever may set limits need not be allowed to change what is above. */
function enableMissing(launch: Launch, limits: readonly PlacedLimit[]): readonly Action[] {
  const { open } = launch;
  return [...neededControllers(limits)].map(([directory, controllers]) => {
    const dir = slot('enable_dir');
    const missing = slot('enable_missing');
    const files = limits.filter(one => one.directory === directory && controllers.has(one.limit.controller));
    return operation(
      {
        kind: 'enable-controllers',
        path: shownPath(directory),
        controllers: [...controllers],
        because: rule('cgroup v2 controllers'),
      },
      [
        openPlace(open, directory.memory, dir),
        ...files.flatMap(({ limit }) =>
          attempt(['ENOENT'], none => [sys('faccessat2', [dir, text(limit.file), 0, 0], none)], [
            move(missing, 1),
          ]),
        ),
        sys('close', [dir]),
        ...when(missing, 'NE', 0, enableControllers(launch, directory, [...controllers])),
      ],
    );
  });
}

/** Twice, because of what the kernel takes in one order only. */
function remember(launch: Launch, limits: readonly PlacedLimit[]): Action {
  const saved = limits.map(one => savedLimit(launch, one));
  const restore = subroutine(
    'restore_limits',
    saved.flatMap(one => one.restore),
  );
  return operation(
    { kind: 'remember-limits', because: rule('all limits or none') },
    saved.flatMap(({ save }) => save),
    { undo: [call(restore), call(restore)] },
  );
}

function change(launch: Launch, limits: readonly PlacedLimit[], asked: AskedResources): readonly Action[] {
  const again: Action[] = [];
  const first = limits.map(one => {
    const { limit, directory } = one;
    const waits = limits.some(other => other !== one && other.limit.controller === limit.controller);
    const refused = slot('limit_refused');
    const record = {
      kind: 'change-limit',
      path: shownPath(directory),
      file: limit.file,
      value: limit.value,
      ...(limit.rather ? { rather: limit.rather.file, ratherValue: limit.rather.value } : {}),
      because: asked.because(...limit.property),
    } as const;
    if (waits)
      again.push(operation(record, when(refused, 'NE', 0, writeEither(launch, directory.memory, limit))));
    return operation(record, [
      // What is without limit needs no file: memory.memsw.limit_in_bytes is missing where swap is not counted.
      ...ignoring(isUnlimited(limit) ? ['ENOENT'] : [], missing =>
        waits
          ? attempt(
              ['EINVAL', 'EBUSY'],
              no => writeEither(launch, directory.memory, limit, { missing, refused: no }),
              [move(refused, 1)],
            )
          : writeEither(launch, directory.memory, limit, { missing }),
      ),
    ]);
  });
  return [...first, ...again];
}
