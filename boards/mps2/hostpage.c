// Virtual pins: the levels live in the host page, edges arrive as interrupt line 31.

#include "hostpage.h"
#include "interrupt.h"
#include "pin.h"
#include "trace.h"

static void pins_interrupt(int line) {
    (void)line;
    uint32_t levels = HOSTPAGE->pins_in;
    trace_inputs(levels); // before the callbacks, which may move other pins
    pin_virtual_changed(HOSTPAGE->pins_seen, levels);
    HOSTPAGE->pins_seen = levels;
}

void hostpage_init(void) {
    HOSTPAGE->pins_seen = HOSTPAGE->pins_in;
    HOSTPAGE->pins_out = 0;
    HOSTPAGE->pins_dir = 0;
    trace_start();
    interrupt_attach(IRQ_HOST_PINS, pins_interrupt);
    interrupt_enable(IRQ_HOST_PINS);
}
