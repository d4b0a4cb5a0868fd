"""The button of the hospital's identity provider."""

from django import template
from django.conf import settings
from django.template import Context
from django.urls import reverse
from django.utils.http import urlencode

from accounts.identity_provider import PROVIDER_ID

register = template.Library()


@register.inclusion_tag("account/_single_sign_on.html", takes_context=True)
def single_sign_on(context: Context) -> dict[str, str]:
    """Return where signing in with the hospital's own account begins; nothing where there is no provider."""
    known = settings.IDENTITY_PROVIDER
    if known is None:
        return {}
    if known.saml:
        url = reverse("saml_login", kwargs={"organization_slug": PROVIDER_ID})
    else:
        url = reverse("openid_connect_login", kwargs={"provider_id": PROVIDER_ID})
    wanted = context["request"].GET.get("next")
    return {"name": known.name, "url": f"{url}?{urlencode({'next': wanted})}" if wanted else url}
