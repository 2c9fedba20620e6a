// CPU faults become Python exceptions where that is sound, else a crash record and a reset.
//
// Sound means: the fault came from the program (thread mode), not inside an atomic section (those
// faults escalate to HardFault), the heap was unlocked, and the collector, a file system or the
// storage driver was not active, because unwinding one of these would leave it half-way.  The
// instruction that failed tells: it lies in their code, or in a leaf such as memcpy that was
// called from there.  Python block devices, which a file system calls back, are counted (vfs_call.c).

#include <stdio.h>
#include <string.h>

#include "py/gc.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "console.h"
#include "fault.h"
#include "hardware.h"
#include "noinit.h"
#include "vfs_call.h"

extern uint32_t _stack_top, _guard_start, _emergency_stack_top;
extern uint32_t _protected_start, _protected_end, _leaf_start, _leaf_end;

#define ADDRESS(symbol) ((uint32_t)&(symbol))

// What the core pushes on an exception (ARMv7-M ARM B1.5.6).
typedef struct _frame_t {
    uint32_t r0, r1, r2, r3, r12, lr, pc, psr;
} frame_t;

#define PSR_T (1u << 24)
#define PSR_IT_ICI (0x0600fc00u)

// CFSR bits (ARMv7-M ARM B3.2.15).
#define CFSR_DACCVIOL (1u << 1)
#define CFSR_MSTKERR (1u << 4)
#define CFSR_MMARVALID (1u << 7)
#define CFSR_MEMMANAGE (0xffu)
#define CFSR_BFARVALID (1u << 15)
#define CFSR_BUS (0xff00u)
#define CFSR_UNDEFINSTR (1u << 16)
#define CFSR_DIVBYZERO (1u << 25)

static struct {
    const char *kind;
    uint32_t address;
    uint32_t pc;
    bool has_address;
    bool is_division;
    bool is_stack;
} fault;

static const char *fault_kind(uint32_t cfsr) {
    if (cfsr & CFSR_MEMMANAGE) {
        return "MemManage fault";
    }
    if (cfsr & CFSR_BUS) {
        return "BusFault";
    }
    if (cfsr & CFSR_DIVBYZERO) {
        return "divide by zero";
    }
    if (cfsr & CFSR_UNDEFINSTR) {
        return "undefined instruction";
    }
    return "UsageFault";
}

// Runs in thread mode, in place of the instruction that failed.
__attribute__((noreturn)) static void fault_raise(void) {
    if (fault.is_division) {
        mp_raise_msg(&mp_type_ZeroDivisionError, MP_ERROR_TEXT("divide by zero"));
    }
    if (fault.is_stack) {
        // On the emergency stack.  The collector would scan from here to the program's stack, right
        // through the guard: without it a full heap gives the emergency exception.
        uint16_t collect = MP_STATE_MEM(gc_auto_collect_enabled);
        MP_STATE_MEM(gc_auto_collect_enabled) = 0;
        mp_obj_t overflow = mp_obj_new_exception_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("stack overflow"));
        MP_STATE_MEM(gc_auto_collect_enabled) = collect;
        nlr_raise(overflow);
    }
    vstr_t text;
    vstr_init(&text, 64);
    vstr_add_str(&text, fault.kind);
    if (fault.has_address) {
        vstr_printf(&text, " at 0x%08x", (unsigned)fault.address);
    }
    vstr_printf(&text, ", pc 0x%08x", (unsigned)fault.pc);
    mp_obj_t args[2] = { MP_OBJ_NEW_SMALL_INT(MP_EFAULT), mp_obj_new_str_from_vstr(&text) };
    nlr_raise(mp_obj_exception_make_new(&mp_type_OSError, 2, 0, args));
}

static bool in_protected(uint32_t address) {
    return address >= ADDRESS(_protected_start) && address < ADDRESS(_protected_end);
}

static bool protected_code_active(const frame_t *frame) {
    if (vfs_call_depth != 0) {
        return true;
    }
    if (frame == NULL) {
        return false; // a stack overflow; file systems do not recurse
    }
    bool in_leaf = frame->pc >= ADDRESS(_leaf_start) && frame->pc < ADDRESS(_leaf_end);
    return in_protected(frame->pc) || (in_leaf && in_protected(frame->lr));
}

__attribute__((noreturn)) static void crash(const char *kind, const frame_t *frame, uint32_t sp, uint32_t cfsr, uint32_t hfsr, uint32_t address) {
    crash_t *record = &noinit.crash;
    memset(record, 0, sizeof(*record));
    strncpy(record->kind, kind, sizeof(record->kind) - 1);
    if (frame != NULL) {
        record->pc = frame->pc;
        record->lr = frame->lr;
        record->psr = frame->psr;
    }
    record->sp = sp;
    record->cfsr = cfsr;
    record->hfsr = hfsr;
    record->address = address;
    record->valid = 1;
    console_write_last("\r\ncrash: ");
    console_write_last(record->kind);
    console_write_last("\r\n");
    noinit_reset(RESET_CRASH);
}

void fault_crash(const char *kind, uint32_t pc) {
    frame_t frame = { .pc = pc };
    crash(kind, &frame, 0, 0, 0, 0);
}

// Called by fault_entry with the stack pointer at the time of the fault and EXC_RETURN.
__attribute__((used)) static uint32_t fault_handle(uint32_t sp, uint32_t exc_return) {
    uint32_t cfsr = SCB_CFSR;
    uint32_t hfsr = SCB_HFSR;
    SCB_CFSR = cfsr; // write 1 to clear
    SCB_HFSR = hfsr;
    bool has_address = cfsr & (CFSR_MMARVALID | CFSR_BFARVALID);
    uint32_t address = cfsr & CFSR_MMARVALID ? SCB_MMFAR : SCB_BFAR;
    bool from_program = (exc_return & 0xf) == 0xd;
    bool frame_lost = cfsr & CFSR_MSTKERR;
    bool stack_full = frame_lost || ((cfsr & CFSR_DACCVIOL) && address - ADDRESS(_guard_start) < 1024);
    frame_t *frame = frame_lost ? NULL : (frame_t *)sp;

    if (hfsr != 0 || !from_program || MP_STATE_THREAD(gc_lock_depth) != 0
        || sp < ADDRESS(_guard_start) || sp > ADDRESS(_stack_top)
        || MP_STATE_THREAD(nlr_top) == NULL) {
        crash(hfsr != 0 ? "HardFault" : fault_kind(cfsr), frame, sp, cfsr, hfsr, has_address ? address : 0);
    }
    if (protected_code_active(frame)) {
        crash(stack_full ? "stack overflow" : fault_kind(cfsr), frame, sp, cfsr, hfsr, has_address ? address : 0);
    }

    fault.kind = fault_kind(cfsr);
    fault.has_address = has_address && !stack_full;
    fault.address = address;
    fault.pc = frame ? frame->pc : 0;
    fault.is_division = cfsr & CFSR_DIVBYZERO;
    fault.is_stack = stack_full;
    if (stack_full) {
        // No room to raise there: raise from the emergency stack.  The jump to the handler of the
        // exception puts the stack pointer right again.
        frame = (frame_t *)(ADDRESS(_emergency_stack_top) - sizeof(frame_t));
        frame->psr = PSR_T;
        sp = (uint32_t)frame;
    }
    frame->pc = (uint32_t)fault_raise & ~1u;
    frame->lr = 0xffffffff;
    frame->psr = (frame->psr & ~PSR_IT_ICI) | PSR_T;
    return sp;
}

__attribute__((naked, used)) void fault_entry(void) {
    __asm volatile (
        "tst lr, #4\n"
        "ite eq\n"
        "mrseq r0, msp\n"
        "mrsne r0, psp\n"
        "mov r1, lr\n"
        "push {r1, lr}\n"
        "bl fault_handle\n"
        "pop {r1, lr}\n"
        "msr psp, r0\n"
        "bx lr\n"
        );
}

// First expiry of the watchdog.  The record names the instruction that was running; the reset
// follows at once.  Should this handler not come to run, the second expiry resets the board.
__attribute__((used)) static void watchdog_handle(const frame_t *frame) {
    crash_t *record = &noinit.crash;
    memset(record, 0, sizeof(*record));
    strcpy(record->kind, "watchdog");
    record->pc = frame->pc;
    record->lr = frame->lr;
    record->psr = frame->psr;
    record->sp = (uint32_t)frame;
    record->valid = 1;
    noinit_reset(RESET_WATCHDOG);
}

__attribute__((naked, used)) void watchdog_entry(void) {
    __asm volatile (
        "tst lr, #4\n"
        "ite eq\n"
        "mrseq r0, msp\n"
        "mrsne r0, psp\n"
        "b watchdog_handle\n"
        );
}

// One MPU region.  size_log2: 10 = 1 KB.  attributes: access permission and memory type.
static void mpu_region(int number, uint32_t base, int size_log2, uint32_t attributes) {
    MPU_RNR = number;
    MPU_RBAR = base;
    MPU_RASR = attributes | (size_log2 - 1) << 1 | 1;
}

#define MPU_NONE (0u << 24)
#define MPU_READ_ONLY (6u << 24)
#define MPU_NO_EXECUTE (1u << 28)
#define MPU_NORMAL (1u << 17) // write-through memory

void fault_init(void) {
    // 8 MB: the code and its mirror.  A higher region number wins.  What no region covers follows the default map.
    mpu_region(0, 0x00000000, 23, MPU_READ_ONLY | MPU_NORMAL);
    mpu_region(1, 0x00000000, 10, MPU_NONE | MPU_NO_EXECUTE); // NULL
    mpu_region(2, ADDRESS(_guard_start), 10, MPU_NONE | MPU_NO_EXECUTE);
    MPU_CTRL = 5; // enable, default map for the rest
    SCB_SHCSR |= 7u << 16; // MemManage, BusFault and UsageFault get their own handlers
    SCB_CCR |= 1u << 4; // trap division by zero
    __asm volatile ("dsb\n isb" ::: "memory");
}
