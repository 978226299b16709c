/* Two trees, a skeleton that shows them, and the module. */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

const char *module_directory;
const char *self_path;

int load_module(const char *name, const char *parameters) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.ko", module_directory, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  check(fd >= 0);
  int result = (int)syscall(SYS_finit_module, fd, parameters, 0);
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

int unload_module(const char *name) { return (int)syscall(SYS_delete_module, name, O_NONBLOCK); }

static void copy_self(const char *to, mode_t mode) {
  struct stat status;
  int in = open(self_path, O_RDONLY | O_CLOEXEC);
  int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  check(in >= 0 && out >= 0);
  check(fstat(in, &status) == 0);
  check(sendfile(out, in, NULL, (size_t)status.st_size) == status.st_size);
  check(fchmod(out, mode) == 0);
  close(in);
  close(out);
}

static void make_tree(const char *path) {
  char name[4096];
  make_directory(path);
  snprintf(name, sizeof name, "%s/name", path);
  make_file(name, strrchr(path, '/') + 1);
  snprintf(name, sizeof name, "%s/program", path);
  copy_self(name, 0755);
  snprintf(name, sizeof name, "%s/setuid-program", path);
  copy_self(name, 04755);
}

static void show_inside(const char *path) {
  char inside[4096];
  snprintf(inside, sizeof inside, SKELETON "%s", path);
  make_directory(inside);
  check(mount(path, inside, NULL, MS_BIND | MS_REC, NULL) == 0);
}

void set_up(void) {
  make_directory("/trees");
  make_tree(RED);
  make_tree(BLUE);
  make_directory("/trees/unlisted");
  make_file("/trees/file", "a file");
  check(symlink("red", "/trees/other-name") == 0 || errno == EEXIST);
  make_directory(SKELETON);
  show_inside("/trees");
  show_inside("/proc");
  static const char *const links[] = {"name", "program", "setuid-program"};
  for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
    char from[100], to[100];
    snprintf(from, sizeof from, "/proc/chos/link/%s", links[i]);
    snprintf(to, sizeof to, SKELETON "/%s", links[i]);
    check(symlink(from, to) == 0 || errno == EEXIST);
  }
  check(load_module("chos_link", "") == 0);
  check(load_module("chos", "") == 0);
  check(make_valid(RED "\n") == 0);
  check(make_valid(BLUE) == 0);
}
