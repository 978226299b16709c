/*
 * Builds a filter with libseccomp, to compare ours with. Standard input, words separated by blanks:
 *   arch NUMBER     SCMP_ARCH_* token: the only or the next architecture
 *   default VERDICT
 *   rule VERDICT NAME COUNT (INDEX OPERATOR VALUE VALUE_TWO)*
 *   resolve NUMBER NAME
 * A verdict is the number that the filter returns. Standard output: struct sock_filter[].
 * Standard error: the numbers of resolved names; and "refused NAME ERRNO" for rules that libseccomp does not take.
 */
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *word;
	enum scmp_compare op;
} operators[] = {
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ }, { "SCMP_CMP_NE", SCMP_CMP_NE }, { "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE }, { "SCMP_CMP_GT", SCMP_CMP_GT }, { "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
};

static enum scmp_compare operator_of(const char *word)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (strcmp(word, operators[i].word) == 0)
			return operators[i].op;
	return _SCMP_CMP_MIN;
}

int main(void)
{
	scmp_filter_ctx filter = NULL;
	char word[64], name[64];
	uint32_t verdict, arch;
	int archs = 0;

	while (scanf("%63s", word) == 1) {
		if (strcmp(word, "default") == 0) {
			if (scanf("%" SCNu32, &verdict) != 1 || !(filter = seccomp_init(verdict)))
				return 1;
		} else if (strcmp(word, "arch") == 0) {
			if (scanf("%" SCNu32, &arch) != 1)
				return 2;
			if (archs++ == 0 && arch != seccomp_arch_native()) {
				if (seccomp_arch_add(filter, arch) < 0 || seccomp_arch_remove(filter, SCMP_ARCH_NATIVE) < 0)
					return 3;
			} else if (archs > 1 && seccomp_arch_add(filter, arch) < 0) {
				return 4;
			}
		} else if (strcmp(word, "rule") == 0) {
			struct scmp_arg_cmp args[6];
			unsigned int count;

			if (scanf("%" SCNu32 " %63s %u", &verdict, name, &count) != 3 || count > 6)
				return 5;
			for (unsigned int i = 0; i < count; i++) {
				if (scanf("%u %63s %" SCNu64 " %" SCNu64, &args[i].arg, word, &args[i].datum_a, &args[i].datum_b) != 4)
					return 6;
				args[i].op = operator_of(word);
			}
			int number = seccomp_syscall_resolve_name(name);
			int error = number == __NR_SCMP_ERROR ? -1 : seccomp_rule_add_array(filter, verdict, number, count, args);
			if (error < 0)
				fprintf(stderr, "refused %s %d\n", name, error);
		} else if (strcmp(word, "resolve") == 0) {
			if (scanf("%" SCNu32 " %63s", &arch, name) != 2)
				return 8;
			fprintf(stderr, "%d\n", seccomp_syscall_resolve_name_arch(arch, name));
		}
	}
	return seccomp_export_bpf(filter, STDOUT_FILENO) < 0 ? 7 : 0;
}
