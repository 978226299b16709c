/* Many processes, many trees, much at once; and that the memory comes back. */
#include "check.h"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Objects of the module's cache, after all that waits for RCU. -1: the kernel does not tell. */
static long cache_objects(void) {
  for (int i = 0; i < 3; i++)
    syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
  if (write_text("/sys/kernel/slab/chos_link/shrink", "1"))
    return -1;
  return atol(file_text("/sys/kernel/slab/chos_link/objects"));
}

static void check_memory(long before) {
  long now = 0;
  /* Callbacks run soon after the grace period, not in it. */
  for (int i = 0; i < 200; i++) {
    now = cache_objects();
    if (now <= before)
      return;
    sched_yield();
  }
  fail("the cache chos_link has %ld objects, %ld before", now, before);
}

static int ends(void *unused) {
  (void)unused;
  return 0;
}

/* Forks with a link set, each child in the cheapest way: it borrows everything, ends at once and is reaped by the kernel. */
static void fork_many(unsigned long count) {
  static const char *const trees[] = {RED, BLUE};
  char *stack = malloc(65536);
  check(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
  for (unsigned long i = 0; i < count; i++) {
    if (i % 4096 == 0)
      check(set_link(-1, trees[(i / 4096) % 2]) == 0);
    int flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | SIGCHLD;
    check(clone(ends, stack + 65536, flags, NULL) > 0);
  }
}

CASE(fork_storm, "a million forks with links on all processors; the memory is back afterwards") {
  const char *wanted = getenv("FORKS");
  unsigned long forks = wanted ? strtoul(wanted, NULL, 10) : 1000000;
  long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  long before = cache_objects();
  pid_t workers[64];
  check(cpus >= 1 && cpus <= 64);
  for (long i = 0; i < cpus; i++) {
    workers[i] = fork();
    if (!workers[i]) {
      fork_many(forks / (unsigned long)cpus);
      _exit(0);
    }
  }
  for (long i = 0; i < cpus; i++)
    check(succeeded(workers[i]));
  /* The last children may still be on their way out: vfork() returns before the child's end is complete. */
  check_memory(before);
}

CASE(many_living, "3,000 processes with links at once, and again none") {
  enum { count = 3000 };
  static pid_t children[count];
  int go[2];
  long before = cache_objects();
  check(pipe(go) == 0);
  check(set_link(-1, RED) == 0);
  for (int i = 0; i < count; i++) {
    children[i] = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    check(children[i] >= 0);
    if (!children[i]) {
      char byte;
      close(go[1]);
      _exit(read(go[0], &byte, 1) != 0 || strcmp(link_text(), RED));
    }
  }
  check(users_of(RED, NULL) == count + 1);
  close(go[1]);
  for (int i = 0; i < count; i++)
    check(succeeded(children[i]));
  check(users_of(RED, NULL) == 1);
  check(reset_link() == 0);
  check_memory(before);
}

CASE(many_trees, "10,000 trees, switched in a loop") {
  enum { count = 10000 };
  char path[60];
  make_directory("/trees/many");
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "/trees/many/%d", i);
    make_directory(path);
    check(make_valid(path) == 0);
  }
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "/trees/many/%d", (int)((long)i * 7919 % count));
    check(set_link(-1, path) == 0);
    check_text(link_text(), path);
  }
  bool valid;
  check(users_of(path, &valid) == 1 && valid);
  check(users_of("/trees/many/0", &valid) == 0 && valid);
  check(make_valid("-") == 0 && make_valid(RED) == 0 && make_valid(BLUE) == 0);
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "/trees/many/%d", i);
    check(rmdir(path) == 0);
  }
  check(rmdir("/trees/many") == 0);
}

static void set_others_forever(void) {
  for (;;) {
    pid_t child = fork();
    check(child >= 0);
    if (!child)
      _exit(0);
    int pidfd = pidfd_of(child);
    for (int i = 0; i < 4; i++)
      if (set_link(pidfd, i % 2 ? RED : BLUE) && errno != ESRCH && errno != ENOENT)
        fail("set: %s", strerror(errno));
    close(pidfd);
    waitpid(child, NULL, 0);
  }
}

static void fork_forever(void) {
  for (int i = 0;; i++) {
    if (set_link(-1, i % 2 ? RED : BLUE) && errno != ENOENT)
      fail("set: %s", strerror(errno));
    in_child(in_child((void)link_text()));
    check(reset_link() == 0);
  }
}

static void read_forever(void) {
  char text[100];
  for (;;) {
    (void)file_text("/proc/chos/link/name");
    (void)get_link(-1, text, sizeof text);
    (void)users_of(RED, NULL);
    check(linked_processes() != ~0ul);
  }
}

static void *thread_sets(void *unused) {
  (void)unused;
  for (int i = 0; i < 20; i++)
    set_link(-1, i % 2 ? RED : BLUE);
  return NULL;
}

static void end_with_threads_forever(void) {
  for (;;) {
    pid_t child = fork();
    if (!child) {
      pthread_t threads[3];
      for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, thread_sets, NULL);
      _exit(0);
    }
    waitpid(child, NULL, 0);
  }
}

CASE(all_at_once, "set, read, fork, exit, set by pidfd, list, and changes of valid, at the same time") {
  static void (*const works[])(void) = {set_others_forever, fork_forever, fork_forever, read_forever,
                                        end_with_threads_forever};
  enum { count = sizeof works / sizeof *works };
  pid_t workers[count];
  for (int i = 0; i < count; i++) {
    workers[i] = fork();
    if (!workers[i]) {
      works[i]();
      _exit(1);
    }
  }
  for (int i = 0; i < 2000; i++) {
    check(make_valid("-") == 0);
    check(make_valid(RED) == 0);
    check(make_valid(BLUE) == 0);
    check_refused(unload_module("chos_link"), EWOULDBLOCK);
  }
  for (int i = 0; i < count; i++) {
    int status;
    check(waitpid(workers[i], &status, WNOHANG) == 0);
    kill(workers[i], SIGKILL);
    waitpid(workers[i], &status, 0);
  }
  /* main() waits for their children and counts the links then. */
}
