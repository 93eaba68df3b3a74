"""Imports in utils/ run one way: from the commands down to the run, to training and data, and to the ground."""

import ast

import pytest
from conftest import REPOSITORY

FLOORS = (
    ("grader",),
    ("data", "training"),
    ("run",),
    ("report",),
    ("bench", "study", "submission"),
)  # above the ground
HEIGHT = {room: height for height, rooms in enumerate(FLOORS, start=1) for room in rooms}
FILES = sorted((REPOSITORY / "utils").rglob("*.py"))


def room_of(path):
    """The room that a file of utils/ lies in; the files of utils/ itself are the ground, rooms of their own."""
    parts = path.relative_to(REPOSITORY / "utils").parts
    return parts[0] if len(parts) > 1 else path.stem


def rooms_imported_by(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from (name.split(".")[1] for name in names if name.startswith("utils."))


def test_every_room_has_a_floor():
    assert {room_of(path) for path in FILES} - {path.stem for path in FILES if path.parent.name == "utils"} == set(
        HEIGHT
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_file_imports_its_own_room_and_those_below(path):
    room = room_of(path)
    above = [
        other for other in rooms_imported_by(path) if other != room and HEIGHT.get(other, 0) >= HEIGHT.get(room, 0) > 0
    ]
    assert not above
    assert HEIGHT.get(room, 0) or not any(other in HEIGHT for other in rooms_imported_by(path))
