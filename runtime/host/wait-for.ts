/** Waiting for what happens to a container: it ends, or the kernel runs out of memory for it. Needs calls that Node has not: imported by import() alone. */
import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs';
import { eventfd, openPidfd, POLLERR, POLLIN, POLLPRI, poll } from './libc.js';
import { processInfo } from './process-info.js';
import { tableIn } from './stats-files.js';

/** What poll(2) waits for, and what it means. */
interface Sensor {
  readonly fd: number;
  readonly events: number;
  /** How many times it has happened since the last look. */
  happened(): number;
  close(): void;
}

/** v1: the kernel adds one to an eventfd (Documentation/admin-guide/cgroup-v1/memory.rst, "Memory thresholds" and "OOM Control"), also when the group is removed. */
function sensorV1(directory: string): Sensor | null {
  const control = `${directory}/memory.oom_control`;
  const fd = eventfd();
  if (fd < 0) return null;
  const file = openSync(control, 'r');
  const register = openSync(`${directory}/cgroup.event_control`, 'w');
  writeSync(register, `${fd} ${file}`);
  closeSync(register);
  const count = Buffer.alloc(8);
  return {
    fd,
    events: POLLIN,
    happened() {
      const read = readSync(fd, count, 0, 8, null);
      return read === 8 && existsSync(control) ? 1 : 0;
    },
    close() {
      closeSync(file);
      closeSync(fd);
    },
  };
}

/** v2: memory.events can be waited for; each read says that what is in it is known. */
function sensorV2(directory: string): Sensor {
  const path = `${directory}/memory.events`;
  const fd = openSync(path, 'r');
  const kills = (): number => Number(tableIn(path).oom_kill ?? 0);
  const known = Buffer.alloc(512);
  let before = kills();
  readSync(fd, known, 0, known.length, 0);
  return {
    fd,
    events: POLLPRI,
    happened() {
      readSync(fd, known, 0, known.length, 0);
      const now = kills();
      const more = now - before;
      before = now;
      return Math.max(0, more);
    },
    close: () => closeSync(fd),
  };
}

function memorySensor(cgroups: readonly string[]): Sensor | null {
  const having = (file: string): string | undefined =>
    cgroups.find(directory => existsSync(`${directory}/${file}`));
  const v1 = having('memory.oom_control');
  if (v1 !== undefined) return sensorV1(v1);
  const v2 = having('memory.events');
  return v2 === undefined ? null : sensorV2(v2);
}

export interface Watch {
  /** Wait that long at most, in milliseconds (-1: for ever); how many processes were killed for want of memory meanwhile, and whether it goes on. */
  wait(milliseconds: number): { readonly killed: number; readonly over: boolean };
  close(): void;
}

/** null: that process is not there any more. `output`: a descriptor that nobody may read any longer, which ends the watch as well. */
export function watch(
  init: { readonly pid: number; readonly pidStart: string | null },
  cgroups: readonly string[],
  output: number,
): Watch | null {
  const pidfd = openPidfd(init.pid);
  if (pidfd < 0) return null;
  if (processInfo(init.pid)?.start !== init.pidStart) {
    closeSync(pidfd);
    return null;
  }
  const sensor = memorySensor(cgroups);
  return {
    wait(milliseconds) {
      const fds = [
        { fd: pidfd, events: POLLIN },
        { fd: output, events: 0 },
        ...(sensor === null ? [] : [{ fd: sensor.fd, events: sensor.events }]),
      ];
      const [ended = 0, unread = 0, memory = 0] = poll(fds, milliseconds);
      return {
        killed: memory !== 0 && sensor !== null ? sensor.happened() : 0,
        over: (ended & POLLIN) !== 0 || (unread & POLLERR) !== 0,
      };
    },
    close() {
      closeSync(pidfd);
      sensor?.close();
    },
  };
}
