# ruff: noqa: F821
"""Log in through a learning platform (Moodle, Canvas, ...) by LTI 1.3, instead of by sign-up.

Change the four marked lines; the platform shows them when you register the tool. It asks for three
addresses: login https://HOST/hub/lti13/oauth_login, redirect https://HOST/hub/lti13/oauth_callback,
target https://HOST. Have it open in a new window: browsers keep cookies from a frame. No grades
are passed back.
"""

c.JupyterHub.authenticator_class = "ltiauthenticator.lti13.auth.LTI13Authenticator"
c.LTI13Authenticator.issuer = "https://platform.example.org"  # CHANGE
c.LTI13Authenticator.client_id = {"0123456789"}  # CHANGE
c.LTI13Authenticator.authorize_url = "https://platform.example.org/mod/lti/auth.php"  # CHANGE
c.LTI13Authenticator.jwks_endpoint = "https://platform.example.org/mod/lti/certs.php"  # CHANGE
c.LTI13Authenticator.username_key = "sub"  # the platform's number for a person, not their name
c.LTI13Authenticator.uri_scheme = "https"
c.Authenticator.allow_all = True  # whoever the platform sends
