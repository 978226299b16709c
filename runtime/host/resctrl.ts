/** Where resctrl is mounted, and what is there of the group that a config.json names. Asked only for those that have linux.intelRdt. */
import { existsSync } from 'node:fs';
import type { HostFacts, ResctrlFacts } from '../../spec/host-facts.js';
import type { NormalConfig } from '../../spec/normal-config.js';
import { DEFAULT_GROUP } from '../../spec/resctrl.js';
import { mountsOfType } from './facts-text.js';
import { readProc } from './read-proc.js';

/** What is looked at, so that a test can put another machine in its place. */
export interface ResctrlSources {
  readonly exists: (path: string) => boolean;
  readonly read: (path: string) => string | null;
}

const machine: ResctrlSources = { exists: existsSync, read: readProc };

/** Null: it is mounted nowhere. `closId`: null if the container is to have a group of its own. */
export function probeResctrl(
  closId: string | null,
  { exists, read }: ResctrlSources = machine,
): ResctrlFacts | null {
  const [mount] = mountsOfType(read('/proc/self/mountinfo') ?? '', 'resctrl');
  if (mount === undefined) return null;
  if (closId === null) return { mount, group: null };
  const group = closId === DEFAULT_GROUP ? mount : `${mount}/${closId}`;
  return { mount, group: exists(group) ? { schemata: read(`${group}/schemata`) ?? '' } : null };
}

/** Facts for a container with this config.json. */
export function withResctrl(facts: HostFacts, { linux }: Pick<NormalConfig, 'linux'>): HostFacts {
  if (linux.intelRdt === null) return facts;
  const resctrl = probeResctrl(linux.intelRdt.closId);
  return resctrl === null ? facts : { ...facts, resctrl };
}
