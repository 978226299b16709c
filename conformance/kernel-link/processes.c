/* A link belongs to a process; children begin with their parent's. */
#include "check.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define STACK 65536

CASE(fork_inherits, "fork: three generations inherit, nobody else changes") {
  check(set_link(-1, RED) == 0);
  in_child({
    check_text(link_text(), RED);
    in_child({
      check(set_link(-1, BLUE) == 0);
      in_child(check_text(link_text(), BLUE));
      check_text(link_text(), BLUE);
    });
    check_text(link_text(), RED);
    check(reset_link() == 0);
    in_child(check_text(link_text(), "/"));
  });
  check_text(link_text(), RED);
}

static int sees_red(void *unused) {
  (void)unused;
  return strcmp(link_text(), RED) != 0;
}

CASE(clone_inherits, "vfork, clone, clone3, CLONE_PARENT inherit") {
  static const int flags[] = {SIGCHLD, CLONE_VFORK | CLONE_VM | SIGCHLD, CLONE_VM | SIGCHLD, CLONE_FS | CLONE_FILES | SIGCHLD,
                              CLONE_NEWPID | SIGCHLD, CLONE_NEWNS | SIGCHLD, CLONE_NEWUSER | SIGCHLD};
  char *stack = malloc(STACK);
  check(set_link(-1, RED) == 0);
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
    pid_t child = clone(sees_red, stack + STACK, flags[i], NULL);
    check(child > 0);
    if (!succeeded(child))
      fail("clone with %#x", (unsigned)flags[i]);
  }
  struct clone_args args = {.exit_signal = SIGCHLD};
  pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof args);
  if (!child)
    _exit(sees_red(NULL));
  check(succeeded(child));
  /* The new process's parent is ours, but it was made by the child with the link. */
  check(reset_link() == 0);
  int pipes[2];
  check(pipe(pipes) == 0);
  in_child({
    check(set_link(-1, RED) == 0);
    pid_t sibling = clone(sees_red, stack + STACK, CLONE_PARENT | SIGCHLD, NULL);
    check(write(pipes[1], &sibling, sizeof sibling) == sizeof sibling);
  });
  pid_t sibling;
  check(read(pipes[0], &sibling, sizeof sibling) == sizeof sibling);
  check(succeeded(sibling));
}

static void *thread_sees_red(void *unused) {
  (void)unused;
  check_text(link_text(), RED);
  check(set_link(-1, BLUE) == 0);
  check_text(link_text(), BLUE);
  in_child(check_text(link_text(), BLUE));
  return NULL;
}

CASE(threads_share, "threads have the process's link, old and new ones") {
  pthread_t thread;
  check(set_link(-1, RED) == 0);
  check(pthread_create(&thread, NULL, thread_sees_red, NULL) == 0);
  check(pthread_join(thread, NULL) == 0);
  check_text(link_text(), BLUE);
  check(users_of(BLUE, NULL) == 1);
}

static void execute(const char *role, const char *argument) {
  char *const argv[] = {"kernel-link", (char *)role, (char *)argument, NULL};
  execv(self_path, argv);
  fail("execv: %s", strerror(errno));
}

CASE(exec_keeps, "exec keeps it") {
  check(set_link(-1, RED) == 0);
  execute("@link-is", RED);
}

static void *thread_executes(void *unused) {
  (void)unused;
  execute("@link-is", RED);
  return NULL;
}

CASE(exec_by_thread, "exec by another thread than the first keeps it, and it goes when the process ends") {
  pthread_t thread;
  check(set_link(-1, RED) == 0);
  check(pthread_create(&thread, NULL, thread_executes, NULL) == 0);
  pause();
}

static void *outlives_leader(void *argument) {
  pthread_t leader = *(pthread_t *)argument;
  check(pthread_join(leader, NULL) == 0);
  check_text(link_text(), RED);
  check(set_link(-1, BLUE) == 0);
  check(linked_processes() == 1);
  in_child(check_text(link_text(), BLUE));
  _exit(0);
}

CASE(leader_exits, "the first thread ends, the process keeps its link") {
  static pthread_t self;
  pthread_t thread;
  self = pthread_self();
  check(set_link(-1, RED) == 0);
  check(pthread_create(&thread, NULL, outlives_leader, &self) == 0);
  pthread_exit(NULL);
}

static void *thread_forks(void *unused) {
  (void)unused;
  for (int i = 0; i < 20; i++)
    in_child(check(link_text()[0] == '/'));
  return NULL;
}

CASE(exit_group_races, "processes with many threads end in every order") {
  for (int i = 0; i < 18; i++) {
    pid_t child = fork();
    if (!child) {
      pthread_t threads[4];
      check(set_link(-1, i % 2 ? RED : BLUE) == 0);
      for (int j = 0; j < 4; j++)
        check(pthread_create(&threads[j], NULL, thread_forks, NULL) == 0);
      if (i % 3 == 0)
        kill(getpid(), SIGKILL);
      if (i % 3 == 1)
        pthread_exit(NULL);
      _exit(0);
    }
    int status;
    check(waitpid(child, &status, 0) == child);
  }
}

CASE(daemonised, "a daemonised grandchild keeps it after all its ancestors have ended") {
  int ready[2], answer[2];
  check(pipe(ready) == 0 && pipe(answer) == 0);
  check(set_link(-1, RED) == 0);
  in_child({
    setsid();
    pid_t grandchild = fork();
    if (grandchild)
      _exit(0);
    char byte;
    /* Until its parent is gone and the link of this process is another. */
    check(read(ready[0], &byte, 1) == 1);
    check(getppid() != 1);
    ssize_t length = (ssize_t)strlen(link_text());
    check(write(answer[1], link_text(), (size_t)length) == length);
    _exit(0);
  });
  check(set_link(-1, BLUE) == 0);
  char text[100] = {0};
  check(write(ready[1], "", 1) == 1);
  check(read(answer[0], text, sizeof text) > 0);
  check_text(text, RED);
}

CASE(two_users, "two users in two trees at once") {
  static const char *const trees[] = {RED, BLUE};
  int go[2];
  pid_t children[2];
  check(pipe(go) == 0);
  for (int i = 0; i < 2; i++) {
    children[i] = fork();
    if (!children[i]) {
      check(chroot(SKELETON) == 0 && chdir("/") == 0);
      check(setresgid(USER + i, USER + i, USER + i) == 0 && setresuid(USER + i, USER + i, USER + i) == 0);
      check(choose(trees[i]) == 0);
      char byte;
      check(read(go[0], &byte, 1) == 1);
      for (int j = 0; j < 1000; j++)
        check_text(file_text("/name"), strrchr(trees[i], '/') + 1);
      _exit(0);
    }
  }
  check(write(go[1], "..", 2) == 2);
  check(succeeded(children[0]) && succeeded(children[1]));
}

CASE(pipeline, "a pipeline of programs, executed through the link, all in one tree") {
  check(set_link(-1, BLUE) == 0);
  check(chroot(SKELETON) == 0 && chdir("/") == 0);
  int pipes[2];
  check(pipe(pipes) == 0);
  pid_t writer = fork();
  if (!writer) {
    dup2(pipes[1], 1);
    close(pipes[0]);
    close(pipes[1]);
    execl("/program", "program", "@cat", "/name", NULL);
    _exit(1);
  }
  pid_t reader = fork();
  if (!reader) {
    dup2(pipes[0], 0);
    close(pipes[0]);
    close(pipes[1]);
    execl("/program", "program", "@input-is", "blue", NULL);
    _exit(1);
  }
  close(pipes[0]);
  close(pipes[1]);
  check(succeeded(writer) && succeeded(reader));
}

CASE(traced, "a tracer in another tree changes nothing for the traced, nor the other way round") {
  check(set_link(-1, RED) == 0);
  pid_t child = fork();
  if (!child) {
    check(set_link(-1, BLUE) == 0);
    check(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    raise(SIGSTOP);
    check_text(link_text(), BLUE);
    in_child(check_text(link_text(), BLUE));
    execute("@link-is", BLUE);
  }
  int status;
  check(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
  check(ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) == 0);
  int running = 1;
  check(ptrace(PTRACE_CONT, child, NULL, NULL) == 0);
  while (running) {
    pid_t stopped = waitpid(-1, &status, __WALL);
    check(stopped > 0);
    check_text(link_text(), RED);
    if (WIFSTOPPED(status)) {
      int signal = status >> 16 || WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status);
      check(ptrace(PTRACE_CONT, stopped, NULL, (void *)(intptr_t)signal) == 0);
    } else {
      check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
      running = stopped != child;
    }
  }
}

static struct {
  volatile bool stop;
  volatile unsigned long reads;
} race;

static void *reads_always(void *unused) {
  (void)unused;
  while (!race.stop) {
    const char *text = link_text();
    if (strcmp(text, RED) && strcmp(text, BLUE) && strcmp(text, "/"))
      fail("the link is \"%.40s\"", text);
    const char *name = file_text("/proc/chos/link/trees/../name");
    (void)name;
    race.reads++;
  }
  return NULL;
}

CASE(thread_race, "a thread resolves the link while another sets and forgets it") {
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    check(pthread_create(&threads[i], NULL, reads_always, NULL) == 0);
  for (int i = 0; i < 3000 || race.reads < 1000; i++) {
    check(set_link(-1, RED) == 0);
    check(set_link(-1, BLUE) == 0);
    check(reset_link() == 0);
  }
  race.stop = true;
  for (int i = 0; i < 2; i++)
    check(pthread_join(threads[i], NULL) == 0);
}

#define FAIL_INHERIT "/sys/module/chos_link/parameters/fail_inherit"

/* Only a module built with CHOS_SELF_TEST=y can be made to fail. */
CASE(no_memory, "a child whose link finds no memory does not run") {
  if (access(FAIL_INHERIT, W_OK))
    return;
  check(set_link(-1, RED) == 0);
  check(write_text(FAIL_INHERIT, "Y") == 0);
  pid_t child = fork();
  if (!child)
    _exit(0);
  int status;
  check(waitpid(child, &status, 0) == child);
  check(write_text(FAIL_INHERIT, "N") == 0);
  check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  in_child(check_text(link_text(), RED));
}

int run_role(int argc, char **argv) {
  const char *role = argv[0], *argument = argc > 1 ? argv[1] : "";
  if (!strcmp(role, "@link-is"))
    check_text(link_text(), argument);
  else if (!strcmp(role, "@cat"))
    dprintf(1, "%s\n", file_text(argument));
  else if (!strcmp(role, "@answer")) {
    char path[4096];
    check(set_link(-1, argument) == 0);
    check(chroot(SKELETON) == 0 && chdir("/") == 0);
    while (fgets(path, sizeof path, stdin)) {
      path[strcspn(path, "\n")] = 0;
      printf("%s\n", file_text(path));
      fflush(stdout);
    }
  } else if (!strcmp(role, "@input-is"))
    check_text(file_text("/proc/self/fd/0"), argument);
  else if (!strcmp(role, "@setuid")) {
    /* Standard output is /proc/chos/setchos, opened by the user who started this. */
    check(geteuid() == 0 && getuid() == USER);
    check_refused(write(1, argument, strlen(argument)), EPERM);
    check_text(link_text(), RED);
    check(choose(BLUE) == 0);
    check_text(link_text(), BLUE);
  } else
    return 2;
  return 0;
}
