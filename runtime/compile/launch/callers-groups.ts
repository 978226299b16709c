/** The supplementary groups that whoever calls the runtime has: no part of a container, unless it is asked for or nobody may take them away. */
import type { Action } from '../../program/action.js';
import { ignoring } from '../../program/control.js';
import { sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { keepsGroups } from './annotations.js';
import { mayFindGroupsDenied, mayNotSetGroups } from './confined.js';
import { type ProcessLaunch, rule } from './launch.js';

/** They stay, or give way to those of config.json; or stay only where that is denied. */
export type CallersGroups = 'kept' | 'replaced' | 'kept-if-denied';

export function callersGroups(launch: ProcessLaunch): CallersGroups {
  if (keepsGroups(launch.config) || mayNotSetGroups(launch)) return 'kept';
  return mayFindGroupsDenied(launch) ? 'kept-if-denied' : 'replaced';
}

/**
 * Right before a user namespace by path is entered, by who is root outside: where setgroups(2) is denied inside, nobody could drop them any more, and files of the host
 * would be open to the container by them. Root without CAP_SETGID (EPERM) has them dropped inside, if that may be done there.
 */
export function dropGroupsOutside(launch: ProcessLaunch): readonly Action[] {
  if (callersGroups(launch) !== 'kept-if-denied' || launch.facts.euid !== 0) return [];
  return [
    operation(
      { kind: 'drop-groups', because: rule('setgroups may be denied in a user namespace by path') },
      ignoring(['EPERM'], denied => [sys('setgroups', [0, 0], denied)]),
    ),
  ];
}
