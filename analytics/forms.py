"""What people fill in about reports."""

from django import forms


class AcceptFindingForm(forms.Form):
    """Until when a finding may stay as it is, and why."""

    until = forms.DateField(label="Accept until", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    note = forms.CharField(label="Because", max_length=500)
