/* Shared by compiler.c (request and answer) and patience.c (waiting for it, and its end). */
#pragma once
#include "door.h"

struct compiler {
	int pid, socket, config, program, errors;
	bool seeded; /* draws a seed for the hashes of strings: runtime/host/foreseeable-hashes.ts */
	bool waits;  /* the command may wait for others: once it has read the request, it has no deadline */
	bool streams; /* it writes to our standard output while it runs */
	unsigned seconds, idle;
	i64 spent; /* processor time when it was last looked at, nanoseconds */
};

void await_compiler(struct compiler *c, int events);
void kill_compiler(const struct compiler *c);
void stop_compiler(const struct compiler *c);
_Noreturn void die_of_start(int error);
_Noreturn void die_of_compiler(const struct compiler *c, const char *what);
