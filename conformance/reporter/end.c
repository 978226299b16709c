/*
 * The program that needs least of a kernel: no C library, so that it runs where a seccomp filter allows execve and exit_group alone, and where a
 * limit leaves nothing. `end` exits with 7; `end wait` waits in pause(2), or turns round and round if that is denied.
 */
#if defined(__x86_64__)
enum { PAUSE = 34, EXIT_GROUP = 231 };
static long call(long number, long a) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a) : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start: mov (%rsp), %rdi\n and $-16, %rsp\n call begin\n");
#elif defined(__aarch64__)
/* There is no pause(2): ppoll(2) of nothing. */
enum { PAUSE = 73, EXIT_GROUP = 94 };
static long call(long number, long a) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = 0;
  register long x2 __asm__("x2") = 0;
  register long x3 __asm__("x3") = 0;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
__asm__(".globl _start\n_start: ldr x0, [sp]\n bl begin\n");
#endif

__attribute__((noreturn, used)) void begin(long count);

void begin(long count) {
  while (count > 1)
    call(PAUSE, 0);
  call(EXIT_GROUP, 7);
  for (;;)
    __builtin_trap();
}
