/** Lines by which a kernel complains of itself: warnings, oopses, sanitizers, lockdep, stalls, slab checks, panics. */
const complaint = new RegExp(
  [
    /\b(?:WARNING|BUG|UBSAN|KASAN|KCSAN|KFENCE): /,
    /\bINFO: (?:task .* blocked|rcu_\w+ (?:self-)?detected|trying to register|possible|suspicious)/,
    /\bOops: /,
    /\bgeneral protection fault\b.* \[#\d+\]/,
    /\bkernel BUG at /,
    /\bKernel panic\b/,
    /\bstack segment: /,
    /\bsoft lockup\b/,
    /\bhung_task:/,
    /\brefcount_t: /,
    /\bunregister_netdevice: waiting/,
    /\bObjects remaining in \S+ on __kmem_cache_shutdown/,
    /\bkmem_cache_destroy \S+: Slab cache still has objects/,
    /\b(?:Redzone|Poison|Left Redzone|Right Redzone) overwritten/,
    /\bsysfs: cannot create duplicate/,
    /\bproc_dir_entry .* already registered/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

/** Caused by the emulated machine's slowness or its virtual hardware, whatever runs in it. */
const ofTheMachine: readonly RegExp[] = [/clocksource: timekeeping watchdog/];

/** The lines of the log, without those of the machine itself, that say that something is wrong in the kernel. */
export function complaints(log: string): readonly string[] {
  return log
    .split('\n')
    .filter(line => complaint.test(line) && !ofTheMachine.some(known => known.test(line)));
}
