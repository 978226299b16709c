/*
 * A created container may wait for its start for days, and there may be thousands: it keeps only those pages that it alone has.
 * Whatever is still what the file holds comes back from the file when it is used again.
 */
#include <linux/mman.h>

#include "engine.h"

/* The linker's names for the first byte of the engine, and for the first that is written to. */
extern const char __executable_start[], _DYNAMIC[];

static void drop(const void *start, const void *end)
{
	u64 first = ((u64)start + process.page - 1) & ~(process.page - 1), last = (u64)end & ~(process.page - 1);

	if (first < last)
		sys(madvise, first, last - first, MADV_DONTNEED);
}

/* Zero without an original. */
static bool unchanged(const u64 *page, const u64 *original)
{
	for (u64 i = 0; i < process.page / 8; i++)
		if (page[i] != (original ? original[i] : 0))
			return false;
	return true;
}

void give_back(const struct program *p)
{
	u64 from_file = ((u64)p->data + p->data_size + process.page - 1) & ~(process.page - 1);
	const u8 *at = p->data, *end = p->data + p->limit;

	if ((u64)at % process.page == 0 && (u64)p->initial % process.page == 0) {
		for (; (u64)at + process.page <= (u64)p->data + p->data_size; at += process.page)
			if (unchanged((const void *)at, (const void *)(p->initial + (at - p->data))))
				drop(at, at + process.page);
		for (at = (const u8 *)from_file; at + process.page <= end; at += process.page)
			if (unchanged((const void *)at, NULL))
				drop(at, at + process.page);
	}
	drop(scratch, scratch + SCRATCH_SIZE);
	drop((const void *)((u64)p->header & ~(process.page - 1)), (const u8 *)p->header + p->header->size);
	/* The instructions that follow come back at once, tables and texts do not. */
	drop(__executable_start, _DYNAMIC);
}
