/** Where a manager of systemd is asked, and where its units' cgroups are: known when a launch is compiled, and the same for the container's later commands. */

/** A Unix socket on which it can be asked. */
export interface ManagerSocket {
  /** Absolute path, or with a leading NUL an abstract name (unix(7)). */
  readonly path: string;
  /** `direct`: systemd itself is at the other end; `bus`: a message bus, which knows it by its name. */
  readonly kind: 'direct' | 'bus';
}

export interface SystemdInstance {
  readonly scope: 'system' | 'user';
  /** The first that is there is taken. */
  readonly sockets: readonly ManagerSocket[];
  /** The variable of the environment that was to name one, and names none that can be connected to; null: there is no such. */
  readonly passedOver: 'DBUS_SYSTEM_BUS_ADDRESS' | 'DBUS_SESSION_BUS_ADDRESS' | null;
  /** The cgroup that all of its units are below, relative to the mount; begins with "/". */
  readonly cgroup: string;
}

/** A path that fits struct sockaddr_un, which has 108 bytes for it with its end. */
export const SOCKET_PATH_LIMIT = 107;

/** The manager of the machine. Its own socket (root's alone) needs no bus, and nobody stands between; systemctl(1) uses it, too. */
export const systemInstance: SystemdInstance = {
  scope: 'system',
  sockets: [
    { path: '/run/systemd/private', kind: 'direct' },
    { path: '/run/dbus/system_bus_socket', kind: 'bus' },
  ],
  passedOver: null,
  cgroup: '/',
};

/** systemd.unit(5): letters of unit names, and how long one may be. */
export const UNIT_NAME_LETTERS = 'A-Za-z0-9:_.\\\\-';
export const UNIT_NAME_LIMIT = 255;

/** Of the types of D-Bus: numbers, booleans and texts, and lists of them for arrays and structures. */
export type UnitValue = number | bigint | boolean | string | readonly UnitValue[];

/** A property of a unit. `type`: a signature of D-Bus. */
export interface UnitProperty {
  readonly name: string;
  readonly type: string;
  readonly value: UnitValue;
}
