/*
 * The command `chos` (docs/chos.md): which tree, is what root has written about it to be trusted, and what is executed inside. How the tree is entered is in its entry
 * program. It uses the machine and nothing of the door of chos-runtime.
 */
#pragma once
#include "vm.h"

/* Exit codes, as chroot(1) and env(1) have them. */
#define EXIT_FAILED 125
#define EXIT_REFUSED 126
#define EXIT_MISSING 127

/* As the compiler's side has it (runtime/trees/public-files.ts). */
#define FORMAT_VERSION "1"

/* memory.c: never given back. `read_file`: NUL-terminated; NULL: it cannot be read, or is longer. */
void *pages(size_t size);
char *read_file(long fd, size_t limit, size_t *length);
const char *joined(const char *one, const char *two, const char *three);

/* public.c: a file of root's, or -errno; the directory of what is prepared, to look up names in */
long open_public(const char *directory, const char *name, u64 *size);
long open_generations(void);

/* trees.c: /run/chos/trees, records "key value", as two texts one behind the other. Those of a tree follow its name. */
struct record {
	const char *key, *value;
};
struct trees {
	const char *first, *end;
};
bool has_trees(void);
void read_trees(struct trees *t);
bool next_record(const struct trees *t, const char **at, struct record *r);
const char *tree_records(const struct trees *t, const char *name);
const char *tree_property(const struct trees *t, const char *name, const char *key);
const char *unescaped(const char *value);
const char *default_tree(const struct trees *t);
_Noreturn void die_of_unknown(const struct trees *t, const char *name, const char *more);
void list_trees(const struct trees *t);

/* nearest.c: letters that are to be changed, added, left out or swapped with the next; more than `most` counts as `most` + 1. */
unsigned changes(const char *one, const char *other, unsigned most);

/* pattern.c */
bool fits(const char *pattern, const char *text, size_t length);

/* account.c: of passwd(5), or else as the environment has it; NULL: not known. */
struct account {
	u32 uid;
	const char *name, *home, *shell;
};
void read_account(struct account *a);
bool is_user(const struct account *a, const char *rule);
bool in_group(const char *rule);

/* path.c */
#define PATH_SIZE 4096
const char *searched(char **envp);
bool has_slash(const char *name);
bool put_candidate(char *candidate, const char **path, const char *name);
/* Whether the caller has a program of that name. */
bool is_command(const char *name);

/* choice.c: `choose_name`: false: nobody chooses, and the registry has no default. */
struct choice {
	const char *name, *by;
};
bool choose_name(const struct trees *t, const struct account *a, const char *argument, struct choice *c);
void choose(const struct trees *t, const struct account *a, const char *argument, struct choice *c);
void set_choice(const struct trees *t, const struct account *a, const char *name);

/* conf.c: what the tree says of a login shell. */
struct conf {
	/* %ENV is there: nothing else of the caller's stays. */
	bool has_names;
	bool bash_login;
	size_t count;
	const char **names;
};
void read_conf(struct conf *conf);

/*
 * session.c: the environment that this process is in, NAME or NAME@7, by its login or by a `chos` before; false: in none that is known. Of a login nobody asks by which way it
 * has come in. `view_mark`: what tells a `chos` inside.
 */
struct session {
	const char *name;
	bool login, linked;
};
bool find_session(const struct account *a, struct session *s);
bool is_session(const struct session *s, const char *name);
const char *view_mark(const char *tree);
bool is_host_ids(void);
_Noreturn void die_in_session(const struct session *s, const char *wanted);
_Noreturn void die_without_list(const struct session *s);

/* environment.c: entries are NAME=VALUE. */
size_t name_length(const char *entry);
bool is_basic(const char *name, size_t length);
void unset_variable(char **envp, const char *name);
void set_variable(char **envp, char *entry);
char **environment(const struct trees *t, const char *tree);

/* start.c: what is executed inside, found out before the tree is entered. */
void prepare_start(const struct trees *t, const struct account *a, const char *tree, char **command);
/* The first word of the command is a name, and this is executed. */
void execute_file(const char *path);
_Noreturn void start(void);
/* The same in a tree that has just been entered. */
_Noreturn void start_inside(void);

/* job.c: whether this was called as chos-job-starter; the command of the job whose words the batch system has given */
bool is_job_starter(const char *called);
char **job_command(const struct account *a, char **words);

/*
 * generations.c: `generation_of`: NAME@7 is 7, and `tree` NAME; else 0. `must_be_prepared`: it is on this machine, or this is the end; `by`: what has chosen it, or NULL.
 */
i64 generation_of(const char *name, const char **tree);
void must_be_prepared(const char *name, const char *tree, const char *by);

/* entries.c: a descriptor, or -errno */
const char *file_of(const char *tree);
long open_entry(const char *tree, u64 *size);
long hold_entry(const char *tree, u64 *size);
bool is_prepared(const char *tree);

/* enter.c */
_Noreturn void enter(const char *tree, const char *refused);
_Noreturn void leave_tree(void);

_Noreturn void engine_start(u64 *stack);
