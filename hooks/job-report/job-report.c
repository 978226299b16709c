/*
 * A report of each container that has ended. The hook at its creation leaves a watcher that holds what cannot be found later: a pidfd of init and the open files
 * of its cgroup. `poststart` notes the time; `poststop`, when the cgroup is gone and the state knows no exit status, waits until the watcher has
 * written, so that the report is there when the caller's `delete` returns. The watcher needs neither: it survives a kill of the container, of the
 * runtime and of conmon.
 */
#include "report.h"

const char hook_name[] = "job-report";
const unsigned hook_seconds = 10;

#define RECORDS "/run/chos-hooks/job-report/"
#define LOCK_EX_ 2
#define LOCK_NB_ 4

struct record {
	struct moment started;
	i64 pid;
};

struct moment moment(void)
{
	return (struct moment){.real = now_in(0 /* CLOCK_REALTIME */), .boot = now_in(7 /* CLOCK_BOOTTIME */)};
}

static const char *record_path(const char *id)
{
	for (const char *at = id; *at; at++)
		if (*at == '/')
			fail("the id ", id, " is no file name");
	return joined(RECORDS, id);
}

static void unlink_path(const char *path)
{
	sys(unlinkat, AT_FDCWD, path, 0);
}

/* What chos-runtime has recorded of this very container; other runtimes have no such file. */
static void read_record_of_chos(struct job *job)
{
	const char *path = joined("/run/chos-runtime/", job->id, "/state.json");
	struct bytes bytes;
	struct json state, annotations;
	i64 pid;

	job->left_out = -1;
	if (read_path(AT_FDCWD, path, 4u << 20, &bytes))
		return;
	state = parse_json(bytes, path);
	if (!number_of(member(state, "pid"), &pid) || pid != job->pid)
		return;
	job->back_end = text_of(member(member(state, "chos"), "backEnd"));
	if (job->back_end && !*job->back_end)
		job->back_end = NULL;
	annotations = member(state, "annotations");
	if (!job->generation)
		job->generation = text_of(member(annotations, "org.chos.environment"));
	if (!job->tree)
		job->tree = text_of(member(annotations, "org.chos.tree"));
	job->left_out = 0;
	for (const char *at = text_of(member(annotations, "org.chos.elided")); at && *at >= '0' && *at <= '9'; at++)
		job->left_out = job->left_out * 10 + (*at - '0');
}

/* The one that tree-digest has made (hooks/tree-digest/README.md). */
static void read_digest(struct job *job)
{
	const char *name = job->generation ? job->generation : job->tree;
	struct bytes bytes;

	if (job->digest || !name || *name == '/')
		return;
	if (read_path(AT_FDCWD, joined(TREE_DIGESTS, name), 65536, &bytes) &&
	    (!job->tree || read_path(AT_FDCWD, joined(TREE_DIGESTS, job->tree), 65536, &bytes)))
		return;
	job->digest = text_of(member(parse_json(bytes, TREE_DIGESTS), "digest"));
}

static const char *runtime_name(void)
{
	struct bytes bytes;

	const char *name;

	/* Not comm: ours runs from a memfd. */
	if (read_path(AT_FDCWD, joined("/proc/", decimal(sys(getppid)), "/cmdline"), 4u << 20, &bytes) || !bytes.size)
		return NULL;
	name = bytes.at;
	for (const char *at = name; *at; at++)
		if (*at == '/')
			name = at + 1;
	return name;
}

static const char *host_name(void)
{
	static struct {
		char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
	} names;

	sys(uname, &names);
	return names.nodename;
}

/* Who has waited for the lock may hold a record that has been removed. */
static bool is_at(long fd, const char *path)
{
	struct statx open, named;

	return !sys(statx, fd, "", AT_EMPTY_PATH, STATX_INO, &open) && !sys(statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO, &named) &&
	       open.stx_ino == named.stx_ino && open.stx_dev_major == named.stx_dev_major && open.stx_dev_minor == named.stx_dev_minor;
}

static void insist_on_directory(void)
{
	long fd = sys(openat, AT_FDCWD, RECORDS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fail_errno(fd, "make " RECORDS);
	insist_on_trusted(fd, RECORDS, S_IFDIR);
	sys(close, fd);
}

/* The watcher of an earlier container of that id may still be writing. False: this one is watched, as runc before 1.2 calls poststart in its `create`. */
static bool lock_record(struct job *job, const char *path)
{
	struct record record = {.pid = 0};
	long error;

	for (;;) {
		job->record = sys(openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (job->record < 0)
			fail_errno(job->record, "make ", path);
		error = sys(flock, job->record, LOCK_EX_ | LOCK_NB_);
		if (error == -EAGAIN) {
			if (sys(pread64, job->record, &record, sizeof(record), 0) == sizeof(record) && record.pid == job->pid)
				return false;
			error = sys(flock, job->record, LOCK_EX_);
		}
		if (error)
			fail_errno(error, "lock ", path);
		if (is_at(job->record, path))
			return true;
		sys(close, job->record);
	}
}

/* The record says that somebody watches, as long as it is locked. False: somebody does already. */
static bool take_record(struct job *job, const char *path)
{
	struct record record = {.pid = job->pid};
	long error;

	make_way_to(path, 0755);
	insist_on_directory();
	now_at(joined("waiting for the watcher of an earlier container ", job->id));
	set_deadline(5000);
	if (!lock_record(job, path))
		return false;
	take_back_by(unlink_path, path);
	/* What is in it is of a watcher that was killed. */
	error = sys(pwrite64, job->record, &record, sizeof(record), 0);
	if (error != sizeof(record))
		fail_errno(error < 0 ? error : ENOSPC, "write ", path);
	now_at("looking at the container");
	set_deadline(hook_seconds * 1000ull);
	return true;
}

static void begin_job(const struct state *state, struct json settings)
{
	static struct job job;
	struct json config = read_config(state), one;
	const char *inside = NULL, *path = record_path(state->id);

	if (state->pid <= 0)
		fail("the state on stdin lacks \"pid\"");
	now_at("looking at the container");
	job.created = moment();
	job.id = state->id;
	job.pid = state->pid;
	job.bundle = state->bundle;
	job.host = host_name();
	job.runtime = runtime_name();
	job.name = annotation(state, "org.chos.report.name");
	job.suite = annotation(state, "org.chos.report.suite");
	job.tree = annotation(state, "org.chos.tree");
	job.generation = annotation(state, "org.chos.environment");
	job.digest = annotation(state, "org.chos.tree.digest");
	job.args = member(member(config, "process"), "args");
	while ((one = next_in(member(config, "mounts"), &inside, NULL)).at)
		job.asked++;
	read_record_of_chos(&job);
	if (!job.tree && job.generation)
		job.tree = tree_of_generation(job.generation);
	read_digest(&job);
	if (!take_record(&job, path))
		return;
	job.init = sys(pidfd_open, state->pid, 0);
	if (job.init < 0)
		fail_errno(job.init, "hold process ", decimal(state->pid), " of the container");
	job.stat = sys(openat, AT_FDCWD, joined("/proc/", decimal(state->pid), "/stat"), O_RDONLY | O_CLOEXEC);
	open_cgroup(&job);
	/* A job may be over before the watcher has its first turn. */
	see_whether_stat_tells(&job);
	read_cgroup(&job);
	now_at("opening where the report goes");
	open_targets(&job, settings);
	leave_watcher(&job, write_report, path);
}

static void note_start(const struct state *state)
{
	struct moment now = moment();
	long fd = sys(openat, AT_FDCWD, record_path(state->id), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		sys(pwrite64, fd, &now, sizeof(now), 0);
}

/* The watcher removes the record, then ends, and with it the lock. */
static void wait_for_report(const struct state *state)
{
	const char *path = record_path(state->id);
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	now_at("waiting until its watcher has written the report");
	/* A watcher that was killed leaves it; another's may be there by now. */
	if (!sys(flock, fd, LOCK_EX_) && is_at(fd, path))
		unlink_path(path);
}

void run_hook(void)
{
	struct json settings = read_settings("file junit journal socket exits ");
	struct state state = read_state();

	if (equal(state.status, "stopped"))
		wait_for_report(&state);
	else if (equal(state.status, "running"))
		note_start(&state);
	else
		begin_job(&state, settings);
}
