"""Every primitive, preempted at each branch of kernel, core and scenario, by each of its events."""

from pathlib import Path

import pytest
from coiltools import explore

HERE = Path(__file__).parent
FIRMWARES = {"native": True, "stock": False}
SCENARIOS = sorted(file.stem for file in (HERE / "scenarios").glob("*.py"))
#: Random schedules of several events, besides all of one event.
RUNS = 100
SEED = 20


def told(failure: explore.Failure) -> str:
    places = ", ".join(failure.places)
    return f"--replay {explore.name(failure.schedule)}  ({places})\n{failure.said}"


@pytest.mark.parametrize("firmware", FIRMWARES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_stands_every_preemption(name, firmware):
    explorer = explore.Explorer(HERE / "scenarios" / f"{name}.py", native=FIRMWARES[firmware])
    report = explorer.singles()
    assert report.failure is None, told(report.failure)
    assert report.runs > report.branches  # each event at each branch
    assert report.places > 20
    print(f"seed {SEED}")
    report = explorer.sample(SEED, RUNS)
    assert report.failure is None, told(report.failure)


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_planted_bug_is_found_shrunk_and_repeated(firmware):
    file = HERE / "planted" / "lost_update.py"
    explorer = explore.Explorer(file, native=FIRMWARES[firmware])
    failure = explorer.singles().failure
    assert failure is not None and failure.repeats
    [(branch, event)] = failure.schedule
    assert event == "add"
    [place] = failure.places
    assert place.startswith("lost_update.py:") and place.endswith(" in worker")
    line = file.read_text().splitlines()[int(place.split(":")[1].split()[0]) - 1]
    assert "count" in line
    assert "AssertionError" in failure.said
    again = explore.Explorer(file, native=FIRMWARES[firmware])
    assert again.replay([(branch, event)]).failure is not None
    assert again.replay([(branch, "alarm")]).failure is None


def test_random_schedules_shrink_to_one_event():
    explorer = explore.Explorer(HERE / "planted" / "lost_update.py")
    first = explorer.singles().failure.schedule
    failure = explore.Explorer(HERE / "planted" / "lost_update.py").sample(1, 500).failure
    assert failure.schedule == first


def test_bug_that_needs_two_events_is_found_by_pairs():
    file = HERE / "planted" / "needs_two.py"
    assert explore.Explorer(file).singles().failure is None
    explorer = explore.Explorer(file)
    explorer.singles()
    failure = explorer.pairs().failure
    assert [event for _, event in failure.schedule] == ["first", "second"]
    assert len(failure.places) == 2


def test_endless_loop_is_found():
    failure = explore.Explorer(HERE / "planted" / "hangs.py").singles().failure
    assert failure.schedule[0][1] == "spoil"
    assert "still running" in failure.said and "at hangs.py:" in failure.said
    assert failure.places[0]
    assert "<Thread 'worker' Normal" in failure.said


def test_deadlock_names_the_threads():
    failure = explore.Explorer(HERE / "planted" / "deadlock.py").singles().failure
    assert failure.schedule == []
    assert "<Thread 'left' Normal waiting mutex>: <Mutex of <Thread 'right'" in failure.said
    assert "<Thread 'right' Normal waiting mutex>: <Mutex of <Thread 'left'" in failure.said
