/**
 * The encoded launch program ("image"): little endian, all offsets from its start, 8-byte aligned.
 *
 *     header | steps | actions | errno lists | tracks | entries | parameters | relocations | data | zero | text
 *
 * header  (HEADER_SIZE bytes): u32 magic, u16 version, u8 arch, u8 flags, u32 total size, u32 slots,
 *         then {u32 offset, u32 count} for each section in SECTIONS order (count in records; bytes for errno lists, data, zero, text).
 * step    64 bytes, see spec/instructions.ts
 * action  {u32 words (offset in text), u32 words length, u32 unwind (step or NO_STEP), u32 0}; words is a FORMAT template
 * errno   lists one behind the other: {u16 n, u16 errno[n]}; a step's errs is the index of the u16 that holds n
 * track   {u32 first step, u32 steps, u32 name (offset in text, NUL-terminated), u16 flags, u16 exit code}; tracks cover all steps in order.
 *         SHARED (1): the subroutines of all tracks: nothing but CALL leads there from elsewhere. The exit code is that of a failure that
 *         nothing unwinds
 * entry   {u16 entry number (spec/commands.ts), u16 track, u32 step}
 * param   {u16 parameter number (spec/parameters.ts), u16 slot}
 * reloc   {u32 where (data offset, multiple of 8), u32 to (data offset)}: the 8 bytes at where become base + to
 * data    begins with the slots (8 bytes each); writable; never shared between processes; its file offset is a multiple of 4096
 * zero    has no bytes in the file: `count` zero bytes behind the data in memory (buffers). Data offsets go on through it
 *
 * flags: JOINS (1): a track of it enters a container, so the engine must run from a sealed memfd.
 */
export const IMAGE_MAGIC = 0x534f4843; // "CHOS"
/** Raised with every change that an older program or engine would misunderstand (image-version.test.ts). */
export const IMAGE_VERSION = 3;
export const SECTIONS = [
  'steps',
  'actions',
  'errnos',
  'tracks',
  'entries',
  'params',
  'relocs',
  'data',
  'zero',
  'text',
] as const;
export type Section = (typeof SECTIONS)[number];
export const HEADER_SIZE = 16 + SECTIONS.length * 8; // 96
export const ImageFlag = { JOINS: 1 } as const;
export const TrackFlag = { SHARED: 1 } as const;
export const ImageArch = { x86_64: 1, aarch64: 2 } as const;
export type Arch = keyof typeof ImageArch;

/**
 * A compiled executable is the engine with the image appended at the next multiple of 4096. The engine has one `attachment` in its data:
 * 16 bytes ATTACHMENT_MAGIC, u64 offset of the image in the file, u64 its size, both 0 in the plain engine. `compile` finds the magic and
 * fills the two numbers in, so that the plain engine need not read its own file to know that it carries nothing.
 */
export const ATTACHMENT_MAGIC = 'CHOS-ATTACHMENT\0';
