/*
 * Tests of the kernel link on a running kernel, as root, in a machine that nobody needs afterwards (conformance/kernel-link/main.ts).
 *   kernel-link MODULE-DIRECTORY [PART-OF-A-CASE-NAME]
 * The last line counts: `N passed, M failed`.
 */
#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

static struct {
  const char *name;
  void (*run)(void);
} cases[200];
static size_t case_count;

void add_case(const char *name, void (*run)(void)) {
  if (case_count == sizeof cases / sizeof *cases)
    abort();
  cases[case_count].name = name;
  cases[case_count++].run = run;
}

static void on_alarm(int signal) { (void)signal; }

/* Whether a case left a process behind: it would be a child of ours by now. Waits for those that are about to end. */
static bool leaves_processes(void) {
  alarm(30);
  while (waitpid(-1, NULL, __WALL) > 0)
    ;
  alarm(0);
  return errno != ECHILD;
}

static bool run_case(size_t at) {
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  pid_t child = fork();
  if (!child) {
    signal(SIGALRM, SIG_DFL);
    alarm(1750);
    cases[at].run();
    _exit(0);
  }
  bool good = succeeded(child);
  if (leaves_processes()) {
    printf("  processes are left\n");
    good = false;
  }
  if (linked_processes() != 0) {
    printf("  %lu processes with a link are left\n", linked_processes());
    good = false;
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
  printf("%s %s (%.1f s)\n", good ? "ok  " : "FAIL", cases[at].name, seconds);
  return good;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc > 1 && argv[1][0] == '@')
    return run_role(argc - 1, argv + 1);
  if (argc < 2) {
    fprintf(stderr, "usage: kernel-link MODULE-DIRECTORY [PART-OF-A-CASE-NAME]\n");
    return 2;
  }
  self_path = "/proc/self/exe";
  module_directory = argv[1];
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  set_up();
  int passed = 0, failed = 0;
  for (size_t i = 0; i < case_count; i++) {
    if (argc > 2 && !strstr(cases[i].name, argv[2]))
      continue;
    if (run_case(i))
      passed++;
    else
      failed++;
  }
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
