/* Being moved to the skeleton without privilege, and all who are not. */
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PARAMETER "/sys/module/chos/parameters/skeleton"

static bool root_is(const char *host_path, const struct stat *expected) {
  struct stat root;
  (void)host_path;
  check(stat("/", &root) == 0);
  return root.st_dev == expected->st_dev && root.st_ino == expected->st_ino;
}

static struct stat host_root, skeleton_root;

static void look(void) {
  check(stat("/", &host_root) == 0 && stat(SKELETON, &skeleton_root) == 0);
}

static void check_not_moved(void) {
  check(root_is("/", &host_root));
  check_text(link_text(), "/");
}

static unsigned long mounts(void) {
  unsigned long lines = 0;
  int byte;
  FILE *file = fopen("/proc/self/mountinfo", "re");
  check(file);
  while ((byte = fgetc(file)) != EOF)
    lines += byte == '\n';
  fclose(file);
  return lines;
}

CASE(enters, "a user with no_new_privs enters, switches, runs programs, leaves; no mounts") {
  look();
  unsigned long before = mounts();
  become_user();
  no_new_privileges();
  check(chdir("/trees") == 0);
  check(choose(RED) == 0);
  check(root_is(SKELETON, &skeleton_root));
  char directory[100];
  check(getcwd(directory, sizeof directory));
  check_text(directory, "/");
  check_text(file_text("/name"), "red");
  check(choose(BLUE) == 0);
  check_text(file_text("/name"), "blue");
  check_refused(choose("/trees/unlisted"), ENOENT);
  check(root_is(SKELETON, &skeleton_root));
  pid_t child = fork();
  if (!child)
    execl("/program", "program", "@link-is", BLUE, NULL);
  check(succeeded(child));
  check(choose("/") == 0);
  check_not_moved();
  check(mounts() == before);
  check_refused(choose("/"), EPERM);
  check(choose(RED) == 0);
  check(reset_link() == 0);
  check(root_is(SKELETON, &skeleton_root));
  check(choose("/\n") == 0);
  check_not_moved();
}

CASE(exec_then_leave, "a program that is executed after entering may leave, a child may not") {
  look();
  no_new_privileges();
  check(choose(RED) == 0);
  in_child({
    check_refused(choose("/"), EPERM);
    check(root_is(SKELETON, &skeleton_root));
    check_text(link_text(), RED);
  });
  check(choose("/") == 0);
}

CASE(needs_no_new_privs, "not without no_new_privs, not even root") {
  look();
  check_refused(choose(RED), EPERM);
  check_not_moved();
  become_user();
  check_refused(choose(RED), EPERM);
  check_not_moved();
}

static int waits(void *pipes) {
  char byte;
  close(((int *)pipes)[1]);
  return read(((int *)pipes)[0], &byte, 1) != 0;
}

CASE(shared_fs, "not with a CLONE_FS sibling, which may lack no_new_privs") {
  look();
  int pipes[2];
  char *stack = malloc(65536);
  check(pipe(pipes) == 0);
  pid_t sibling = clone(waits, stack + 65536, CLONE_FS | SIGCHLD, pipes);
  check(sibling > 0);
  no_new_privileges();
  check_refused(choose(RED), EPERM);
  check_not_moved();
  close(pipes[1]);
  check(succeeded(sibling));
  check(choose(RED) == 0);
  /* Nor back. */
  check(pipe(pipes) == 0);
  sibling = clone(waits, stack + 65536, CLONE_FS | SIGCHLD, pipes);
  check_refused(choose("/"), EPERM);
  check(root_is(SKELETON, &skeleton_root));
  close(pipes[1]);
  check(succeeded(sibling));
  check(choose("/") == 0);
}

static void *thread_waits(void *pipes) {
  char byte;
  check(read(*(int *)pipes, &byte, 1) == 0);
  return NULL;
}

static void *thread_enters(void *unused) {
  (void)unused;
  check(unshare(CLONE_FS) == 0);
  no_new_privileges();
  check_refused(choose(RED), EPERM);
  return NULL;
}

CASE(threads_do_not_enter, "not with a second thread, also if that has its own fs_struct") {
  look();
  pthread_t thread;
  int pipes[2];
  check(pipe(pipes) == 0);
  check(pthread_create(&thread, NULL, thread_waits, &pipes[0]) == 0);
  no_new_privileges();
  check_refused(choose(RED), EPERM);
  close(pipes[1]);
  check(pthread_join(thread, NULL) == 0);
  check(pthread_create(&thread, NULL, thread_enters, NULL) == 0);
  check(pthread_join(thread, NULL) == 0);
  check_not_moved();
}

CASE(own_mounts, "not from another mount namespace") {
  look();
  check(unshare(CLONE_NEWNS) == 0);
  no_new_privileges();
  check_refused(choose(RED), EPERM);
  check_not_moved();
}

CASE(own_mounts_inside, "who entered and then took an own mount namespace does not leave") {
  look();
  no_new_privileges();
  check(choose(RED) == 0);
  check(unshare(CLONE_NEWNS) == 0);
  check_refused(choose("/"), EPERM);
  check(root_is(SKELETON, &skeleton_root));
  check(choose(BLUE) == 0);
  check_text(file_text("/name"), "blue");
}

CASE(container, "not from a container: own user, mount and pid namespace, own proc") {
  look();
  become_user();
  become_root_of_own_user_namespace();
  check(unshare(CLONE_NEWNS | CLONE_NEWPID) == 0);
  in_child({
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    check(mount("proc", "/proc", "proc", 0, NULL) == 0);
    no_new_privileges();
    check_refused(choose(RED), EPERM);
    check_not_moved();
    check_refused(choose("/"), EPERM);
    check(set_link(-1, RED) == 0);
    check_text(file_text("/proc/chos/link/name"), "red");
    check_refused(write_text(PARAMETER, "/trees"), EACCES);
  });
}

CASE(user_namespace, "not from a user namespace; and there is none to be made inside") {
  look();
  in_child({
    become_user();
    become_root_of_own_user_namespace();
    no_new_privileges();
    check_refused(choose(RED), EPERM);
    check_not_moved();
  });
  become_user();
  no_new_privileges();
  check(choose(RED) == 0);
  /* The kernel's own rule for all in a chroot, create_user_ns(). */
  check_refused(unshare(CLONE_NEWUSER), EPERM);
  check(choose("/") == 0);
}

CASE(own_chroot, "from a user namespace by one's own link and chroot, and not back by the module") {
  look();
  become_user();
  become_root_of_own_user_namespace();
  no_new_privileges();
  check(set_link(-1, RED) == 0);
  check(chroot(SKELETON) == 0 && chdir("/") == 0);
  check(root_is(SKELETON, &skeleton_root));
  check_text(file_text("/name"), "red");
  in_child(check_text(file_text("/name"), "red"));
  check(set_link(-1, BLUE) == 0);
  check_text(file_text("/name"), "blue");
  check_refused(choose("/"), EPERM);
  check(root_is(SKELETON, &skeleton_root));
}

/* By that chos-runtime learns for a user, who may not read the list, whether a tree is in it (runtime/trees/kernel-link.ts). */
CASE(list_first, "who may not be moved learns whether the tree is in the list") {
  look();
  become_user();
  check_refused(choose("/trees/none"), ENOENT);
  check_refused(choose(RED), EPERM);
  check_not_moved();
  check_text(link_text(), "/");
}

CASE(chroot_then_enter, "not out of a chroot") {
  look();
  make_directory("/jail");
  make_directory("/jail/proc");
  make_directory("/jail/trees");
  check(unshare(CLONE_FS) == 0);
  int fd = open_setchos(O_WRONLY);
  check(chroot("/jail") == 0 && chdir("/") == 0);
  no_new_privileges();
  struct stat jail;
  check(stat("/", &jail) == 0);
  check_refused(write(fd, RED, strlen(RED)), EPERM);
  check(root_is("/jail", &jail));
}

CASE(enter_then_chroot, "who entered and was put into a chroot does not leave it") {
  look();
  no_new_privileges();
  int fd = open_setchos(O_WRONLY);
  check(choose(RED) == 0);
  check(chroot("/trees") == 0 && chdir("/") == 0);
  struct stat jail;
  check(stat("/", &jail) == 0);
  check_refused(write(fd, "/", 1), EPERM);
  check_refused(write(fd, BLUE, strlen(BLUE)), EPERM);
  check(root_is("/trees", &jail));
}

CASE(chrooted_to_skeleton, "who was put into the skeleton by chroot chooses there, and does not leave") {
  look();
  check(chroot(SKELETON) == 0 && chdir("/") == 0);
  become_user();
  check_refused(choose("/"), EPERM);
  check(choose(RED) == 0);
  check_text(file_text("/name"), "red");
  check_refused(choose("/"), EPERM);
  no_new_privileges();
  check_refused(choose("/"), EPERM);
  check(root_is(SKELETON, &skeleton_root));
}

CASE(setuid_program, "a setuid program in a tree: keeps the link, is not made to choose by its output") {
  check(set_link(-1, RED) == 0);
  check(chroot(SKELETON) == 0 && chdir("/") == 0);
  become_user();
  int fd = open_setchos(O_WRONLY);
  pid_t child = fork();
  if (!child) {
    dup2(fd, 1);
    execl("/setuid-program", "setuid-program", "@setuid", BLUE, NULL);
    _exit(1);
  }
  check(succeeded(child));
  check_text(link_text(), RED);
}

CASE(not_in_skeleton, "a tree that the skeleton does not show is not entered") {
  look();
  make_directory("/hidden");
  make_directory("/hidden/tree");
  check(make_valid("/hidden/tree") == 0);
  no_new_privileges();
  check_refused(choose("/hidden/tree"), ENOENT);
  check_not_moved();
  make_directory(SKELETON "/hidden");
  make_directory(SKELETON "/hidden/tree");
  check_refused(choose("/hidden/tree"), ESTALE);
  check_not_moved();
  check(set_link(-1, "/hidden/tree") == 0);
  check(rmdir(SKELETON "/hidden/tree") == 0 && rmdir(SKELETON "/hidden") == 0);
  check(make_valid("-") == 0 && make_valid(RED) == 0 && make_valid(BLUE) == 0);
}

CASE(covered_skeleton, "a skeleton that was covered is not entered, until it is registered anew") {
  look();
  check(mount("tmpfs", SKELETON, "tmpfs", 0, NULL) == 0);
  in_child({
    no_new_privileges();
    check_refused(choose(RED), ESTALE);
    check_not_moved();
  });
  check(umount(SKELETON) == 0);
  in_child({
    no_new_privileges();
    check(choose(RED) == 0);
  });
}

CASE(parameter, "the parameter skeleton: who writes it, what it takes, none at all") {
  look();
  check_text(file_text(PARAMETER), SKELETON);
  in_child({
    become_user();
    check_refused(write_text(PARAMETER, "/trees"), EACCES);
  });
  in_child({
    drop_capabilities();
    check_refused(write_text(PARAMETER, "/trees"), EPERM);
  });
  in_child({
    check(unshare(CLONE_NEWNS) == 0);
    check_refused(write_text(PARAMETER, "/trees"), EPERM);
  });
  in_child({
    check(chroot("/") == 0);
    check(write_text(PARAMETER, SKELETON) == 0);
  });
  in_child({
    int fd = open(PARAMETER, O_WRONLY | O_CLOEXEC);
    check(chroot("/trees") == 0);
    check_refused(write(fd, "/red", 4), EPERM);
  });
  check_refused(write_text(PARAMETER, "trees"), EINVAL);
  check_refused(write_text(PARAMETER, "/trees/.."), EINVAL);
  check_refused(write_text(PARAMETER, "/none"), ENOENT);
  check_refused(write_text(PARAMETER, "/trees/file"), ENOTDIR);
  check_text(file_text(PARAMETER), SKELETON);
  check(write_text(PARAMETER, "\n") == 0);
  check_text(file_text(PARAMETER), "");
  in_child({
    no_new_privileges();
    check_refused(choose(RED), ENXIO);
    check_refused(choose("/"), ENXIO);
    check(set_link(-1, RED) == 0);
  });
  check(write_text(PARAMETER, SKELETON "\n") == 0);
  check_text(file_text(PARAMETER), SKELETON);
  check_refused(write_text("/sys/module/chos/parameters/require_no_new_privs", "N"), EACCES);
}

CASE(lifted_rule, "loaded with require_no_new_privs=N only that rule is lifted") {
  look();
  check(unload_module("chos") == 0);
  check(load_module("chos", "require_no_new_privs=N skeleton=" SKELETON) == 0);
  check(make_valid(RED) == 0 && make_valid(BLUE) == 0);
  in_child({
    become_user();
    check(choose(RED) == 0);
    check(root_is(SKELETON, &skeleton_root));
    check(choose("/") == 0);
    check_not_moved();
  });
  in_child({
    check(unshare(CLONE_NEWNS) == 0);
    check_refused(choose(RED), EPERM);
  });
  in_child({
    become_user();
    become_root_of_own_user_namespace();
    check_refused(choose(RED), EPERM);
  });
  in_child({
    int fd = open_setchos(O_WRONLY);
    check(chroot("/trees") == 0);
    check_refused(write(fd, RED, strlen(RED)), EPERM);
  });
  check(unload_module("chos") == 0);
  check(load_module("chos", "") == 0);
  check(make_valid(RED) == 0 && make_valid(BLUE) == 0);
}

CASE(pidfd_never_moves, "setting another process's link does not move its root") {
  look();
  int go[2];
  check(pipe(go) == 0);
  pid_t child = fork();
  if (!child) {
    char byte;
    no_new_privileges();
    check(read(go[0], &byte, 1) == 1);
    check(root_is("/", &host_root));
    check_text(link_text(), RED);
    _exit(0);
  }
  check(set_link(pidfd_of(child), RED) == 0);
  check(write(go[1], "", 1) == 1);
  check(succeeded(child));
}
