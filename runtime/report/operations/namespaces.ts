import type { namespaces as catalog } from '../../../spec/operations/namespaces.js';
import { errno, type WordsOf } from './words-of.js';

export const namespaces: WordsOf<typeof catalog> = {
  'open-namespace': { title: o => `open the ${o.type} namespace ${o.path}` },
  'join-namespace': { title: o => `join the ${o.type} namespace ${o.path}` },
  'make-namespace': { title: o => `make a new ${o.type} namespace` },
  'set-clocks': { title: () => 'set the clocks of the time namespace' },
  'enter-time': { title: () => 'enter the new time namespace' },
  'map-ids': {
    title: o =>
      `map uids ${o.uids.join(', ')} and gids ${o.gids.join(', ')}${o.denies ? ', and deny setgroups' : ''}`,
    fails: () => ['map the ids of the user namespace'],
  },
  'ask-map-helper': { title: o => `ask ${o.path} to map ${o.lines.join(', ')}` },
  'execute-map-helper': {
    title: () => 'execute it',
    message: () => [errno],
    placeless: 'quoted by another message',
  },
  'become-mapped-root': {
    title: o => `become ${o.uid === undefined ? 'root' : `uid ${o.uid}`} of the user namespace`,
  },
  'open-to-caller': { title: () => 'let the caller look into this process' },
  'close-maps': { title: () => 'let nobody look into this process any more' },
  'let-maps-be-written': { title: () => 'let the caller write the maps of init' },
  'reach-network': { title: () => 'reach the networks of the host and of the container' },
  'move-net-device': { title: o => `move network device ${o.device} into the container` },
  'set-up-net-device': { title: o => `set up network device ${o.device} as ${o.name} in the container` },
  'make-id-map': {
    title: o => `map owners of mounts: uids ${o.uids.join(', ')} and gids ${o.gids.join(', ')}`,
    fails: () => ['map the owners of a mount'],
  },
  'hold-id-map': { title: () => 'hold the user namespace of a mount' },
  'begin-as-door': { title: () => 'begin as the door to the user namespace' },
  'start-init-behind-door': {
    title: () => 'start init and tell the host',
    fails: () => ['start init'],
  },
  'raise-loopback': { title: () => 'bring up the loopback interface' },
};
