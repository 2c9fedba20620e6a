// Virtual pins: the levels live in the host page, edges arrive as interrupt line 31.

#include "hostpage.h"
#include "interrupt.h"
#include "pin.h"

static void pins_interrupt(int line) {
    (void)line;
    uint32_t levels = HOSTPAGE->pins_in;
    pin_virtual_changed(HOSTPAGE->pins_seen, levels);
    HOSTPAGE->pins_seen = levels;
}

void hostpage_init(void) {
    HOSTPAGE->pins_seen = HOSTPAGE->pins_in;
    HOSTPAGE->pins_out = 0;
    HOSTPAGE->pins_dir = 0;
    interrupt_attach(IRQ_HOST_PINS, pins_interrupt);
    interrupt_enable(IRQ_HOST_PINS);
}
