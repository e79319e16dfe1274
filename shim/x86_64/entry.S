/* entry.S - wrappers that cannot be C functions.
 *
 * A vfork child returns through the frame of whoever called vfork, and the parent then finds that frame overwritten:
 * there must be none of ours. syscall(2) with numbers that do not concern us keeps the frame of its caller for the
 * same reason. context_ready is reached without relocation; see context.h for why that matters.
 */
#define CLONE_VM 0x100
#define CLONE_THREAD 0x10000
#define SYS_getpid 39
#define SYS_clone 56
#define SYS_vfork 58
#define SYS_clone3 435

/* Remembers in this thread who makes a child that will run in our memory. Clobbers rax, r11 and `keep`, where rcx
 * goes meanwhile: the kernel clobbers rcx and r11. */
        .macro  remember_parent keep
        mov     %rcx, \keep
        mov     $SYS_getpid, %eax
        syscall
        mov     \keep, %rcx
        mov     context_vfork_parent@gottpoff(%rip), %r11
        mov     %eax, %fs:(%r11)
        .endm

        .macro  function name
        .globl  \name
        .type   \name, @function
        .p2align 4
\name:
        .cfi_startproc
        endbr64
        .endm

        .macro  finish name
        .cfi_endproc
        .size   \name, . - \name
        .endm

        .text

/* pid_t vfork(void) */
        function vfork
        cmpb    $0, context_ready(%rip)
        je      1f
        remember_parent %rdx
        jmp     *startup_real_vfork(%rip)
1:      pop     %rdi                    /* the return address, kept where the child cannot overwrite it */
        .cfi_adjust_cfa_offset -8
        .cfi_register %rip, %rdi
        mov     $SYS_vfork, %eax
        syscall
        push    %rdi
        .cfi_adjust_cfa_offset 8
        ret
        finish  vfork
        .globl  __vfork
        .set    __vfork, vfork

/* int clone(function rdi, stack rsi, flags edx, argument rcx, parent_tid r8, tls r9, child_tid on the stack) */
        function clone
        test    $CLONE_VM, %edx
        jz      1f
        test    $CLONE_THREAD, %edx
        jnz     1f
        remember_parent %r10
1:      jmp     *startup_real_clone(%rip)
        finish  clone
        .globl  __clone
        .set    __clone, clone

/* long syscall(number rdi, a rsi, b rdx, c rcx, d r8, e r9, f on the stack): as syscalls_handle takes them */
        function syscall
        cmpb    $0, context_ready(%rip)
        je      ours
        cmp     $512, %rdi
        jae     pass
        bt      %rdi, syscalls_traced(%rip)
        jc      ours
        cmp     $SYS_clone3, %rdi
        je      clone_by_structure
        cmp     $SYS_clone, %rdi
        je      clone_by_flags
        cmp     $SYS_vfork, %rdi
        jne     pass
shares_memory:
        remember_parent %r10
pass:   jmp     *startup_real_syscall(%rip)
ours:   jmp     syscalls_handle
clone_by_structure:
        mov     (%rsi), %rax            /* struct clone_args: flags come first */
        jmp     test_flags
clone_by_flags:
        mov     %rsi, %rax
test_flags:
        test    $CLONE_VM, %eax
        jz      pass
        test    $CLONE_THREAD, %eax
        jz      shares_memory
        jmp     pass
        finish  syscall

        .section .note.gnu.property, "a"        /* without it CET is off for the whole process */
        .align  8
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000002, 4, 3, 0
        .section .note.GNU-stack, "", @progbits
