"""What the decisions of people come to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from feedback.edits import Edit, EditKind, fold

NOW = datetime(2026, 3, 2, tzinfo=UTC)
TOPICS = [UUID(int=number) for number in range(1, 7)]


def decided(number: int, kind: EditKind, topic: UUID, **detail: Any) -> Edit:
    return Edit(number, kind, topic, detail, NOW, "ana", "because")


def undone(edit: Edit) -> Edit:
    return replace(edit, undone_at=NOW, undone_by="ben", undone_why="no")


def merged(number: int, gone: UUID, into: UUID) -> Edit:
    return decided(number, EditKind.MERGE, gone, into=str(into))


def cut(number: int, whole: UUID, *parts: UUID) -> Edit:
    found = [{"id": str(part), "name": f"Part {part}", "examples": []} for part in parts]
    return decided(number, EditKind.SPLIT, whole, parts=found)


@st.composite
def histories(draw: st.DrawFn) -> list[Edit]:
    found = []
    for number in range(draw(st.integers(0, 8))):
        one, two = draw(st.permutations(TOPICS))[:2]
        edit = draw(
            st.sampled_from(
                [
                    merged(number, one, two),
                    decided(number, EditKind.RENAME, one, value=f"Name {number}", before="Was"),
                    decided(number, EditKind.RETIRE, one),
                    decided(number, EditKind.PIN, one),
                    decided(number, EditKind.MOVE, one, complaints=[str(UUID(int=99))]),
                ]
            )
        )
        found.append(undone(edit) if draw(st.booleans()) else edit)
    return found


@given(histories(), st.randoms())
def test_the_order_they_are_read_in_says_nothing(edits: list[Edit], chance: Any) -> None:
    shuffled = list(edits)
    chance.shuffle(shuffled)
    assert fold(shuffled) == fold(edits)


@given(histories())
def test_what_was_taken_back_counts_for_nothing(edits: list[Edit]) -> None:
    assert fold(edits) == fold([edit for edit in edits if edit.undone_at is None])


@given(histories())
def test_a_merged_topic_ends_in_one_that_is_not_merged_further(edits: list[Edit]) -> None:
    homes = fold(edits).homes
    for gone, home in homes.items():
        round_about = {edit.topic_id for edit in edits if edit.kind is EditKind.MERGE}
        assert home not in homes or {gone, home} <= round_about
        assert fold(edits).home(gone) == home


def test_merges_of_merges_end_in_the_last() -> None:
    one, two, three, *_ = TOPICS
    decisions = fold([merged(1, one, two), merged(2, two, three)])
    assert decisions.homes == {one: three, two: three}
    assert decisions.hidden == {one, two}


def test_the_last_name_holds() -> None:
    names = [decided(number, EditKind.RENAME, TOPICS[0], value=f"Name {number}", before="Was") for number in (1, 2)]
    assert fold(names).labels[EditKind.RENAME] == {TOPICS[0]: "Name 2"}
    assert fold([names[0], undone(names[1])]).labels[EditKind.RENAME] == {TOPICS[0]: "Name 1"}


def test_a_split_topic_is_its_parts_until_it_is_undone() -> None:
    whole, one, two, *_ = TOPICS
    split = cut(1, whole, one, two)
    assert [part.id for part in fold([split]).parts] == [one, two]
    assert fold([split]).hidden == {whole}
    assert fold([undone(split)]).parts == ()
    assert fold([undone(split)]).homes == {one: whole, two: whole}


def test_what_people_shaped_no_training_may_change() -> None:
    one, two, three, four, five, six = TOPICS
    edits = [
        merged(1, one, two),
        decided(2, EditKind.PIN, three),
        decided(3, EditKind.RETIRE, four),
        decided(4, EditKind.MOVE, five, complaints=[str(UUID(int=99))]),
        decided(5, EditKind.RENAME, six, value="Named", before="Was"),
    ]
    assert fold(edits).shaped == {one, two, three, four, five}
    assert fold(edits).named == {six}
    assert fold(edits).places == {UUID(int=99): five}
