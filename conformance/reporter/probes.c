#include "reporter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "json.h"
#include "probes.h"

static const char *type_name(mode_t mode) {
  switch (mode & S_IFMT) {
  case S_IFREG: return "file";
  case S_IFDIR: return "directory";
  case S_IFLNK: return "symlink";
  case S_IFCHR: return "character";
  case S_IFBLK: return "block";
  case S_IFIFO: return "fifo";
  case S_IFSOCK: return "socket";
  default: return "?";
  }
}

static int print_stat(int result, const struct stat *found) {
  if (result < 0)
    return errno;
  char device[32];
  json_text("type", type_name(found->st_mode));
  json_number("mode", found->st_mode & 07777);
  json_number("uid", found->st_uid);
  json_number("gid", found->st_gid);
  json_number("size", found->st_size);
  snprintf(device, sizeof device, "%u:%u", major(found->st_rdev), minor(found->st_rdev));
  json_text("rdev", device);
  snprintf(device, sizeof device, "%u:%u", major(found->st_dev), minor(found->st_dev));
  json_text("dev", device);
  return 0;
}

static int probe_stat(int argc, char **argv) {
  struct stat found;
  (void)argc;
  return print_stat(stat(argv[1], &found), &found);
}

static int probe_lstat(int argc, char **argv) {
  struct stat found;
  (void)argc;
  return print_stat(lstat(argv[1], &found), &found);
}

static int probe_fstat(int argc, char **argv) {
  struct stat found;
  (void)argc;
  return print_stat(fstat(atoi(argv[1]), &found), &found);
}

static int probe_readlink(int argc, char **argv) {
  char target[4096];
  ssize_t size = readlink(argv[1], target, sizeof target);
  (void)argc;
  if (size >= 0)
    json_bytes("target", target, (size_t)size);
  return outcome(size);
}

static int probe_read(int argc, char **argv) {
  unsigned long size;
  /* A number is a descriptor, so that preserved ones can be read. */
  int fd = argv[1][0] >= '0' && argv[1][0] <= '9' ? atoi(argv[1]) : open(argv[1], O_RDONLY | O_CLOEXEC);
  (void)argc;
  if (fd < 0)
    return errno;
  errno = 0;
  char *text = read_all(fd, &size);
  int error = size ? 0 : errno;
  json_bytes("text", text, size);
  return error;
}

static int write_with(const char *path, int flags, const char *text) {
  int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
  if (fd < 0)
    return errno;
  int error = outcome(write(fd, text, strlen(text)));
  close(fd);
  return error;
}

static int probe_write(int argc, char **argv) {
  return write_with(argv[1], O_WRONLY | O_CREAT | O_TRUNC, argc > 2 ? argv[2] : "x");
}

/* Opens without O_CREAT: what /proc, /sys and devices need. */
static int probe_poke(int argc, char **argv) {
  return write_with(argv[1], O_WRONLY, argc > 2 ? argv[2] : "x");
}

static int probe_open(int argc, char **argv) {
  int flags = argc > 2 && !strcmp(argv[2], "w") ? O_WRONLY : argc > 2 && !strcmp(argv[2], "rw") ? O_RDWR : O_RDONLY;
  int fd = open(argv[1], flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd >= 0)
    close(fd);
  return outcome(fd);
}

static int by_name(const void *left, const void *right) {
  return strcmp(*(char *const *)left, *(char *const *)right);
}

static int probe_ls(int argc, char **argv) {
  char *names[4096];
  unsigned count = 0;
  DIR *directory = opendir(argv[1]);
  (void)argc;
  if (!directory)
    return errno;
  for (struct dirent *entry; count < 4096 && (entry = readdir(directory));)
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
      names[count++] = strdup(entry->d_name);
  closedir(directory);
  qsort(names, count, sizeof *names, by_name);
  json_open("names", '[');
  for (unsigned i = 0; i < count; i++)
    json_text(NULL, names[i]);
  json_close(']');
  return 0;
}

static int probe_mkdir(int argc, char **argv) {
  (void)argc;
  return outcome(mkdir(argv[1], 0777));
}

static int probe_chdir(int argc, char **argv) {
  (void)argc;
  return outcome(chdir(argv[1]));
}

static int probe_chown(int argc, char **argv) {
  return outcome(chown(argv[1], argc > 2 ? (uid_t)atoi(argv[2]) : 1, (gid_t)-1));
}

/* mknod PATH c|b MAJOR MINOR */
static int probe_mknod(int argc, char **argv) {
  if (argc < 5)
    return EINVAL;
  mode_t type = argv[2][0] == 'b' ? S_IFBLK : S_IFCHR;
  return outcome(mknod(argv[1], type | 0666, makedev((unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]))));
}

static int probe_mount(int argc, char **argv) {
  return outcome(mount(argv[1], argv[2], argc > 3 ? argv[3] : "tmpfs", 0, NULL));
}

static int probe_umount(int argc, char **argv) {
  (void)argc;
  return outcome(umount2(argv[1], 0));
}

static int probe_statfs(int argc, char **argv) {
  struct statfs found;
  char type[32];
  (void)argc;
  if (statfs(argv[1], &found))
    return errno;
  snprintf(type, sizeof type, "0x%lx", (unsigned long)found.f_type);
  json_text("type", type);
  json_number("flags", found.f_flags);
  json_number("bytes", (long long)found.f_blocks * found.f_bsize);
  return 0;
}

/* syscall NUMBER [ARGUMENT...]: numbers in any base that strtoul takes. */
static int probe_syscall(int argc, char **argv) {
  unsigned long word[7] = {0};
  for (int i = 1; i < argc && i < 8; i++)
    word[i - 1] = strtoul(argv[i], NULL, 0);
  long result = syscall((long)word[0], word[1], word[2], word[3], word[4], word[5], word[6]);
  int error = outcome(result);
  json_number("result", result);
  return error;
}

static int probe_stdin(int argc, char **argv) {
  unsigned long size;
  char *text = read_all(0, &size);
  (void)argc, (void)argv;
  json_bytes("text", text, size);
  return 0;
}

static int probe_winsize(int argc, char **argv) {
  struct winsize size = {0};
  int error = outcome(ioctl(argc > 1 ? atoi(argv[1]) : 0, TIOCGWINSZ, &size));
  json_number("rows", size.ws_row);
  json_number("columns", size.ws_col);
  return error;
}

/* Touches every page, so that the memory is charged. */
static int probe_allocate(int argc, char **argv) {
  size_t size = (size_t)atoi(argv[1]) << 20;
  char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  (void)argc;
  if (memory == MAP_FAILED)
    return errno;
  for (size_t at = 0; at < size; at += 4096)
    memory[at] = 1;
  munmap(memory, size);
  return 0;
}

/* sd_notify(3): the arguments as the lines of one message. */
int probe_notify(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *name = getenv("NOTIFY_SOCKET");
  char message[512] = "";
  if (name == NULL || strlen(name) >= sizeof address.sun_path)
    return ENOENT;
  strcpy(address.sun_path, name);
  for (int i = 1; i < argc; i++) {
    strncat(message, argv[i], sizeof message - strlen(message) - 1);
    strncat(message, "\n", sizeof message - strlen(message) - 1);
  }
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int error = outcome(sendto(fd, message, strlen(message), 0, (struct sockaddr *)&address, sizeof address));
  close(fd);
  return error;
}

static const struct {
  const char *name;
  int least_arguments;
  probe_function *run;
} probes[] = {
    {"stat", 1, probe_stat},       {"lstat", 1, probe_lstat},       {"fstat", 1, probe_fstat},
    {"readlink", 1, probe_readlink}, {"read", 1, probe_read},       {"write", 1, probe_write},
    {"poke", 1, probe_poke},       {"open", 1, probe_open},         {"ls", 1, probe_ls},
    {"mkdir", 1, probe_mkdir},     {"chdir", 1, probe_chdir},       {"chown", 1, probe_chown},
    {"mknod", 4, probe_mknod},     {"mount", 2, probe_mount},       {"umount", 1, probe_umount},
    {"statfs", 1, probe_statfs},   {"exec", 1, probe_exec},         {"syscall", 1, probe_syscall},
    {"stdin", 0, probe_stdin},     {"winsize", 0, probe_winsize},   {"allocate", 1, probe_allocate},
    {"forks", 1, probe_forks},     {"spawn", 0, probe_spawn},       {"wait", 0, probe_wait},
    {"sleep", 0, probe_sleep},     {"chain", 1, probe_chain},       {"notify", 1, probe_notify},
    {"flood", 0, probe_flood},
};

/* These three end or print plainly, so they make no JSON. */
static int plain(int argc, char **argv) {
  const char *argument = argc > 1 ? argv[1] : "";
  if (!strcmp(argv[0], "exit"))
    exit(atoi(argument));
  if (!strcmp(argv[0], "kill-self")) {
    kill(getpid(), atoi(argument));
    return 1;
  }
  if (strcmp(argv[0], "stdout") && strcmp(argv[0], "stderr"))
    return 0;
  FILE *stream = argv[0][3] == 'o' ? stdout : stderr;
  fprintf(stream, "%s\n", argument);
  fflush(stream);
  return 1;
}

void probe(int argc, char **argv) {
  if (argc == 0 || plain(argc, argv))
    return;
  for (unsigned i = 0; i < sizeof probes / sizeof *probes; i++) {
    if (strcmp(argv[0], probes[i].name))
      continue;
    if (argc - 1 < probes[i].least_arguments)
      exit(125);
    json_open(NULL, '{');
    json_text("probe", argv[0]);
    int error = probes[i].run(argc, argv);
    json_text("error", error ? strerrorname_np(error) : "");
    json_close('}');
    json_end_line();
    return;
  }
  fprintf(stderr, "reporter: no probe is called %s\n", argv[0]);
  exit(125);
}
