"""How allauth behaves here: nobody signs up, and second-factor secrets are not kept in the clear."""

from base64 import urlsafe_b64encode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

from promises.desk import limits


class ClosedToStrangers(DefaultAccountAdapter):
    """Sign-ins are made by an Administrator, never by a visitor."""

    def is_open_for_signup(self, request):
        return False

    def get_client_ip(self, request):
        """Return what stands for an address where tries are counted, so that no address is written down."""
        return limits.stand_in(request, "signing in")

    def _get_login_attempts_cache_key(self, request, **credentials):
        """Count what fails by name and place: whoever guesses from elsewhere must not shut the person out."""
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{self.get_client_ip(request)}"


class SealedSecrets(DefaultMFAAdapter):
    """A copy of the database alone is no second factor: its secrets are sealed with the site's key."""

    def encrypt(self, text):
        return sealer().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text):
        return sealer().decrypt(encrypted_text.encode()).decode()


def sealer():
    """Return what seals with SECRET_KEY and also opens what an earlier key sealed."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(urlsafe_b64encode(derived(key))) for key in keys])


def derived(key):
    return salted_hmac("tracker.accounts", "second factor", secret=key, algorithm="sha256").digest()
