/* clone.S - see clone.h. long clone_with_stack(function rdi, top rsi, flags rdx, argument rcx)
 * clone(2) wants flags in rdi and the stack in rsi; the child comes back here with an empty stack. */
        .text
        .globl  clone_with_stack
        .hidden clone_with_stack
        .type   clone_with_stack, @function
clone_with_stack:
        .cfi_startproc
        endbr64
        sub     $16, %rsi
        mov     %rdi, 8(%rsi)           /* the child pops both */
        mov     %rcx, 0(%rsi)
        mov     %rdx, %rdi
        xor     %edx, %edx
        xor     %r10d, %r10d
        xor     %r8d, %r8d
        mov     $56, %eax               /* SYS_clone */
        syscall
        test    %rax, %rax
        jz      1f
        ret
        .cfi_endproc
1:      .cfi_startproc
        .cfi_undefined %rip             /* outermost frame */
        xor     %ebp, %ebp
        pop     %rdi
        pop     %rax
        call    *%rax
        mov     %eax, %edi
        mov     $60, %eax               /* SYS_exit: this child only */
        syscall
        hlt
        .cfi_endproc
        .size   clone_with_stack, . - clone_with_stack

        .section .note.gnu.property, "a"        /* without it CET is off for the whole process */
        .align  8
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000002, 4, 3, 0
        .section .note.GNU-stack, "", @progbits
