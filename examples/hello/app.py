from coil import Pin

print("hello from", Pin("LED1", Pin.OUT))
