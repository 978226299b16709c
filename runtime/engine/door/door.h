/* The command: what a call asks for, and who serves it: a stored program, a compiled one, or the compiler. It uses the machine, never the reverse. */
#pragma once
#include "vm.h"

/* main.c: where `compile` writes an image into the engine (spec/image.ts). */
struct attachment {
	char magic[16];
	u64 offset, size;
};
extern const volatile struct attachment attachment;

/* sealed.c */
bool sealed_self(void);
_Noreturn void sealed_again(void);

/* frontdoor.c: what the arguments ask for, as far as the engine itself has to know. */
struct request {
	const struct command *command;
	bool complete; /* everything was understood: a stored program may serve it */
	bool attached; /* a compiled executable */
	bool json;
	bool unusable; /* there is no stored program that could be run: TypeScript ends the container in another way */
	bool warnings; /* --log-level: more than errors */
	bool debug;
	const char *log, *input; /* input: the file of --config or --process */
	u64 options; /* of the command, a bit for each that was given: on these its program depends, and not on their values */
	char *const *arguments; /* of `exec`, behind the id, or NULL */
	bool strange; /* an option on whose value it does, or one that is wrong */
	bool reuse; /* a program that was left in the state directory may serve it */
	bool start; /* of `create` and `run`: one that was left in the state root */
	bool systemd; /* --systemd-cgroup */
	const char *manager; /* --cgroup-manager, or NULL */
	struct surroundings around;
	struct value values[PARAMETER_COUNT];
};

/* The end of the scratch buffer holds what no argument says, until the program is loaded: the id of a compiled executable, and the state root. Whatever is read before that has the rest. */
#define OWN_ID_SIZE 256
#define OWN_ROOT_SIZE 4096
#define FREE_SIZE (SCRATCH_SIZE - OWN_ID_SIZE - OWN_ROOT_SIZE)
#define OWN_ID scratch_part(FREE_SIZE, OWN_ID_SIZE)
#define OWN_ROOT scratch_part(FREE_SIZE + OWN_ID_SIZE, OWN_ROOT_SIZE)

void scan_arguments(struct request *q);
bool attached_option(struct request *q, int *at);
bool id_valid(const char *id);
void give_text(struct request *q, unsigned parameter, const char *text);
void give_arguments(struct request *q);
void default_root(struct request *q);
int keep_descriptor(const struct request *q, int fd);

/* state-root.c */
bool usual_root(struct text *t);

/* usual.c */
void note_option(struct request *q, unsigned number, const struct option *o, const char *value);
bool is_usual_exec(const struct request *q);
bool is_usual_start(const struct request *q);
bool is_normal(const char *path);

/* attached.c */
void scan_attached(struct request *q);
void check_attached(const struct request *q, const struct program *p);

/* log.c */
void open_log(const struct request *q);

/* trust.c */
void insist_on_way(const char *path, bool make);
bool trusts_way(const char *path);
bool trusts_program(const char *path);
long open_trusted(long directory, const char *name, unsigned type, const char *shown, u64 *size);
long open_if_trusted(long directory, const char *name, unsigned type, u64 *size);

/* stored.c */
void run_stored(struct request *q, u32 entry);
void run_found(struct request *q, int fd, u64 offset, u64 size, u32 entry);
const char *state_directory(const struct request *q);
_Noreturn void run_image(struct request *q, int fd, u64 offset, u64 size, u32 entry);

/* warm.c: a connection to whoever listens where the compiler's service should, or -1, and why. The service looks at who has come while that one goes on. */
int connect_service(const char **why);

/* reuse.c: there may be a program that an earlier call has left. */
bool seems_reusable(const struct request *q);

/* again.c: the same of `create` and `run`. */
bool seems_left(const struct request *q);

/* compiler.c */
_Noreturn void run_compiled(struct request *q);
_Noreturn void become_service(void);
void reap_compiler(void);

#ifdef ENGINE_DEBUG
/* debug.c */
void debug_modes(const struct surroundings *around);
#endif

/* main.c */
_Noreturn void engine_start(u64 *stack);
