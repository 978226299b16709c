#include "check.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../../kmod/uapi/linux/chos.h"

char *volatile const nowhere = (char *)8;

void fail_at(const char *file, int line, const char *format, ...) {
  char text[600];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  dprintf(1, "  %s:%d: %s\n", file, line, text);
  _exit(1);
}

bool succeeded(pid_t child) {
  int status;
  while (waitpid(child, &status, __WALL) < 0)
    if (errno != EINTR)
      return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

const char *link_text(void) {
  static _Thread_local char text[4096];
  ssize_t length = readlink("/proc/chos/link", text, sizeof text - 1);
  if (length < 0)
    snprintf(text, sizeof text, "(%s)", strerror(errno));
  else
    text[length] = 0;
  return text;
}

const char *file_text(const char *path) {
  static _Thread_local char text[4096];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (length < 0)
    snprintf(text, sizeof text, "(%s)", strerror(errno));
  else
    text[length] = 0;
  text[strcspn(text, "\n")] = 0;
  if (fd >= 0)
    close(fd);
  return text;
}

int write_bytes(const char *path, const void *bytes, size_t count) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  ssize_t written = write(fd, bytes, count);
  int error = errno;
  close(fd);
  errno = error;
  if (written >= 0 && (size_t)written != count)
    fail("%s took %zd of %zu bytes", path, written, count);
  return written < 0 ? -1 : 0;
}

int write_text(const char *path, const char *text) { return write_bytes(path, text, strlen(text)); }
int choose(const char *tree) { return write_text("/proc/chos/setchos", tree); }
int make_valid(const char *tree) { return write_text("/proc/chos/valid", tree); }
int reset_link(void) { return write_text("/proc/chos/resetchos", "1"); }

unsigned long linked_processes(void) {
  unsigned long count = ~0ul;
  char line[200];
  FILE *file = fopen("/proc/chos/version", "re");
  check(file);
  while (fgets(line, sizeof line, file))
    sscanf(line, "processes %lu", &count);
  fclose(file);
  return count;
}

int open_setchos(int flags) {
  int fd = open("/proc/chos/setchos", flags | O_CLOEXEC);
  check(fd >= 0);
  return fd;
}

static int link_call(unsigned long command, int pidfd, const void *path, size_t length) {
  struct chos_link link = {
    .size = sizeof link, .pidfd = pidfd, .path_len = (uint32_t)length, .path = (uintptr_t)path};
  int fd = open_setchos(O_RDONLY);
  int result = ioctl(fd, command, &link);
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

int set_link(int pidfd, const char *tree) {
  return link_call(CHOS_IOC_SET_LINK, pidfd, tree, tree ? strlen(tree) : 0);
}

int get_link(int pidfd, char *buffer, size_t size) { return link_call(CHOS_IOC_GET_LINK, pidfd, buffer, size); }

int pidfd_of(pid_t pid) {
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  check(fd >= 0);
  return fd;
}

long users_of(const char *tree, bool *valid) {
  struct chos_trees trees = {.size = sizeof trees};
  int fd = open_setchos(O_RDONLY);
  int needed = ioctl(fd, CHOS_IOC_LIST_TREES, &trees);
  check(needed >= 0);
  trees.buffer_len = (uint32_t)needed + 65536;
  char *buffer = calloc(1, trees.buffer_len);
  trees.buffer = (uintptr_t)buffer;
  int length = ioctl(fd, CHOS_IOC_LIST_TREES, &trees);
  check(length >= 0);
  close(fd);
  long users = -1;
  for (int at = 0; at < length;) {
    struct chos_tree_record *record = (void *)(buffer + at);
    check(record->size >= sizeof *record && record->size % 8 == 0);
    if (!strcmp(record->path, tree)) {
      users = (long)record->users;
      if (valid)
        *valid = record->flags & CHOS_TREE_VALID;
    }
    at += (int)record->size;
  }
  free(buffer);
  return users;
}

void become_user(void) {
  check(setresgid(USER, USER, USER) == 0);
  check(setresuid(USER, USER, USER) == 0);
}

void no_new_privileges(void) { check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0); }

void drop_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {0};
  check(syscall(SYS_capset, &header, none) == 0);
}

void become_root_of_own_user_namespace(void) {
  uid_t uid = geteuid();
  gid_t gid = getegid();
  char map[40];
  /* Or the files below belong to root, after a change of user. */
  check(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
  check(unshare(CLONE_NEWUSER) == 0);
  check(write_text("/proc/self/setgroups", "deny") == 0);
  snprintf(map, sizeof map, "0 %u 1", uid);
  check(write_text("/proc/self/uid_map", map) == 0);
  snprintf(map, sizeof map, "0 %u 1", gid);
  check(write_text("/proc/self/gid_map", map) == 0);
}

void make_directory(const char *path) { check(mkdir(path, 0755) == 0 || errno == EEXIST); }

void make_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  check(fd >= 0);
  check(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  close(fd);
}
