// qstrs specific to this port
Q(/flash)
Q(/rom)
Q(_boot.py)
Q(_start.py)
