/* What is known of a job, and who finds it out: job-report.c before it begins, watch.c until it ends, exit.c then, and write.c. */
#pragma once
#include "frame.h"

struct moment {
	u64 real, boot; /* nanoseconds; 0: not known */
};

enum file { MEMORY_PEAK, MEMORY_NOW, CPU_STAT, CPU_USAGE, CPU_USER, CPU_SYSTEM, FILE_COUNT };

struct job {
	const char *id, *name, *suite, *host, *runtime, *bundle, *tree, *generation, *back_end, *digest;
	struct json args;
	i64 pid, asked, left_out; /* of mounts; left_out -1: not known */

	/* Open before it begins. */
	long init, stat, record, files[FILE_COUNT];
	struct {
		long lock, junit, journal, socket; /* lock: of the file */
		const char *file_path, *exits;
	} to;

	struct moment created, started, ended, read_at;
	bool stat_tells, exit_known;
	u32 wait_status; /* as of wait(2) */
	i64 memory_peak; /* bytes; -1: not known */
	bool sampled; /* the largest of our readings, not the kernel's own peak */
	i64 cpu, cpu_user, cpu_system; /* microseconds; -1: not known */
};

struct moment moment(void);

/* cgroup.c */
void open_cgroup(struct job *job);
void read_cgroup(struct job *job);

/* exit.c: while init lives; when it has ended, before its parent knows; afterwards. */
void see_whether_stat_tells(struct job *job);
void ask_stat(struct job *job);
void ask_others(struct job *job);

/* watch.c */
bool wait_on(long fd, short events, i64 milliseconds);
/* Returns in the caller at once; in the watcher never. */
void leave_watcher(struct job *job, void (*write)(const struct job *job), const char *record_path);

/* Names are cut there. */
#define NAME_MOST 4096

/* line.c */
void put_line(struct text *t, const struct job *job);
void put_seconds(struct text *t, u64 microseconds);
u64 lasted(const struct job *job); /* microseconds */

/* junit.c */
void put_junit(struct text *t, const struct job *job);

/* write.c */
void open_targets(struct job *job, struct json settings);
void write_report(const struct job *job);
