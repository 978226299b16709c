/*
 * What the container has used. The files are opened while the cgroup is there, and can be read until it is removed, which the caller does as soon as it
 * learns that init has ended: the watcher reads them at that very moment, and from time to time before.
 */
#include "report.h"

#define ROOT "/sys/fs/cgroup"

/* The path of the line whose controllers hold `controller`, in a text of /proc/PID/cgroup; "" names the line of v2. */
static const char *path_in(const char *text, const char *controller)
{
	size_t length = strlen(controller);

	while (*text) {
		const char *end = text, *list, *rest;

		while (*end && *end != '\n')
			end++;
		while (text < end && *text++ != ':')
			;
		list = text;
		while (text < end && *text != ':')
			text++;
		rest = text + 1;
		for (const char *at = list; at <= text; at++) {
			const char *from = at;

			while (at < text && *at != ',')
				at++;
			if ((size_t)(at - from) == length && !memcmp(from, controller, length) && rest < end) {
				char *path = room_for((size_t)(end - rest) + 1);

				memcpy(path, rest, (size_t)(end - rest));
				path[end - rest] = 0;
				return path;
			}
		}
		text = *end ? end + 1 : end;
	}
	return NULL;
}

static long open_in(const char *root, const char *path, const char *file)
{
	return sys(openat, AT_FDCWD, joined(root, path, "/", file), O_RDONLY | O_CLOEXEC);
}

void open_cgroup(struct job *job)
{
	struct bytes theirs, ours;
	const char *path, *own;

	for (int i = 0; i < FILE_COUNT; i++)
		job->files[i] = -1;
	job->memory_peak = job->cpu = job->cpu_user = job->cpu_system = -1;
	if (read_path(AT_FDCWD, joined("/proc/", decimal(job->pid), "/cgroup"), 1u << 20, &theirs) ||
	    read_path(AT_FDCWD, "/proc/self/cgroup", 1u << 20, &ours))
		return;
	/* A cgroup that is the caller's own counts what others do. */
	path = path_in(theirs.at, "");
	own = path_in(ours.at, "");
	if (path && own && !equal(path, own)) {
		job->files[MEMORY_PEAK] = open_in(ROOT, path, "memory.peak");
		job->files[MEMORY_NOW] = open_in(ROOT, path, "memory.current");
		if (job->files[MEMORY_NOW] >= 0)
			job->files[CPU_STAT] = open_in(ROOT, path, "cpu.stat");
	}
	path = path_in(theirs.at, "memory");
	own = path_in(ours.at, "memory");
	if (path && own && !equal(path, own))
		job->files[MEMORY_PEAK] = open_in(ROOT "/memory", path, "memory.max_usage_in_bytes");
	path = path_in(theirs.at, "cpuacct");
	own = path_in(ours.at, "cpuacct");
	if (path && own && !equal(path, own)) {
		job->files[CPU_USAGE] = open_in(ROOT "/cpuacct", path, "cpuacct.usage");
		job->files[CPU_USER] = open_in(ROOT "/cpuacct", path, "cpuacct.usage_user");
		job->files[CPU_SYSTEM] = open_in(ROOT "/cpuacct", path, "cpuacct.usage_sys");
	}
}

/* The number behind `name `, or at the beginning; -1: it cannot be read. */
static i64 number_in(long fd, const char *name)
{
	static char text[4096];
	long n = fd < 0 ? -1 : sys(pread64, fd, text, sizeof(text) - 1, 0);
	i64 value = 0;
	char *at = text;

	if (n <= 0)
		return -1;
	text[n] = 0;
	while (name && *at && !after(at, name)) {
		while (*at && *at++ != '\n')
			;
	}
	at += name && *at ? strlen(name) : 0;
	if (*at < '0' || *at > '9')
		return -1;
	for (; *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (*at - '0');
	return value;
}

static void keep(i64 *kept, i64 value, i64 divisor)
{
	if (value >= 0)
		*kept = value / divisor;
}

void read_cgroup(struct job *job)
{
	i64 peak = number_in(job->files[MEMORY_PEAK], NULL), now;

	if (job->files[MEMORY_PEAK] < 0) {
		now = number_in(job->files[MEMORY_NOW], NULL);
		peak = now > job->memory_peak ? now : job->memory_peak;
		job->sampled = true;
	}
	keep(&job->memory_peak, peak, 1);
	keep(&job->cpu, number_in(job->files[CPU_STAT], "usage_usec "), 1);
	keep(&job->cpu_user, number_in(job->files[CPU_STAT], "user_usec "), 1);
	keep(&job->cpu_system, number_in(job->files[CPU_STAT], "system_usec "), 1);
	keep(&job->cpu, number_in(job->files[CPU_USAGE], NULL), 1000);
	keep(&job->cpu_user, number_in(job->files[CPU_USER], NULL), 1000);
	keep(&job->cpu_system, number_in(job->files[CPU_SYSTEM], NULL), 1000);
	if (number_in(job->files[MEMORY_PEAK], NULL) >= 0 || number_in(job->files[CPU_STAT], NULL) >= 0 ||
	    number_in(job->files[CPU_USAGE], NULL) >= 0)
		job->read_at = moment();
}
