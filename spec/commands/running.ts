/** What is done with a container that runs. */
import { type Command, command, flag, text } from './command.js';

export const running: readonly Command[] = [
  command('pause', 'ID', 'freeze the processes of a container', [], { stored: 'pause' }),
  command('resume', 'ID', 'thaw the processes of a container', [], { stored: 'resume' }),
  command(
    'update',
    'ID',
    'change the limits of a container',
    [
      text(
        'resources',
        'FILE',
        'JSON file with the limits, - for standard input; other options are left out',
        {
          short: 'r',
          input: true,
        },
      ),
      text('blkio-weight', 'NUMBER', 'share of block I/O, 10 to 1000'),
      text('cpu-period', 'MICROSECONDS', 'length of a CPU period'),
      text('cpu-quota', 'MICROSECONDS', 'CPU time in each period, -1: no limit'),
      text('cpu-burst', 'MICROSECONDS', 'CPU time saved up for a burst'),
      text('cpu-share', 'NUMBER', 'share of CPU time, 2 to 262144'),
      text('cpu-rt-period', 'MICROSECONDS', 'length of a period of real-time scheduling'),
      text('cpu-rt-runtime', 'MICROSECONDS', 'real-time scheduling in each period'),
      text('cpu-idle', 'NUMBER', '1: only what nobody else wants of the CPUs'),
      text('cpuset-cpus', 'LIST', 'CPUs that it may use, such as 0-3,7'),
      text('cpuset-mems', 'LIST', 'memory nodes that it may use'),
      text('memory', 'BYTES', 'most memory, with k, m, g or t; -1: no limit'),
      text('memory-reservation', 'BYTES', 'memory that it is left with when memory is short'),
      text('memory-swap', 'BYTES', 'most memory and swap together, -1: no limit'),
      text('kernel-memory', 'BYTES', 'most memory of the kernel (cgroup v1)'),
      text('kernel-memory-tcp', 'BYTES', 'most memory of TCP buffers (cgroup v1)'),
      text('pids-limit', 'NUMBER', 'most processes, -1: no limit'),
      text('l3-cache-schema', 'SCHEMA', 'L3 cache, as in linux.intelRdt'),
      text('mem-bw-schema', 'SCHEMA', 'memory bandwidth, as in linux.intelRdt'),
    ],
    { input: 'named' },
  ),
  command(
    'events',
    'ID',
    'print statistics and events of a container',
    [
      text('interval', 'DURATION', 'time between two statistics, such as 1m30s (default: 5s)'),
      flag('stats', 'statistics once'),
    ],
    { waits: true, streams: true },
  ),
];
