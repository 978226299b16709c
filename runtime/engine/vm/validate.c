/*
 * What is checked before the first step, so that the run itself can take it for granted: every index, target, list and range, and every
 * argument that does not depend on a slot.
 */
#include <linux/sched.h>

#include "vm.h"

static const char *check_operand(const struct program *p, const struct step *s, unsigned i)
{
	switch (mode(s, i)) {
	case MODE_SLOT:
	case MODE_REF:
		return s->arg[i] >= 0 && s->arg[i] < p->slot_count ? NULL : "no such slot";
	case MODE_DATA:
		return inside(p, s->arg[i], 0) ? NULL : "an address outside the data";
	default:
		return NULL;
	}
}

static const char *check_kind(const struct step *s, unsigned i, unsigned kind)
{
	bool is_number = mode(s, i) == MODE_IMM || mode(s, i) == MODE_SLOT;
	bool is_address = !is_number;

	switch (kind) {
	case OPERAND_NUMBER:
		return is_number ? NULL : "an address in place of a number";
	case OPERAND_ADDRESS:
		return is_address ? NULL : "a number in place of an address";
	case OPERAND_NUMBER_ADDRESS:
		kind = s->sub == SCAN_EQUAL ? OPERAND_ADDRESS : OPERAND_NUMBER;
		return check_kind(s, i, kind);
	case OPERAND_ADDRESS_OR_NONE:
		return is_address || (mode(s, i) == MODE_IMM && s->arg[i] >= -1 && s->arg[i] <= 0) ? NULL
		       : "a number in place of an address";
	case OPERAND_VALUE:
		return mode(s, i) != MODE_REF ? NULL : "a reference in place of a value";
	default:
		return mode(s, i) == MODE_IMM ? NULL : "an argument too many";
	}
}

static const char *check_call(const struct program *p, const struct step *s)
{
	if (s->aux >= SYSTEM_CALL_COUNT)
		return "unknown system call";
	for (unsigned i = 0; i < 6; i++) {
		u32 kind = system_calls[s->aux].args[i];
		unsigned counted = kind >> 8;
		i64 length = -1;
		const char *wrong;

		switch (kind & 0x7f) {
		case ARGUMENT_NONE:
			continue;
		case ARGUMENT_NUMBER:
			wrong = check_kind(s, i, OPERAND_NUMBER);
			break;
		default:
			wrong = check_kind(s, i, kind & ARGUMENT_OPTIONAL ? OPERAND_ADDRESS_OR_NONE : OPERAND_ADDRESS);
			break;
		}
		if (wrong)
			return wrong;
		if (mode(s, i) != MODE_DATA)
			continue;
		if (is_counted(kind) && mode(s, counted) == MODE_IMM) {
			length = counted_length(p, kind, s->arg[counted]);
			if (length < 0)
				return "a negative length";
		}
		if (!argument_fits(p, p->initial, kind, s->arg[i], length))
			return "a system call argument that does not fit in the data";
	}
	return NULL;
}

/* Lengths that are known now. Those in slots are checked when the step is made. */
static const char *check_lengths(const struct program *p, const struct step *s)
{
	i64 length = -1;

	switch (s->op) {
	case OP_TRACK:
		length = CLONE_ARGS_SIZE_VER2;
		break;
	case OP_LOAD:
	case OP_STORE:
		if (mode(s, 1) == MODE_IMM && mode(s, 0) == MODE_DATA)
			return inside(p, s->arg[0], 0) && s->arg[1] >= -s->arg[0] && s->arg[1] <= (i64)p->limit &&
					       inside(p, s->arg[0] + s->arg[1], s->sub & 0x0f)
				       ? NULL
				       : "an access outside the data";
		return NULL;
	case OP_RESOLVE:
		if (mode(s, 1) == MODE_DATA && !terminated(p, p->initial, s->arg[1]))
			return "a path without end";
		return NULL;
	case OP_WALK:
		if (mode(s, 1) == MODE_DATA && !terminated(p, p->initial, s->arg[1]))
			return "a path without end";
		return s->sub == WALK_COPY || mode(s, 1) != MODE_IMM ? NULL : "a path is missing";
	case OP_FORMAT:
		if (s->sub == FORMAT_TEMPLATE && mode(s, 2) == MODE_IMM)
			return "a template is missing";
		if (mode(s, 2) == MODE_DATA && mode(s, 3) == MODE_IMM &&
		    (!inside(p, s->arg[2], s->arg[3]) || (u64)s->arg[2] + (u64)s->arg[3] > p->data_size ||
		     !template_valid(p, (const char *)p->initial + s->arg[2], (size_t)s->arg[3])))
			return "a bad template";
		break;
	default:
		break;
	}
	if (s->op == OP_FORMAT || s->op == OP_SCAN || s->op == OP_WARN)
		length = mode(s, 1) == MODE_IMM ? s->arg[1] : -1;
	if (s->op == OP_SEND || s->op == OP_RECV) {
		if (mode(s, 4) == MODE_IMM && (s->arg[4] < 0 || s->arg[4] > MESSAGE_DESCRIPTORS))
			return "too many descriptors";
		if (mode(s, 1) == MODE_DATA && mode(s, 2) == MODE_IMM && !inside(p, s->arg[1], s->arg[2]))
			return "a buffer outside the data";
		return NULL;
	}
	if (mode(s, 0) == MODE_DATA && length >= 0 && !inside(p, s->arg[0], length))
		return "a buffer outside the data";
	return NULL;
}

static bool in_track(const struct track *t, u32 step)
{
	return step >= t->first && step - t->first < t->count;
}

/* Subroutines: those of the track itself, and those of all. */
static bool callable(const struct program *p, const struct track *t, u32 step)
{
	for (u32 i = 0; i < p->track_count; i++)
		if ((&p->tracks[i] == t || p->tracks[i].flags & TRACK_SHARED) && in_track(&p->tracks[i], step))
			return true;
	return false;
}

static const char *check_target(const struct program *p, const struct step *s, const struct track *t)
{
	bool jumps = s->op == OP_BRANCH || s->errs != NO_LIST;

	if (s->op == OP_TRACK) {
		if (s->aux >= p->track_count || p->tracks[s->aux].flags & TRACK_SHARED)
			return "no such track";
		t = &p->tracks[s->aux];
		jumps = true;
	} else if (s->op == OP_CALL) {
		return callable(p, t, s->target) ? NULL : "a target outside the track";
	}
	return jumps && !in_track(t, s->target) ? "a target outside the track" : NULL;
}

static unsigned results(const struct step *s)
{
	if ((s->op == OP_SCAN && s->sub != SCAN_NUMBER) || (s->op == OP_RESOLVE && s->sub != RESOLVE_PARENT))
		return 1;
	return op_results[s->op] ? op_results[s->op] : 1;
}

static const char *check_step(const struct program *p, const struct step *s, const struct track *t)
{
	const char *wrong = NULL;
	unsigned sub_bit = s->sub & 0x80 ? 16 + (s->sub & 0x7fU) : s->sub;

	if (s->op == 0 || s->op >= OP_COUNT || !op_subs[s->op])
		return "unknown instruction";
	if (sub_bit > 31 || !(op_subs[s->op] >> sub_bit & 1))
		return "unknown variant of the instruction";
	if (s->action >= p->action_count)
		return "no such action";
	if (s->dst != NO_SLOT && s->dst + results(s) > p->slot_count)
		return "no such result slot";
	/* A TRACK step has its target for the child, so it cannot have one for errors. */
	if (s->errs != NO_LIST && (s->op == OP_TRACK || s->op == OP_BRANCH || s->op == OP_CALL))
		return "an error list where the target means something else";
	if (s->errs != NO_LIST && (s->errs >= p->errno_count || p->errnos[s->errs] >= p->errno_count - s->errs))
		return "no such error list";
	for (unsigned i = 0; i < 6 && !wrong; i++)
		wrong = check_operand(p, s, i);
	if (wrong)
		return wrong;
	if (s->op == OP_SYSCALL) {
		wrong = check_call(p, s);
	} else {
		for (unsigned i = 0; i < 6 && !wrong; i++)
			wrong = check_kind(s, i, op_operands[s->op][i]);
		if (!wrong)
			wrong = check_lengths(p, s);
	}
	return wrong ? wrong : check_target(p, s, t);
}

static bool falls_through(const struct step *s)
{
	switch (s->op) {
	case OP_BRANCH:
		return s->sub != BRANCH_ALWAYS;
	case OP_RETURN:
	case OP_FAIL:
	case OP_EXIT:
	case OP_HANDOVER:
		return false;
	default:
		return true;
	}
}

static bool text_ends(const struct program *p, u32 at)
{
	for (; at < p->text_size; at++)
		if (!p->text[at])
			return true;
	return false;
}

static const char *check_tables(const struct program *p)
{
	for (u32 i = 0; i < p->action_count; i++) {
		const struct action *a = &p->actions[i];

		if (a->words > p->text_size || a->words_length > p->text_size - a->words ||
		    !template_valid(p, p->text + a->words, a->words_length))
			return "the words of an action are broken";
		if (a->unwind != NO_STEP && a->unwind >= p->step_count)
			return "an action unwinds to no step";
		for (u32 t = 0; t < p->track_count; t++)
			if (p->tracks[t].flags & TRACK_SHARED && in_track(&p->tracks[t], a->unwind))
				return "an action unwinds into the subroutines";
	}
	for (u32 i = 0; i < p->entry_count; i++) {
		const struct entry *e = &p->entries[i];

		if (e->track >= p->track_count || p->tracks[e->track].flags & TRACK_SHARED ||
		    !in_track(&p->tracks[e->track], e->step))
			return "an entry is not in its track";
	}
	for (u32 i = 0; i < p->parameter_count; i++) {
		u32 number = p->parameters[i].number;

		if (number >= PARAMETER_COUNT)
			return "an unknown parameter";
		if (p->parameters[i].slot + (parameter_kinds[number] == KIND_TEXT ? 2U : 1U) > p->slot_count)
			return "a parameter has no slot";
	}
	for (u32 i = 0; i < p->relocation_count; i++) {
		const struct relocation *r = &p->relocations[i];

		if (r->where % 8 || r->where > p->data_size || p->data_size - r->where < 8 || r->to > p->limit)
			return "a relocation outside the data";
	}
	return NULL;
}

static bool refuse(struct fault *fault, const char *what, u32 step)
{
	*fault = (struct fault){.what = what, .step = step};
	return false;
}

bool image_validate(const struct program *p, struct fault *fault)
{
	const char *wrong;
	u32 next = 0;

	/* Tracks first: what follows relies on them. */
	for (u32 i = 0; i < p->track_count; i++) {
		const struct track *t = &p->tracks[i];

		if (t->first != next || !t->count || t->count > p->step_count - next)
			return refuse(fault, "the tracks do not cover the steps", NO_STEP);
		if (!text_ends(p, t->name))
			return refuse(fault, "a track has no name", NO_STEP);
		if (t->flags & ~TRACK_SHARED)
			return refuse(fault, "unknown flags of a track", NO_STEP);
		next += t->count;
	}
	if (next != p->step_count)
		return refuse(fault, "the tracks do not cover the steps", NO_STEP);
	wrong = check_tables(p);
	if (wrong)
		return refuse(fault, wrong, NO_STEP);
	for (u32 i = 0; i < p->track_count; i++) {
		const struct track *t = &p->tracks[i];

		for (u32 at = t->first; at < t->first + t->count; at++) {
			wrong = check_step(p, &p->steps[at], t);
			if (wrong)
				return refuse(fault, wrong, at);
		}
		if (falls_through(&p->steps[t->first + t->count - 1]))
			return refuse(fault, "a track does not end", t->first + t->count - 1);
	}
	return true;
}
