/* Probes that start processes, or wait. */
#include "probes.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json.h"

/* Runs a file in a child and tells the errno of execve, or the child's exit code. */
int probe_exec(int argc, char **argv) {
  int channel[2], error = 0, status;
  (void)argc;
  if (pipe2(channel, O_CLOEXEC))
    return errno;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    execv(argv[1], argv + 1);
    error = errno;
    _exit(write(channel[1], &error, sizeof error) == sizeof error ? 127 : 126);
  }
  close(channel[1]);
  if (read(channel[0], &error, sizeof error) < 0)
    error = errno;
  close(channel[0]);
  waitpid(child, &status, 0);
  json_number("status", status);
  return error;
}

/* How many of N children can exist at the same time. */
int probe_forks(int argc, char **argv) {
  int wanted = atoi(argv[1]), made = 0, error = 0;
  pid_t children[1024];
  (void)argc;
  fflush(stdout);
  for (; made < wanted && made < 1024; made++) {
    children[made] = fork();
    if (children[made] == 0)
      for (;;)
        pause();
    if (children[made] < 0) {
      error = errno;
      break;
    }
  }
  for (int i = 0; i < made; i++) {
    kill(children[i], SIGKILL);
    waitpid(children[i], NULL, 0);
  }
  json_number("made", made);
  return error;
}

/* Processes of which each starts the next one and ends: whoever lists them is late. */
int probe_chain(int argc, char **argv) {
  (void)argc;
  fflush(stdout);
  signal(SIGCHLD, SIG_IGN);
  for (int i = atoi(argv[1]); i > 0; i--)
    if (fork() == 0)
      for (;;)
        if (fork() > 0)
          _exit(0);
  return 0;
}

/* Leaves a child behind that waits for ever, holding none of our descriptors. */
int probe_spawn(int argc, char **argv) {
  fflush(stdout);
  pid_t child = fork();
  (void)argc, (void)argv;
  if (child == 0) {
    for (int fd = 0; fd < 64; fd++)
      close(fd);
    for (;;)
      pause();
  }
  json_number("pid", child);
  return outcome(child);
}

/* Must be seen before its event: blocks every signal, says so on a line of its own, then takes one. */
int probe_wait(int argc, char **argv) {
  sigset_t all;
  (void)argc, (void)argv;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  json_text("state", "ready");
  json_text("error", "");
  json_close('}');
  json_end_line();
  /* Go's scheduler sends itself SIGURG, and runc forwards that like any other signal. */
  sigdelset(&all, SIGURG);
  sigdelset(&all, SIGCHLD);
  int taken = sigwaitinfo(&all, NULL);
  json_open(NULL, '{');
  json_text("probe", "signal");
  json_number("signal", taken);
  return outcome(taken);
}

static void end_well(int signal) {
  (void)signal;
  _exit(0);
}

/* Children that fill NOTIFY_SOCKET with words that mean nothing, until SIGTERM comes; they end with the first process of their pid namespace. */
int probe_flood(int argc, char **argv) {
  char *message[] = {argv[0], "STATUS=busy"};
  (void)argc;
  signal(SIGTERM, end_well);
  for (int i = 0; i < 3; i++)
    if (fork() == 0)
      for (;;)
        probe_notify(2, message);
  json_text("state", "ready");
  json_text("error", "");
  json_close('}');
  json_end_line();
  for (;;)
    pause();
}

/* Default dispositions: as the first process of a pid namespace only SIGKILL ends it. */
_Noreturn int probe_sleep(int argc, char **argv) {
  (void)argc, (void)argv;
  json_text("state", "ready");
  json_text("error", "");
  json_close('}');
  json_end_line();
  for (;;)
    pause();
}
