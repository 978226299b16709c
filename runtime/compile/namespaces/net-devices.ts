/**
 * linux.netDevices (config-linux.md, "Network Devices"): devices of the host that go into the network namespace of the container, under another name if one is
 * given, with their permanent global addresses, and are up there. The host track does it while init waits: it has the rights, and sees both sides.
 */
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import {
  AF_NETLINK,
  AT_FDCWD,
  Clone,
  IFA_F_PERMANENT,
  IFA_LABEL,
  IFLA_IFNAME,
  IFLA_NET_NS_FD,
  NETLINK_GET_STRICT_CHK,
  NETLINK_ROUTE,
  NetlinkFlag,
  NLMSG_DONE,
  NLMSG_ERROR,
  RTM_GETADDR,
  RTM_SETLINK,
  SIOCGIFINDEX,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_NETLINK,
} from '../../../spec/kernel.js';
import type { NormalNetDevice } from '../../../spec/normal-config.js';
import type { Action } from '../../program/action.js';
import { repeat, when } from '../../program/control.js';
import {
  buffer,
  type Data,
  field,
  ref,
  type Slot,
  slot,
  struct,
  text,
  u8,
  u16,
  u32,
} from '../../program/operand.js';
import { alu, branch, fail, format, guard, type Line, load, move, store, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import type { Launch } from '../launch/launch.js';
import {
  ATTRIBUTE_TYPE,
  demand,
  Message,
  NAME_SIZE,
  numberAttribute,
  request,
  textAttribute,
} from './netlink.js';

const { REQUEST, ACK, CREATE, REPLACE, DUMP } = NetlinkFlag;
const IFF_UP = 1;
/** Its name until it has that which is asked for: the old one may be taken there, and %d is none. */
const ON_THE_WAY = 'chos-on-its-way';
/** What a dump can bring at once (net/netlink/af_netlink.c), and all that there is room for. */
const DUMP_STEP = 32_768;
const DUMP_SIZE = 8 * DUMP_STEP;

interface Sides {
  /** Sockets in the namespace of the host and in that of the container. */
  readonly outside: Slot;
  readonly inside: Slot;
  /** The namespaces themselves. */
  readonly own: Slot;
  readonly theirs: Slot;
}

/** Nothing of a device that is moved but for the index is known only when the program runs. */
function linkMessage(
  name: string,
  flags: number,
  change: number,
  attributes: Parameters<typeof struct>[1],
): Data {
  return request(name, RTM_SETLINK, REQUEST | ACK, [
    ...[u8(0), u8(0), u16(0), u32(0), u32(flags), u32(change)],
    ...attributes,
  ]);
}

/** Behind header and ifinfomsg comes the descriptor of the namespace, as the first attribute. */
const NAMESPACE_FD = 36;

function moveTo(socket: Slot, namespace: Slot, index: Slot, name: string): readonly Line[] {
  const message = linkMessage(`move ${name}`, 0, 0, [
    ...numberAttribute(IFLA_NET_NS_FD, 0),
    ...textAttribute(IFLA_IFNAME, name),
  ]);
  return [
    store('U32', message, Message.LINK_INDEX, index),
    store('U32', message, NAMESPACE_FD, namespace),
    ...demand(socket, message, message.size),
  ];
}

function indexOf(socket: Slot, name: string, to: Slot): readonly Line[] {
  const letters = Buffer.alloc(256);
  letters.write(name);
  const interface_ = struct(`ifreq ${name}`, [...letters].map(u8));
  return [sys('ioctl_struct', [socket, SIOCGIFINDEX, interface_]), load(to, 'I32', interface_, NAME_SIZE)];
}

interface Addresses {
  readonly messages: Data;
  /** Behind the last of them. */
  readonly end: Slot;
}

/** All addresses of the device, as the messages in which the kernel describes them. */
function readAddresses({ outside }: Sides, index: Slot, { messages, end }: Addresses): readonly Line[] {
  const query = request('addresses?', RTM_GETADDR, REQUEST | DUMP, [u8(0), u8(0), u8(0), u8(0), u32(0)]);
  const size = slot('dump_size');
  const room = slot('dump_room');
  const type = slot('dump_type');
  const first = slot('dump_first');
  return [
    store('U32', query, Message.ADDRESS_INDEX, index),
    sys('write', [outside, query, query.size]),
    move(end, messages),
    ...repeat(({ again, leave }) => [
      alu(room, end, 'SUB', messages),
      guard(room, 'LE', DUMP_SIZE - DUMP_STEP, errnos.ENOBUFS.number),
      sys('read', [outside, ref(end), DUMP_STEP], { to: size }),
      move(first, end),
      load(type, 'U16', ref(first), Message.TYPE),
      branch(type, 'EQ', NLMSG_DONE, leave),
      ...when(type, 'EQ', NLMSG_ERROR, [fail(errnos.EPROTO.number)]),
      alu(end, end, 'ADD', size),
      branch(0, 'EQ', 0, again),
    ]),
  ];
}

/** Ask for each that is permanent and global again, on the device where it is now: the kernel's description is the request, but for the label, the old name. */
function giveAddresses({ inside }: Sides, index: Slot, { messages, end }: Addresses): readonly Line[] {
  const at = slot('address_at');
  const size = slot('address_size');
  const type = slot('address_type');
  const flags = slot('address_flags');
  const scope = slot('address_scope');
  const next = slot('address_next');
  return [
    move(at, messages),
    ...repeat(({ again, leave }) => [
      branch(at, 'GE', end, leave),
      load(size, 'U32', ref(at)),
      guard(size, 'GE', Message.HEADER, errnos.EPROTO.number),
      load(type, 'U16', ref(at), Message.TYPE),
      branch(type, 'EQ', NLMSG_DONE, leave),
      alu(next, size, 'ADD', 3),
      alu(next, next, 'AND', ~3),
      alu(next, next, 'ADD', at),
      load(flags, 'U8', ref(at), Message.ADDRESS_FLAGS),
      load(scope, 'U8', ref(at), Message.ADDRESS_SCOPE),
      ...when(
        flags,
        'ANY',
        IFA_F_PERMANENT,
        when(scope, 'EQ', 0, [
          store('U16', ref(at), Message.FLAGS, REQUEST | ACK | CREATE | REPLACE),
          store('U32', ref(at), Message.ADDRESS_INDEX, index),
          ...withoutLabel(at, size),
          ...demand(inside, ref(at), size),
        ]),
      ),
      move(at, next),
      branch(0, 'EQ', 0, again),
    ]),
  ];
}

/** An attribute of type 0 is none. */
function withoutLabel(message: Slot, size: Slot): readonly Line[] {
  const at = slot('attribute_at');
  const end = slot('attributes_end');
  const length = slot('attribute_size');
  const type = slot('attribute_type');
  return [
    alu(at, message, 'ADD', Message.ADDRESS_ATTRIBUTES),
    alu(end, message, 'ADD', size),
    ...repeat(({ again, leave }) => [
      branch(at, 'GE', end, leave),
      load(length, 'U16', ref(at)),
      guard(length, 'GE', 4, errnos.EPROTO.number),
      load(type, 'U16', ref(at), ATTRIBUTE_TYPE),
      ...when(type, 'EQ', IFA_LABEL, [store('U16', ref(at), ATTRIBUTE_TYPE, 0)]),
      alu(length, length, 'ADD', 3),
      alu(length, length, 'AND', ~3),
      alu(at, at, 'ADD', length),
      branch(0, 'EQ', 0, again),
    ]),
  ];
}

/** The socket inside is made by going there and coming back at once: what fails later fails where the host is. */
function openSides(launch: Launch, { outside, inside, own, theirs }: Sides): Action {
  const { open, cells, namespaces } = launch;
  const given = namespaces.get('network');
  const path = buffer('network_namespace_path', 40);
  const kind = SOCK_RAW | SOCK_CLOEXEC;
  const strictly = struct('strict check', [u32(1)], true);
  const target = given === undefined || given === 'new' ? path : text(given);
  return operation({ kind: 'reach-network', because: launch.because('linux', 'netDevices') }, [
    ...(target === path
      ? [format(path, ['/proc/', field(TemplateField.DECIMAL, cells.pid), '/ns/net'])]
      : []),
    sys('openat', [AT_FDCWD, text('/proc/self/ns/net'), open.RDONLY | open.CLOEXEC, 0], { to: own }),
    sys('openat', [AT_FDCWD, target, open.RDONLY | open.CLOEXEC, 0], { to: theirs }),
    sys('socket', [AF_NETLINK, kind, NETLINK_ROUTE], { to: outside }),
    // Else a dump is of all devices.
    sys('setsockopt', [outside, SOL_NETLINK, NETLINK_GET_STRICT_CHK, strictly, 4]),
    sys('setns', [theirs, Clone.NEWNET]),
    sys('socket', [AF_NETLINK, kind, NETLINK_ROUTE], { to: inside }),
    sys('setns', [own, Clone.NEWNET]),
  ]);
}

/** Two operations, because the kernel moves before it renames: what fails at its name has been moved, and comes back. */
function moveDevice(launch: Launch, { device, name }: NormalNetDevice, sides: Sides): readonly Action[] {
  const { outside, inside, own, theirs } = sides;
  const index = slot('device_index');
  const addresses = { messages: buffer('addresses', DUMP_SIZE), end: slot('addresses_end') };
  const rename = linkMessage(`rename_${name}`, 0, 0, textAttribute(IFLA_IFNAME, name));
  const up = linkMessage('set up', IFF_UP, IFF_UP, []);
  const because = launch.because('linux', 'netDevices', device);
  return [
    operation(
      { kind: 'move-net-device', device, because },
      [
        ...indexOf(outside, device, index),
        ...readAddresses(sides, index, addresses),
        ...moveTo(outside, theirs, index, ON_THE_WAY),
        // It has another number there if that one is taken.
        ...indexOf(inside, ON_THE_WAY, index),
      ],
      // A device that exists in software only would end with the namespace.
      { undo: moveTo(inside, own, index, device) },
    ),
    operation({ kind: 'set-up-net-device', device, name, because }, [
      store('U32', rename, Message.LINK_INDEX, index),
      ...demand(inside, rename, rename.size),
      ...giveAddresses(sides, index, addresses),
      store('U32', up, Message.LINK_INDEX, index),
      ...demand(inside, up, up.size),
    ]),
  ];
}

export function netDevices(launch: Launch): readonly Action[] {
  const devices = launch.config.linux.netDevices;
  if (devices.length === 0) return [];
  const sides = {
    outside: slot('network_outside', -1),
    inside: slot('network_inside', -1),
    own: slot('own_network', -1),
    theirs: slot('their_network', -1),
  };
  return [openSides(launch, sides), ...devices.flatMap(device => moveDevice(launch, device, sides))];
}
