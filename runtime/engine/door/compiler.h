/* Shared by those who ask the compiler: compiler.c (which starts one), warm.c (which asks a service), input.c, ask.c and answer.c (what is said), patience.c
 * (waiting for it, and its end) and signals.c (of those that end us meanwhile). */
#pragma once
#include <linux/poll.h>
#include <linux/time_types.h>

#include "door.h"

#if !defined(NODE_PATH) || !defined(COMPILER_PATH)
#error "NODE_PATH and COMPILER_PATH: absolute paths of Node and of the compiler's bundle"
#endif
#define SOCK_STREAM 1
#define AF_UNIX 1
#define MSG_NOSIGNAL 0x4000
#define MSG_DONTWAIT 0x40

struct request_header {
	u32 magic, version, size, argc, envc, cwd_length, input_kind, input, unusable, handed;
	int pid;
	u32 reserved;
	u64 nonce, namespaces[CALLER_NAMESPACE_COUNT];
	u32 root_major, root_minor;
	u64 root_inode;
	u32 euid, egid, compiler_major, compiler_minor;
	u64 compiler_inode, compiler_size;
	i64 compiler_seconds;
	u64 compiler_nanoseconds;
};
struct answer_header {
	u32 magic, version, size, kind;
	int exit_code;
	u32 entry, image_size, out_length, message_length, detail_length, values, reusable;
	u64 nonce;
	u32 looks_length, reserved;
};

/* `number`: the length, or an errno. */
struct input {
	u32 kind, number;
	const char *at;
	bool once; /* it cannot be read again */
};

struct compiler {
	struct input input;
	struct request_header *request;
	size_t request_size;
	const char *files; /* in the request: those of /proc/self, one after the other, to its end */
	struct question *question; /* behind the request; NULL: of another kind than those whose programs are used again */
	bool posed; /* a question of a start, whose program may be left (again.c) */
	int pid; /* 0: a service */
	int socket, program, errors;
	int error; /* of NO_ROOM */
	const char *cold; /* a service is not asked: why */
	char *room; /* where the image can be read to, or NULL */
	u32 room_size;
	bool shown; /* /proc shows us to others of our user */
	bool plain; /* without the flags that it is built for */
	bool seeded; /* draws a seed for the hashes of strings: runtime/host/foreseeable-hashes.ts */
	bool waits;  /* the command may wait for others: once it has read the request, it has no deadline */
	bool streams; /* it writes to our standard output while it runs, and is told of signals */
	struct __kernel_timespec left; /* a service: until its next sign of life */
	int signals; /* where those that end us can be read, or -1 */
	int signal; /* the first that came */
	u64 mask; /* blocked by our caller */
	bool apart; /* the caller ignores one of them: the compiler gets a process group of its own */
	unsigned beats, seconds, idle;
	i64 spent; /* processor time when it was last looked at, nanoseconds */
};

/* input.c */
void read_input(const struct request *q, struct input *in);

/* ask.c. Behind the request there is room for the question (reuse.c). */
#define QUESTION_ROOM 4096

void make_request(const struct request *q, struct compiler *c);
void send_request(struct compiler *c);

/* answer.c: NO_ROOM: there is no memory for it; `error` says why */
enum received { WHOLE, NONE_AT_ALL, CUT_OFF, SENSELESS, NO_ROOM };
enum received read_answer(struct request *q, struct compiler *c, struct answer_header *h, const char **texts);
long memory_file(const char *name);
void seal(int fd);
void make_room(struct compiler *c, bool of_process);
void drop_room(struct compiler *c);

/* warm.c */
void reach_service(const struct request *q, struct compiler *c);
bool ask_service(struct request *q, struct compiler *c, struct answer_header *h, const char **texts);

/* asker.c */
#define RIGHTS_SIZE 192

/* Without gaps. */
struct asker {
	u64 namespaces[CALLER_NAMESPACE_COUNT], root_inode, compiler_inode, compiler_size;
	i64 compiler_seconds;
	u64 compiler_nanoseconds;
	u32 root_major, root_minor, compiler_major, compiler_minor, euid, egid;
	char rights[RIGHTS_SIZE]; /* lines of /proc/self/status */
};
_Static_assert(sizeof(struct asker) == 8 * (CALLER_NAMESPACE_COUNT + 5) + 4 * 6 + RIGHTS_SIZE, "no gaps");
bool put_asker(struct asker *a, const struct compiler *c);
const char *texts_of(const struct compiler *c);
u64 texts_size(const struct compiler *c);

/* nameless.c */
long open_nameless(long directory);
void give_name(int fd, long directory, const char *name);

/* reuse.c: a program that was left runs, if it is of this question; if not `alone`, only the question is put. The one that was compiled is left. */
void run_reusable(struct request *q, struct compiler *c, bool alone);
void leave_reusable(const struct request *q, const struct compiler *c, const struct answer_header *h);

/* again.c: the same of `create` and `run`. */
void run_left(struct request *q, struct compiler *c, bool alone);
void leave_for_others(const struct request *q, const struct compiler *c, const struct answer_header *h, const char *looks);

/* signals.c */
void hold_signals(struct compiler *c);
void release_signals(struct compiler *c);
void take_signals(struct compiler *c);
void end_by_signal(struct compiler *c);

/* patience.c */
bool await_compiler(struct compiler *c, int events);
void kill_compiler(const struct compiler *c);
void stop_compiler(const struct compiler *c);
_Noreturn void die_of_start(int error);
_Noreturn void die_of_compiler(struct compiler *c, const char *what);
