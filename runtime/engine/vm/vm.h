/*
 * The machine that runs launch programs. It has no policy: what is done, and what is done about errors, is in the program.
 *
 * Conventions: a function that can fail returns 0 or a positive errno; a result goes through a pointer. Results of sys() are
 * long and negative on failure. Nothing is allocated after a program has been loaded.
 */
#pragma once
#include "base.h"

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
	u32 first, count, name;
	u16 flags, failure_code;
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
#define MESSAGE_DESCRIPTORS 200

/* What is around a program, and not its own: filled in at run time, since a table of functions would need relocations. */
struct surroundings {
	void (*end)(void); /* before the process ends that the program was started in */
	void (*hand_over)(void) __attribute__((noreturn)); /* HANDOVER */
};

struct run {
	struct program *program;
	const struct surroundings *around;
	u32 track, step, depth;
	u32 calls[CALL_DEPTH];
	bool in_entry; /* the process that the program was started in, not a child */
#ifdef ENGINE_DEBUG
	u32 executed;
#endif
};

/* run.c */
_Noreturn void run(struct program *p, const struct entry *entry, const struct surroundings *around);

/* operands.c */
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

/* trim.c */
void trim(const struct program *p, i64 constants, const struct step *here);

/* format.c */
bool template_valid(const struct program *p, const char *template, size_t length);
void keep_words(const char *text, size_t length);
int render_failure(const struct program *p, struct text *out);

/* failure.c */
void report_failure(const struct program *p);

/* warnings.c */
void hold_given_warnings(const char *texts, size_t length);
void hold_warning(const char *text, size_t length);
void report_warnings(void);
void put_warnings(struct text *t);

#ifdef ENGINE_DEBUG
/* trace.c */
void debug_watch(bool show, const char *stop, u32 step);
void debug_step(struct run *r, const struct step *s);
void debug_result(const struct run *r, const struct step *s, int error, i64 result);
#endif

/* ---- Directories (copy-tree.c, remove-tree.c, groups.c) ---- */

#define ENTRIES_SIZE 4096
#define ENTRIES scratch_part(0, ENTRIES_SIZE)

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

/* directory.c */
long open_below(int directory, const char *name, u64 flags);

/* copy-tree.c, remove-tree.c: 0 or an errno */
int copy_tree(int from, int to);
int remove_tree(int from, const char *path);

/* groups.c: a group that is missing is none; 0 or an errno */
int remove_cgroup(int from, const char *path, i64 longest, i64 milliseconds);
int signal_cgroup(int from, const char *path, int signal, i64 *count);
int thaw_cgroup(int from, const char *path);
