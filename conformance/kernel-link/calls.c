/* The ioctls of uapi/linux/chos.h. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "../../kmod/uapi/linux/chos.h"

static int call(const void *argument) {
  int fd = open_setchos(O_RDONLY);
  int result = ioctl(fd, CHOS_IOC_SET_LINK, argument);
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

CASE(sizes, "a struct's size: 24 or more, unknown bytes zero") {
  struct {
    struct chos_link link;
    char more[5000];
  } grown = {.link = {.pidfd = -1, .path = (uintptr_t)RED, .path_len = sizeof RED - 1}};
  static const struct {
    uint32_t size;
    int error;
  } refused[] = {{0, EINVAL}, {4, EINVAL}, {23, EINVAL}, {4097, E2BIG}, {~0u, E2BIG}};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    grown.link.size = refused[i].size;
    check_refused(call(&grown), refused[i].error);
  }
  for (uint32_t size = 24; size <= 4096; size = size * 2 + 1) {
    grown.link.size = size;
    check(call(&grown) == 0);
    check_text(link_text(), RED);
    check(reset_link() == 0);
  }
  grown.link.size = 40;
  grown.more[15] = 1;
  check_refused(call(&grown), E2BIG);
  grown.link.size = 39;
  check(call(&grown) == 0);
  check_refused(call(NOWHERE), EFAULT);
  check_refused(call(NULL), EFAULT);
}

CASE(commands, "type and number decide, not the size in the command") {
  struct chos_link link = {.size = 24, .pidfd = -1, .path = (uintptr_t)RED, .path_len = sizeof RED - 1};
  int fd = open_setchos(O_WRONLY);
  check(ioctl(fd, _IOC(_IOC_NONE, 0xC5, 1, 100), &link) == 0);
  check_text(link_text(), RED);
  check_refused(ioctl(fd, _IOC(_IOC_NONE, 0xC5, 0, 24), &link), ENOTTY);
  check_refused(ioctl(fd, _IOC(_IOC_NONE, 0xC5, 4, 24), &link), ENOTTY);
  check_refused(ioctl(fd, _IOC(_IOC_NONE, 0xC4, 1, 24), &link), ENOTTY);
  int path_only = open("/proc/chos/setchos", O_PATH | O_CLOEXEC);
  check_refused(ioctl(path_only, CHOS_IOC_SET_LINK, &link), EBADF);
  int other = open("/proc/chos/resetchos", O_WRONLY | O_CLOEXEC);
  check_refused(ioctl(other, CHOS_IOC_SET_LINK, &link), ENOTTY);
}

CASE(set_refuses, "set: every refusal changes nothing") {
  static char text[5000];
  check(set_link(-1, RED) == 0);
  struct chos_link link = {.size = 24, .pidfd = -1, .flags = 1, .path = (uintptr_t)BLUE, .path_len = sizeof BLUE - 1};
  check_refused(call(&link), EINVAL);
  link.flags = 0;
  link.path = 8;
  check_refused(call(&link), EFAULT);
  memset(text, 'a', sizeof text);
  text[0] = '/';
  link.path = (uintptr_t)text;
  link.path_len = 4096;
  check_refused(call(&link), ENAMETOOLONG);
  link.path_len = ~0u;
  check_refused(call(&link), ENAMETOOLONG);
  link.path_len = 4095;
  check_refused(call(&link), ENOENT);
  /* With the NUL counted. */
  link.path = (uintptr_t)BLUE;
  link.path_len = sizeof BLUE;
  check_refused(call(&link), EINVAL);
  static const char *const malformed[] = {"/", "x", "trees/red", "/trees/../trees/red", "/trees/red/", "/trees/red\n"};
  for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
    check_refused(set_link(-1, malformed[i]), i ? EINVAL : ENOENT);
  check_refused(set_link(-1, "/trees/unlisted"), ENOENT);
  check_text(link_text(), RED);
  check(set_link(-1, NULL) == 0);
  check_text(link_text(), "/");
}

CASE(get, "get: the length, ERANGE, 0 for none") {
  char text[100] = "untouched";
  check(get_link(-1, text, sizeof text) == 0);
  check_text(text, "untouched");
  check(set_link(-1, RED) == 0);
  check_refused(get_link(-1, text, sizeof RED - 2), ERANGE);
  check_refused(get_link(-1, NULL, 0), ERANGE);
  check_text(text, "untouched");
  check(get_link(-1, text, sizeof RED - 1) == sizeof RED - 1);
  check(!memcmp(text, RED, sizeof RED - 1));
  check_refused(get_link(-1, NOWHERE, 100), EFAULT);
}

static pid_t start_stopped(void) {
  pid_t child = fork();
  check(child >= 0);
  if (!child) {
    raise(SIGSTOP);
    _exit(strcmp(link_text(), BLUE) != 0);
  }
  int status;
  check(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
  return child;
}

CASE(another, "set and get another process, by pidfd") {
  char text[100] = {0};
  check(set_link(-1, RED) == 0);
  pid_t child = start_stopped();
  int pidfd = pidfd_of(child);
  check(get_link(pidfd, text, sizeof text) == sizeof RED - 1);
  check(set_link(pidfd, BLUE) == 0);
  check(get_link(pidfd, text, sizeof text) == sizeof BLUE - 1);
  check_text(text, BLUE);
  check_text(link_text(), RED);
  check(kill(child, SIGCONT) == 0);
  check(succeeded(child));
  check_refused(set_link(pidfd, BLUE), ESRCH);
  check_refused(get_link(pidfd, text, sizeof text), ESRCH);
}

CASE(zombie, "a process that has ended but was not waited for takes no link") {
  pid_t child = fork();
  if (!child)
    _exit(0);
  siginfo_t info;
  check(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
  int pidfd = pidfd_of(child);
  check_refused(set_link(pidfd, RED), ESRCH);
  check(linked_processes() == 0);
  check(succeeded(child));
}

CASE(no_pidfd, "what is not a pidfd is EBADF") {
  int pipes[2];
  check(pipe(pipes) == 0);
  int others[] = {-2, 9999, open("/", O_RDONLY), open("/proc/self", O_RDONLY), open("/proc/self/stat", O_RDONLY),
                  eventfd(0, 0), pipes[0], open("/proc/chos/link", O_PATH | O_NOFOLLOW)};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    check_refused(set_link(others[i], RED), EBADF);
}

CASE(another_rights, "another process: only CAP_SYS_ADMIN in the initial user namespace; oneself by pidfd: anybody") {
  char text[100];
  pid_t child = start_stopped();
  int pidfd = pidfd_of(child);
  in_child({
    become_user();
    check_refused(set_link(pidfd, BLUE), EPERM);
    check_refused(get_link(pidfd, text, sizeof text), EPERM);
    int self = pidfd_of(getpid());
    check(set_link(self, RED) == 0);
    check_text(link_text(), RED);
    check(get_link(self, text, sizeof text) > 0);
  });
  in_child({
    drop_capabilities();
    check_refused(set_link(pidfd, BLUE), EPERM);
  });
  in_child({
    become_root_of_own_user_namespace();
    check_refused(set_link(pidfd, BLUE), EPERM);
  });
  check(set_link(pidfd, BLUE) == 0);
  check(kill(child, SIGCONT) == 0);
  check(succeeded(child));
}

CASE(list, "list: only with CAP_SYS_ADMIN; ERANGE; counts processes, not threads") {
  struct chos_trees trees = {.size = sizeof trees};
  int fd = open_setchos(O_RDONLY);
  check(set_link(-1, RED) == 0);
  pid_t child = start_stopped();
  check(users_of(RED, NULL) == 2);
  check(set_link(pidfd_of(child), BLUE) == 0);
  check(users_of(RED, NULL) == 1 && users_of(BLUE, NULL) == 1);
  check(kill(child, SIGCONT) == 0 && succeeded(child));
  check(users_of(BLUE, NULL) == 0);
  char buffer[8];
  trees.buffer = (uintptr_t)buffer;
  trees.buffer_len = sizeof buffer;
  check_refused(ioctl(fd, CHOS_IOC_LIST_TREES, &trees), ERANGE);
  trees.buffer_len = ~0u;
  trees.buffer = 8;
  check_refused(ioctl(fd, CHOS_IOC_LIST_TREES, &trees), EFAULT);
  trees.buffer_len = 0;
  trees.reserved = 1;
  check_refused(ioctl(fd, CHOS_IOC_LIST_TREES, &trees), EINVAL);
  trees.reserved = 0;
  trees.flags = 1;
  check_refused(ioctl(fd, CHOS_IOC_LIST_TREES, &trees), EINVAL);
  trees.flags = 0;
  in_child({
    become_user();
    check_refused(ioctl(fd, CHOS_IOC_LIST_TREES, &trees), EPERM);
  });
}
