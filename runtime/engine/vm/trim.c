/*
 * TRIM: a created container may wait for its start for days, and there may be thousands, so it keeps only the pages that it alone has.
 * What is still as the file has it comes back from the file when it is used again.
 */
#include <linux/mman.h>

#include "vm.h"

/* Whole pages of [from, to) only: those at the edges may hold what cannot be read again. */
static void drop(const void *from, const void *to)
{
	u64 first = ((u64)from + process.page - 1) & ~(process.page - 1);
	u64 end = (u64)to & ~(process.page - 1);

	if (first < end)
		sys(madvise, first, end - first, MADV_DONTNEED);
}

/*
 * A fault on a file's page maps up to 64 KiB around it, but never beyond its mapping: different advice makes the pages of the next steps a
 * mapping of their own, so that going on does not bring everything back.
 */
static void isolate(const void *from, u64 size)
{
	u64 first = (u64)from & ~(process.page - 1);

	sys(madvise, first, ((u64)from + size - first + process.page - 1) & ~(process.page - 1), MADV_RANDOM);
}

void trim(const struct program *p, i64 constants, const struct step *here)
{
	const u8 *image = (const u8 *)p->header, *data = p->data;
	/* Read before the header's own page is dropped. */
	u64 size = p->header->size, zero = p->header->section[SECTION_ZERO].count;

	isolate(here, 16 * sizeof(*here));
	drop((const u8 *)((u64)image & ~(process.page - 1)), image + size);
	if (inside(p, constants, 0))
		drop(data + constants, data + p->data_size);
	drop(data + p->data_size, data + p->data_size + zero);
	drop(scratch, scratch + SCRATCH_SIZE);
}
