"""A record's payload is the vendor's own text, character by character."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.sources import json_text
from orchestration.sources.json_text import BrokenJsonError

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(-1000, 1000, places=4).map(float)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
records = st.lists(st.dictionaries(st.text(), values, max_size=5), max_size=5)


@given(records, st.sampled_from([None, 1, 2]), st.booleans())
def test_records_are_cut_out_of_a_page_as_they_stand(found, indent, has_more):
    text = json.dumps({"data": found, "has_more": has_more}, indent=indent, ensure_ascii=False)
    page = json_text.page(text, "data")
    assert [json.loads(piece.text) for piece in page.records] == found
    assert all(piece.text in text for piece in page.records)
    assert page.members == {"has_more": has_more}


@settings(max_examples=25)
@given(records)
def test_no_cut_of_a_page_is_taken_for_a_page(found):
    text = json.dumps({"data": found, "has_more": False})
    for length in range(len(text)):
        with pytest.raises(BrokenJsonError):
            json_text.page(text[:length], "data")


def test_numbers_keep_their_digits():
    text = '{"records":[{"UnitPrice":0.10000000000000000555,"Big":12345678901234567890}]}'
    (piece,) = json_text.page(text, "records").records
    assert piece.text == text[len('{"records":[') : -len("]}")]
    assert piece.value["UnitPrice"] == Decimal("0.10000000000000000555")


def test_a_value_inside_is_found_by_its_path_and_not_by_its_name():
    text = '{"note":"\\"object\\":1","data":{"previous":{"object":2},"object":{"a": 1.50}}}'
    piece = json_text.inside(text, "data", "object")
    assert piece is not None and piece.text == '{"a": 1.50}'
    assert json_text.inside(text, "data", "missing") is None
    assert json_text.inside(text, "note", "object") is None


def test_elements_of_a_missing_list_are_none():
    assert json_text.elements('{"lines":{"data":[]}}', "lines", "data") == []
    assert json_text.elements('{"lines":null}', "lines", "data") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("{}", '{"invoice":"in_1"}'), ('{"a": 1.0}', '{"a": 1.0,"invoice":"in_1"}')],
)
def test_an_owner_is_added_without_touching_the_rest(text, expected):
    assert json_text.with_member(text, "invoice", "in_1") == expected
