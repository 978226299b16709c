/*
 * What all hooks stand on. A hook is a static program without a libc: the engine's base (text, memory, system calls) and this page.
 *
 * A hook defines `hook_name`, `hook_seconds` (its own deadline, below the timeout in its hooks.d file) and run_hook(), and returns from that if all is
 * well. Everything else ends in fail(): what was made is taken back, then one line on stderr, `NAME: ...`, if somebody takes it, exit code 1. The deadline ends in the same
 * way, whatever run_hook() waits for, unless it sleeps in the kernel uninterruptibly; who touches what may do that (a dead NFS server) leaves it to
 * a child.
 *
 * Memory is one arena; a page of it is resident once it is used.
 */
#pragma once
#include <linux/time_types.h>

#include "base.h"

/* ---- Of each hook ---- */

extern const char hook_name[];
extern const unsigned hook_seconds;
void run_hook(void);

/* ---- frame.c ---- */

/* The words are joined; number: an errno, whose words come last, or 0. */
_Noreturn void fail_with(long number, ...);
#define fail(...) fail_with(0, __VA_ARGS__, (const char *)0)
#define fail_errno(number, ...) fail_with(number, __VA_ARGS__, (const char *)0)
/* A line for who waits: on stderr, and not waited for itself. */
void say_words(const char *first, ...);
#define say(...) say_words(__VA_ARGS__, (const char *)0)
/* For the stage precreate, where Podman throws away what a hook says. */
void fail_in_kernel_log_too(void);
/* A line, with its newline; cut if it is longer than the kernel takes. */
void say_in_kernel_log(const struct text *t);
/* What the hook is at, for the words of its deadline: a constant text. */
void now_at(const char *what);
/* Set the deadline anew, from this moment on. */
void set_deadline(u64 milliseconds);
/* From now on it ends the hook without words. */
void let_deadline_kill(void);
/* To be called, the latest first, if the hook fails. */
void take_back_by(void (*undo)(const char *object), const char *object);
/* What was made stays: for a child, and behind the last thing that can fail. */
void keep_all(void);

void *room_for(size_t size);
/* For a walk, which would need all names at once: give back what was taken since. */
size_t room_used(void);
void give_back_to(size_t used);
const char *join_words(const char *first, ...);
#define joined(...) join_words(__VA_ARGS__, (const char *)0)
const char *decimal(i64 value);
const char *words_of_errno(long number);
u64 now_in(int clock); /* nanoseconds */

/* ---- files.c ---- */

struct bytes {
	char *at;
	size_t size; /* a NUL follows */
};
/* Beyond `most` bytes: -EFBIG. */
long read_all(long fd, size_t most, struct bytes *into);
long read_path(long directory, const char *path, size_t most, struct bytes *into);
/* Fails unless root or the caller owns it and nobody else can write to it (docs/architecture.md, "Trust"). */
void insist_on_trusted(long fd, const char *path, unsigned type);
/* Each directory on the way, which is made if it is missing; it ends in `/`: all of it. */
void make_way_to(const char *path, unsigned mode);

/* ---- json.c ---- */

/* A value within a text that parse_json() has found sound; at is NULL if there is none. */
struct json {
	const char *at, *end;
};
/* Fails with `what: line:column: ...`. */
struct json parse_json(struct bytes text, const char *what);
struct json member(struct json object, const char *name);
char kind_of(struct json value); /* { [ " 0 t f n, or 0: there is none */
/* *inside: NULL before the first. name: only of an object's members; in the arena. */
struct json next_in(struct json collection, const char **inside, const char **name);
/* In the arena, or NULL: it is no text, or has a NUL in it. */
const char *text_of(struct json value);
bool number_of(struct json value, i64 *number);

/* ---- edit.c: for what stands on stdout ---- */

/* As a JSON text, with its quotes. */
const char *quoted(const char *text);
/* At the end of an object or a list; entry: JSON, of an object with its name. */
void add_into(struct json collection, const char *entry);
void put_instead(struct json value, const char *text);
/* JSON texts, each once. */
struct list {
	const char *entries[256];
	unsigned count;
};
void collect(struct list *list, const char *entry);
const char *as_list(const struct list *list);
/* Behind what is there; a list that is missing comes into `parent`. */
void add_list(struct json parent, const char *name, const struct list *list);
/* whole: of parse_json(), with the white space behind it. */
void print_edited(long to, struct json whole);
/* Over the file that it was read from, as a whole or not at all. */
void write_edited(struct json whole, const char *path);

/* ---- registry.c ---- */

/* Each NAME.json of a directory; it and they are refused if others than root, or the caller, can write to them. */
void each_json_file(const char *directory, void (*take)(struct json file, const char *path, void *context), void *context);
void each_registry_file(void (*take)(struct json file, const char *path, void *context), void *context);
/* NULL: it is no name of one. */
const char *tree_of_generation(const char *generation);
/* `default` is what the registry says it is. */
const char *tree_named(const char *name);
/* That of the annotation org.chos.tree, or of the generation in org.chos.environment; NULL: none. */
const char *chosen_tree(struct json annotations);
/* An object of the registry; at is NULL if there is none. Fails if two files register it. */
struct json registered_tree(const char *tree);
/* Each list of them, as it stands; because: its place. */
void each_list_of_shares(const char *tree, void (*take)(struct json list, const char *because));
/* Where tree-digest keeps what it has made; a file for each generation. */
#define TREE_DIGESTS "/run/chos-hooks/tree-digest/"

/* ---- input.c ---- */

struct state {
	const char *id, *status, *bundle;
	i64 pid; /* 0: none */
	struct json annotations, whole;
};
/* All of stdin, 1 MiB at most. */
struct state read_state(void);
/* True: it is the config.json of Podman's stage `precreate`, which is to stand on stdout (print_edited()), and there is no state. */
bool read_state_or_config(struct state *state, struct json *config);
/* NULL: there is none of that name. */
const char *annotation(const struct state *state, const char *name);
/* Of such a file, 16 MiB at most. */
struct json read_config_at(const char *path);
/* config.json of the bundle. */
struct json read_config(const struct state *state);
/*
 * `/etc/chos-hooks.d/NAME.json`, or the file of `--settings FILE`; without the first, no settings. A member that is not in `known`, names with a space behind
 * each, is a fault, so that nobody believes in a setting that does nothing.
 */
struct json read_settings(const char *known);
const char *setting_text(struct json settings, const char *name, const char *otherwise);
i64 setting_number(struct json settings, const char *name, i64 otherwise, i64 least, i64 most);
struct json setting_list(struct json settings, const char *name); /* at is NULL if there is none */
bool setting_flag(struct json settings, const char *name, bool otherwise);
/* The one after `--name` in the arguments, or NULL. */
const char *option(const char *name);
