/* entry.S - wrappers that cannot be C functions.
 *
 * A vfork child returns through the frame of whoever called vfork, and the parent then finds that frame overwritten:
 * there must be none of ours. syscall(2) with numbers that do not concern us keeps the frame of its caller for the
 * same reason. context_ready is reached without relocation; see context.h for why that matters.
 */
#define RTLD_DEEPBIND 8
#define SYS_clone 56
#define SYS_vfork 58
#define SYS_clone3 435

/* struct context_vfork, see context.h */
#define DEPTH 0
#define RETURNS 16
#define MOST 4

        .macro  function name
        .globl  \name, wrapper_\name
        .type   \name, @function
        .hidden wrapper_\name
        .set    wrapper_\name, \name
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

/* Calls a C function of ours and keeps what the program has passed: six arguments in registers. */
        .macro  call_keeping_arguments callee
        .irp    register, rdi, rsi, rdx, rcx, r8, r9
        push    %\register
        .cfi_adjust_cfa_offset 8
        .endr
        sub     $8, %rsp
        .cfi_adjust_cfa_offset 8
        \callee
        add     $8, %rsp
        .cfi_adjust_cfa_offset -8
        .irp    register, r9, r8, rcx, rdx, rsi, rdi
        pop     %\register
        .cfi_adjust_cfa_offset -8
        .endr
        .endm

/* Takes the return address off the stack, where a child that shares it would overwrite it, into this thread's
 * variables, and says that from here to the parent's return whoever runs in this thread is the child. The depth grows
 * before the place is written: a signal handler in between that makes a vfork itself uses the next place. Goes to
 * `deep` where there is no place left. Clobbers rax, r10 and r11. */
        .macro  take_return_address deep
        mov     context_vfork@gottpoff(%rip), %r11
        mov     %fs:DEPTH(%r11), %r10
        cmp     $MOST, %r10
        jae     \deep
        incq    %fs:DEPTH(%r11)
        pop     %rax
        .cfi_adjust_cfa_offset -8
        .cfi_undefined %rip
        mov     %rax, %fs:RETURNS(%r11,%r10,8)
        .endm

/* In the parent: back to where the program called from. Clobbers rcx, rdx. */
        .macro  return_in_parent
        mov     context_vfork@gottpoff(%rip), %rdx
        mov     %fs:DEPTH(%rdx), %rcx
        push    %fs:RETURNS-8(%rdx,%rcx,8)
        decq    %fs:DEPTH(%rdx)
        ret
        .endm

/* pid_t vfork(void) */
        function vfork
        cmpb    $0, context_ready(%rip)
        je      2f
        .cfi_remember_state
        take_return_address 3f
        call    *startup_real_vfork(%rip)
        test    %eax, %eax
        jz      1f
        return_in_parent
1:      mov     context_vfork@gottpoff(%rip), %rdx /* the child: the parent will need its place once more */
        mov     %fs:DEPTH(%rdx), %rcx
        push    %fs:RETURNS-8(%rdx,%rcx,8)
        ret
        .cfi_restore_state
2:      pop     %rdi                    /* before set-up: as libc does it */
        mov     $SYS_vfork, %eax
        syscall
        push    %rdi
        ret
3:      jmp     *startup_real_vfork(%rip)
        finish  vfork
        .globl  __vfork
        .set    __vfork, vfork

/* int clone(function rdi, stack rsi, flags edx, argument rcx, parent_tid r8, tls r9, child_tid on the stack) */
        function clone
        cmpb    $0, context_ready(%rip)
        je      2f
        call_keeping_arguments "mov %edx, %edi; call processes_clone"
        cmp     $1, %al
        jb      1f
        ja      processes_clone_with_pidfd
        .cfi_remember_state
        take_return_address 1f
        call    *startup_real_clone(%rip)   /* the child does not come back here */
        return_in_parent
        .cfi_restore_state
2:      call_keeping_arguments "call context_early"
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
        cmp     $SYS_clone, %rdi
        je      clones
        cmp     $SYS_vfork, %rdi
        je      clones
        cmp     $SYS_clone3, %rdi
        jne     pass
clones: call_keeping_arguments "call processes_raw_clone"
        test    %al, %al
        jnz     processes_raw_clone_with_pidfd
pass:   jmp     *startup_real_syscall(%rip)
ours:   jmp     syscalls_handle
        finish  syscall

/* void *dlopen(file rdi, mode esi): the loader must find its caller's address where it is now */
        function dlopen
        test    $RTLD_DEEPBIND, %esi
        jz      1f
        call_keeping_arguments "mov %esi, %edi; call modules_note"
1:      cmpb    $0, modules_are_wanted(%rip)
        je      2f
        call_keeping_arguments "mov 56(%rsp), %rsi; call modules_may_stand_between"
        test    %al, %al
        jnz     modules_open
2:      cmpb    $0, context_ready(%rip)
        jne     3f
        call_keeping_arguments "call context_early"
3:      jmp     *startup_real_dlopen(%rip)
        finish  dlopen

/* void *dlmopen(space rdi, file rsi, mode edx) */
        function dlmopen
        test    %rdi, %rdi              /* LM_ID_BASE: nothing new */
        jz      1f
        call_keeping_arguments "xor %edi, %edi; call modules_note"
1:      cmpb    $0, modules_are_wanted(%rip)
        je      2f
        call_keeping_arguments "mov %rsi, %rdi; mov 56(%rsp), %rsi; call modules_may_stand_between"
        test    %al, %al
        jnz     modules_open_in
2:      cmpb    $0, context_ready(%rip)
        jne     3f
        call_keeping_arguments "call context_early"
3:      jmp     *startup_real_dlmopen(%rip)
        finish  dlmopen

/* void *dlsym(handle rdi, name rsi): RTLD_DEFAULT, 0, and RTLD_NEXT, -1, look from the caller's place, as dlopen */
        function dlsym
        cmpq    $0, startup_real_dlsym(%rip)
        jne     1f
        call_keeping_arguments "call context_early"
1:      lea     1(%rdi), %rax
        cmp     $1, %rax
        ja      modules_find
        jmp     *startup_real_dlsym(%rip)
        finish  dlsym

        .section .note.gnu.property, "a"        /* without it CET is off for the whole process */
        .align  8
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000002, 4, 3, 0
        .section .note.GNU-stack, "", @progbits
