"""Free text holds no client's numbers: said in a sentence, by pages and by the API, before anything is stored."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from rest_framework import serializers

from applications.api import shapes as steps
from applications.forms.base import note_field
from ops_center.web.shapes import FreeText, Text
from supervision.forms.breaches import DecideForm, JustifyForm, OpinionForm, UrgeForm

PERSONAL = ["客户电话 10000001234", "身份证 990101198803050018", "打 100-0000-1234"]
SENTENCE = "请勿在此填写身份证号或手机号"


@pytest.mark.parametrize("text", ["卡号6222021234567890128", "卡号６２２２ ０２１２ ３４５６ ７８９０ １２８"])
def test_a_card_number_is_refused_on_pages_as_it_is_for_programs(text: str) -> None:
    with pytest.raises(ValidationError, match="内容疑似卡号"):
        note_field("note").clean(text)
    for shape in (FreeText(max_length=80), Text(max_length=80)):
        with pytest.raises(serializers.ValidationError, match="内容疑似卡号"):
            shape.run_validation(text)


@pytest.mark.parametrize("text", PERSONAL)
def test_a_number_of_the_client_is_refused_in_every_note(text: str) -> None:
    with pytest.raises(ValidationError, match=SENTENCE):
        note_field("note").clean(text)
    for form, field in ((JustifyForm, "text"), (OpinionForm, "text"), (DecideForm, "note"), (UrgeForm, "text")):
        assert SENTENCE in str(form({field: text}).errors[field])


@pytest.mark.parametrize(
    ("shape", "field"),
    [
        (steps.Note, "note"),
        (steps.OptionalNote, "note"),
        (steps.RaiseProblem, "note"),
        (steps.Return, "note"),
        (steps.Reply, "answer"),
        (steps.Contact, "note"),
        (steps.Reassign, "note"),
        (steps.CorrectStamp, "reason"),
    ],
)
def test_the_interface_for_programs_refuses_it_by_the_field_s_name(db: None, shape: type, field: str) -> None:
    said = shape(data={field: PERSONAL[0]})
    assert not said.is_valid()
    assert SENTENCE in str(said.errors[field][0])


@pytest.mark.parametrize(
    "text", ["JL26112400012 已补", "8 月 15 日 10:30 已致电，400-123-4567", "D05：缺收入证明 2 份"]
)
def test_our_own_numbers_dates_and_service_numbers_are_no_client_s(text: str) -> None:
    assert note_field("note").clean(text) == text
    assert FreeText(max_length=300).run_validation(text) == text
