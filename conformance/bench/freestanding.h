/* SPDX-License-Identifier: MIT */
/*
 * What floor.c and timer.c use instead of a libc: raw system calls, a few string functions, kernel structures.
 * Freestanding on purpose: libc start-up would be a tenth of the floor, and the peak memory of a child can never be
 * reported as less than its parent's (getrusage(2): ru_maxrss survives execve).
 */
#ifndef FREESTANDING_H
#define FREESTANDING_H

#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <stddef.h>
#include <stdint.h>

#define AF_UNIX_ 1 /* asm-generic socket numbers; the user-space header would pull libc in */
#define AF_INET_ 2
#define SOCK_DGRAM_ 2
#define SOCK_SEQPACKET_ 5
#define SOCK_CLOEXEC_ 02000000
#define SIOCSIFFLAGS_ 0x8914 /* linux/sockios.h */
#define IFF_UP_RUNNING 0x41  /* linux/if.h */
#define MNT_DETACH_ 2        /* umount2(2) */
#define LOCK_EX_ 2           /* flock(2) */
#define LOCK_UN_ 8
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static inline long raw(long n, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#else
#error "x86-64 and aarch64 only"
#endif
}
#define PICK(n, a, b, c, d, e, f, ...) raw(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
/* SYS(name, args...): a negative errno or the result, as the kernel gives it. */
#define SYS(name, ...) PICK(__NR_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* gcc may emit calls to these two even when freestanding. */
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
void *memcpy(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((char *)to)[i] = ((const char *)from)[i];
	return to;
}
void *memset(void *to, int byte, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((char *)to)[i] = (char)byte;
	return to;
}

static inline size_t length(const char *s)
{
	size_t n = 0;
	while (s[n])
		n++;
	return n;
}
static inline int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}
/* Appends and terminates; returns the new end. */
static inline char *put(char *to, const char *s)
{
	while (*s)
		*to++ = *s++;
	*to = 0;
	return to;
}
/* Appends a decimal with at least `width` digits. */
static inline char *put_number(char *to, unsigned long n, int width)
{
	char digits[24];
	int i = 0;
	do {
		digits[i++] = (char)('0' + n % 10);
		n /= 10;
	} while (n || i < width);
	while (i)
		*to++ = digits[--i];
	*to = 0;
	return to;
}
static inline unsigned long number(const char *s)
{
	unsigned long n = 0;
	while (*s >= '0' && *s <= '9')
		n = n * 10 + (unsigned long)(*s++ - '0');
	return n;
}
/* Seconds since the epoch as RFC 3339 in UTC (days to civil date: the usual March-based calendar arithmetic). */
static inline char *put_time(char *to, unsigned long t)
{
	unsigned long days = t / 86400 + 719468, era = days / 146097, doe = days % 146097;
	unsigned long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned long doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	unsigned long month = mp < 10 ? mp + 3 : mp - 9;
	to = put_number(to, yoe + era * 400 + (month <= 2), 4);
	to = put_number(put(to, "-"), month, 2);
	to = put_number(put(to, "-"), doy - (153 * mp + 2) / 5 + 1, 2);
	to = put_number(put(to, "T"), t % 86400 / 3600, 2);
	to = put_number(put(to, ":"), t % 3600 / 60, 2);
	to = put_number(put(to, ":"), t % 60, 2);
	return put(to, "Z");
}

#endif
