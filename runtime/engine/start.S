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
	.section .note.GNU-stack, "", %progbits
