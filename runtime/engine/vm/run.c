/*
 * The loop. A step either gives a result, or fails with an errno that its list handles, or is the failure of its action: the first
 * one is recorded and unwinding begins; what fails while unwinding is skipped, so that the unwinding always comes to its end.
 */
#include <linux/sched.h>
#include <linux/wait.h>

#include "vm.h"

static bool compare(u8 sub, i64 a, i64 b)
{
	switch (sub) {
	case BRANCH_EQ:
		return a == b;
	case BRANCH_NE:
		return a != b;
	case BRANCH_LT:
		return a < b;
	case BRANCH_LE:
		return a <= b;
	case BRANCH_GT:
		return a > b;
	case BRANCH_GE:
		return a >= b;
	case BRANCH_ANY:
		return (a & b) != 0;
	case BRANCH_NONE:
		return (a & b) == 0;
	default:
		return true;
	}
}

static int op_syscall(const struct run *r, const struct step *s, i64 *result)
{
	const struct program *p = r->program;
	const struct system_call *call = &system_calls[s->aux];
	long a[6], value;

	for (unsigned i = 0; i < 6; i++) {
		u32 kind = call->args[i];
		i64 at = offset(r, s, i);

		if ((kind & 0x7f) == ARGUMENT_NONE) {
			a[i] = 0;
		} else if ((kind & 0x7f) == ARGUMENT_NUMBER) {
			a[i] = at;
		} else if (kind & ARGUMENT_OPTIONAL && (mode(s, i) == MODE_IMM || at == -1)) {
			a[i] = 0;
		} else {
			i64 length = is_counted(kind) ? counted_length(p, kind, offset(r, s, kind >> 8)) : 0;

			if (length < 0 || !argument_fits(p, p->data, kind & ~(u32)ARGUMENT_OPTIONAL, at, length))
				return EFAULT;
			a[i] = (long)(p->data + at);
		}
	}
	do
		value = system_call6(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	while (value == -EINTR);
	if (value < 0 && value >= -4095)
		return (int)-value;
	*result = value;
	return 0;
}

static int op_load(const struct run *r, const struct step *s, i64 *result)
{
	unsigned width = s->sub & 0x0f, unused_bits = 64 - 8 * width;
	i64 at;
	u64 value = 0;

	if (__builtin_add_overflow(offset(r, s, 0), number(r, s, 1), &at) || !inside(r->program, at, width))
		return EFAULT;
	memcpy(&value, r->program->data + at, width);
	*result = s->sub & 0x80 ? (i64)(value << unused_bits) >> unused_bits : (i64)value;
	return 0;
}

static int op_store(const struct run *r, const struct step *s)
{
	unsigned width = s->sub & 0x0f;
	i64 at, value = number(r, s, 2);

	if (__builtin_add_overflow(offset(r, s, 0), number(r, s, 1), &at) || !inside(r->program, at, width))
		return EFAULT;
	memcpy(r->program->data + at, &value, width);
	return 0;
}

static int op_alu(const struct run *r, const struct step *s, i64 *result)
{
	i64 a = number(r, s, 0), b = number(r, s, 1);
	u64 x = (u64)a, y = (u64)b;

	switch (s->sub) {
	case ALU_ADD:
		x += y;
		break;
	case ALU_SUB:
		x -= y;
		break;
	case ALU_AND:
		x &= y;
		break;
	case ALU_OR:
		x |= y;
		break;
	case ALU_XOR:
		x ^= y;
		break;
	case ALU_SHL:
		x = y < 64 ? x << y : 0;
		break;
	case ALU_SHR:
		x = y < 64 ? x >> y : 0;
		break;
	case ALU_MUL:
		x *= y;
		break;
	default:
		if (!b)
			return EDOM;
		/* The one quotient that does not fit would trap. */
		x = b == -1 ? 0 : (u64)(a % b);
		break;
	}
	*result = (i64)x;
	return 0;
}

/* A pointer inside clone_args must point into the data. */
static bool points_inside(const struct program *p, u64 pointer, u64 length)
{
	return inside(p, (i64)(pointer - (u64)p->data), (i64)length);
}

static int op_track(struct run *r, const struct step *s, u32 *next, i64 *result)
{
	struct program *p = r->program;
	void *at = address(r, s, 0, CLONE_ARGS_SIZE_VER2);
	struct clone_args args;
	long pid;

	if (!at)
		return EFAULT;
	memcpy(&args, at, CLONE_ARGS_SIZE_VER2);
	/* A child that shares memory with us would run on our stack. */
	if (args.flags & (CLONE_VM | CLONE_SETTLS))
		return EINVAL;
	if ((args.flags & CLONE_PIDFD && !points_inside(p, args.pidfd, 4)) ||
	    (args.flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID) && !points_inside(p, args.child_tid, 4)) ||
	    (args.flags & CLONE_PARENT_SETTID && !points_inside(p, args.parent_tid, 4)) ||
	    (args.set_tid_size && (args.set_tid_size > 32 || !points_inside(p, args.set_tid, args.set_tid_size * 4))))
		return EFAULT;
	pid = sys(clone3, at, CLONE_ARGS_SIZE_VER2);
	if (pid < 0)
		return (int)-pid;
	*result = pid;
	if (pid)
		return 0;
	p->slots[SLOT_FAILED_ERRNO] = 0;
	p->slots[SLOT_FAILED_STEP] = 0;
	p->slots[SLOT_FAILED_TEXT] = -1;
	p->slots[SLOT_FAILED_TEXT_LENGTH] = 0;
	r->track = s->aux;
	r->depth = 0;
	r->in_entry = false;
#ifdef ENGINE_DEBUG
	r->executed = 0;
#endif
	*next = s->target;
	return 0;
}

static _Noreturn void leave(const struct run *r, int code, bool with_report)
{
	if (with_report && r->program->slots[SLOT_FAILED_ERRNO])
		report_failure(r->program);
	else if (r->in_entry && !r->program->slots[SLOT_FAILED_ERRNO])
		report_warnings();
	if (r->in_entry)
		r->around->end();
	/* A seccomp filter of the container may deny even this; the trap cannot be denied. */
	for (;;) {
		sys(exit_group, code);
		__builtin_trap();
	}
}

/* A failure that nothing unwinds. */
static _Noreturn void fail_track(const struct run *r)
{
	leave(r, r->program->tracks[r->track].failure_code, r->in_entry);
}

static bool handled(const struct program *p, const struct step *s, int error)
{
	if (s->errs == NO_LIST)
		return false;
	for (u32 i = 1; i <= p->errnos[s->errs]; i++)
		if (p->errnos[s->errs + i] == error)
			return true;
	return false;
}

/* Where to go on after a step has failed. */
static u32 failed(struct run *r, const struct step *s, int error, u32 next)
{
	struct program *p = r->program;
	u32 unwind;

	if (s->dst != NO_SLOT)
		p->slots[s->dst] = -error;
	if (handled(p, s, error))
		return s->target;
	if (p->slots[SLOT_FAILED_ERRNO]) {
		if (s->op != OP_FAIL && s->op != OP_RETURN)
			return next;
		/* Nothing stands behind these; a subroutine ends, and so does the unwinding itself. */
		if (r->depth)
			return r->calls[--r->depth];
		fail_track(r);
	}
	p->slots[SLOT_FAILED_ERRNO] = error;
	p->slots[SLOT_FAILED_STEP] = r->depth ? r->calls[0] - 1 : r->step;
	p->slots[SLOT_FAILED_TEXT] = -1;
	p->slots[SLOT_FAILED_TEXT_LENGTH] = 0;
	if (s->op == OP_FAIL && s->sub == FAIL_VERBATIM && inside(p, offset(r, s, 1), number(r, s, 2))) {
		p->slots[SLOT_FAILED_TEXT] = offset(r, s, 1);
		p->slots[SLOT_FAILED_TEXT_LENGTH] = number(r, s, 2);
		keep_words((const char *)p->data + offset(r, s, 1), (size_t)number(r, s, 2));
	}
	r->depth = 0;
	unwind = p->actions[p->steps[p->slots[SLOT_FAILED_STEP]].action].unwind;
	if (unwind == NO_STEP)
		fail_track(r);
	return unwind;
}

/* FAIL and GUARD name their errno; they fail with something in any case. */
static int named_errno(const struct run *r, const struct step *s, unsigned i)
{
	i64 error = number(r, s, i);

	if (error < 0)
		error = -error;
	return error > 0 && error < 4096 ? (int)error : EPROTO;
}

static int op_warn(const struct run *r, const struct step *s)
{
	i64 length = number(r, s, 1);
	const char *text = address(r, s, 0, length);

	if (!text)
		return EFAULT;
	hold_warning(text, (size_t)length);
	return 0;
}

static int execute(struct run *r, const struct step *s, u32 *next, i64 *result)
{
	switch (s->op) {
	case OP_SYSCALL:
		return op_syscall(r, s, result);
	case OP_MOVE:
		*result = number(r, s, 0);
		return 0;
	case OP_LOAD:
		return op_load(r, s, result);
	case OP_STORE:
		return op_store(r, s);
	case OP_ALU:
		return op_alu(r, s, result);
	case OP_BRANCH:
		if (compare(s->sub, number(r, s, 0), number(r, s, 1)))
			*next = s->target;
		return 0;
	case OP_CALL:
		if (r->depth == CALL_DEPTH)
			return ELOOP;
		r->calls[r->depth++] = *next;
		*next = s->target;
		return 0;
	case OP_RETURN:
		if (!r->depth)
			return EPROTO;
		*next = r->calls[--r->depth];
		return 0;
	case OP_FORMAT:
		return op_format(r, s, result);
	case OP_SCAN:
		return op_scan(r, s, result);
	case OP_TRACK:
		return op_track(r, s, next, result);
	case OP_SEND:
		return op_send(r, s, result);
	case OP_RECV:
		return op_recv(r, s, result);
	case OP_FAIL:
		return named_errno(r, s, 0);
	case OP_EXIT:
		leave(r, (int)number(r, s, 0), s->sub == EXIT_REPORT);
	case OP_WAIT:
		return op_wait(r, s, result);
	case OP_SUPERVISE:
		/* What was to be started has been. */
		report_warnings();
		return op_supervise(r, s, result);
	case OP_RESOLVE:
		return op_resolve(r, s, result);
	case OP_WALK:
		return op_walk(r, s, result);
	case OP_HANDOVER:
		r->around->hand_over();
	case OP_TRIM:
		trim(r->program, number(r, s, 0), s);
		return 0;
	case OP_WARN:
		return op_warn(r, s);
	case OP_GUARD:
		return compare(s->sub, number(r, s, 0), number(r, s, 1)) ? 0 : named_errno(r, s, 2);
	default:
		return ENOSYS;
	}
}

_Noreturn void run(struct program *p, const struct entry *entry, const struct surroundings *around)
{
	struct run r = {.program = p, .around = around, .track = entry->track, .in_entry = true};

	for (u32 next = entry->step;;) {
		const struct step *s = &p->steps[next];
		i64 result = 0;
		int error;

		r.step = next++;
#ifdef ENGINE_DEBUG
		debug_step(&r, s);
#endif
		error = execute(&r, s, &next, &result);
#ifdef ENGINE_DEBUG
		debug_result(&r, s, error, result);
#endif
		if (error)
			next = failed(&r, s, error, next);
		else if (s->dst != NO_SLOT && op_results[s->op])
			p->slots[s->dst] = result;
	}
}
