/* FORMAT: templates of text with fields that slots fill in (spec/instructions.ts, TemplateField). */
#include "vm.h"

#define FIELD_MARK 1
#define FIELD_SIZE 4

static u32 field_slot(const char *field)
{
	return (u32)(u8)field[2] | (u32)(u8)field[3] << 8;
}

static bool field_valid(const struct program *p, const char *field, size_t left)
{
	if (left < FIELD_SIZE)
		return false;
	switch (field[1]) {
	case FIELD_STRING:
	case FIELD_JSON:
	case FIELD_DECIMAL:
	case FIELD_OCTAL:
	case FIELD_ERRNO:
		return field_slot(field) < p->slot_count;
	case FIELD_BYTES:
	case FIELD_TIME:
		return field_slot(field) + 1 < p->slot_count;
	default:
		return false;
	}
}

bool template_valid(const struct program *p, const char *template, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (template[i] != FIELD_MARK)
			continue;
		if (!field_valid(p, template + i, length - i))
			return false;
		i += FIELD_SIZE - 1;
	}
	return true;
}

static int render_field(const struct program *p, struct text *out, const char *field)
{
	const i64 *slot = p->slots + field_slot(field);
	const char *at = (const char *)p->data + *slot;

	switch (field[1]) {
	case FIELD_STRING:
	case FIELD_JSON:
		if (*slot == -1) /* a text parameter that was not given */
			return 0;
		if (!terminated(p, p->data, *slot))
			return EFAULT;
		if (field[1] == FIELD_STRING)
			put_string(out, at);
		else
			put_json(out, at, strlen(at));
		return 0;
	case FIELD_BYTES:
		if (slot[0] == -1)
			return 0;
		if (!inside(p, slot[0], slot[1]))
			return EFAULT;
		put_bytes(out, at, (size_t)slot[1]);
		return 0;
	case FIELD_DECIMAL:
		put_decimal(out, *slot);
		return 0;
	case FIELD_OCTAL:
		put_unsigned(out, (u64)*slot, 8, 1);
		return 0;
	case FIELD_TIME:
		put_time(out, slot[0], slot[1], true);
		return 0;
	default:
		put_errno(out, *slot);
		return 0;
	}
}

static int render(const struct program *p, struct text *out, const char *template, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		int error;

		if (template[i] != FIELD_MARK) {
			put_char(out, template[i]);
			continue;
		}
		/* A template that a REF names was not seen by the validator. */
		if (!field_valid(p, template + i, length - i))
			return EINVAL;
		error = render_field(p, out, template + i);
		if (error)
			return error;
		i += FIELD_SIZE - 1;
	}
	return 0;
}

/* Words that FAIL was given, as they were then: what is undone behind it may write others to the same place. */
static char said[LINE_SIZE];
static struct text given;

void keep_words(const char *text, size_t length)
{
	given = text_in(said, sizeof(said));
	put_bytes(&given, text, length);
	end_in_dots(&given);
}

/* The words of the recorded failure. EINVAL if there is none. */
int render_failure(const struct program *p, struct text *out)
{
	i64 step = p->slots[SLOT_FAILED_STEP];
	const struct action *a;

	if (!p->slots[SLOT_FAILED_ERRNO])
		return EINVAL;
	if (p->slots[SLOT_FAILED_TEXT] >= 0) {
		put_bytes(out, given.at, given.used);
		return 0;
	}
	if (step < 0 || step >= p->step_count)
		return EINVAL;
	a = &p->actions[p->steps[step].action];
	return render(p, out, p->text + a->words, a->words_length);
}

int op_format(const struct run *r, const struct step *s, i64 *result)
{
	const struct program *p = r->program;
	i64 capacity = number(r, s, 1);
	char *buffer = address(r, s, 0, capacity);
	struct text out;
	int error;

	if (!buffer)
		return EFAULT;
	if (capacity < 1)
		return ENAMETOOLONG;
	out = text_in(buffer, (size_t)capacity - 1);
	if (s->sub == FORMAT_FAILURE) {
		error = render_failure(p, &out);
		end_in_dots(&out);
	} else {
		i64 length = number(r, s, 3);
		const char *template = address(r, s, 2, length);

		error = template ? render(p, &out, template, (size_t)length) : EFAULT;
	}
	if (error)
		return error;
	if (out.lost)
		return ENAMETOOLONG;
	buffer[out.used] = 0;
	*result = (i64)out.used;
	return 0;
}
