/* The text files: what they take, what they refuse, who may use them. */
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

CASE(modes, "the files have their modes, the link is a symlink") {
  static const struct {
    const char *path;
    mode_t mode;
  } files[] = {
    {"/proc/chos", S_IFDIR | 0555},
    {"/proc/chos/link", S_IFLNK | 0777},
    {"/proc/chos/setchos", S_IFREG | 0666},
    {"/proc/chos/resetchos", S_IFREG | 0666},
    {"/proc/chos/valid", S_IFREG | 0600},
    {"/proc/chos/version", S_IFREG | 0444},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    struct stat status;
    check(lstat(files[i].path, &status) == 0);
    if (status.st_mode != files[i].mode)
      fail("%s has mode %o", files[i].path, status.st_mode);
  }
  check_text(file_text("/proc/chos/version"), "version 0.1.0");
}

CASE(no_link, "without a link it is /, and the path goes on") {
  check_text(link_text(), "/");
  struct stat host, through;
  check(stat("/", &host) == 0 && stat("/proc/chos/link", &through) == 0);
  check(host.st_ino == through.st_ino && host.st_dev == through.st_dev);
  check_text(file_text("/proc/chos/link/trees/red/name"), "red");
}

CASE(set_and_reset, "set, read through, change, reset") {
  check(set_link(-1, RED) == 0);
  check_text(link_text(), RED);
  check_text(file_text("/proc/chos/link/name"), "red");
  check(set_link(-1, BLUE) == 0);
  check_text(file_text("/proc/chos/link/name"), "blue");
  check(reset_link() == 0);
  check_text(link_text(), "/");
  check(reset_link() == 0);
}

struct refusal {
  const char *text;
  size_t length;
  int error;
};

/* What both setchos and valid refuse by its form alone. */
static const struct refusal malformed[] = {
  {"", 0, EINVAL},
  {"\n", 1, EINVAL},
  {"x", 1, EINVAL},
  {"trees/red", 9, EINVAL},
  {"./trees/red", 11, EINVAL},
  {"/trees/../trees/red", 19, EINVAL},
  {"/trees/red/..", 13, EINVAL},
  {"/..", 3, EINVAL},
  {"/trees/./red", 12, EINVAL},
  {"//trees/red", 11, EINVAL},
  {"/trees//red", 11, EINVAL},
  {"/trees/red/", 11, EINVAL},
  {"/trees/red\0", 11, EINVAL},
  {"/trees/red\0\n", 12, EINVAL},
  {"/trees\0red", 10, EINVAL},
  {"/trees/red\n\n", 12, EINVAL},
  {"/trees/red\n/trees/blue", 22, EINVAL},
  {" /trees/red", 11, EINVAL},
};

static void check_lengths(const char *path, int long_error) {
  static char text[1 << 20];
  for (size_t i = 0; i < sizeof text; i += 2)
    memcpy(text + i, "/a", 2);
  text[4094] = 'b';
  check_refused(write_bytes(path, text, 4094), long_error);
  text[4093] = 'a';
  check_refused(write_bytes(path, text, 4095), long_error);
  text[4095] = '\n';
  check_refused(write_bytes(path, text, 4096), long_error);
  text[4095] = 'a';
  check_refused(write_bytes(path, text, 4096), ENAMETOOLONG);
  check_refused(write_bytes(path, text, 4097), ENAMETOOLONG);
  check_refused(write_bytes(path, text, sizeof text), ENAMETOOLONG);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  check(fd >= 0);
  check_refused(write(fd, NOWHERE, 10), EFAULT);
  close(fd);
}

static void check_malformed(const char *path) {
  for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
    errno = 0;
    if (write_bytes(path, malformed[i].text, malformed[i].length) != -1 || errno != malformed[i].error)
      fail("%s, malformed text %zu: %s", path, i, strerror(errno));
    check_text(link_text(), RED);
  }
}

CASE(setchos_refuses, "setchos: every refusal changes nothing, inside and outside the skeleton") {
  check(set_link(-1, RED) == 0);
  for (int inside = 0; inside < 2; inside++) {
    if (inside)
      check(chroot(SKELETON) == 0 && chdir("/") == 0);
    check_malformed("/proc/chos/setchos");
    check_refused(choose("/trees/unlisted"), ENOENT);
    check_refused(choose("/trees/none"), ENOENT);
    check_refused(choose("/trees/file"), ENOENT);
    check_refused(choose("/trees/other-name"), ENOENT);
    check_refused(choose("/trees"), ENOENT);
    check_refused(choose("-"), EINVAL);
    check_refused(choose("/"), EPERM);
    check_lengths("/proc/chos/setchos", ENOENT);
    check_text(link_text(), RED);
  }
  check(choose(BLUE "\n") == 0);
  check_text(link_text(), BLUE);
}

CASE(resetchos_refuses, "resetchos: takes 1 to 4096 bytes") {
  static char text[1 << 20];
  check(set_link(-1, RED) == 0);
  check_refused(write_bytes("/proc/chos/resetchos", "", 0), EINVAL);
  check_refused(write_bytes("/proc/chos/resetchos", text, 4097), ENAMETOOLONG);
  check_refused(write_bytes("/proc/chos/resetchos", text, sizeof text), ENAMETOOLONG);
  check_text(link_text(), RED);
  check(write_bytes("/proc/chos/resetchos", text, 4096) == 0);
  check_text(link_text(), "/");
}

CASE(valid_refuses, "valid: every refusal changes nothing") {
  check(set_link(-1, RED) == 0);
  check_malformed("/proc/chos/valid");
  check_refused(make_valid("/"), EINVAL);
  check_refused(make_valid("/trees/none"), ENOENT);
  check_refused(make_valid("/trees/file"), ENOTDIR);
  check_refused(make_valid("/trees/file/below"), ENOTDIR);
  check_lengths("/proc/chos/valid", ENOENT);
  char name[300] = "/trees/";
  memset(name + 7, 'n', 256);
  check_refused(make_valid(name), ENAMETOOLONG);
  check(symlink("loop", "/trees/loop") == 0);
  check_refused(make_valid("/trees/loop"), ELOOP);
  check(unlink("/trees/loop") == 0);
  check_text(file_text("/proc/chos/valid"), RED);
}

CASE(valid_rights, "valid: only CAP_SYS_ADMIN in the initial user namespace, at open and at write") {
  in_child({
    become_user();
    check_refused(open("/proc/chos/valid", O_RDONLY), EACCES);
    check_refused(make_valid(RED), EACCES);
  });
  in_child({
    drop_capabilities();
    check_refused(open("/proc/chos/valid", O_RDONLY), EPERM);
    check_refused(make_valid(RED), EPERM);
  });
  in_child({
    int fd = open("/proc/chos/valid", O_RDWR | O_CLOEXEC);
    check(fd >= 0);
    drop_capabilities();
    check_refused(write(fd, "-", 1), EPERM);
  });
  in_child({
    become_root_of_own_user_namespace();
    check_refused(open("/proc/chos/valid", O_RDWR), EPERM);
  });
  in_child({
    become_user();
    become_root_of_own_user_namespace();
    check_refused(open("/proc/chos/valid", O_RDWR), EACCES);
  });
  check_text(file_text("/proc/chos/valid"), RED);
}

CASE(valid_list, "valid: lists in order, names a path once, - empties; links stay") {
  char text[200];
  bool valid = true;
  check(set_link(-1, RED) == 0);
  check(make_valid(RED) == 0);
  int fd = open("/proc/chos/valid", O_RDONLY | O_CLOEXEC);
  ssize_t length = read(fd, text, sizeof text - 1);
  check(length > 0);
  text[length] = 0;
  close(fd);
  check_text(text, RED "\n" BLUE "\n");
  check(users_of(RED, &valid) == 1 && valid);
  check(users_of(BLUE, &valid) == 0 && valid);
  check(make_valid("-\n") == 0);
  check_text(file_text("/proc/chos/valid"), "");
  check_text(file_text("/proc/chos/link/name"), "red");
  check(users_of(RED, &valid) == 1 && !valid);
  check(users_of(BLUE, NULL) == -1);
  check_refused(set_link(-1, RED), ENOENT);
  check(make_valid(RED) == 0 && make_valid(BLUE) == 0);
  check(users_of(RED, &valid) == 1 && valid);
}

CASE(pinned, "a tree that was renamed or replaced is refused") {
  make_directory("/trees/green");
  make_file("/trees/green/name", "green");
  check(make_valid("/trees/green") == 0);
  check(set_link(-1, "/trees/green") == 0);
  check(rename("/trees/green", "/trees/moved") == 0);
  check_refused(set_link(-1, "/trees/green"), ENOENT);
  make_directory("/trees/green");
  check_refused(set_link(-1, "/trees/green"), ESTALE);
  check(rmdir("/trees/green") == 0);
  make_file("/trees/green", "a file");
  check_refused(set_link(-1, "/trees/green"), ESTALE);
  check(unlink("/trees/green") == 0);
  check(symlink("red", "/trees/green") == 0);
  check_refused(set_link(-1, "/trees/green"), ESTALE);
  check(unlink("/trees/green") == 0);
  check(mkdir("/trees/green", 0755) == 0);
  check(mount("/trees/blue", "/trees/green", NULL, MS_BIND, NULL) == 0);
  check_refused(set_link(-1, "/trees/green"), ESTALE);
  check(umount("/trees/green") == 0 && rmdir("/trees/green") == 0);
  check(rename("/trees/moved", "/trees/green") == 0);
  check(set_link(-1, "/trees/green") == 0);
  check_text(file_text("/proc/chos/link/name"), "green");
  /* Named anew, it is what is there now. */
  check(rename("/trees/green", "/trees/moved") == 0);
  make_directory("/trees/green");
  check(make_valid("/trees/green") == 0);
  check(set_link(-1, "/trees/green") == 0);
  check(make_valid("-") == 0 && make_valid(RED) == 0 && make_valid(BLUE) == 0);
}

CASE(symlinked_tree, "a tree named by a symlink is the directory that it led to") {
  check(make_valid("/trees/other-name") == 0);
  check(set_link(-1, "/trees/other-name") == 0);
  check_text(link_text(), "/trees/other-name");
  check_text(file_text("/proc/chos/link/name"), "red");
  check(unlink("/trees/other-name") == 0 && symlink("blue", "/trees/other-name") == 0);
  check_refused(set_link(-1, "/trees/other-name"), ESTALE);
  check(unlink("/trees/other-name") == 0 && symlink("red", "/trees/other-name") == 0);
  check(make_valid("-") == 0 && make_valid(RED) == 0 && make_valid(BLUE) == 0);
}

CASE(user, "a user without privilege chooses among the valid trees, with the rights to look them up") {
  become_user();
  check(set_link(-1, RED) == 0);
  check_text(file_text("/proc/chos/link/name"), "red");
  check_refused(set_link(-1, "/trees/unlisted"), ENOENT);
}

CASE(unreachable, "a user who may not search the way to a tree does not choose it") {
  make_directory("/trees/closed");
  make_directory("/trees/closed/tree");
  check(make_valid("/trees/closed/tree") == 0);
  check(chmod("/trees/closed", 0700) == 0);
  in_child({
    become_user();
    check_refused(set_link(-1, "/trees/closed/tree"), EACCES);
  });
  check(make_valid("-") == 0 && make_valid(RED) == 0 && make_valid(BLUE) == 0);
  check(rmdir("/trees/closed/tree") == 0 && rmdir("/trees/closed") == 0);
}

CASE(opened_by_another, "a file opened by one user is not written for another") {
  in_child({
    int fd = open_setchos(O_WRONLY);
    int reset = open("/proc/chos/resetchos", O_WRONLY | O_CLOEXEC);
    check(set_link(-1, RED) == 0);
    become_user();
    check_refused(write(fd, BLUE, strlen(BLUE)), EPERM);
    check_refused(write(reset, "1", 1), EPERM);
    check_text(link_text(), RED);
  });
}

CASE(other_procfs, "the link is in every procfs, also of a new pid namespace") {
  check(set_link(-1, RED) == 0);
  check(unshare(CLONE_NEWPID | CLONE_NEWNS) == 0);
  in_child({
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    check(getpid() == 1);
    make_directory("/tmp");
    check(mount("proc", "/tmp", "proc", 0, NULL) == 0);
    check_text(file_text("/tmp/chos/link/name"), "red");
    check(write_text("/tmp/chos/resetchos", "1") == 0);
    check_text(file_text("/tmp/chos/link/trees/blue/name"), "blue");
    check(set_link(-1, BLUE) == 0);
    check_text(file_text("/tmp/chos/link/name"), "blue");
  });
  check_text(link_text(), RED);
}

CASE(root_relative, "the text resolves in the reader's root") {
  check(set_link(-1, RED) == 0);
  make_directory("/other-root");
  make_directory("/other-root/trees");
  make_directory("/other-root" RED);
  make_file("/other-root" RED "/name", "not red");
  make_directory("/other-root/proc");
  check(unshare(CLONE_NEWNS) == 0);
  check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  check(mount("/proc", "/other-root/proc", NULL, MS_BIND | MS_REC, NULL) == 0);
  check(chroot("/other-root") == 0);
  check_text(file_text("/proc/chos/link/name"), "not red");
  check_refused(set_link(-1, RED), ESTALE);
  check_refused(set_link(-1, BLUE), ENOENT);
  check_text(link_text(), RED);
}
