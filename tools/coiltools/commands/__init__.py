"""One file a command.  Each defines `command`, a click command named like the file."""
