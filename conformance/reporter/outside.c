/*
 * outside: what the suite needs done on the host and Node cannot do.
 *
 *   outside supervise CMD...                 be a child subreaper; tell CMD on its fd 3 of every orphan that ends
 *   outside console SOCKET                   take one terminal from a --console-socket; show what arrives on it
 *   outside pty ROWS COLUMNS CMD...          run CMD on a new terminal, its own session; show what it writes
 *   outside signals ignored|blocked N CMD... run CMD with signal N ignored or blocked
 *   outside user ID CMD...                   run CMD as that user and group, without any right
 *   outside hold ID FIRST SIZE               a user namespace of that user's, where 0 is ID and 1 is FIRST, and a mount
 *                                            namespace; print the pid of the process that holds them
 *   outside inside PID CMD...                run CMD as root of these namespaces
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void fail(const char *what) {
  perror(what);
  exit(124);
}

static int exit_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Ends every child that is left and waits for it; their own children then become ours, hence the loop. */
static int end_children(void) {
  char path[64], text[65536];
  int ended = 0;
  snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
  for (;;) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
      close(fd);
    if (size <= 0)
      return ended;
    text[size] = 0;
    for (char *at = text, *next; strtol(at, &next, 10) > 0; at = next) {
      kill((pid_t)strtol(at, NULL, 10), SIGKILL);
      ended++;
    }
    wait(NULL);
  }
}

/*
 * As conmon does it: orphaned container inits become our children, so that somebody reaps them and learns their exit
 * status. Node reaps only what it spawned, hence this parent of Node.
 */
static int supervise(char **command) {
  int events[2];
  if (pipe2(events, O_CLOEXEC))
    fail("pipe");
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
    fail("subreaper");
  pid_t suite = fork();
  if (suite < 0)
    fail("fork");
  if (suite == 0) {
    /* The read end is below 10 and is not 3 in general; dup2 clears close-on-exec only on a new number. */
    if (events[0] == 3)
      fcntl(3, F_SETFD, 0);
    else
      dup2(events[0], 3);
    /* Node makes the low descriptors close-on-exec and stops at the first gap; what is above would reach runtimes. */
    close_range(4, ~0u, 0);
    execvp(command[0], command);
    fail(command[0]);
  }
  close(events[0]);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  for (;;) {
    int status;
    pid_t ended = wait(&status);
    if (ended < 0 && errno == EINTR)
      continue;
    if (ended < 0)
      return 124;
    if (ended == suite) {
      int left = end_children();
      return exit_code(status) ? exit_code(status) : left ? 123 : 0;
    }
    dprintf(events[1], "%d %d\n", ended, exit_code(status));
  }
}

static void copy_until_hangup(int from, int to) {
  char bytes[4096];
  for (;;) {
    ssize_t got = read(from, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR)
      continue;
    /* A pty master gives EIO when the last descriptor of the other end is closed. */
    if (got <= 0)
      return;
    if (write(to, bytes, (size_t)got) < 0)
      return;
  }
}

static int console(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4))
    fail(path);
  printf("ready\n");
  fflush(stdout);
  int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (peer < 0)
    fail("accept");
  char payload[4096];
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(16 * sizeof(int))];
  } control = {0};
  struct iovec part = {payload, sizeof payload};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg(peer, &message, MSG_CMSG_CLOEXEC);
  if (got < 0)
    fail("recvmsg");
  int descriptors = 0, terminal = -1;
  for (struct cmsghdr *part_of = CMSG_FIRSTHDR(&message); part_of; part_of = CMSG_NXTHDR(&message, part_of))
    if (part_of->cmsg_level == SOL_SOCKET && part_of->cmsg_type == SCM_RIGHTS) {
      descriptors += (int)((part_of->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      memcpy(&terminal, CMSG_DATA(part_of), sizeof terminal);
    }
  struct winsize size = {0};
  unsigned number = 0;
  int is_master = terminal >= 0 && !ioctl(terminal, TIOCGPTN, &number);
  if (terminal >= 0)
    ioctl(terminal, TIOCGWINSZ, &size);
  printf("{\"payload\":%zd,\"descriptors\":%d,\"master\":%s,\"rows\":%u,\"columns\":%u}\n", got, descriptors,
         is_master ? "true" : "false", size.ws_row, size.ws_col);
  fflush(stdout);
  if (terminal >= 0)
    copy_until_hangup(terminal, 1);
  printf("\nhangup\n");
  return 0;
}

static volatile sig_atomic_t resize_asked;

static void on_usr1(int number) {
  (void)number;
  resize_asked = 1;
}

/* SIGUSR1 adds one to both sides of the window, to see whether a resize reaches the container. */
static int pty(char **arguments) {
  struct winsize size = {.ws_row = (unsigned short)atoi(arguments[0]), .ws_col = (unsigned short)atoi(arguments[1])};
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), status, input = 0;
  if (master < 0 || grantpt(master) || unlockpt(master) || ioctl(master, TIOCSWINSZ, &size))
    fail("pty");
  struct sigaction action = {.sa_handler = on_usr1};
  sigset_t asking, before;
  sigemptyset(&asking);
  sigaddset(&asking, SIGUSR1);
  /* Blocked but while it waits, so that no signal falls between the check and ppoll. */
  sigprocmask(SIG_BLOCK, &asking, &before);
  sigaction(SIGUSR1, &action, NULL);
  pid_t child = fork();
  if (child < 0)
    fail("fork");
  if (child == 0) {
    signal(SIGUSR1, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    setsid();
    int terminal = open(ptsname(master), O_RDWR);
    if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0))
      fail("terminal");
    for (int fd = 0; fd < 3; fd++)
      dup2(terminal, fd);
    if (terminal > 2)
      close(terminal);
    execvp(arguments[2], arguments + 2);
    fail(arguments[2]);
  }
  for (;;) {
    char bytes[4096];
    struct pollfd polled[2] = {{.fd = master, .events = POLLIN}, {.fd = input, .events = POLLIN}};
    if (resize_asked) {
      resize_asked = 0;
      size.ws_row++, size.ws_col++;
      ioctl(master, TIOCSWINSZ, &size);
    }
    if (ppoll(polled, 2, NULL, &before) < 0)
      continue;
    if (polled[0].revents) {
      ssize_t got = read(master, bytes, sizeof bytes);
      if (got <= 0 && errno != EINTR)
        break;
      if (got > 0 && write(1, bytes, (size_t)got) < 0)
        break;
    }
    if (polled[1].revents) {
      ssize_t got = read(input, bytes, sizeof bytes);
      if (got <= 0)
        input = -1;
      else if (write(master, bytes, (size_t)got) < 0)
        break;
    }
  }
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  return exit_code(status);
}

static int signals(char **arguments) {
  int number = atoi(arguments[1]);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  if (!strcmp(arguments[0], "ignored"))
    signal(number, SIG_IGN);
  else
    sigprocmask(SIG_BLOCK, &set, NULL);
  execvp(arguments[2], arguments + 2);
  fail(arguments[2]);
}

static void become(uid_t id) {
  if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id))
    fail("setresuid");
}

static _Noreturn void as_user(char **arguments) {
  become((uid_t)atoi(arguments[0]));
  execvp(arguments[1], arguments + 1);
  fail(arguments[1]);
}

static void write_map(pid_t pid, const char *which, char **arguments) {
  char path[64], text[128];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, which);
  int size = snprintf(text, sizeof text, "0 %s 1\n1 %s %s\n", arguments[0], arguments[1], arguments[2]);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, (size_t)size) != size)
    fail(path);
  close(fd);
}

/* The maps are written from outside and with every right, as newuidmap(1) does it, so that setgroups(2) stays allowed. */
static int hold(char **arguments) {
  int made[2], mapped[2];
  char byte = 0;
  if (pipe2(made, O_CLOEXEC) || pipe2(mapped, O_CLOEXEC))
    fail("pipe");
  pid_t holder = fork();
  if (holder < 0)
    fail("fork");
  if (holder == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    become((uid_t)atoi(arguments[0]));
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
      fail("unshare");
    /* Both were cleared by the change of ids. */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (write(made[1], "", 1) != 1 || read(mapped[0], &byte, 1) != 1)
      fail("pipe");
    for (;;)
      pause();
  }
  if (read(made[0], &byte, 1) != 1)
    fail("pipe");
  write_map(holder, "uid_map", arguments);
  write_map(holder, "gid_map", arguments);
  if (write(mapped[1], "", 1) != 1)
    fail("pipe");
  printf("%d\n", holder);
  fflush(stdout);
  waitpid(holder, NULL, 0);
  return 0;
}

static _Noreturn void inside(char **arguments) {
  static const char *const kinds[] = {"user", "mnt"};
  char path[64], directory[4096];
  int namespaces[2];
  if (!getcwd(directory, sizeof directory))
    fail("getcwd");
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "/proc/%s/ns/%s", arguments[0], kinds[i]);
    namespaces[i] = open(path, O_RDONLY | O_CLOEXEC);
    if (namespaces[i] < 0)
      fail(path);
  }
  for (int i = 0; i < 2; i++) {
    if (setns(namespaces[i], 0))
      fail(kinds[i]);
    close(namespaces[i]);
  }
  become(0);
  if (chdir(directory))
    fail(directory);
  execvp(arguments[1], arguments + 1);
  fail(arguments[1]);
}

int main(int argc, char **argv) {
  if (argc > 2 && !strcmp(argv[1], "supervise"))
    return supervise(argv + 2);
  if (argc == 3 && !strcmp(argv[1], "console"))
    return console(argv[2]);
  if (argc > 4 && !strcmp(argv[1], "pty"))
    return pty(argv + 2);
  if (argc > 4 && !strcmp(argv[1], "signals"))
    return signals(argv + 2);
  if (argc > 3 && !strcmp(argv[1], "user"))
    as_user(argv + 2);
  if (argc == 5 && !strcmp(argv[1], "hold"))
    return hold(argv + 2);
  if (argc > 3 && !strcmp(argv[1], "inside"))
    inside(argv + 2);
  fprintf(stderr, "usage: outside supervise|console|pty|signals|user|hold|inside ...\n");
  return 124;
}
