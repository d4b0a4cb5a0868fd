"""Signing in through the hospital's identity provider, by OpenID Connect or SAML.

allauth speaks the protocol; here stands whom we let in. An account is found by the provider's own number
for the person, which was noted at their first sign-in, and then by the e-mail address that the provider
has verified. Groups set the roles that ``OIDC_ROLES`` names, at each sign-in; roles that it does not
name are given by hand and stay.
"""

import logging
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from requests import RequestException

from accounts.identity_provider import PROVIDER_ID, IdentityProvider, Saml
from accounts.models import User
from accounts.people import Person, PersonError, create_person, set_roles
from accounts.second_factor import PROVEN

logger = logging.getLogger(__name__)
NO_ACCOUNT = "There is no account for you here yet. Ask an administrator of the theatres for one."
NOT_VERIFIED = "Your hospital account has no verified e-mail address. Ask the people who run it."
FAILED = "Signing in did not work. Try again; if it goes on, sign in with your password or ask an administrator."


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Accounts stay the administrators' business: the provider only says who somebody is."""

    def list_apps(
        self,
        request: HttpRequest,  # noqa: ARG002  # allauth's
        provider: str | None = None,
        client_id: str | None = None,
    ) -> list[Any]:
        """Return the one provider of the settings: none can be added in the database."""
        known: IdentityProvider | None = settings.IDENTITY_PROVIDER
        if known is None:
            return []
        kind = "saml" if known.saml else "openid_connect"
        is_wanted = provider in {None, PROVIDER_ID, kind} and client_id in {None, known.client_id}
        return [_app(known)] if is_wanted else []

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:  # noqa: ARG002
        """Keep allauth from making accounts; :func:`_account_of` does, where the hospital wants it."""
        return False

    def authenticate_by_email(self, sociallogin: SocialLogin) -> None:
        """Leave finding people to :func:`_account_of`: allauth would wipe their password."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find whose account it is, set the roles, and let in; or say why not."""
        known = _provider()
        if sociallogin.state.get("process") != "login":  # nobody adds a second identity to an account
            raise _refused(request, FAILED, "not a sign-in")
        claims = _claims(sociallogin)
        roles = known.roles_of(_texts(claims.get(known.groups_claim)))
        user: User = sociallogin.user if sociallogin.is_existing else _account_of(request, claims, roles)
        if not user.is_active:
            raise ImmediateHttpResponse(redirect("account_inactive"))
        if not sociallogin.is_existing:
            sociallogin.user = user
            sociallogin.save(request, connect=True)
        if known.mapped_roles:
            set_roles(actor=None, user=user, roles=roles, among=known.mapped_roles)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,  # noqa: ARG002  # allauth's
        error: Any = None,
        exception: Any = None,
        extra_context: Any = None,  # noqa: ARG002  # allauth's
    ) -> None:
        """Say on a page of ours that it did not work; the log has the kind of error, nothing of the person."""
        raise _refused(request, FAILED, type(exception).__name__ if exception else str(error))


@login_not_required
def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider, or say that it does not answer."""
    try:
        answer: HttpResponse = openid_connect.login(request, provider_id)
    except RequestException as error:
        answer = _refused(request, FAILED, type(error).__name__).response
    return answer


@login_not_required
def finish_saml(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Read what a SAML provider had the browser bring; what is no response at all is refused like a wrong one."""
    from allauth.socialaccount.providers.saml import views as saml  # noqa: PLC0415  # an extra

    try:
        answer: HttpResponse = saml.finish_acs(request, organization_slug=organization_slug)
    except (SyntaxError, ValueError) as error:  # lxml's are of these kinds; allauth lets them through
        answer = _refused(request, FAILED, type(error).__name__).response
    return answer


def note_second_factor(
    sender: object,  # noqa: ARG001  # a signal's arguments
    request: HttpRequest,
    user: User,
    sociallogin: SocialLogin | None = None,
    **_: Any,
) -> None:
    """Count the second factor that the provider asked for, if the hospital trusts it to."""
    if sociallogin is None:
        return
    claims = _claims(sociallogin)
    if (_texts(claims.get("acr")) | _texts(claims.get("amr"))) & _provider().trusted_mfa:
        request.session[PROVEN] = user.pk


def _provider() -> IdentityProvider:
    """Return the provider of a sign-in under way; without one there are none."""
    known: IdentityProvider | None = settings.IDENTITY_PROVIDER
    if known is None:
        raise PermissionDenied("There is no identity provider.")
    return known


def _app(known: IdentityProvider) -> SocialApp:
    if known.saml:
        return _saml_app(known, known.saml)
    return SocialApp(
        provider="openid_connect",
        provider_id=PROVIDER_ID,
        name=known.name,
        client_id=known.client_id,
        secret=known.client_secret,
        settings={"server_url": known.issuer, "oauth_pkce_enabled": True},
    )


def _saml_app(known: IdentityProvider, saml: Saml) -> SocialApp:
    from accounts.saml import AnsweringProvider  # noqa: PLC0415  # an extra

    app: Any = SocialApp(
        provider="saml",
        provider_id=PROVIDER_ID,
        name=known.name,
        client_id=known.client_id,
        settings={
            "idp": {"entity_id": known.issuer, "sso_url": saml.sso_url, "x509cert": saml.certificate},
            "attribute_mapping": {"uid": ["urn:oasis:names:tc:SAML:attribute:subject-id"]},
            # The assertion itself is signed, answers a request of ours, and names who it is about.
            "advanced": {
                "want_assertion_signed": True,
                "reject_idp_initiated_sso": True,
                "want_name_id": True,
                "allow_single_label_domains": True,  # https://theatres/ on an intranet
            },
        },
    )
    app.get_provider = lambda request: AnsweringProvider(request, app=app)
    return app


def _account_of(request: HttpRequest, claims: dict[str, Any], roles: frozenset[str]) -> User:
    """Return the account with the verified address, or a new one where the hospital makes them so."""
    email = str(claims.get("email") or "").strip().lower()
    if not email or claims.get("email_verified") is not True:
        raise _refused(request, NOT_VERIFIED, "no verified address")
    user = User.objects.filter(email__iexact=email).first()
    if user is None and _provider().makes_accounts:
        names = {name: str(claims.get(name) or "").strip()[:100] for name in ("given_name", "family_name")}
        try:
            user = create_person(actor=None, person=Person(email=email, roles=roles, **names))
        except PersonError as error:
            raise _refused(request, NO_ACCOUNT, "no account could be made") from error
    if user is None:
        raise _refused(request, NO_ACCOUNT, "no account")
    return user


def _claims(sociallogin: SocialLogin) -> dict[str, Any]:
    """Return what the provider says, of which the signed token counts more than what was fetched besides."""
    data = sociallogin.account.extra_data
    if saml := _provider().saml:
        return saml.claims(data)
    return {**data.get("userinfo", {}), **data.get("id_token", {})}


def _texts(claim: Any) -> frozenset[str]:
    """Return a claim that is a text or a list of texts; anything else says nothing."""
    items = claim if isinstance(claim, list) else [claim]
    return frozenset(item for item in items if isinstance(item, str))


def _refused(request: HttpRequest, reason: str, noted: str) -> ImmediateHttpResponse:
    logger.warning("Single sign-on refused: %s", noted)
    page = render(request, "account/single_sign_on_refused.html", {"reason": reason}, status=403)
    return ImmediateHttpResponse(page)
