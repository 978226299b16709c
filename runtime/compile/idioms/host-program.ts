import type { Arch } from '../../../spec/image.js';
import type { Action, Program, Track } from '../../program/action.js';
import { exitReporting } from '../../program/step.js';

/** A program without a container: what is done for the machine. `more`: tracks that the one of the command begins. */
export function hostProgram(arch: Arch, actions: readonly Action[], more: readonly Track[] = []): Program {
  return {
    arch,
    joins: false,
    tracks: [{ name: 'host', actions, failed: [exitReporting(1)] }, ...more],
    entries: [{ entry: 'host', track: 'host' }],
    parameters: new Map(),
  };
}
