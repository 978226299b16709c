#include "reporter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "json.h"

extern char **environ;

char *read_all(int fd, unsigned long *size) {
  unsigned long room = 4096, used = 0;
  char *text = malloc(room);
  for (;;) {
    ssize_t got = read(fd, text + used, room - used - 1);
    if (got <= 0)
      break;
    used += (unsigned long)got;
    if (used + 1 == room)
      text = realloc(text, room *= 2);
  }
  text[used] = 0;
  if (size)
    *size = used;
  return text;
}

static void text_of_file(const char *key, const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    json_text(key, "");
    return;
  }
  unsigned long size;
  char *text = read_all(fd, &size);
  json_bytes(key, text, size);
  free(text);
  close(fd);
}

static void credentials(void) {
  uid_t uid[3];
  gid_t gid[3], groups[256];
  getresuid(&uid[0], &uid[1], &uid[2]);
  getresgid(&gid[0], &gid[1], &gid[2]);
  json_open("uid", '[');
  for (int i = 0; i < 3; i++)
    json_number(NULL, uid[i]);
  json_close(']');
  json_open("gid", '[');
  for (int i = 0; i < 3; i++)
    json_number(NULL, gid[i]);
  json_close(']');
  json_open("groups", '[');
  int count = getgroups(256, groups);
  for (int i = 0; i < count; i++)
    json_number(NULL, groups[i]);
  json_close(']');
}

/* capget(2) for three sets, prctl(2) for the two that it does not know. Numbers, not names: the suite has the names. */
static void capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {0};
  syscall(SYS_capget, &header, data);
  json_open("caps", '{');
  for (int set = 0; set < 5; set++) {
    static const char *const names[] = {"effective", "permitted", "inheritable", "bounding", "ambient"};
    json_open(names[set], '[');
    for (int cap = 0; cap < 64; cap++) {
      unsigned bit = 1u << (cap % 32);
      int has = set == 0   ? (data[cap / 32].effective & bit) != 0
                : set == 1 ? (data[cap / 32].permitted & bit) != 0
                : set == 2 ? (data[cap / 32].inheritable & bit) != 0
                : set == 3 ? prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1
                           : prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1;
      if (has)
        json_number(NULL, cap);
    }
    json_close(']');
  }
  json_close('}');
}

static void limits(void) {
  static const char *const names[] = {"CPU",    "FSIZE", "DATA",       "STACK",    "CORE", "RSS",    "NPROC", "NOFILE",
                                      "MEMLOCK", "AS",    "LOCKS",      "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};
  json_open("rlimits", '{');
  for (int i = 0; i < 16; i++) {
    struct rlimit limit = {0};
    getrlimit((__rlimit_resource_t)i, &limit);
    json_open(names[i], '[');
    json_number(NULL, limit.rlim_cur == RLIM_INFINITY ? -1 : (long long)limit.rlim_cur);
    json_number(NULL, limit.rlim_max == RLIM_INFINITY ? -1 : (long long)limit.rlim_max);
    json_close(']');
  }
  json_close('}');
}

void report_descriptors(void) {
  json_open("fds", '{');
  /* Not opendir: a container without /proc must still get an answer, from fcntl alone. */
  for (int fd = 0; fd < 1024; fd++) {
    if (fcntl(fd, F_GETFD) < 0)
      continue;
    char path[64], target[4096] = "?", key[16];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(path, target, sizeof target - 1);
    if (size >= 0)
      target[size] = 0;
    snprintf(key, sizeof key, "%d", fd);
    json_text(key, target);
  }
  json_close('}');
}

void report_namespaces(void) {
  static const char *const names[] = {"pid", "mnt", "net", "ipc", "uts", "user", "cgroup", "time"};
  json_open("namespaces", '{');
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    char path[64], target[64] = "";
    snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
    if (readlink(path, target, sizeof target - 1) > 0)
      json_text(names[i], target);
  }
  json_close('}');
}

/* Raw system calls: glibc hides signals 32 and 33, and a runtime may leak just those. */
static void signals(void) {
  struct {
    void *handler;
    unsigned long flags;
    void *restorer;
    unsigned long mask;
  } action;
  unsigned long blocked = 0;
  json_open("ignored", '[');
  for (int number = 1; number <= 64; number++)
    if (!syscall(SYS_rt_sigaction, number, NULL, &action, 8) && action.handler == (void *)SIG_IGN)
      json_number(NULL, number);
  json_close(']');
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, 8);
  json_open("blocked", '[');
  for (int number = 1; number <= 64; number++)
    if (blocked >> (number - 1) & 1)
      json_number(NULL, number);
  json_close(']');
}

static void terminal(void) {
  struct winsize size = {0};
  char name[256] = "";
  json_open("tty", '{');
  for (int fd = 0; fd < 3; fd++) {
    static const char *const names[] = {"stdin", "stdout", "stderr"};
    json_flag(names[fd], isatty(fd));
  }
  if (!ioctl(0, TIOCGWINSZ, &size)) {
    json_number("rows", size.ws_row);
    json_number("columns", size.ws_col);
    ttyname_r(0, name, sizeof name);
    json_text("name", name);
  }
  int controlling = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  json_flag("controlling", controlling >= 0);
  if (controlling >= 0)
    close(controlling);
  json_close('}');
}

void report(int argc, char **argv) {
  char cwd[4096] = "";
  struct utsname names;
  /* Before anything is opened, so that only inherited descriptors are seen. */
  json_open(NULL, '{');
  json_text("probe", "report");
  report_descriptors();
  json_number("pid", getpid());
  json_number("ppid", getppid());
  json_number("pgid", getpgrp());
  json_number("sid", getsid(0));
  credentials();
  capabilities();
  json_flag("noNewPrivileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
  json_number("seccomp", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
  json_number("dumpable", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  int pdeathsig = 0;
  prctl(PR_GET_PDEATHSIG, &pdeathsig, 0, 0, 0);
  json_number("pdeathsig", pdeathsig);
  mode_t mask = umask(0);
  umask(mask);
  json_number("umask", mask);
  json_text("cwd", getcwd(cwd, sizeof cwd) ? cwd : "");
  json_open("args", '[');
  for (int i = 0; i < argc; i++)
    json_text(NULL, argv[i]);
  json_close(']');
  json_open("env", '[');
  for (char **entry = environ; *entry; entry++)
    json_text(NULL, *entry);
  json_close(']');
  limits();
  terminal();
  uname(&names);
  json_text("hostname", names.nodename);
  json_text("domainname", names.domainname);
  json_text("machine", names.machine);
  json_number("personality", personality(0xffffffff));
  unsigned long nodes[16] = {0}; /* MAX_NUMNODES is 1024 at most, and get_mempolicy(2) looks at a bit less than it is told of */
  int policy = -1;
  syscall(SYS_get_mempolicy, &policy, nodes, 8 * sizeof nodes + 1, 0, 0);
  json_number("memoryPolicy", policy);
  json_number("memoryNodes", (long)nodes[0]);
  json_number("scheduler", sched_getscheduler(0));
  errno = 0;
  json_number("nice", getpriority(PRIO_PROCESS, 0));
  json_number("ioprio", syscall(SYS_ioprio_get, 1 /* IOPRIO_WHO_PROCESS */, 0));
  signals();
  report_namespaces();
  text_of_file("mountinfo", "/proc/self/mountinfo");
  text_of_file("cgroup", "/proc/self/cgroup");
  text_of_file("oomScoreAdj", "/proc/self/oom_score_adj");
  text_of_file("uidMap", "/proc/self/uid_map");
  text_of_file("loginuid", "/proc/self/loginuid");
  json_close('}');
  json_end_line();
}

int report_as_hook(const char *name, const char *log) {
  unsigned long size;
  struct stat standard_input = {0};
  char cwd[4096] = "";
  int closed = fstat(0, &standard_input) < 0;
  if (!freopen(log, "a", stdout))
    return 3;
  char *state = read_all(0, &size);
  json_open(NULL, '{');
  json_text("hook", name);
  json_flag("stdinClosed", closed);
  json_bytes("state", state, size);
  json_text("cwd", getcwd(cwd, sizeof cwd) ? cwd : "");
  json_number("pid", getpid());
  json_open("env", '[');
  for (char **entry = environ; *entry; entry++)
    json_text(NULL, *entry);
  json_close(']');
  report_namespaces();
  report_descriptors();
  json_flag("procMounted", !access("/proc/self/status", R_OK));
  json_flag("insideRoot", !access("/bin/reporter", F_OK));
  json_close('}');
  json_end_line();
  return 0;
}
