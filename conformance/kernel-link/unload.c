/* Replacing chos.ko while links are in use; chos_link.ko stays. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

CASE(replace, "chos.ko is replaced; links, forks, and who holds the link's inode go on") {
  char text[100] = {0};
  bool valid = true;
  int go[2];
  check(pipe(go) == 0);
  check(set_link(-1, RED) == 0);
  int inode = open("/proc/chos/link", O_PATH | O_NOFOLLOW | O_CLOEXEC);
  int setchos = open_setchos(O_WRONLY);
  int list = open("/proc/chos/valid", O_RDWR | O_CLOEXEC);
  check(inode >= 0 && list >= 0);

  check(unload_module("chos") == 0);
  check_refused(unload_module("chos_link"), EBUSY);
  check(readlinkat(inode, "", text, sizeof text) == sizeof RED - 1);
  check_text(text, RED);
  check_text(file_text("/proc/chos/link/name"), "red");
  check_refused(write(setchos, BLUE, strlen(BLUE)), EIO);
  check_refused(write(list, "-", 1), EIO);
  check_refused(open("/proc/chos/setchos", O_WRONLY), ENOENT);
  pid_t child = fork();
  if (!child) {
    char byte;
    check_text(link_text(), RED);
    check(read(go[0], &byte, 1) == 1);
    check_text(link_text(), RED);
    _exit(0);
  }

  check(load_module("chos", "") == 0);
  check_text(file_text("/proc/chos/valid"), "");
  check(users_of(RED, &valid) == 2 && !valid);
  check(make_valid(RED) == 0 && make_valid(BLUE) == 0);
  check(users_of(RED, &valid) == 2 && valid);
  check(write(go[1], "", 1) == 1);
  check(succeeded(child));
  check(set_link(-1, BLUE) == 0);
  memset(text, 0, sizeof text);
  check(readlinkat(inode, "", text, sizeof text) == sizeof BLUE - 1);
  check_text(text, BLUE);
  check_refused(write(setchos, RED, strlen(RED)), EIO);
}

CASE(leave_after_replacement, "who entered before the replacement leaves after it") {
  int go[2], done[2];
  char byte;
  check(pipe(go) == 0 && pipe(done) == 0);
  pid_t child = fork();
  if (!child) {
    become_user();
    no_new_privileges();
    check(choose(RED) == 0);
    check(write(done[1], "", 1) == 1);
    check(read(go[0], &byte, 1) == 1);
    check_text(file_text("/name"), "red");
    check(choose("/") == 0);
    check_text(link_text(), "/");
    _exit(0);
  }
  check(read(done[0], &byte, 1) == 1);
  check(unload_module("chos") == 0);
  check(load_module("chos", "") == 0);
  check(make_valid(RED) == 0 && make_valid(BLUE) == 0);
  check(write(go[1], "", 1) == 1);
  check(succeeded(child));
}

CASE(replace_under_load, "chos.ko is replaced again and again while processes set, read, fork and end") {
  pid_t workers[4];
  for (int i = 0; i < 4; i++) {
    workers[i] = fork();
    if (workers[i])
      continue;
    for (;;) {
      int fd = open("/proc/chos/setchos", O_WRONLY | O_CLOEXEC);
      if (fd >= 0) {
        (void)!write(fd, RED, strlen(RED));
        close(fd);
        int result = open("/proc/chos/setchos", O_RDONLY | O_CLOEXEC);
        close(result);
      }
      const char *text = link_text();
      if (strcmp(text, RED) && strcmp(text, "/"))
        fail("the link is \"%.40s\"", text);
      in_child((void)link_text());
    }
  }
  for (int i = 0; i < 100; i++) {
    while (unload_module("chos"))
      check(errno == EAGAIN || errno == EBUSY);
    check_refused(unload_module("chos_link"), EBUSY);
    check(load_module("chos", "") == 0);
    check(make_valid(RED) == 0);
  }
  for (int i = 0; i < 4; i++) {
    kill(workers[i], SIGKILL);
    waitpid(workers[i], NULL, 0);
  }
  check(make_valid(BLUE) == 0);
}
