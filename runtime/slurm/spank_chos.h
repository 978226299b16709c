#pragma once
#include "../pam/entrance.h"

#define NAME_SIZE 4096
/* NAME@N of the job, from where it was submitted to its steps. */
#define VARIABLE "SLURM_CHOS"
/* What that generation is, for other machines: runtime/compile/pins/publish.ts. */
#define IDENTITY_VARIABLE "SLURM_CHOS_IDENTITY"
#define IDENTITY_SIZE 256
/* Names of files have 255 bytes. */
#define FILE_SIZE 256

/* generation.c */
/* Whether `pinned` is the tree `wanted`, or a generation of it. */
bool is_of(const char *pinned, const char *wanted);
enum found {
	IS_KNOWN, /* `name` is NAME@N now, and has this identity */
	HAS_NONE, /* a generation is not what is entered, or none is prepared here */
	IS_UNKNOWN_NUMBER, /* NAME@N, which is none of this machine */
};
enum found find_newest(char *name, size_t size, char identity[IDENTITY_SIZE]);
/* In one piece, for free(3); NULL: there is no memory. */
char **copy_list(char **list);
