/* What all of the engine stands on: types, text, memory, reports. It knows nothing of programs, and nothing of command lines. */
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

/* ---- Text ---- */

/* Text under construction in a caller's buffer; what does not fit is counted in `lost`. */
struct text {
	char *at;
	size_t size, used, lost;
};

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
bool parse_number(const char *text, i64 *value);

/* report.c */
int write_all(int fd, const char *at, size_t size);
void print(const char *text, size_t size);
enum level { LEVEL_ERROR, LEVEL_WARNING };
enum log_format { LOG_TEXT, LOG_JSON, LOG_SYSLOG, LOG_JOURNALD };
void report_warnings_if(bool wanted);
void report_as(const char *name, int failure);
void report_to(int fd, enum log_format format, const char *name);
void report(enum level level, const char *message, size_t length);
_Noreturn void die(const char *what, const char *object, int number);

/* ---- The process around the program ---- */

struct process {
	int argc;
	char **argv, **envp;
	const char *executable; /* AT_EXECFN */
	u64 page;
	int self; /* descriptor of our own sealed copy, or -1 */
	bool sealed;
	int service; /* a connection that was made before the copy was, or -1 */
};
extern struct process process;

/* process.c */
const char *variable(const char *name);
bool read_stack(u64 *stack);
void open_standard_descriptors(void);
void outlive_file_size_limit(void);
long new_process(void);

/* Of a call that gives an address: an errno. */
static inline bool is_error(long result)
{
	return result < 0 && result > -4096;
}

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

/* A part of it; one that would reach beyond its end does not compile. */
#define scratch_part(offset, size) (scratch + (offset) + 0 * sizeof(char[(offset) + (size) <= SCRATCH_SIZE ? 1 : -1]))

/* What conmon takes of a line. A report makes its line at the beginning of the buffer; what it is made of may be put together behind it. */
#define LINE_SIZE 8192
#define REPORT_TEXT_SIZE (SCRATCH_SIZE - LINE_SIZE)
#define REPORT_TEXT scratch_part(LINE_SIZE, REPORT_TEXT_SIZE)
