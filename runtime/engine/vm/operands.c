/* What the arguments of a step stand for, each inside the data of its program. */
#include "vm.h"

/* The number or data offset that an argument stands for. */
i64 offset(const struct run *r, const struct step *s, unsigned i)
{
	switch (mode(s, i)) {
	case MODE_SLOT:
	case MODE_REF:
		return r->program->slots[s->arg[i]];
	default:
		return s->arg[i];
	}
}

i64 number(const struct run *r, const struct step *s, unsigned i)
{
	return offset(r, s, i);
}

/* NULL if [address, address + length) is not inside the data. */
void *address(const struct run *r, const struct step *s, unsigned i, i64 length)
{
	i64 at = offset(r, s, i);

	return mode(s, i) >= MODE_DATA && inside(r->program, at, length) ? r->program->data + at : NULL;
}

const char *string(const struct run *r, const struct step *s, unsigned i)
{
	i64 at = offset(r, s, i);

	return mode(s, i) >= MODE_DATA && terminated(r->program, r->program->data, at) ? (char *)r->program->data + at
										       : NULL;
}

void set_second(const struct run *r, const struct step *s, i64 value)
{
	if (s->dst != NO_SLOT)
		r->program->slots[s->dst + 1] = value;
}
