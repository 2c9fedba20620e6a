// Between the files of the board.
#ifndef COIL_HOST_H
#define COIL_HOST_H

#include "py/obj.h"
#include "irq.h"

// MicroPython's own has another name in 1.25 than in 1.26.
#define HOST_NORETURN __attribute__((noreturn))

// ---- board.c: the life of the process.

enum { CAUSE_POWER_ON = 1, CAUSE_RESET, CAUSE_WATCHDOG, CAUSE_DEEPSLEEP, CAUSE_SOFT_RESET, CAUSE_BROWN_OUT };
extern int host_reset_cause;

// Start the whole program again with a reset cause; async-signal-safe.
HOST_NORETURN void host_reset(int cause);
// End the program.
HOST_NORETURN void host_power_off(int status);

// ---- console.c

void console_init(void);
// Give the terminal back its modes; async-signal-safe.
void console_restore(void);
// Read what arrived; called by the interrupt.
void console_isr(void);
// Ctrl-C from somewhere else than the console's input; called by the interrupt.
void console_ctrl_c(void);

// ---- disk.c: the 16 MB file with the file system, the ROMFS partition and the host page.

#define DISK_ADDRESS (0x21000000u)
#define DISK_BYTES (0x1000000u)
#define NOINIT_OFFSET (0xfef000) // of the disk; modules/board.py hands it out
#define NOINIT_BYTES (0x1000)

// Words of the host page.
enum {
    PAGE_MAGIC = 0x00, PAGE_HEAP_BYTES = 0x08, PAGE_FLAGS = 0x0c, PAGE_EPOCH_S = 0x10,
    PAGE_UNIQUE_ID = 0x14, PAGE_SCRIPT_BYTES = 0x1c,
    PAGE_PINS_IN = 0x40, PAGE_PINS_OUT = 0x44, PAGE_PINS_DIR = 0x48, PAGE_PINS_SEEN = 0x4c,
    PAGE_DEVICES_BYTES = 0x50, PAGE_REQUEST = 0x54, PAGE_ANSWERED = 0x58,
    PAGE_SCRIPT = 0x1000, PAGE_TRACE = 0xf000, PAGE_BYTES = 0x10000,
};

extern uint8_t *disk;
void disk_init(void);
// A word of the host page; page_get() gives 0 when no tool wrote the page.
volatile uint32_t *page_word(unsigned int offset);
uint32_t page_get(unsigned int offset);

extern const mp_obj_type_t host_flash_type;

// ---- irq.c: lines 0 .. 15 are alarms, 16 .. 31 the virtual pins.

#define ALARM_COUNT (16)
#define SIGNAL_WATCHDOG (SIGUSR2)
#define PIN_COUNT (16)
#define LED_COUNT (10)
#define FLAG_TRACE (16) // of PAGE_FLAGS: record changes of pins
#define LINE_PIN (16)
#define LINE_REQUEST (15) // the tools want something of the simulation
#define LINE_COUNT (32)

// Causes in host_irq_pending.
#define IRQ_CONSOLE (1u << 0)
#define IRQ_PINS (1u << 1)
#define IRQ_LINES (1u << 2)
#define IRQ_CTRL_C (1u << 3)
#define IRQ_EXPLORE (1u << 4)

// Take the signals. They stay pending until host_irq_restore(false).
void irq_init(void);
// Keep the signals for the next life of the program, which would not survive them before irq_init().
void irq_block(void);
// Soft reset: no line has a handler any more, and interrupts are masked.
void irq_deinit(void);
// Mark causes pending, and handle them now unless interrupts are masked.
void irq_raise(uint32_t causes);
// Make lines pending; irq_raise(IRQ_LINES) follows.
void irq_pend_lines(uint32_t lines);
// Call function(argument) as an interrupt handler: heap and scheduler locked, exceptions printed.
// False: it raised.
bool irq_call_hard(mp_obj_t function, mp_obj_t argument);

// ---- alarm.c, pins.c, explore.c, clock.c

void alarm_deinit(void);
void pins_init(void);
void pins_deinit(void);
void pins_isr(void);
// The tools record pins: pin 0 .. 15, or 16 .. 25 for an LED, may have changed to that level.
void trace_start(void);
void trace_pin(int pin, bool level);
void explore_isr(void);
void explore_deinit(void);
void clock_set_epoch(int64_t epoch_s);
// The board's time minus the computer's.
extern int64_t clock_offset_ns;

MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(host_line_obj);
MP_DECLARE_CONST_FUN_OBJ_1(host_trigger_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(host_alarm_obj);
MP_DECLARE_CONST_FUN_OBJ_1(host_watchdog_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(host_pin_obj);
MP_DECLARE_CONST_FUN_OBJ_2(host_pin_input_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(host_pin_output_obj);
MP_DECLARE_CONST_FUN_OBJ_1(host_set_time_obj);
MP_DECLARE_CONST_FUN_OBJ_2(host_pin_trigger_obj);
MP_DECLARE_CONST_FUN_OBJ_2(host_trace_pin_obj);
MP_DECLARE_CONST_FUN_OBJ_1(host_pin_edges_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(host_branches_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(host_preempt_at_obj);
MP_DECLARE_CONST_FUN_OBJ_0(host_preempted_obj);

#endif // COIL_HOST_H
