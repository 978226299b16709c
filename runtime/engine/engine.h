/*
 * The engine of launch programs. It has no policy: what is done, and what is done about errors, is in the program.
 *
 * Conventions: a function that can fail returns 0 or a positive errno; a result goes through a pointer. Results of sys() are
 * long and negative on failure. Nothing is allocated after a program has been loaded.
 */
#pragma once
#include <asm/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For declarations too, or they would be reached through a table of addresses that somebody has to relocate. */
#pragma GCC visibility push(hidden)

#include "engine-tables.h"
#include "syscall.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

/* ---- The image: records of spec/image.ts and spec/instructions.ts ---- */

struct step {
	u8 op, sub;
	u16 action, dst, errs;
	u32 target;
	u16 modes, aux;
	i64 arg[6];
};
static inline unsigned mode(const struct step *s, unsigned i)
{
	return s->modes >> (2 * i) & 3;
}

struct action {
	u32 words, words_length, unwind, reserved;
};
struct track {
	u32 first, count, name, flags;
};
struct entry {
	u16 number, track;
	u32 step;
};
struct parameter {
	u16 number, slot;
};
struct relocation {
	u32 where, to;
};
struct header {
	u32 magic;
	u16 version;
	u8 arch, flags;
	u32 size, slots;
	struct {
		u32 offset, count;
	} section[SECTION_COUNT];
};
_Static_assert(sizeof(struct step) == IMAGE_STEP_SIZE, "step record");
_Static_assert(sizeof(struct header) == IMAGE_HEADER_SIZE, "image header");

/* A loaded program. The records are mapped read-only from the image's file; only `data` is writable. */
struct program {
	const struct header *header;
	const struct step *steps;
	const struct action *actions;
	const u16 *errnos;
	const struct track *tracks;
	const struct entry *entries;
	const struct parameter *parameters;
	const struct relocation *relocations;
	const char *text;
	const u8 *initial; /* the data as it is in the file */
	u32 slot_count, step_count, action_count, errno_count, track_count, entry_count, parameter_count,
		relocation_count, text_size, data_size;
	u64 limit; /* bytes of data, zero section and, once loaded, parameter values */
	u8 *data;
	i64 *slots;
	int fd;
	u64 file_offset;
};

/* What is wrong with an image, for people; step is NO_STEP where it is not about one. */
struct fault {
	const char *what;
	u32 step;
	bool other_version;
};

/* A parameter's value. A vector is either an array of pointers, or `length` bytes of NUL-terminated strings at `text`. */
struct value {
	bool given;
	const char *text;
	size_t length;
	i64 number;
	char *const *vector;
};

/* image.c */
bool image_map(struct program *p, int fd, u64 offset, u64 size, struct fault *fault);
bool image_load(struct program *p, const struct value values[PARAMETER_COUNT]);
const struct entry *image_entry(const struct program *p, u32 number);

/* validate.c */
bool image_validate(const struct program *p, struct fault *fault);

/* ---- Bounds: every pointer that a step uses goes through one of these ---- */

/* Is [offset, offset + length) inside the data? */
static inline bool inside(const struct program *p, i64 offset, i64 length)
{
	return offset >= 0 && length >= 0 && (u64)offset <= p->limit && (u64)length <= p->limit - (u64)offset;
}

/* bounds.c */
bool terminated(const struct program *p, const u8 *data, i64 offset);
bool is_counted(u32 kind);
i64 counted_length(const struct program *p, u32 kind, i64 count);
bool argument_fits(const struct program *p, const u8 *data, u32 kind, i64 offset, i64 length);

/* ---- The run of a program in one process ---- */

#define CALL_DEPTH 8

struct run {
	struct program *program;
	u32 track, step, depth;
	u32 calls[CALL_DEPTH];
	bool in_entry; /* the process that the program was started in, not a child */
	int failure_code;
#ifdef ENGINE_DEBUG
	u32 executed;
#endif
};

/* run.c */
_Noreturn void run(struct program *p, const struct entry *entry);
i64 number(const struct run *r, const struct step *s, unsigned i);
i64 offset(const struct run *r, const struct step *s, unsigned i);
void *address(const struct run *r, const struct step *s, unsigned i, i64 length);
const char *string(const struct run *r, const struct step *s, unsigned i);
void set_second(const struct run *r, const struct step *s, i64 value);

/* Instructions with a file of their own. */
int op_format(const struct run *r, const struct step *s, i64 *result);
int op_scan(const struct run *r, const struct step *s, i64 *result);
int op_resolve(const struct run *r, const struct step *s, i64 *result);
int op_walk(const struct run *r, const struct step *s, i64 *result);
int op_send(const struct run *r, const struct step *s, i64 *result);
int op_recv(const struct run *r, const struct step *s, i64 *result);
int op_wait(const struct run *r, const struct step *s, i64 *result);
int op_supervise(const struct run *r, const struct step *s, i64 *result);

/* wait.c */
i64 milliseconds_now(void);
int wait_exit_code(int id_type, int id, int flags, int *pid, i64 *code);

/* ---- Text ---- */

/* Text under construction in a caller's buffer; what does not fit is counted in `lost`. */
struct text {
	char *at;
	size_t size, used, lost;
};

/* trim.c */
void trim(const struct program *p, i64 constants, const struct step *here);

/* text.c */
struct text text_in(void *buffer, size_t size);
void put_char(struct text *t, char c);
void put_bytes(struct text *t, const void *bytes, size_t length);
void put_string(struct text *t, const char *string);
void put_unsigned(struct text *t, u64 value, unsigned base, unsigned width);
void put_decimal(struct text *t, i64 value);
void end_in_dots(struct text *t);
void put_json(struct text *t, const char *bytes, size_t length);
void put_time(struct text *t, i64 seconds, i64 nanoseconds, bool fraction);
void put_errno(struct text *t, i64 number);

/* format.c */
bool template_valid(const struct program *p, const char *template, size_t length);
int render(const struct program *p, struct text *out, const char *template, size_t length);
int render_failure(const struct program *p, struct text *out);

/* report.c */
int write_all(int fd, const char *at, size_t size);
void print(const char *text, size_t size);
enum level { LEVEL_ERROR, LEVEL_WARNING };
enum log_format { LOG_TEXT, LOG_JSON, LOG_SYSLOG, LOG_JOURNALD };
void report_warnings_if(bool wanted);
void report_to(int fd, enum log_format format, const char *name);
void report(enum level level, const char *message, size_t length);
void report_failure(const struct program *p);
_Noreturn void die(const char *what, const char *object, int number);

/* warnings.c */
void hold_given_warnings(const char *texts, size_t length);
void hold_warning(const char *text, size_t length);
void report_warnings(void);
void put_warnings(struct text *t);

/* ---- The process around the program ---- */

struct process {
	int argc;
	char **argv, **envp;
	const char *executable; /* AT_EXECFN */
	u64 page;
	int self; /* descriptor of our own sealed copy, or -1 */
	bool sealed;
};
extern struct process process;

/* main.c: where `compile` writes an image into the engine (spec/image.ts). */
struct attachment {
	char magic[16];
	u64 offset, size;
};
extern const volatile struct attachment attachment;

/* sealed.c */
bool sealed_self(void);
_Noreturn void sealed_again(void);

/* frontdoor.c: what the arguments ask for, as far as the engine itself has to know. */
struct request {
	const struct command *command;
	bool complete; /* everything was understood: a stored program may serve it */
	bool attached; /* a compiled executable */
	bool json;
	bool unusable; /* there is no stored program that could be run: TypeScript ends the container in another way */
	bool warnings; /* --log-level: more than errors */
	const char *log, *input; /* input: the file of --config or --process */
	struct value values[PARAMETER_COUNT];
};
void scan_arguments(struct request *q);
bool attached_option(struct request *q, int *at);
bool id_valid(const char *id);
void give_text(struct request *q, unsigned parameter, const char *text);
void default_root(struct request *q);
int keep_descriptor(const struct request *q, int fd);

/* attached.c */
void scan_attached(struct request *q);
void check_attached(const struct request *q, const struct program *p);

/* input.c */
int open_input(const struct request *q);

/* log.c */
void open_log(const struct request *q);

/* trust.c */
void insist_on_way(const char *path, bool make);
long open_trusted(long directory, const char *name, unsigned type, const char *shown, u64 *size);

/* stored.c */
void run_stored(struct request *q, u32 entry);
_Noreturn void run_image(struct request *q, int fd, u64 offset, u64 size, u32 entry);

/* compiler.c */
_Noreturn void run_cold(struct request *q);
_Noreturn void hand_over(void);
void reap_compiler(void);

#ifdef ENGINE_DEBUG
/* debug.c */
void debug_modes(void);
void debug_step(struct run *r, const struct step *s);
void debug_result(const struct run *r, const struct step *s, int error, i64 result);
#endif

/* memory.c */
void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);
size_t strlen(const char *string);
bool equal(const char *a, const char *b);
const char *after(const char *text, const char *prefix);

/* A page-aligned buffer that instructions share, because each page that init touches stays resident until the user's process starts. */
#define SCRATCH_SIZE 28672
extern char scratch[SCRATCH_SIZE];

/* ---- Directories (walk.c, groups.c) ---- */

#define ENTRIES scratch
#define ENTRIES_SIZE 4096

/* linux_dirent64, getdents64(2) */
struct directory_entry {
	u64 inode;
	i64 next;
	u16 size;
	u8 type;
	char name[];
};
static inline bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* groups.c: a group that is missing is none; 0 or an errno */
int remove_cgroup(int from, const char *path, i64 milliseconds);
int signal_cgroup(int from, const char *path, int signal, i64 *count);
int thaw_cgroup(int from, const char *path);

/* main.c */
_Noreturn void engine_start(u64 *stack);
