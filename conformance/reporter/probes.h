/* What the files of the probes share. */
#ifndef PROBES_H
#define PROBES_H

#include <errno.h>

/** Prints its members between the name and the error; returns 0 or an errno value. */
typedef int probe_function(int argc, char **argv);

static inline int outcome(long result) {
  return result < 0 ? errno : 0;
}

int probe_exec(int argc, char **argv);
int probe_forks(int argc, char **argv);
int probe_chain(int argc, char **argv);
int probe_spawn(int argc, char **argv);
int probe_wait(int argc, char **argv);
int probe_notify(int argc, char **argv);
int probe_flood(int argc, char **argv);
_Noreturn int probe_sleep(int argc, char **argv);

#endif
