/*
 * Loading: the records stay file-backed, so that pages nobody looks at are never read, and fork copies none of them. The data
 * is a private copy-on-write mapping at the start of one region; zero section and parameter values stand behind it.
 */
#include <linux/mman.h>

#include "vm.h"

static const u8 record_sizes[SECTION_COUNT] = {
	[SECTION_STEPS] = sizeof(struct step),
	[SECTION_ACTIONS] = sizeof(struct action),
	[SECTION_ERRNOS] = 1,
	[SECTION_TRACKS] = sizeof(struct track),
	[SECTION_ENTRIES] = sizeof(struct entry),
	[SECTION_PARAMS] = sizeof(struct parameter),
	[SECTION_RELOCS] = sizeof(struct relocation),
	[SECTION_DATA] = 1,
	[SECTION_ZERO] = 0,
	[SECTION_TEXT] = 1,
};

#define DATA_LIMIT 0x40000000U

static bool refuse(struct fault *fault, const char *what)
{
	*fault = (struct fault){.what = what, .step = NO_STEP};
	return false;
}

static bool header_valid(const struct header *h, u64 size, struct fault *fault)
{
	if (h->magic != IMAGE_MAGIC)
		return refuse(fault, "not a launch program");
	if (h->version != IMAGE_VERSION) {
		refuse(fault, "made by another version of chos-runtime");
		fault->other_version = true;
		return false;
	}
#ifdef __x86_64__
	if (h->arch != IMAGE_ARCH_X86_64)
#else
	if (h->arch != IMAGE_ARCH_AARCH64)
#endif
		return refuse(fault, "made for another architecture");
	if (h->size != size)
		return refuse(fault, "its size is wrong");
	for (unsigned i = 0; i < SECTION_COUNT; i++) {
		u64 bytes = (u64)h->section[i].count * record_sizes[i];

		if (h->section[i].offset % 8 || h->section[i].offset < sizeof(*h) || h->section[i].offset > size ||
		    bytes > size - h->section[i].offset)
			return refuse(fault, "a section is outside the file");
	}
	if (h->section[SECTION_DATA].count > DATA_LIMIT || h->section[SECTION_ZERO].count > DATA_LIMIT)
		return refuse(fault, "too much data");
	if (h->slots < FIRST_FREE_SLOT || h->slots >= NO_SLOT || (u64)h->slots * 8 > h->section[SECTION_DATA].count)
		return refuse(fault, "the slots are outside the data");
	return true;
}

bool image_map(struct program *p, int fd, u64 offset, u64 size, struct fault *fault)
{
	u64 lead = offset & (process.page - 1);
	const struct header *h;
	struct statx st;
	long at;

	if (size < sizeof(*h) || size > UINT32_MAX || offset % 8)
		return refuse(fault, "not a launch program");
	/* What lies behind the end of the file could not be read. */
	if (sys(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &st) || offset > st.stx_size || size > st.stx_size - offset)
		return refuse(fault, "its file is too short");
	at = sys(mmap, 0, lead + size, PROT_READ, MAP_PRIVATE, fd, offset - lead);
	if (at < 0 && at > -4096)
		return refuse(fault, "it cannot be mapped");
	h = (const void *)((u8 *)at + lead);
	if (!header_valid(h, size, fault))
		return false;
#define SECTION(name) ((const void *)((const u8 *)h + h->section[SECTION_##name].offset))
#define COUNT(name) (h->section[SECTION_##name].count)
	*p = (struct program){
		.header = h,
		.steps = SECTION(STEPS),
		.step_count = COUNT(STEPS),
		.actions = SECTION(ACTIONS),
		.action_count = COUNT(ACTIONS),
		.errnos = SECTION(ERRNOS),
		.errno_count = COUNT(ERRNOS) / 2,
		.tracks = SECTION(TRACKS),
		.track_count = COUNT(TRACKS),
		.entries = SECTION(ENTRIES),
		.entry_count = COUNT(ENTRIES),
		.parameters = SECTION(PARAMS),
		.parameter_count = COUNT(PARAMS),
		.relocations = SECTION(RELOCS),
		.relocation_count = COUNT(RELOCS),
		.initial = SECTION(DATA),
		.data_size = COUNT(DATA),
		.limit = (u64)COUNT(DATA) + COUNT(ZERO),
		.text = SECTION(TEXT),
		.text_size = COUNT(TEXT),
		.slot_count = h->slots,
		.fd = fd,
		.file_offset = offset,
	};
	return true;
}

const struct entry *image_entry(const struct program *p, u32 number)
{
	for (u32 i = 0; i < p->entry_count; i++)
		if (p->entries[i].number == number)
			return &p->entries[i];
	return NULL;
}

static size_t vector_count(const struct value *v)
{
	size_t count = 0;

	if (v->vector)
		while (v->vector[count])
			count++;
	else
		for (size_t i = 0; i < v->length; i++)
			count += !v->text[i];
	return count;
}

/* Enough room for all values, each aligned. */
static u64 values_size(const struct value *values)
{
	u64 size = 0;

	for (unsigned i = 0; i < PARAMETER_COUNT; i++)
		if (values[i].given)
			size += values[i].length + 16 + (parameter_kinds[i] == KIND_VECTOR ? 8 * vector_count(&values[i]) : 0);
	return size;
}

static i64 place_text(struct program *p, const struct value *v)
{
	i64 at = (i64)p->limit;

	memcpy(p->data + p->limit, v->text, v->length);
	p->limit += v->length + 1;
	return at;
}

static i64 place_vector(struct program *p, const struct value *v)
{
	const char *text = v->text;
	const char **items;
	size_t count = vector_count(v);
	i64 at;

	p->limit = (p->limit + 7) & ~(u64)7;
	at = (i64)p->limit;
	items = (void *)(p->data + p->limit);
	for (size_t i = 0; i < count; i++) {
		if (v->vector) {
			items[i] = v->vector[i];
		} else {
			items[i] = text;
			text += strlen(text) + 1;
		}
	}
	p->limit += 8 * (count + 1);
	return at;
}

static void fill_parameters(struct program *p, const struct value *values)
{
	for (u32 i = 0; i < p->parameter_count; i++) {
		const struct value *v = &values[p->parameters[i].number];
		i64 *slot = &p->slots[p->parameters[i].slot];

		switch (parameter_kinds[p->parameters[i].number]) {
		case KIND_TEXT:
			if (!v->given)
				break;
			slot[0] = place_text(p, v);
			slot[1] = (i64)v->length;
			break;
		case KIND_NUMBER:
			if (v->given)
				slot[0] = v->number;
			break;
		case KIND_VECTOR:
			if (v->given)
				slot[0] = place_vector(p, v);
			break;
		}
	}
}

/* Only for a validated image. False: not enough memory. */
bool image_load(struct program *p, const struct value values[PARAMETER_COUNT])
{
	u64 offset = p->file_offset + p->header->section[SECTION_DATA].offset;
	u64 lead = offset & (process.page - 1);
	u64 in_file = (lead + p->data_size + process.page - 1) & ~(process.page - 1);
	/* A parameter may be wanted in several slots. */
	u64 room = p->limit + (p->parameter_count ? p->parameter_count * values_size(values) : 0);
	long at = sys(mmap, 0, lead + room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	u8 *region = (u8 *)at;

	if (at < 0 && at > -4096)
		return false;
	at = sys(mmap, region, lead + p->data_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, p->fd, offset - lead);
	if (at < 0 && at > -4096)
		return false;
	p->data = region + lead;
	p->slots = (void *)p->data;
	/* The last page of the file's part goes on with the next section, where the zero section has to be. */
	memset(region + lead + p->data_size, 0, in_file - lead - p->data_size);
	for (u32 i = 0; i < p->relocation_count; i++) {
		u8 *to = p->data + p->relocations[i].to;

		memcpy(p->data + p->relocations[i].where, &to, 8);
	}
	fill_parameters(p, values);
	return true;
}
