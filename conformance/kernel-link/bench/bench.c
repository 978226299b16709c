/*
 * What the kernel link costs: ratios, measured in one run, alternately, in a machine without load.
 *   bench MODULE-DIRECTORY
 * Prints one JSON object. Each figure is the median of the ratios of neighbouring rounds; a fork is fork, _exit and wait.
 * "fork-unused" is the quickest round with the modules against the quickest without them: they cannot be taken out again to alternate.
 * "fork-noise" is the same with nothing loaded in between.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../../kmod/uapi/linux/chos.h"

enum { rounds = 61, walks = 4000, forks = 300 };

static void need(int condition, const char *what) {
  if (condition)
    return;
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void load(const char *directory, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.ko", directory, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  need(fd >= 0 && syscall(SYS_finit_module, fd, "", 0) == 0, path);
  close(fd);
}

static void set_link(const char *tree) {
  struct chos_link link = {
    .size = sizeof link, .pidfd = CHOS_SELF, .path_len = tree ? (uint32_t)strlen(tree) : 0, .path = (uintptr_t)tree};
  int fd = open("/proc/chos/setchos", O_RDONLY | O_CLOEXEC);
  need(fd >= 0 && ioctl(fd, CHOS_IOC_SET_LINK, &link) == 0, "set link");
  close(fd);
}

static double read_links(const char *path) {
  char text[100];
  double from = now();
  for (int i = 0; i < walks; i++)
    need(readlink(path, text, sizeof text) > 0, path);
  return now() - from;
}

static double open_files(const char *path) {
  double from = now();
  for (int i = 0; i < walks; i++) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    need(fd >= 0, path);
    close(fd);
  }
  return now() - from;
}

static double fork_many(void) {
  double from = now();
  for (int i = 0; i < forks; i++) {
    pid_t child = fork();
    if (!child)
      _exit(0);
    need(child > 0 && waitpid(child, NULL, 0) == child, "fork");
  }
  return now() - from;
}

static int by_value(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static double median(double *values) {
  qsort(values, rounds, sizeof *values, by_value);
  return values[rounds / 2];
}

int main(int argc, char **argv) {
  static double samples[3][rounds], ratios[3][rounds];
  need(argc == 2, "usage: bench MODULE-DIRECTORY");
  mkdir("/trees", 0755);
  mkdir("/trees/red", 0755);
  close(open("/trees/red/name", O_CREAT | O_WRONLY, 0644));
  load(argv[1], "plain_link");

  fork_many();
  for (int i = 0; i < rounds; i++)
    samples[0][i] = fork_many();
  for (int i = 0; i < rounds; i++)
    samples[1][i] = fork_many();
  load(argv[1], "chos_link");
  load(argv[1], "chos");
  for (int i = 0; i < rounds; i++)
    samples[2][i] = fork_many();
  for (int i = 0; i < 3; i++)
    qsort(samples[i], rounds, sizeof *samples[i], by_value);
  double absent = samples[0][0], noise = samples[1][0] / absent, unused = samples[2][0] / samples[1][0];

  int valid = open("/proc/chos/valid", O_WRONLY | O_CLOEXEC);
  need(valid >= 0 && write(valid, "/trees/red", 10) == 10, "valid");
  for (int i = 0; i < rounds; i++) {
    /* Which comes first alternates too. */
    double seconds[2];
    for (int half = 0; half < 2; half++) {
      int set = (i + half) % 2;
      set_link(set ? "/trees/red" : NULL);
      seconds[set] = fork_many();
    }
    ratios[0][i] = seconds[1] / seconds[0];
    set_link("/trees/red");
    double flat = read_links("/proc/flat/link"), link = read_links("/proc/chos/link");
    ratios[1][i] = link / flat;
    flat = open_files("/proc/flat/link/name"), link = open_files("/proc/chos/link/name");
    ratios[2][i] = link / flat;
    set_link(NULL);
  }
  printf("{\"readlink\": %.3f, \"open\": %.3f, \"fork-unused\": %.3f, \"fork-link-set\": %.3f, \"fork-noise\": %.3f, "
         "\"fork-microseconds\": %.1f}\n",
         median(ratios[1]), median(ratios[2]), unused, median(ratios[0]), noise, absent / forks * 1e6);
  return 0;
}
