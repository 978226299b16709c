/* Where the engine begins: what kind of call is this, and who serves it? */
#include "door.h"

/* Volatile, so that the compiler does not believe the zeros. */
const volatile struct attachment attachment = {.magic = ATTACHMENT_MAGIC};

/* With SIGCHLD ignored, as some callers leave it, children vanish before anybody can wait for them (wait(2)). */
static void wait_for_children(void)
{
	struct {
		u64 handler, flags, restorer, mask;
	} fallback = {0};

	sys(rt_sigaction, 17 /* SIGCHLD */, &fallback, NULL, 8);
}

static _Noreturn void hand_over(void);

static void begin_request(struct request *q)
{
	*q = (struct request){.complete = true, .warnings = true};
	q->around.end = reap_compiler;
	q->around.hand_over = hand_over;
}

/* HANDOVER: the same command again, for TypeScript. */
static _Noreturn void hand_over(void)
{
	struct request q;

	begin_request(&q);
	scan_arguments(&q);
	q.reuse = q.start = false;
	run_compiled(&q);
}

_Noreturn void engine_start(u64 *stack)
{
	struct request q;
	bool secure = read_stack(stack);

	begin_request(&q);
	open_standard_descriptors();
	wait_for_children();
	outlive_file_size_limit();
	if (secure)
		die("refuses to run with set-user-ID, set-group-ID or file capabilities", NULL, 0);
	process.sealed = sealed_self();
#ifdef ENGINE_DEBUG
	debug_modes(&q.around);
#endif
	if (attachment.size) {
		if (!process.sealed)
			sealed_again();
		scan_attached(&q);
		open_log(&q);
		process.self = keep_descriptor(&q, process.self);
		run_image(&q, process.self, attachment.offset, attachment.size, ENTRY_RUN);
	}
	if (process.self >= 0)
		sys(close, process.self);
	scan_arguments(&q);
	if (q.command && q.command->joins && !process.sealed) {
		/* Others than root are not to be seen while they make the copy. */
		if (q.command->warm && !sys(geteuid) && !seems_reusable(&q) && !seems_left(&q))
			process.service = connect_service(NULL);
		sealed_again();
	}
	open_log(&q);
	if (q.command && q.command->serves)
		become_service();
	if (q.complete && q.command && q.command->entry != NO_ENTRY)
		run_stored(&q, q.command->entry);
	run_compiled(&q);
}
