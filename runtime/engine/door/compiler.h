/* Shared by compiler.c (request and answer), patience.c (waiting for it, and its end) and signals.c (of those that end us meanwhile). */
#pragma once
#include "door.h"

struct compiler {
	int pid, socket, config, program, errors;
	bool seeded; /* draws a seed for the hashes of strings: runtime/host/foreseeable-hashes.ts */
	bool waits;  /* the command may wait for others: once it has read the request, it has no deadline */
	bool streams; /* it writes to our standard output while it runs, and is told of signals */
	int signals; /* where those that end us can be read, or -1 */
	int signal; /* the first that came */
	u64 mask; /* blocked by our caller */
	bool apart; /* the caller ignores one of them: the compiler gets a process group of its own */
	unsigned seconds, idle;
	i64 spent; /* processor time when it was last looked at, nanoseconds */
};

/* signals.c */
void hold_signals(struct compiler *c);
void release_signals(struct compiler *c);
void take_signals(struct compiler *c);
void end_by_signal(struct compiler *c);

/* patience.c */
void await_compiler(struct compiler *c, int events);
void kill_compiler(const struct compiler *c);
void stop_compiler(const struct compiler *c);
_Noreturn void die_of_start(int error);
_Noreturn void die_of_compiler(struct compiler *c, const char *what);
