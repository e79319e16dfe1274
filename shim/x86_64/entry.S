/* entry.S - wrappers that cannot be C functions.
 *
 * A vfork child returns through the frame of whoever called vfork, and the parent then finds that frame overwritten:
 * there must be none of ours. syscall(2) with numbers that do not concern us keeps the frame of its caller for the
 * same reason. context_ready is reached without relocation; see context.h for why that matters.
 */
#define CLONE_VM 0x100
#define CLONE_THREAD 0x10000
#define RTLD_DEEPBIND 8
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

/* Calls a C function with two arguments of ours and keeps the program's. */
        .macro  keep_arguments
        push    %rdi
        .cfi_adjust_cfa_offset 8
        push    %rsi
        .cfi_adjust_cfa_offset 8
        push    %rdx
        .cfi_adjust_cfa_offset 8
        .endm
        .macro  restore_arguments
        pop     %rdx
        .cfi_adjust_cfa_offset -8
        pop     %rsi
        .cfi_adjust_cfa_offset -8
        pop     %rdi
        .cfi_adjust_cfa_offset -8
        .endm

/* void *dlopen(file rdi, mode esi): the loader must find its caller's address where it is now */
        function dlopen
        test    $RTLD_DEEPBIND, %esi
        jz      1f
        keep_arguments
        mov     %esi, %edi
        call    modules_note
        restore_arguments
1:      cmpb    $0, modules_are_wanted(%rip)
        je      2f
        keep_arguments
        mov     24(%rsp), %rsi
        call    modules_may_stand_between
        restore_arguments
        test    %al, %al
        jnz     modules_open
2:      jmp     *startup_real_dlopen(%rip)
        finish  dlopen

/* void *dlmopen(space rdi, file rsi, mode edx) */
        function dlmopen
        test    %rdi, %rdi              /* LM_ID_BASE: nothing new */
        jz      1f
        keep_arguments
        xor     %edi, %edi
        call    modules_note
        restore_arguments
1:      cmpb    $0, modules_are_wanted(%rip)
        je      2f
        keep_arguments
        mov     %rsi, %rdi
        mov     24(%rsp), %rsi
        call    modules_may_stand_between
        restore_arguments
        test    %al, %al
        jnz     modules_open_in
2:      jmp     *startup_real_dlmopen(%rip)
        finish  dlmopen

        .section .note.gnu.property, "a"        /* without it CET is off for the whole process */
        .align  8
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000002, 4, 3, 0
        .section .note.GNU-stack, "", @progbits
