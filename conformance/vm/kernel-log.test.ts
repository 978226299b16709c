import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { complaints } from './kernel-log.js';

const complaining = [
  '[    1.0] WARNING: CPU: 0 PID: 1 at fs/proc/generic.c:380 proc_register+0x1/0x2',
  '[    1.0] BUG: kernel NULL pointer dereference, address: 0000000000000000',
  '[    1.0] BUG kmalloc-64 (Tainted: G           O      ): Poison overwritten',
  '[    1.0] Oops: general protection fault, probably for non-canonical address 0x6d: 0000 [#1] PREEMPT SMP NOPTI',
  '[    1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b',
  '[    1.0] refcount_t: underflow; use-after-free.',
  '[    1.0] INFO: task sh:12 blocked for more than 120 seconds.',
  '[    1.0] rcu: INFO: rcu_preempt self-detected stall on CPU',
  "[    1.0] proc_dir_entry '/proc/chos' already registered",
  '[    1.0] kmem_cache_destroy chos_link: Slab cache still has objects when called from cleanup_module',
];
const usual = [
  '[    0.0] Linux version 6.12.95+deb12-cloud-amd64 (debian-kernel@lists.debian.org)',
  '[    0.0] Kernel command line: console=ttyS0 loglevel=5 panic_on_warn=1 oops=panic',
  '[    0.1] mtrr: your CPUs had inconsistent fixed MTRR settings',
  '[    5.0] Memory cgroup out of memory: Killed process 123 (dd) total-vm:1kB',
  '[    5.0] chos: loading out-of-tree module taints kernel.',
];

for (const line of complaining) test(line.slice(10, 50), () => assert.equal(complaints(`${line}\n`), [line]));
test('an ordinary log', () => assert.equal(complaints(usual.join('\n')), []));
test.run();
