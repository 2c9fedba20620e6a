"""A board that waits for a time sleeps through: no tick wakes it."""

_NAP = """
import rtos
rounds = 0
def idle(delay_ms):
    global rounds
    rounds += 1
async def nap():
    rtos.hooks.idle = idle
    await rtos.sleep_ms(10_000)
rtos.run(nap)
print(rounds)
"""


def test_at_most_one_wake_up_in_ten_seconds(board):
    # It falls asleep once. What the host sent last may wake it; then it falls asleep again.
    assert int(board.exec(_NAP, timeout=30)) <= 2
