"""What a page says when it asks for a report as a file: the filters that it was drawn with, a format and a purpose."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from ops_center.web.notes import no_personal_numbers


class FileForm(forms.Form):
    report = forms.CharField(max_length=40)
    form = forms.CharField(max_length=4)
    purpose = forms.CharField(
        label=gettext_lazy("Purpose"), max_length=100, required=False, validators=[no_personal_numbers]
    )
    period = forms.CharField(max_length=7, required=False)
    branch = forms.CharField(max_length=8, required=False)
    figure = forms.CharField(max_length=24, required=False)
    side = forms.CharField(max_length=5, required=False)
    code = forms.CharField(max_length=20, required=False)
    who = forms.CharField(max_length=16, required=False)
    by = forms.CharField(max_length=9, required=False)
    state = forms.CharField(max_length=12, required=False)
    stage = forms.CharField(max_length=16, required=False)
    clock = forms.CharField(max_length=16, required=False)
    due = forms.CharField(max_length=8, required=False)
    overdue = forms.CharField(max_length=5, required=False)
    mine = forms.CharField(max_length=5, required=False)
    search = forms.CharField(max_length=24, required=False)
