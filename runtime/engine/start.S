/* The kernel starts a process here, with argc, argv, envp and the auxiliary vector on the stack. */
	.text
	.globl	_start
	.hidden	_start
	.type	_start, %function
_start:
#if defined(__x86_64__)
	xorl	%ebp, %ebp
	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	engine_start
	ud2
#elif defined(__aarch64__)
	mov	x29, #0
	mov	x30, #0
	mov	x0, sp
	bl	engine_start
	brk	#1
#else
#error "x86-64 and aarch64 only"
#endif
	.size	_start, . - _start

/* Where a handler of a signal returns to: rt_sigreturn(2). On aarch64 the kernel has one of its own. */
#if defined(__x86_64__)
	.globl	return_from_signal
	.hidden	return_from_signal
	.type	return_from_signal, %function
return_from_signal:
	movl	$15, %eax
	syscall
	.size	return_from_signal, . - return_from_signal
#endif
	.section .note.GNU-stack, "", %progbits
