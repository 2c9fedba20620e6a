"""Families of chips: driver ports that several boards share, in folders that are no boards."""

import ast

import pytest
from coiltools import boards
from coiltools.paths import BOARDS
from coiltools.report import Fail

#: family -> package with the numbers of its chips.
FAMILIES = {"nrf": "nrfchips", "stm32": "stm32chips"}


def names(module):
    """The public names that a module binds at its top level."""
    bound = set()
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.Assign):
            bound |= {target.id for target in node.targets}
        elif isinstance(node, ast.FunctionDef):
            bound.add(node.name)
    return {name for name in bound if not name.startswith("_")}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_no_board(family):
    assert (BOARDS / family / "driverport" / "__init__.py").exists()
    assert not (BOARDS / family / "board.toml").exists()
    assert family not in boards.all_boards()
    with pytest.raises(Fail):
        boards.get(family)


@pytest.mark.parametrize("family", FAMILIES)
def test_all_chips_of_a_family_have_the_same_names(family):
    chips = sorted((BOARDS / family / FAMILIES[family]).glob("[a-z]*.py"))
    assert len(chips) >= 2
    for chip in chips:
        assert names(chip) == names(chips[0]), chip


@pytest.mark.parametrize("family", FAMILIES)
def test_the_drivers_part_uses_what_chips_have(family):
    chip = next((BOARDS / family / FAMILIES[family]).glob("[a-z]*.py"))
    used = {
        node.attr
        for file in (BOARDS / family / "driverport").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "chip"
    }
    assert used and used <= names(chip)
