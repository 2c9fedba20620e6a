"""What this board lacks."""

from driverlacks import lacks

ethernet = lacks("Ethernet")
