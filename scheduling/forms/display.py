"""What a new display shows, and a link that was copied by hand."""

from typing import Any

from django import forms

from accounts.models import User
from resources.models import Site, Theatre
from scheduling import permissions
from scheduling.displays import LONGEST
from scheduling.models import BoardKind


class DisplayForm(forms.Form):
    """Where it hangs and what it shows."""

    name = forms.CharField(label="Where it hangs", max_length=60, help_text="Corridor east, for example.")
    board = forms.ChoiceField(label="Board", choices=BoardKind.choices)
    site = forms.ModelChoiceField(Site.objects.all(), required=False, empty_label="All sites")
    theatres = forms.ModelMultipleChoiceField(
        Theatre.objects.filter(in_use=True), required=False, help_text="None chosen: all of the site."
    )
    expires_on = forms.DateField(
        label="Last day",
        required=False,
        help_text="Empty: until it is taken off.",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        grants = [grant for grant in actor.grants_of(permissions.MANAGE_DISPLAYS) if not grant.specialties]
        if grants and all(grant.sites for grant in grants):  # only of one's own
            sites = [site for grant in grants for site in grant.sites]
            field: Any = self.fields["site"]
            field.queryset, field.empty_label, field.required = Site.objects.filter(pk__in=sites), None, True
            theatres: Any = self.fields["theatres"]
            theatres.queryset = theatres.queryset.filter(site__in=sites)

    @property
    def command(self) -> dict[str, Any]:
        """What setting it up takes beside the actor."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "board": data["board"],
            "site_id": data["site"].pk if data["site"] else None,
            "theatre_ids": [theatre.pk for theatre in data["theatres"]],
            "expires_on": data["expires_on"],
        }


class OpenDisplayForm(forms.Form):
    """The last part of a display's link."""

    secret = forms.CharField(
        label="The letters after # in the link",
        max_length=LONGEST,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
