/* Hides AVX-512 from a program: from lookbook and from its peers alike, for neither has a switch for it.
 *
 *     cc -O2 -shared -fPIC -o mask.so mask.c && LD_PRELOAD=./mask.so PROGRAM
 *
 * Programs learn what a processor can from the instruction CPUID. Linux on Intel (flag `cpuid_fault` in
 * /proc/cpuinfo) can make that instruction fault; the handler here then runs it in the program's stead
 * and takes the bits of AVX-512 out of the answer. The program runs at full speed otherwise.
 * MASK_AVX2 set (to anything) hides AVX2, FMA and AVX-VNNI as well.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012

/* Leaf 7 (Intel's manual, volume 2, CPUID). EBX: F, DQ, IFMA, PF, ER, CD, BW, VL. ECX: VBMI, VBMI2, VNNI,
 * BITALG, VPOPCNTDQ. EDX: 4VNNIW, 4FMAPS, VP2INTERSECT, FP16, and AMX, which goes with them. */
#define EBX_512 (1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31)
#define ECX_512 (1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14)
#define EDX_512 (1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25)
/* Leaf 7, part 1. EAX: AVX-VNNI, BF16. EDX: AVX10. */
#define EAX_VNNI (1u << 4)
#define EAX_BF16 (1u << 5)
#define EDX_AVX10 (1u << 19)

static int hide_avx2;

static void faulting(long on) {
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, !on);
}

static void handler(int number, siginfo_t *info, void *context) {
    ucontext_t *at = context;
    greg_t *registers = at->uc_mcontext.gregs;
    const unsigned char *code = (const unsigned char *)registers[REG_RIP];
    (void)info;
    if (code[0] != 0x0f || code[1] != 0xa2) {
        /* A fault of the program's own: it happens again, and is not caught. */
        signal(number, SIG_DFL);
        return;
    }
    unsigned leaf = registers[REG_RAX], part = registers[REG_RCX], a, b, c, d;
    faulting(0);
    __cpuid_count(leaf, part, a, b, c, d);
    faulting(1);
    if (leaf == 7 && part == 0) {
        b &= ~EBX_512;
        c &= ~ECX_512;
        d &= ~EDX_512;
        if (hide_avx2)
            b &= ~(1u << 5);
    }
    if (leaf == 7 && part == 1) {
        a &= ~EAX_BF16;
        d &= ~EDX_AVX10;
        if (hide_avx2)
            a &= ~EAX_VNNI;
    }
    if (leaf == 1 && hide_avx2)
        c &= ~(1u << 12);
    registers[REG_RAX] = a;
    registers[REG_RBX] = b;
    registers[REG_RCX] = c;
    registers[REG_RDX] = d;
    registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void mask(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    hide_avx2 = getenv("MASK_AVX2") != NULL;
    sigaction(SIGSEGV, &action, NULL);
    if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0)) {
        fputs("mask.so: this machine cannot make CPUID fault (no cpuid_fault in /proc/cpuinfo)\n", stderr);
        _exit(127);
    }
}
