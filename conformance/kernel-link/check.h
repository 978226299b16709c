/* Cases, checks, and the words in which the cases speak to the kernel link. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define RED "/trees/red"
#define BLUE "/trees/blue"
#define SKELETON "/chos"
#define USER 1000

/* An address where nothing is; volatile, for the compiler knows that too. */
extern char *volatile const nowhere;
#define NOWHERE ((void *)nowhere)

void add_case(const char *name, void (*run)(void));

/* Each case runs in a process of its own, with no link, and must leave no process with a link. */
#define CASE(id, name)                                                                                                 \
  static void id(void);                                                                                                \
  __attribute__((constructor)) static void add_##id(void) { add_case(name, id); }                                      \
  static void id(void)

__attribute__((noreturn, format(printf, 3, 4))) void fail_at(const char *file, int line, const char *format, ...);
#define fail(...) fail_at(__FILE__, __LINE__, __VA_ARGS__)
#define check(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition))                                                                                                  \
      fail("%s (%s)", #condition, strerror(errno));                                                                    \
  } while (0)

/* That a call returns -1 with this errno. */
#define check_refused(call, expected)                                                                                  \
  do {                                                                                                                 \
    errno = 0;                                                                                                         \
    long result_ = (long)(call);                                                                                       \
    if (result_ != -1 || errno != (expected))                                                                          \
      fail("%s: %ld, %s instead of %s", #call, result_, strerror(errno), strerror(expected));                          \
  } while (0)

#define check_text(actual, expected)                                                                                   \
  do {                                                                                                                 \
    const char *actual_ = (actual);                                                                                    \
    if (strcmp(actual_, (expected)))                                                                                   \
      fail("%s is \"%.80s\", not \"%.80s\"", #actual, actual_, (expected));                                            \
  } while (0)

/* Runs statements in a child and checks that they succeed there. */
#define in_child(...)                                                                                                  \
  do {                                                                                                                 \
    pid_t child_ = fork();                                                                                             \
    check(child_ >= 0);                                                                                                \
    if (!child_) {                                                                                                     \
      __VA_ARGS__;                                                                                                     \
      _exit(0);                                                                                                        \
    }                                                                                                                  \
    check(succeeded(child_));                                                                                          \
  } while (0)

bool succeeded(pid_t child);

/* What /proc/chos/link says to the caller; one buffer for each thread. */
const char *link_text(void);
/* The first line of a file. */
const char *file_text(const char *path);
/* Writes bytes in one write(2): 0 or -1 and errno. */
int write_bytes(const char *path, const void *bytes, size_t count);
int write_text(const char *path, const char *text);
int choose(const char *tree);
int make_valid(const char *tree);
int reset_link(void);
/* Processes with a link, by /proc/chos/version. */
unsigned long linked_processes(void);

int open_setchos(int flags);
/* CHOS_IOC_SET_LINK and CHOS_IOC_GET_LINK: pidfd -1 is the caller. tree NULL forgets. */
int set_link(int pidfd, const char *tree);
int get_link(int pidfd, char *buffer, size_t size);
int pidfd_of(pid_t pid);
/* Processes whose link is this tree; -1: not listed. */
long users_of(const char *tree, bool *valid);

void become_user(void);
void no_new_privileges(void);
void drop_capabilities(void);
/* A new user namespace in which the caller is root. */
void become_root_of_own_user_namespace(void);
void make_directory(const char *path);
void make_file(const char *path, const char *text);

/* setup.c */
void set_up(void);
int load_module(const char *name, const char *parameters);
int unload_module(const char *name);
extern const char *module_directory;
extern const char *self_path;

/* What this program does when a case executes it. */
int run_role(int argc, char **argv);

#endif
