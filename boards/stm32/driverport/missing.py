"""What these boards lack, or nobody has written yet."""

from driverlacks import lacks

ethernet = lacks("Ethernet for drivers")
