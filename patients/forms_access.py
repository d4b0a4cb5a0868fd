"""What people fill in to open a record in an emergency, and to review it."""

from django import forms

from patients.models import EmergencyReason, ReviewOutcome


class EmergencyForm(forms.Form):
    """Why the record has to be opened."""

    reason = forms.ChoiceField(choices=[("", "Choose …"), *EmergencyReason.choices])
    explanation = forms.CharField(
        label="In your words",
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text="The privacy officer reads it. Do not name the patient.",
    )
    next = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)


class ReviewForm(forms.Form):
    """Whether the access was right."""

    outcome = forms.ChoiceField(choices=[choice for choice in ReviewOutcome.choices if choice[0]])
    note = forms.CharField(required=False, max_length=1000)
