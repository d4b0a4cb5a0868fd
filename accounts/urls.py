"""The pages of django-allauth that are open here.

Not ``allauth.urls``: its page for e-mail addresses lets whoever sits at an unlocked computer add an
address of their own without a password, and then reset the password by it. Addresses are given by
an administrator, as accounts are. Single sign-on has no page for connections either; where no identity
provider is set, its addresses say 404.
"""

from allauth.account import views
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.apps import apps
from django.urls import URLPattern, include, path, re_path

from accounts.audit.views import my_activity
from accounts.single_sign_on import begin as single_sign_on
from accounts.single_sign_on import finish_saml
from accounts.views import end_session, no_single_logout, remove_passkey, resumed, second_factor, stay

SAML: list[URLPattern] = []
if apps.is_installed("allauth.socialaccount.providers.saml"):
    from allauth.socialaccount.providers.saml import views as saml

    _here = "single-sign-on/saml/<slug:organization_slug>/"
    SAML = [
        path(f"{_here}login/", saml.login, name="saml_login"),
        path(f"{_here}acs/", saml.acs, name="saml_acs"),
        path(f"{_here}acs/finish/", finish_saml, name="saml_finish_acs"),
        path(f"{_here}metadata/", saml.metadata, name="saml_metadata"),
        path(f"{_here}sls/", no_single_logout, name="saml_sls"),  # allauth names it in the metadata
    ]

urlpatterns = [
    path("activity/", my_activity, name="account_activity"),
    path("stay/", stay, name="account_stay"),
    path("resumed/", resumed, name="account_resumed"),
    path("second-factor/", second_factor, name="account_second_factor"),
    path("second-factor/webauthn/keys/<int:pk>/remove/", remove_passkey, name="mfa_remove_webauthn"),
    path("second-factor/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
    path("sessions/<int:session_id>/end/", end_session, name="account_end_session"),
    path("login/", views.login, name="account_login"),
    path("single-sign-on/<slug:provider_id>/login/", single_sign_on, name="openid_connect_login"),
    path("single-sign-on/<slug:provider_id>/login/callback/", openid_connect.callback, name="openid_connect_callback"),
    *SAML,
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("signup/", views.signup, name="account_signup"),  # says that accounts are given by an administrator
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    path("password/reset/key/done/", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
]
