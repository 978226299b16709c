import type { Launch } from '../launch/launch.js';
import type { Contribution } from '../launch/phases.js';
import { enterJoined, joinedNamespaces, loopback, openJoined, unshareCgroup } from './namespaces.js';
import type { TimeNamespace } from './time.js';

/** Namespaces that are made by clone3(2) are flags of it (namespaces.ts). */
export function namespacesInLaunch(launch: Launch, time: TimeNamespace): Contribution {
  const joined = joinedNamespaces(launch);
  return {
    host: { 'joined-namespaces': openJoined(launch, joined), clocks: time.make },
    init: {
      'cgroup-namespace': unshareCgroup(launch),
      namespaces: enterJoined(launch, joined),
      loopback: loopback(launch),
    },
  };
}
